//! Where the pixels of a fixed image lie in a moving image.

use crate::{Error, Result};

/// A smooth displacement, given at the nodes of a regular grid and interpolated by cubics (Catmull and Rom) between.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Position of the first node.
    pub origin: [f64; 2],
    /// Distance between nodes along x and y.
    pub spacing: [f64; 2],
    /// Number of nodes along x.
    pub columns: usize,
    /// Displacements (x, y) of the nodes, row by row.
    pub shifts: Vec<[f64; 2]>,
}

/// A homography of the fixed image's coordinates, after an optional displacement.
///
/// Points are (x, y) with pixel centres on whole numbers; the matrix is row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Sends fixed to moving coordinates.
    pub matrix: [f64; 9],
    /// Added to fixed coordinates before.
    pub field: Option<Field>,
}

impl Map {
    /// A map, if its numbers are usable.
    ///
    /// # Errors
    /// [`Error::Argument`] if a number is not finite or the grid has fewer than two nodes along an axis.
    pub fn new(matrix: [f64; 9], field: Option<Field>) -> Result<Self> {
        if matrix.iter().any(|value| !value.is_finite()) {
            return Err(Error::argument("matrix", "nine finite numbers", format!("{matrix:?}")));
        }
        if let Some(field) = &field {
            let rows = field.shifts.len() / field.columns.max(1);
            if field.columns < 2 || rows < 2 || rows * field.columns != field.shifts.len() {
                let found = format!("{} in {} columns", field.shifts.len(), field.columns);
                return Err(Error::argument("shifts", "two rows and columns of nodes or more", found));
            }
            let numbers = field.shifts.iter().flatten().chain(&field.origin);
            if field.spacing.iter().any(|space| !space.is_finite() || *space <= 0.0)
                || numbers.into_iter().any(|value| !value.is_finite())
            {
                return Err(Error::argument("field", "finite numbers and positive spacing", "others"));
            }
        }
        Ok(Self { matrix, field })
    }

    /// Moving coordinates of row `y` of the fixed image, from column 0 on.
    pub fn row(&self, y: f64, x_out: &mut [f64], y_out: &mut [f64]) {
        let [a, b, c, d, e, f, g, h, i] = self.matrix;
        if let Some(field) = &self.field {
            field.row(y, x_out, y_out);
            for (x, (u, v)) in x_out.iter_mut().zip(y_out.iter_mut()).enumerate() {
                let (px, py) = (x as f64 + *u, y + *v);
                let w = g * px + h * py + i;
                *u = (a * px + b * py + c) / w;
                *v = (d * px + e * py + f) / w;
            }
            return;
        }
        let (top, left, below) = (b * y + c, e * y + f, h * y + i);
        for (x, (u, v)) in x_out.iter_mut().zip(y_out.iter_mut()).enumerate() {
            let x = x as f64;
            let w = g * x + below;
            *u = (a * x + top) / w;
            *v = (d * x + left) / w;
        }
    }
}

impl Field {
    /// Displacements along row `y`.
    fn row(&self, y: f64, dx: &mut [f64], dy: &mut [f64]) {
        let rows = self.shifts.len() / self.columns;
        let (first, across) = taps((y - self.origin[1]) / self.spacing[1], rows);
        let line: Vec<[f64; 2]> = (0..self.columns)
            .map(|column| {
                let mut sum = [0.0; 2];
                for (tap, weight) in across.iter().enumerate() {
                    let node = self.shifts[first[tap] * self.columns + column];
                    sum[0] += weight * node[0];
                    sum[1] += weight * node[1];
                }
                sum
            })
            .collect();
        for (x, (dx, dy)) in dx.iter_mut().zip(dy.iter_mut()).enumerate() {
            let (places, weights) = taps((x as f64 - self.origin[0]) / self.spacing[0], self.columns);
            (*dx, *dy) = (0.0, 0.0);
            for (place, weight) in places.iter().zip(weights) {
                *dx += weight * line[*place][0];
                *dy += weight * line[*place][1];
            }
        }
    }
}

/// The four nodes around a place, and their weights; beyond the grid the outermost node goes on.
fn taps(place: f64, nodes: usize) -> ([usize; 4], [f64; 4]) {
    let last = (nodes - 1) as f64;
    let place = place.clamp(0.0, last);
    let base = place.floor().min(last - 1.0);
    let t = place - base;
    let at = |offset: f64| (base + offset).clamp(0.0, last) as usize;
    ([at(-1.0), at(0.0), at(1.0), at(2.0)], cubic(t))
}

/// Weights of Catmull and Rom's cubic (Keys 1981, a = -1/2) at `t` between the second and third of four points.
pub(crate) fn cubic(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [0.5 * (2.0 * t2 - t - t3), 0.5 * (2.0 - 5.0 * t2 + 3.0 * t3), 0.5 * (t + 4.0 * t2 - 3.0 * t3), 0.5 * (t3 - t2)]
}
