//! Distances of many lines at once.

use std::ops::Range;

use crate::simd::wide;
use crate::tracker::algebra::{Vec3, cross, dot};
use crate::tracker::line::Line;

/// Points and directions of lines, number by number.
pub(super) struct Bundle([Vec<f64>; 6]);

impl Bundle {
    pub(super) fn new(lines: &[Line]) -> Self {
        let number = |line: &Line, k: usize| if k < 3 { line.point[k] } else { line.direction[k - 3] };
        Self(std::array::from_fn(|k| lines.iter().map(|line| number(line, k)).collect()))
    }

    /// The square of how far some of them pass one; not a number of those that run along it.
    pub(super) fn apart(&self, numbers: Range<usize>, one: &Line, squares: &mut [f64]) {
        all_apart(self.0.each_ref().map(|all| &all[numbers.clone()]), one, squares);
    }

    /// [`Line::across`] for each.
    pub(super) fn across(&self, x: &Vec3) -> Vec<f64> {
        let mut squares = vec![0.0; self.0[0].len()];
        all_across(self.0.each_ref().map(Vec::as_slice), x, &mut squares);
        squares
    }
}

wide! {
    /// [`Bundle::apart`] of many lines.
    fn all_apart(lines: [&[f64]; 6], one: &Line, squares: &mut [f64]) {
        let lines = lines.map(|numbers| &numbers[..squares.len()]);
        let (point, direction) = (&one.point, &one.direction);
        for (i, squared) in squares.iter_mut().enumerate() {
            let way = [lines[0][i] - point[0], lines[1][i] - point[1], lines[2][i] - point[2]];
            let other = [lines[3][i], lines[4][i], lines[5][i]];
            let normal = cross(direction, &other);
            let between = dot(&way, &normal);
            *squared = between * between / dot(&normal, &normal);
        }
    }
}

wide! {
    /// [`Line::across`] of many lines.
    fn all_across(lines: [&[f64]; 6], x: &Vec3, squares: &mut [f64]) {
        let lines = lines.map(|numbers| &numbers[..squares.len()]);
        for (i, squared) in squares.iter_mut().enumerate() {
            let way = [x[0] - lines[0][i], x[1] - lines[1][i], x[2] - lines[2][i]];
            let along = dot(&way, &[lines[3][i], lines[4][i], lines[5][i]]);
            *squared = (dot(&way, &way) - along * along).max(0.0);
        }
    }
}
