//! A borrowed table: `len` rows of `width` numbers, row-major.

use crate::{Error, Result};

/// A read-only table of `f64` records, one per row; column 0 is time in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f64],
    width: usize,
}

impl<'a> Rows<'a> {
    /// Views `data` as rows of `width` columns.
    ///
    /// # Errors
    /// [`Error::Argument`] if `width` is 0 or does not divide the length of `data`.
    pub fn new(data: &'a [f64], width: usize) -> Result<Self> {
        if width == 0 || !data.len().is_multiple_of(width) {
            return Err(Error::argument(
                "rows",
                format!("a whole number of rows of {width} columns"),
                format!("{} values", data.len()),
            ));
        }
        Ok(Self { data, width })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.width
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row after row.
    pub fn data(&self) -> &'a [f64] {
        self.data
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'a, f64> {
        self.data.chunks_exact(self.width)
    }

    /// Rows `start..end`; both are cut to the table.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        let start = start.min(end);
        Self { data: &self.data[start * self.width..end * self.width], width: self.width }
    }

    /// Refuses tables with fewer than `columns` columns.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `argument`.
    pub fn require_width(&self, argument: &'static str, columns: usize) -> Result<()> {
        if self.width < columns {
            return Err(Error::argument(
                argument,
                format!("at least {columns} columns"),
                format!("{} columns", self.width),
            ));
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &Rows<'a> {
    type Item = &'a [f64];
    type IntoIter = std::slice::ChunksExact<'a, f64>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
