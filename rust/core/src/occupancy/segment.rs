//! Bodies without thickness: points and segments.

use super::bodies::Body;
use crate::grid::Space;

/// Calls `add` with the cells that a segment passes and the share of its length in each; a point is in one cell.
pub(super) fn divide<const D: usize>(space: &Space, body: &Body<D>, mut add: impl FnMut(usize, f64)) {
    let mut cuts = vec![0.0, 1.0];
    for axis in 0..D {
        let (from, to) = (body.from[axis], body.to[axis]);
        if from != to {
            let planes = (0..=space.shape[axis]).map(|n| space.lower[axis] + space.size[axis] * n as f64);
            cuts.extend(planes.map(|plane| (plane - from) / (to - from)).filter(|s| (0.0..=1.0).contains(s)));
        }
    }
    cuts.sort_unstable_by(f64::total_cmp);
    let still = body.from == body.to;
    for pair in cuts.windows(2) {
        if pair[0] < pair[1] {
            let middle = if still { 0.0 } else { f64::midpoint(pair[0], pair[1]) };
            if let Some(cell) = cell_at(space, body, middle) {
                add(cell, pair[1] - pair[0]);
            }
        }
    }
}

fn cell_at<const D: usize>(space: &Space, body: &Body<D>, s: f64) -> Option<usize> {
    let mut cell = 0;
    for axis in 0..3 {
        let place = if axis < D {
            let x = body.from[axis] + s * (body.to[axis] - body.from[axis]);
            if !(space.lower[axis]..=space.upper[axis]).contains(&x) {
                return None;
            }
            space.cell(axis, x)
        } else {
            0
        };
        cell = cell * space.shape[axis] + place;
    }
    Some(cell)
}
