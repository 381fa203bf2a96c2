//! What list-mode files of 32-bit words have in common.

use crate::{Control, Error, Result};

/// Columns of a row: t, x1, y1, z1, x2, y2, z2.
pub const COLUMNS: usize = 7;

pub(super) const BYTES_PER_WORD: usize = 4;

/// Rows that are decoded in one go.
const ROWS: usize = 4096;

/// All rows of `words`, which follow a header of `header` bytes.
///
/// `fill` decodes some words into a block of rows: bytes used, rows written.
pub(super) fn all_rows(
    words: &[u8],
    format: &'static str,
    header: usize,
    control: &Control,
    mut fill: impl FnMut(&[u8], &mut [f64]) -> (usize, usize),
) -> Result<Vec<f64>> {
    let (mut rows, mut block, mut left) = (Vec::new(), vec![0.0; ROWS * COLUMNS], words);
    while left.len() >= BYTES_PER_WORD {
        control.check()?;
        let (used, written) = fill(left, &mut block);
        rows.extend_from_slice(block.get(..written * COLUMNS).unwrap_or(&[]));
        left = left.get(used..).unwrap_or(&[]);
        control.advance(used as u64);
    }
    if rows.is_empty() {
        let found = format!("none in {} words", words.len() / BYTES_PER_WORD);
        return Err(Error::format(format, header as u64, "at least one line of response", found));
    }
    Ok(rows)
}
