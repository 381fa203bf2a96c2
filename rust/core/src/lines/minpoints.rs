//! Points that several lines of response pass closely.

use super::centroid::solve_symmetric;
use super::cutpoints::cutoffs;
use super::line::{COLUMNS, Line, Vector, usable};
use super::nearby::{Filter, Hits, for_each_bit};
use crate::{Control, Error, Result, Rows};

/// Most combinations of lines that are looked at in one sample: some seconds of work.
pub const MOST_COMBINATIONS: u64 = 100_000_000;

/// Combinations between two looks at the [`Control`].
const BLOCK: u64 = 1 << 16;

/// The search for minpoints: the points with the least sum of squared distances to `num_lines` lines.
///
/// For every combination of `num_lines` rows the point `p` with `Σ (I - n nᵀ) p = Σ (I - n nᵀ) a` is found, where `n` is
/// the unit direction of a line and `a` a point on it. The combination gives `p` at the mean of its times iff its
/// distance from each of the lines is at most `max_distance` and it is inside the cutoffs, faces included. Combinations
/// of lines that are all parallel give none.
///
/// Only combinations in which every two lines pass each other within twice `max_distance` can fulfil this, so only those
/// are looked at: all cliques of the graph of near pairs. They are counted first; more than [`MOST_COMBINATIONS`] are
/// refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minpoints {
    /// Lines per point, at least 2.
    pub num_lines: usize,
    /// Largest distance of the point from each of its lines in mm, inclusive.
    pub max_distance: f64,
    /// `[xmin, xmax, ymin, ymax, zmin, zmax]` in mm, inclusive; `None` stands for the box around all lines.
    pub cutoffs: Option<[f64; 6]>,
    /// Whether rows end with the row numbers of the lines.
    pub append_indices: bool,
}

/// Buffers of [`Minpoints::find`], to be reused from sample to sample.
#[derive(Debug, Default)]
pub struct Scratch {
    lines: Vec<Line>,
    terms: Vec<Terms>,
    filter: Filter,
    near: Near,
    found: Vec<f64>,
}

/// What a line adds to the sums: the matrix as xx, yy, zz, xy, xz, yz, the vector, and the time.
type Terms = [f64; 10];

impl Minpoints {
    /// Number of columns of a result row: time, point and, if asked for, the indices.
    pub fn columns(&self) -> usize {
        4_usize.saturating_add(if self.append_indices { self.num_lines } else { 0 })
    }

    /// Appends the minpoints of `lines` to `out`: rows `t, x, y, z` (and the indices), sorted by time; those of equal
    /// time are in lexicographic order of their indices.
    ///
    /// O(n²) for the pairs of n lines and O(1) for each combination of near lines.
    ///
    /// # Examples
    /// ```
    /// use lumentrace::lines::minpoints::{Minpoints, Scratch};
    /// use lumentrace::{Control, Rows};
    ///
    /// let lines = [
    ///     [10.0, 0.0, 2.0, 3.0, 5.0, 2.0, 3.0], // along x
    ///     [20.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0], // along y
    ///     [60.0, 1.0, 2.0, 0.0, 1.0, 2.0, 9.0], // along z
    /// ];
    /// let search = Minpoints { num_lines: 3, max_distance: 0.1, cutoffs: None, append_indices: true };
    /// let mut found = Vec::new();
    /// let rows = Rows::new(lines.as_flattened(), 7)?;
    /// search.find(rows, &mut Scratch::default(), &Control::new(), &mut found)?;
    /// assert_eq!(found, [30.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0]);
    /// # Ok::<(), lumentrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than 2 lines per point, NaN, fewer than 7 columns or too many combinations;
    /// [`Error::Cancelled`].
    pub fn find(&self, lines: Rows<'_>, scratch: &mut Scratch, control: &Control, out: &mut Vec<f64>) -> Result<()> {
        self.check()?;
        lines.require_width("lines", COLUMNS)?;
        let Some(extent) = cutoffs(lines).filter(|_| self.max_distance >= 0.0) else {
            return Ok(());
        };
        let bounds = self.cutoffs.unwrap_or(extent);
        let centre = [0, 2, 4].map(|k| f64::midpoint(extent[k], extent[k + 1]));
        let Scratch { lines: all, terms, filter, near, found } = scratch;
        all.clear();
        all.extend(usable(lines));
        if all.len() < self.num_lines {
            return Ok(());
        }
        terms.clear();
        terms.extend(all.iter().map(|line| terms_of(line, centre)));
        // The filter lets pairs at just its distance through or not, so it gets a little more.
        filter.load(all, 2.0 * self.max_distance * (1.0 + 1e-9) + 1e-9, centre);
        near.load(all.len(), filter);
        self.count(near, control)?;
        found.clear();
        let mut combination = Vec::with_capacity(self.num_lines);
        let mut looked = 0;
        near.combinations(self.num_lines, &mut combination, &mut |chosen| {
            looked += 1;
            if looked % BLOCK == 0 {
                control.check()?;
            }
            if let Some((time, point)) = self.meet(all, terms, chosen, centre, &bounds) {
                found.extend([time, point[0], point[1], point[2]]);
                if self.append_indices {
                    found.extend(chosen.iter().filter_map(|&i| all.get(i)).map(|line| line.row as f64));
                }
            }
            Ok(())
        })?;
        append_by_time(found, self.columns(), out);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.num_lines < 2 {
            return Err(Error::argument("num_lines", "at least 2", self.num_lines));
        }
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

    /// Refuses samples with too many combinations; those of one line less bound the work of counting.
    fn count(&self, near: &Near, control: &Control) -> Result<()> {
        let (mut count, mut looked) = (0_u64, 0_u64);
        let most = MOST_COMBINATIONS;
        near.combinations(self.num_lines - 1, &mut Vec::new(), &mut |chosen| {
            looked += 1;
            if looked % BLOCK == 0 {
                control.check()?;
            }
            count += near.common(chosen);
            if count > most || looked > most {
                let expected = format!(
                    "at most {most} combinations of {} near lines in a sample; take smaller samples, a smaller \
                     `max_distance` or fewer lines per point",
                    self.num_lines
                );
                return Err(Error::argument("num_lines", expected, format!("more, among {} lines", near.len)));
            }
            Ok(())
        })
    }

    fn meet(
        &self,
        lines: &[Line],
        terms: &[Terms],
        chosen: &[usize],
        centre: Vector,
        bounds: &[f64; 6],
    ) -> Option<(f64, Vector)> {
        let mut sum = [0.0; 10];
        for &index in chosen {
            let more = terms.get(index)?;
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        let [xx, yy, zz, xy, xz, yz, x, y, z, time] = sum;
        let relative = solve_symmetric([xx, yy, zz, xy, xz, yz], [x, y, z])?;
        let point = [0, 1, 2].map(|k| relative[k] + centre[k]);
        let limit = self.max_distance * self.max_distance;
        let near =
            chosen.iter().filter_map(|&index| lines.get(index)).all(|line| squared_distance(line, point) <= limit);
        (near && contains(point, bounds)).then(|| (time / chosen.len() as f64, point))
    }
}

fn contains([x, y, z]: Vector, &[xmin, xmax, ymin, ymax, zmin, zmax]: &[f64; 6]) -> bool {
    (xmin..=xmax).contains(&x) && (ymin..=ymax).contains(&y) && (zmin..=zmax).contains(&z)
}

fn terms_of(line: &Line, centre: Vector) -> Terms {
    let length = line.squared_length.sqrt();
    let [x, y, z] = line.direction.map(|component| component / length);
    let [a, b, c] = [0, 1, 2].map(|k| line.point[k] + line.direction[k] / 2.0 - centre[k]);
    let along = x * a + y * b + z * c;
    let [xx, yy, zz, xy, xz, yz] = [1.0 - x * x, 1.0 - y * y, 1.0 - z * z, -(x * y), -(x * z), -(y * z)];
    [xx, yy, zz, xy, xz, yz, a - x * along, b - y * along, c - z * along, line.time]
}

fn squared_distance(line: &Line, point: Vector) -> f64 {
    let w = [0, 1, 2].map(|k| point[k] - line.point[k]);
    let u = line.direction;
    let s = (u[0] * w[0] + u[1] * w[1] + u[2] * w[2]) / line.squared_length;
    let gap = [0, 1, 2].map(|k| w[k] - s * u[k]);
    gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2]
}

/// Appends rows of `width` numbers in ascending order of the first; equal ones keep their order.
fn append_by_time(rows: &[f64], width: usize, out: &mut Vec<f64>) {
    let mut order: Vec<&[f64]> = rows.chunks_exact(width).collect();
    order.sort_by(|a, b| a[0].total_cmp(&b[0]));
    out.reserve(rows.len());
    for row in order {
        out.extend_from_slice(row);
    }
}

/// Which lines pass each other closely: for each line a bit per later line.
#[derive(Debug, Default)]
struct Near {
    len: usize,
    words: usize,
    bits: Vec<u64>,
    hits: Vec<Hits>,
}

const WORD: usize = 64;

impl Near {
    fn load(&mut self, len: usize, filter: &Filter) {
        self.len = len;
        self.words = len.div_ceil(WORD);
        self.bits.clear();
        self.bits.resize(len * self.words, 0);
        for line in 0..len {
            for &(first, mask) in filter.after(line, &mut self.hits) {
                for_each_bit(mask, |bit| {
                    let other = first + bit;
                    if let Some(word) = self.bits.get_mut(line * self.words + other / WORD) {
                        *word |= 1 << (other % WORD);
                    }
                });
            }
        }
    }

    /// The later lines near `line`.
    fn after(&self, line: usize) -> &[u64] {
        self.bits.get(line * self.words..(line + 1) * self.words).unwrap_or(&[])
    }

    /// Number of lines after the chosen ones that are near all of them.
    fn common(&self, chosen: &[usize]) -> u64 {
        let word = |at: usize| chosen.iter().fold(u64::MAX, |both, &line| both & self.after(line)[at]);
        (0..self.words).map(|at| u64::from(word(at).count_ones())).sum()
    }

    /// Calls `visit` with every combination of `size` lines near each other, in lexicographic order.
    fn combinations(
        &self,
        size: usize,
        chosen: &mut Vec<usize>,
        visit: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        if chosen.len() == size {
            return visit(chosen);
        }
        if chosen.is_empty() {
            for line in 0..self.len {
                chosen.push(line);
                self.combinations(size, chosen, visit)?;
                chosen.pop();
            }
            return Ok(());
        }
        for at in 0..self.words {
            let mut word = chosen.iter().fold(u64::MAX, |both, &line| both & self.after(line)[at]);
            while word != 0 {
                chosen.push(at * WORD + word.trailing_zeros() as usize);
                word &= word - 1;
                self.combinations(size, chosen, visit)?;
                chosen.pop();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn find(data: &[f64], num_lines: usize, max_distance: f64) -> Result<Vec<f64>> {
        let search = Minpoints { num_lines, max_distance, cutoffs: None, append_indices: true };
        let mut out = Vec::new();
        search.find(Rows::new(data, 7).unwrap(), &mut Scratch::default(), &Control::new(), &mut out).map(|()| out)
    }

    /// `n` lines through the origin, spread over directions.
    fn bundle(n: u32) -> Vec<f64> {
        let row = |k: u32| {
            let a = f64::from(k);
            let u = [(2.4 * a).cos(), (2.4 * a).sin(), 1.7 * a / f64::from(n) - 0.8].map(|x| 100.0 * x);
            [a, -u[0], -u[1], -u[2], u[0], u[1], u[2]]
        };
        (0..n).flat_map(row).collect()
    }

    #[test]
    fn all_combinations_of_a_bundle() {
        let found = find(&bundle(70), 3, 1e-6).unwrap();
        assert_eq!(found.len() / 7, 70 * 69 * 68 / 6);
        assert!(found.chunks(7).all(|row| row[1..4].iter().all(|x| x.abs() < 1e-9)));
        assert!(found.chunks(7).is_sorted_by(|a, b| a[0] < b[0] || (a[0] == b[0] && a[4..] < b[4..])));
    }

    #[test]
    fn few_lines_and_wrong_settings() {
        assert_eq!(find(&bundle(2), 3, 1.0).unwrap(), [0.0; 0]);
        assert_eq!(find(&[], 2, 1.0).unwrap(), [0.0; 0]);
        assert_eq!(find(&bundle(9), 3, -1.0).unwrap(), [0.0; 0]);
        assert!(find(&bundle(9), 1, 1.0).unwrap_err().to_string().contains("`num_lines`"));
        assert!(find(&bundle(9), 3, f64::NAN).unwrap_err().to_string().contains("`max_distance`"));
        let explosion = find(&bundle(500), 20, 1.0).unwrap_err().to_string();
        assert!(explosion.contains("at most 100000000 combinations"), "{explosion}");
    }

    #[test]
    fn a_cancelled_search_ends() {
        let control = Control::new();
        control.cancel();
        let search = Minpoints { num_lines: 4, max_distance: 1.0, cutoffs: None, append_indices: false };
        let data = bundle(80);
        let result = search.find(Rows::new(&data, 7).unwrap(), &mut Scratch::default(), &control, &mut Vec::new());
        assert_eq!(result, Err(Error::Cancelled));
    }

    #[test]
    fn more_lines_per_point_than_there_are_take_no_memory() {
        assert_eq!(find(&bundle(5), usize::MAX, 1.0).unwrap(), [0.0; 0]);
        let search = Minpoints { num_lines: usize::MAX, max_distance: 1.0, cutoffs: None, append_indices: true };
        assert_eq!(search.columns(), usize::MAX);
    }
}
