//! One line of response, checked.

use crate::Rows;

/// Columns of a line of response: time and two points.
pub(crate) const COLUMNS: usize = 7;

/// Longest coordinate in mm: products of four lengths below it do not overflow.
const LARGEST: f64 = 1e70;

/// Smallest squared length in mm²: products of two of them keep all digits.
const SMALLEST_SQUARE: f64 = 1e-140;

/// A vector in space.
pub(super) type Vector = [f64; 3];

/// A line with a direction: `point + s * direction`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Row of the table.
    pub(super) row: usize,
    /// Time in ms.
    pub(super) time: f64,
    /// First point in mm.
    pub(super) point: Vector,
    /// Second point minus first, in mm.
    pub(super) direction: Vector,
    /// Squared length of `direction` in mm².
    pub(super) squared_length: f64,
}

/// The rows that define a line, in order.
pub(super) fn usable(lines: Rows<'_>) -> impl Iterator<Item = Line> {
    lines.iter().enumerate().filter_map(|(row, values)| parse(row, values))
}

fn parse(row: usize, values: &[f64]) -> Option<Line> {
    let values = finite(values)?;
    let &[time, x1, y1, z1, x2, y2, z2] = values;
    let direction = [x2 - x1, y2 - y1, z2 - z1];
    let squared_length = dot(direction, direction);
    let small = values[1..].iter().all(|x| x.abs() <= LARGEST);
    (small && squared_length >= SMALLEST_SQUARE).then_some(Line {
        row,
        time,
        point: [x1, y1, z1],
        direction,
        squared_length,
    })
}

/// The first seven values of a row if all of them are finite.
pub(crate) fn finite(values: &[f64]) -> Option<&[f64; COLUMNS]> {
    values.first_chunk().filter(|row| row.iter().all(|value| value.is_finite()))
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
