//! Binding of `lumentrace::formats::matlab`.

use lumentrace::formats::matlab::{Limits, Numbers, Value, read};
use numpy::PyArray1;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays::Input1;
use crate::run;

/// Files that are read in no time.
const SHORT: usize = 1 << 16;

/// Variables of a file, or those of one name: pairs of name and value, a tuple whose first item says what it is.
#[pyfunction]
#[pyo3(signature = (file, wanted, most_bytes, most_values))]
pub(crate) fn matlab_variables<'py>(
    py: Python<'py>,
    file: Input1<'py, u8>,
    wanted: Option<&str>,
    most_bytes: u64,
    most_values: usize,
) -> PyResult<Bound<'py, PyList>> {
    let bytes = file.as_slice()?;
    let limits = Limits { bytes: most_bytes, values: most_values };
    let found = run::sized(py, bytes.len() < SHORT, |control| read(bytes, wanted, limits, control))?;
    let found = found.into_iter().map(|own| Ok((own.name, value(py, own.value)?))).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, found)
}

fn value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Numbers { shape, real, imaginary } => {
            let imaginary = imaginary.map(|part| numbers(py, part)).transpose()?;
            ("numbers", shape, numbers(py, real)?, imaginary).into_bound_py_any(py)
        }
        Value::Text { shape, rows } => ("text", shape, rows).into_bound_py_any(py),
        Value::Cell { shape, items } => ("cell", shape, values(py, items)?).into_bound_py_any(py),
        Value::Struct { shape, fields, items } => ("struct", shape, fields, values(py, items)?).into_bound_py_any(py),
        Value::Unread(what) => ("unread", what).into_bound_py_any(py),
    }
}

fn values(py: Python<'_>, items: Vec<Value>) -> PyResult<Bound<'_, PyList>> {
    let items = items.into_iter().map(|item| value(py, item)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, items)
}

/// A row of numbers over the bytes as they are.
fn numbers(py: Python<'_>, part: Numbers) -> PyResult<Bound<'_, PyAny>> {
    let kind = py.import("numpy")?.call_method1("dtype", (part.kind.name(),))?.call_method1("newbyteorder", ("<",))?;
    PyArray1::from_vec(py, part.bytes).as_any().call_method1("view", (kind,))
}
