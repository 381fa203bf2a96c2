//! Points where pairs of lines of response (nearly) meet.

use std::ops::Range;

use super::by_time::ByTime;
use super::line::{COLUMNS, Line, Vector, finite, usable};
use super::nearby::{Filter, Hits, for_each_bit};
use super::pairs::{Limits, Meeting, Pairs};
use crate::{Control, Error, Result, Rows, pool};

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
/// `M = (A + C) / 2` at the mean of the two times iff `|A - C|² < max_distance²` and `M` is strictly inside the
/// cutoffs (Sunday, *Distance between 3D lines and segments*, for the formula; the PEPT-ML method: Nicuşan &
/// Windows-Yule, Rev. Sci. Instrum. 91 (2020) 013329).
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
    near: Near,
    /// Result rows before they are sorted.
    found: Vec<f64>,
    by_time: ByTime,
    /// Threads for one search, 0 for one per core.
    threads: Threads,
}

/// What each thread of a search needs.
#[derive(Debug, Default)]
struct Near {
    hits: Vec<Hits>,
    pairs: Pairs,
}

/// One, unless said otherwise.
#[derive(Debug)]
struct Threads(usize);

impl Default for Threads {
    fn default() -> Self {
        Self(1)
    }
}

impl Scratch {
    /// Lets a search use so many threads, 0 for one per core. The result does not depend on it.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = Threads(threads);
    }
}

/// Below so many lines one thread is faster.
const MANY_LINES: usize = 1000;

/// Lines that a thread takes at a time.
const PIECE: usize = 64;

impl Cutpoints {
    /// Number of columns of a result row: time, point and, if asked for, two indices.
    pub fn columns(&self) -> usize {
        if self.append_indices { 6 } else { 4 }
    }

    /// Appends the cutpoints of `lines` to `out`: rows `t, x, y, z` (and `i, j`), sorted by time, then by `(i, j)`.
    ///
    /// O(n²) time for n lines; memory grows with the number of cutpoints, not of pairs. The result does not
    /// depend on the vector width of the machine.
    ///
    /// # Examples
    /// ```
    /// use lumentrace::lines::cutpoints::{Cutpoints, Scratch};
    /// use lumentrace::{Control, Rows};
    ///
    /// let lines = [
    ///     [10.0, 0.0, 2.0, 3.0, 5.0, 2.0, 3.0], // along x
    ///     [20.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0], // along y
    /// ];
    /// let search = Cutpoints { max_distance: 0.1, cutoffs: Some([0.0, 9.0, 0.0, 9.0, 0.0, 9.0]), append_indices: true };
    /// let mut found = Vec::new();
    /// let rows = Rows::new(lines.as_flattened(), 7)?;
    /// search.find(rows, &mut Scratch::default(), &Control::new(), &mut found)?;
    /// assert_eq!(found, [15.0, 1.0, 2.0, 3.0, 0.0, 1.0]);
    /// # Ok::<(), lumentrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if `max_distance` or a cutoff is NaN or `lines` has fewer than 7 columns;
    /// [`Error::Cancelled`].
    pub fn find(&self, lines: Rows<'_>, scratch: &mut Scratch, control: &Control, out: &mut Vec<f64>) -> Result<()> {
        self.check()?;
        lines.require_width("lines", COLUMNS)?;
        let Some(extent) = cutoffs(lines).filter(|_| self.max_distance > 0.0) else {
            return Ok(());
        };
        scratch.lines.clear();
        scratch.lines.extend(usable(lines));
        scratch.found.clear();
        self.search(&extent, control, scratch)?;
        let Scratch { found, by_time, .. } = scratch;
        // The search goes by (i, j) and the sorting is stable.
        if self.append_indices {
            by_time.append(found.as_chunks::<6>().0, out);
        } else {
            by_time.append(found.as_chunks::<4>().0, out);
        }
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

    /// Fills `found` in the order of `(i, j)`; `extent` is the box around all lines.
    fn search(&self, extent: &[f64; 6], control: &Control, scratch: &mut Scratch) -> Result<()> {
        let Scratch { lines, filter, near, found, threads: Threads(threads), .. } = scratch;
        let bounds = self.cutoffs.unwrap_or(*extent);
        filter.load(lines, self.max_distance, common_centre(&bounds, extent));
        let limits = Limits { squared_distance: self.max_distance * self.max_distance, bounds };
        if *threads == 1 || lines.len() < MANY_LINES {
            return self.search_rows(0..lines.len(), lines, filter, &limits, near, control, found);
        }
        let pieces = pool::map(lines.len().div_ceil(PIECE), *threads, control, Near::default, |near, piece| {
            let (mut found, rows) = (Vec::new(), piece * PIECE..lines.len().min((piece + 1) * PIECE));
            self.search_rows(rows, lines, filter, &limits, near, control, &mut found)?;
            Ok(found)
        })?;
        for piece in &pieces {
            found.extend_from_slice(piece);
        }
        Ok(())
    }

    /// Appends the cutpoints of some lines with those after them.
    #[allow(clippy::too_many_arguments)] // borrowed apart from one another
    fn search_rows(
        &self,
        rows: Range<usize>,
        lines: &[Line],
        filter: &Filter,
        limits: &Limits,
        near: &mut Near,
        control: &Control,
        found: &mut Vec<f64>,
    ) -> Result<()> {
        let Near { hits, pairs } = near;
        let mut write = |meeting: Meeting| {
            let [x, y, z] = meeting.point;
            found.extend_from_slice(&[meeting.time, x, y, z]);
            if self.append_indices {
                found.extend_from_slice(&meeting.rows.map(f64::from));
            }
        };
        for i in rows {
            control.check()?;
            for &(first, mask) in filter.after(i, hits) {
                for_each_bit(mask, |bit| {
                    if let Some(other) = lines.get(first + bit) {
                        pairs.push(&lines[i], other, limits, &mut write);
                    }
                });
            }
        }
        pairs.flush(limits, write);
        Ok(())
    }
}

/// The centre of what two boxes have in common.
fn common_centre(a: &[f64; 6], b: &[f64; 6]) -> Vector {
    [0, 2, 4].map(|k| f64::midpoint(a[k].max(b[k]), a[k + 1].min(b[k + 1])))
}

#[cfg(test)]
mod tests;
