//! Points where pairs of lines of response (nearly) meet.

use super::by_time::ByTime;
use super::line::{COLUMNS, Line, Vector, dot, finite, usable};
use super::nearby::{Filter, for_each_bit};
use crate::{Control, Error, Result, Rows};

/// Pairs with `1 - cos²(angle)` up to this are parallel: twice the rounding error of that difference.
const PARALLEL: f64 = 16.0 * f64::EPSILON;

/// Axis-aligned box `[xmin, xmax, ymin, ymax, zmin, zmax]` around both points of all finite rows; `None` without one.
///
/// O(n).
///
/// # Examples
/// ```
/// use lumentrace::{Rows, lines::cutpoints::cutoffs};
///
/// let lines = [0.0, 1.0, 5.0, 0.0, -1.0, 5.0, 9.0];
/// assert_eq!(cutoffs(Rows::new(&lines, 7)?), Some([-1.0, 1.0, 5.0, 5.0, 0.0, 9.0]));
/// # Ok::<(), lumentrace::Error>(())
/// ```
pub fn cutoffs(lines: Rows<'_>) -> Option<[f64; 6]> {
    let mut bounds = None;
    for &[_, x1, y1, z1, x2, y2, z2] in lines.iter().filter_map(finite) {
        let [xmin, xmax, ymin, ymax, zmin, zmax] = bounds.unwrap_or([x1, x1, y1, y1, z1, z1]);
        bounds = Some([
            x1.min(x2).min(xmin),
            x1.max(x2).max(xmax),
            y1.min(y2).min(ymin),
            y1.max(y2).max(ymax),
            z1.min(z2).min(zmin),
            z1.max(z2).max(zmax),
        ]);
    }
    bounds
}

/// The search for cutpoints: mid points of the shortest segment between two lines that pass each other closely.
///
/// For every pair of rows `i < j` with lines `P + s U` and `Q + t R` (not limited to the segment between the two
/// points of a row) and `a = U·U, b = U·R, c = R·R, w = Q - P, d = U·w, e = R·w, D = b² - ac`:
/// `s = (be - cd) / D`, `t = (ae - bd) / D`, `A = P + s U`, `C = Q + t R`. The pair gives the cutpoint
/// `M = (A + C) / 2` at the mean of the two times iff `|A - C|² < max_distance²` and `M` is strictly inside the cutoffs.
///
/// Lines parallel to within the rounding error of `D` give none: their closest points are not defined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cutpoints {
    /// Largest distance between the two lines (exclusive), in mm. Infinite takes every pair; 0 or less takes none.
    pub max_distance: f64,
    /// `[xmin, xmax, ymin, ymax, zmin, zmax]` in mm, all exclusive; `None` stands for [`cutoffs`] of the lines.
    pub cutoffs: Option<[f64; 6]>,
    /// Whether rows end with the two row numbers `i < j`.
    pub append_indices: bool,
}

/// Buffers of [`Cutpoints::find`], to be reused from sample to sample.
#[derive(Debug, Default)]
pub struct Scratch {
    lines: Vec<Line>,
    filter: Filter,
    found: Vec<Cutpoint>,
    by_time: ByTime,
}

/// A cutpoint and the two rows that make it.
#[derive(Debug, Clone, Copy)]
struct Cutpoint {
    time: f64,
    point: Vector,
    rows: [usize; 2],
}

impl Cutpoints {
    /// Number of columns of a result row: time, point and, if asked for, two indices.
    pub fn columns(&self) -> usize {
        if self.append_indices { 6 } else { 4 }
    }

    /// Appends the cutpoints of `lines` to `out` as rows `t, x, y, z` (and `i, j`), sorted by time and then by `(i, j)`.
    ///
    /// O(n²) time for n lines; memory grows with the number of cutpoints, not of pairs. The result does not
    /// depend on the vector width of the machine.
    ///
    /// # Errors
    /// [`Error::Argument`] if `max_distance` or a cutoff is NaN or `lines` has fewer than 7 columns;
    /// [`Error::Cancelled`].
    pub fn find(
        &self,
        lines: Rows<'_>,
        scratch: &mut Scratch,
        control: &Control,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        self.check()?;
        lines.require_width("lines", COLUMNS)?;
        let Some(bounds) = self.cutoffs.or_else(|| cutoffs(lines)) else {
            return Ok(());
        };
        if self.max_distance <= 0.0 {
            return Ok(());
        }
        scratch.lines.clear();
        scratch.lines.extend(usable(lines));
        scratch.found.clear();
        self.search(bounds, control, scratch)?;
        let Scratch { found, by_time, .. } = scratch;
        // The search goes by (i, j) and this order is stable.
        let order = by_time.order(found, |cutpoint| cutpoint.time);
        self.write(order.iter().map(|&index| found[index]), out);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.max_distance.is_nan() {
            return Err(Error::argument("max_distance", "a distance in mm", self.max_distance));
        }
        match self.cutoffs {
            Some(bounds) if bounds.iter().any(|bound| bound.is_nan()) => {
                Err(Error::argument("cutoffs", "six numbers", format!("{bounds:?}")))
            }
            _ => Ok(()),
        }
    }

    fn search(&self, bounds: [f64; 6], control: &Control, scratch: &mut Scratch) -> Result<()> {
        let Scratch { lines, filter, found, .. } = scratch;
        filter.load(lines, self.max_distance, bounds);
        let limit = self.max_distance * self.max_distance;
        for (i, line) in lines.iter().enumerate() {
            control.check()?;
            for &(first, mask) in filter.after(i) {
                for_each_bit(mask, |bit| {
                    let cutpoint = lines.get(first + bit).and_then(|other| meet(line, other, limit));
                    if let Some(cutpoint) = cutpoint.filter(|c| inside(c.point, &bounds)) {
                        found.push(cutpoint);
                    }
                });
            }
        }
        Ok(())
    }

    fn write(&self, found: impl ExactSizeIterator<Item = Cutpoint>, out: &mut Vec<f64>) {
        out.reserve(found.len() * self.columns());
        for cutpoint in found {
            let [x, y, z] = cutpoint.point;
            out.extend([cutpoint.time, x, y, z]);
            if self.append_indices {
                out.extend(cutpoint.rows.map(|row| row as f64));
            }
        }
    }
}

/// The cutpoint of two lines if they pass each other within the squared distance `limit`.
fn meet(p: &Line, q: &Line, limit: f64) -> Option<Cutpoint> {
    let (u, r) = (p.direction, q.direction);
    let w = [0, 1, 2].map(|k| q.point[k] - p.point[k]);
    let (a, c) = (p.squared_length, q.squared_length);
    let (b, d, e) = (dot(u, r), dot(u, w), dot(r, w));
    let determinant = b * b - a * c;
    // `>=` also for NaN: nothing is known about such a pair.
    if !(-determinant > PARALLEL * (a * c)) {
        return None;
    }
    let s = (b * e - c * d) / determinant;
    let t = (a * e - b * d) / determinant;
    let on_p = [0, 1, 2].map(|k| p.point[k] + s * u[k]);
    let on_q = [0, 1, 2].map(|k| q.point[k] + t * r[k]);
    let gap = [0, 1, 2].map(|k| on_p[k] - on_q[k]);
    (dot(gap, gap) < limit).then(|| Cutpoint {
        time: (p.time + q.time) / 2.0,
        point: [0, 1, 2].map(|k| (on_p[k] + on_q[k]) / 2.0),
        rows: [p.row, q.row],
    })
}

fn inside([x, y, z]: Vector, &[xmin, xmax, ymin, ymax, zmin, zmax]: &[f64; 6]) -> bool {
    xmin < x && x < xmax && ymin < y && y < ymax && zmin < z && z < zmax
}
