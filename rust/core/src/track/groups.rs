//! What flows between the steps of a plan: per sample, one table or a list of tables.

/// The tables of one sample, row after row in one buffer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Groups {
    /// Values of all tables, row-major.
    pub data: Vec<f64>,
    /// Columns of each table.
    pub width: usize,
    /// First and last (exclusive) row of each table.
    pub ranges: Vec<(usize, usize)>,
}

impl Groups {
    /// Empties the buffers and sets the width, keeping their memory.
    pub fn reset(&mut self, width: usize) {
        self.data.clear();
        self.ranges.clear();
        self.width = width;
    }

    /// Number of rows of all tables.
    pub fn rows(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Ends a table at the current end of the data; it starts where the one before ended.
    pub fn close(&mut self) {
        let start = self.ranges.last().map_or(0, |range| range.1);
        self.ranges.push((start, self.rows()));
    }

    /// The values of table `i`.
    pub fn table(&self, i: usize) -> &[f64] {
        let (start, end) = self.ranges[i];
        &self.data[start * self.width..end * self.width]
    }

    /// The values of each table in order.
    pub fn tables(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.ranges.len()).map(|i| self.table(i))
    }
}
