//! Identity of data: a fast hash of its bytes.

use pyo3::prelude::*;

use crate::arrays::Input1;

/// 128-bit XXH3 of the bytes, as 32 hexadecimal digits.
#[pyfunction]
pub(crate) fn content_hash(py: Python<'_>, bytes: Input1<'_, u8>) -> PyResult<String> {
    let bytes = bytes.as_slice()?;
    Ok(py.detach(|| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))))
}
