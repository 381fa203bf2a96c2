//! Places in a frame that show the pixels of a row of the reference.

use crate::simd::wide;

/// Nodes of a grid among pixels.
#[derive(Debug)]
pub(super) struct Grid {
    /// For each row: the nodes before and after it, and how far it is from the first to the second.
    rows: Vec<(usize, usize, f64)>,
    /// Columns between the same nodes: the first one and that after the last, the node before and the node after.
    pub(super) spans: Vec<[usize; 4]>,
    /// How far each column is from the node before to the node after.
    parts: Vec<f64>,
    columns: Vec<f64>,
    nodes: usize,
}

/// Places along rows and along columns of each pixel of a row, and displacements of the nodes there.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) down: Vec<f64>,
    pub(super) across: Vec<f64>,
    knots: Vec<[f64; 2]>,
}

impl Grid {
    /// Nodes at rising places along rows and along columns.
    pub(super) fn new(nodes: [&[f64]; 2], shape: [usize; 2]) -> Self {
        let columns = spots(nodes[1], shape[1]);
        let mut spans: Vec<[usize; 4]> = Vec::new();
        for (column, (before, after, _)) in columns.iter().enumerate() {
            match spans.last_mut() {
                Some(span) if span[2..] == [*before, *after] => span[1] = column + 1,
                _ => spans.push([column, column + 1, *before, *after]),
            }
        }
        Self {
            rows: spots(nodes[0], shape[0]),
            spans,
            parts: columns.iter().map(|spot| spot.2).collect(),
            columns: (0..shape[1]).map(|column| column as f64).collect(),
            nodes: nodes[1].len(),
        }
    }

    /// Fills `line` with the places of a row, given displacements of nodes.
    pub(super) fn places(&self, shifts: &[[f64; 2]], row: usize, line: &mut Line) {
        let (before, after, part) = self.rows[row];
        let [above, below] = [before, after].map(|own| &shifts[own * self.nodes..(own + 1) * self.nodes]);
        let Line { down, across, knots } = line;
        knots.clear();
        knots.extend(above.iter().zip(below).map(|(above, below)| -> [f64; 2] {
            std::array::from_fn(|axis| above[axis] + (below[axis] - above[axis]) * part)
        }));
        down.resize(self.columns.len(), 0.0);
        across.resize(self.columns.len(), 0.0);
        for [first, end, left, right] in &self.spans {
            let span = *first..*end;
            let (start, stop) = (knots[*left], knots[*right]);
            let change = [stop[0] - start[0], stop[1] - start[1]];
            let parts = &self.parts[span.clone()];
            between(parts, row as f64, start[0], change[0], &mut down[span.clone()]);
            along(parts, &self.columns[span.clone()], start[1], change[1], &mut across[span]);
        }
    }
}

wide! {
    fn between(parts: &[f64], own: f64, start: f64, change: f64, out: &mut [f64]) {
        for (place, part) in out.iter_mut().zip(parts) {
            *place = own + (start + change * part);
        }
    }
}

wide! {
    fn along(parts: &[f64], columns: &[f64], start: f64, change: f64, out: &mut [f64]) {
        for ((place, part), column) in out.iter_mut().zip(parts).zip(columns) {
            *place = column + (start + change * part);
        }
    }
}

/// Between which nodes each pixel is, and how far from the first to the second.
fn spots(nodes: &[f64], size: usize) -> Vec<(usize, usize, f64)> {
    let last = nodes.len() - 1;
    (0..size)
        .map(|pixel| {
            let place = pixel as f64;
            let after = nodes.partition_point(|node| *node <= place);
            let (first, second) = (after.saturating_sub(1), after.min(last));
            let length = nodes[second] - nodes[first];
            let part = if length > 0.0 { ((place - nodes[first]) / length).clamp(0.0, 1.0) } else { 0.0 };
            (first, second, part)
        })
        .collect()
}
