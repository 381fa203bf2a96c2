//! Consecutive lines in blocks, each with a moment: the nodes of every trajectory.

use super::line::Line;

/// Blocks of lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// First line of each block, and the end.
    pub(super) edges: Vec<usize>,
    /// Mean time of each block's lines, ms.
    pub(super) times: Vec<f64>,
}

impl Grid {
    /// Blocks of at most `count` lines and at most `span` ms.
    pub(super) fn new(lines: &[Line], count: usize, span: f64) -> Self {
        let mut grid = Self { edges: vec![0], times: Vec::new() };
        let mut first = 0;
        for (i, line) in lines.iter().enumerate() {
            if i > first && (i - first >= count || line.time - lines[first].time > span) {
                grid.close(lines, first, i);
                first = i;
            }
        }
        if first < lines.len() {
            grid.close(lines, first, lines.len());
        }
        grid
    }

    fn close(&mut self, lines: &[Line], first: usize, end: usize) {
        let sum: f64 = lines[first..end].iter().map(|line| line.time - lines[first].time).sum();
        self.times.push(lines[first].time + sum / (end - first) as f64);
        self.edges.push(end);
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// The lines of a block.
    pub(super) fn block<'a>(&self, lines: &'a [Line], block: usize) -> &'a [Line] {
        &lines[self.edges[block]..self.edges[block + 1]]
    }
}
