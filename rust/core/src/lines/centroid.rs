//! The point nearest to a set of lines, in the least-squares sense.

use std::cmp::Ordering;

use super::line::{COLUMNS, Line, Vector, usable};
use crate::simd::wide;
use crate::{Result, Rows};

/// Pivots below this part of the trace count as 0.
const SINGULAR: f64 = 1e-12;

/// Sums run in this many lanes, whatever the machine's vectors.
const LANES: usize = 8;

/// Values of [`LANES`] lines.
type Lanes = [f64; LANES];

/// What is between the bits of `x` and of `2 x`.
const OCTAVE: i64 = 1 << 52;

/// The point `p` with the smallest sum of squared distances to `lines`: `Σ (I - n nᵀ) p = Σ (I - n nᵀ) a`.
///
/// `n` is the unit direction of a line and `a` a point on it. The system is solved by `L D Lᵀ` about the mean of the
/// lines' mid points. `None` with fewer than two lines or if all are parallel (a pivot is below 1e-12 of the trace).
/// O(n).
///
/// # Examples
/// ```
/// use lumentrace::{Rows, lines::centroid::nearest_point};
///
/// let lines = [
///     [0.0, 0.0, 2.0, 3.0, 5.0, 2.0, 3.0], // along x
///     [0.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0], // along y
/// ];
/// assert_eq!(nearest_point(Rows::new(lines.as_flattened(), 7)?)?, Some([1.0, 2.0, 3.0]));
/// # Ok::<(), lumentrace::Error>(())
/// ```
///
/// # Errors
/// [`crate::Error::Argument`] if `lines` has fewer than 7 columns.
pub fn nearest_point(lines: Rows<'_>) -> Result<Option<[f64; 3]>> {
    lines.require_width("lines", COLUMNS)?;
    let mut bundle = Bundle::default();
    bundle.load(lines);
    Ok(bundle.solve().map(|fit| bundle.absolute(fit.point)))
}

/// Appends the squared distance in mm² of `point` from each row of `lines` to `out`; NaN for a row without a line.
///
/// O(n).
///
/// # Errors
/// [`crate::Error::Argument`] if `lines` has fewer than 7 columns.
pub fn squared_distances(lines: Rows<'_>, point: [f64; 3], out: &mut Vec<f64>) -> Result<()> {
    lines.require_width("lines", COLUMNS)?;
    let mut bundle = Bundle::default();
    bundle.load(lines);
    let origin = bundle.origin;
    bundle.measure([0, 1, 2].map(|k| point[k] - origin[k]));
    let start = out.len();
    out.resize(start + lines.len(), f64::NAN);
    for (line, &distance) in bundle.lines.iter().zip(bundle.distances()) {
        if let Some(slot) = out.get_mut(start + line.row) {
            *slot = distance;
        }
    }
    Ok(())
}

/// The usable lines of a sample, about their mean mid point, column by column.
///
/// All columns have the same length, a multiple of [`LANES`]; beyond the last line everything is 0.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    lines: Vec<Line>,
    /// What all coordinates are relative to.
    origin: Vector,
    /// Number of used lines.
    count: usize,
    /// 1 if the line is used, else 0.
    used: Vec<f64>,
    /// Squared distance of each line from the point last measured to.
    distance: Vec<f64>,
    point: [Vec<f64>; 3],
    /// Unit directions.
    direction: [Vec<f64>; 3],
    /// What each line adds to the sums, for [`LANES`] lines at a time.
    terms: Vec<[Lanes; TERMS]>,
}

/// The least-squares point of the used lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// Mean time of the used lines in ms.
    pub(super) time: f64,
    /// Relative to the origin of the bundle.
    pub(super) point: Vector,
}

/// Number of sums: the matrix as xx, yy, zz, xy, xz, yz, the vector as x, y, z, and the time.
const TERMS: usize = 10;

impl Bundle {
    /// Takes the usable lines of a table and uses all of them.
    pub(super) fn load(&mut self, lines: Rows<'_>) {
        self.lines.clear();
        self.lines.extend(usable(lines));
        let columns = self.point.iter_mut().chain(&mut self.direction);
        for column in columns.chain([&mut self.used, &mut self.distance]) {
            column.clear();
            column.resize(self.lines.len().next_multiple_of(LANES), 0.0);
        }
        self.terms.clear();
        self.terms.resize(self.lines.len().div_ceil(LANES), [[0.0; LANES]; TERMS]);
        self.count = self.lines.len();
        self.used[..self.count].fill(1.0);
        let middle = |line: &Line| [0, 1, 2].map(|k| line.point[k] + line.direction[k] / 2.0);
        let add = |sum: Vector, x: Vector| [0, 1, 2].map(|k| sum[k] + x[k]);
        let sum = self.lines.iter().map(middle).fold([0.0; 3], add);
        self.origin = sum.map(|x| x / self.count.max(1) as f64);
        for index in 0..self.count {
            self.set(index, self.lines[index]);
        }
    }

    fn set(&mut self, index: usize, line: Line) {
        let length = line.squared_length.sqrt();
        let [x, y, z] = line.direction.map(|component| component / length);
        let [a, b, c] = [0, 1, 2].map(|k| line.point[k] - self.origin[k]);
        let along = x * a + y * b + z * c;
        for (column, value) in self.direction.iter_mut().zip([x, y, z]) {
            column[index] = value;
        }
        for (column, value) in self.point.iter_mut().zip([a, b, c]) {
            column[index] = value;
        }
        let matrix = [1.0 - x * x, 1.0 - y * y, 1.0 - z * z, -(x * y), -(x * z), -(y * z)];
        let vector = [a - x * along, b - y * along, c - z * along];
        let terms = matrix.into_iter().chain(vector).chain([line.time]);
        for (lanes, value) in self.terms[index / LANES].iter_mut().zip(terms) {
            lanes[index % LANES] = value;
        }
    }

    /// Number of usable lines.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A point of the bundle in the coordinates of the table.
    pub(super) fn absolute(&self, point: Vector) -> Vector {
        [0, 1, 2].map(|k| point[k] + self.origin[k])
    }

    /// The least-squares point of the used lines; `None` if they are fewer than two or all parallel.
    pub(super) fn solve(&self) -> Option<Fit> {
        if self.count < 2 {
            return None;
        }
        let [xx, yy, zz, xy, xz, yz, x, y, z, time] = term_sums(&self.terms, &self.used).map(total);
        let point = solve_symmetric([xx, yy, zz, xy, xz, yz], [x, y, z])?;
        Some(Fit { time: time / self.count as f64, point })
    }

    /// Finds the squared distance of every line from `point`; returns their mean over the used lines.
    pub(super) fn measure(&mut self, point: Vector) -> f64 {
        total(measure(&self.point, &self.direction, point, &self.used, &mut self.distance)) / self.count as f64
    }

    /// The squared distances last measured, line by line.
    pub(super) fn distances(&self) -> &[f64] {
        &self.distance[..self.lines.len()]
    }

    /// How many lines have a squared distance up to `limit`.
    pub(super) fn count_within(&self, limit: f64) -> usize {
        count_within(self.distances(), limit)
    }

    /// Uses exactly the lines with a squared distance up to `limit`.
    pub(super) fn use_within(&mut self, limit: f64) {
        let len = self.lines.len();
        self.count = use_within(&self.distance[..len], limit, &mut self.used[..len]);
    }

    /// Uses exactly the `count` nearest lines, of equally far ones the first.
    ///
    /// Bisects the squared distance, starting with steps of 2, 4, 16... from `guess`, which `within` lines are within.
    pub(super) fn use_nearest(&mut self, count: usize, guess: f64, within: usize) {
        // Bits of numbers >= 0 are in the order of the numbers; -1 stands for NaN, which no line is within.
        let (mut low, mut high) = match within.cmp(&count) {
            Ordering::Less => (guess.to_bits() as i64, f64::INFINITY.to_bits() as i64),
            Ordering::Equal => return self.use_within(guess),
            Ordering::Greater => (-1, guess.to_bits() as i64),
        };
        let upwards = low >= 0;
        let mut step = OCTAVE;
        // Fewer than `count` lines are within `low`, more within `high`.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let middle = if upwards { middle.min(low.saturating_add(step)) } else { middle.max(high - step) };
            step = step.saturating_mul(2);
            match self.count_within(f64::from_bits(middle as u64)).cmp(&count) {
                Ordering::Less => low = middle,
                Ordering::Equal => return self.use_within(f64::from_bits(middle as u64)),
                Ordering::Greater => high = middle,
            }
        }
        self.use_tied(f64::from_bits(low as u64), f64::from_bits(high as u64), count);
    }

    /// Uses the lines within `low` and, up to `count`, the first of those at exactly `high`.
    fn use_tied(&mut self, low: f64, high: f64, count: usize) {
        self.use_within(low);
        for (used, &distance) in self.used.iter_mut().zip(&self.distance[..self.lines.len()]) {
            if self.count < count && distance == high {
                *used = 1.0;
                self.count += 1;
            }
        }
    }

    /// The rows of the used lines.
    pub(super) fn used_rows(&self) -> impl Iterator<Item = usize> {
        self.lines.iter().zip(&self.used).filter(|&(_, &used)| used > 0.0).map(|(line, _)| line.row)
    }
}

wide! {
    /// The sums of each term over the used lines, in lanes.
    fn term_sums(terms: &[[Lanes; TERMS]], used: &[f64]) -> [Lanes; TERMS] {
        let mut sums = [[0.0; LANES]; TERMS];
        for (terms, used) in terms.iter().zip(used.as_chunks::<LANES>().0) {
            for (sum, term) in sums.iter_mut().zip(terms) {
                for lane in 0..LANES {
                    sum[lane] += used[lane] * term[lane];
                }
            }
        }
        sums
    }
}

/// The sum of the lanes, pairwise: the same bits for every width of vectors.
fn total(mut lanes: Lanes) -> f64 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

wide! {
    /// Sets the squared distances of lines from `target`; returns their sums over the used lines, in lanes.
    fn measure(
        point: &[Vec<f64>; 3],
        direction: &[Vec<f64>; 3],
        target: Vector,
        used: &[f64],
        distance: &mut [f64],
    ) -> Lanes {
        let blocks = distance.len() / LANES;
        let [ax, ay, az] = point.each_ref().map(|column| &column.as_chunks::<LANES>().0[..blocks]);
        let [nx, ny, nz] = direction.each_ref().map(|column| &column.as_chunks::<LANES>().0[..blocks]);
        let used = &used.as_chunks::<LANES>().0[..blocks];
        let distance = &mut distance.as_chunks_mut::<LANES>().0[..blocks];
        let [px, py, pz] = target;
        let mut sums = [0.0; LANES];
        for k in 0..blocks {
            for lane in 0..LANES {
                let (x, y, z) = (px - ax[k][lane], py - ay[k][lane], pz - az[k][lane]);
                let (u, v, w) = (nx[k][lane], ny[k][lane], nz[k][lane]);
                let (i, j, h) = (y * w - z * v, z * u - x * w, x * v - y * u);
                let squared = i * i + j * j + h * h;
                distance[k][lane] = squared;
                sums[lane] += used[k][lane] * squared;
            }
        }
        sums
    }
}

wide! {
    /// The number of distances up to `limit`.
    fn count_within(distances: &[f64], limit: f64) -> usize {
        let mut count = 0_u64;
        for &distance in distances {
            count += u64::from(distance <= limit);
        }
        count as usize
    }
}

wide! {
    /// Sets `used` to 1 where the distance is up to `limit` and to 0 elsewhere; returns the number of ones.
    fn use_within(distances: &[f64], limit: f64, used: &mut [f64]) -> usize {
        let mut count = 0_u64;
        for (used, &distance) in used.iter_mut().zip(distances) {
            *used = if distance <= limit { 1.0 } else { 0.0 };
            count += u64::from(distance <= limit);
        }
        count as usize
    }
}

/// Solves a symmetric positive definite system by `L D Lᵀ`; `None` if it is singular to working accuracy.
pub(super) fn solve_symmetric([xx, yy, zz, xy, xz, yz]: [f64; 6], [vx, vy, vz]: Vector) -> Option<Vector> {
    let tiny = SINGULAR * (xx + yy + zz);
    let (l21, l31) = (xy / xx, xz / xx);
    let d2 = yy - l21 * xy;
    let l32 = (yz - l31 * xy) / d2;
    let d3 = zz - l31 * xz - l32 * (yz - l31 * xy);
    if !(xx > tiny && d2 > tiny && d3 > tiny) {
        return None;
    }
    let y2 = vy - l21 * vx;
    let y3 = vz - l31 * vx - l32 * y2;
    let z = y3 / d3;
    let y = y2 / d2 - l32 * z;
    let x = vx / xx - l21 * y - l31 * z;
    Some([x, y, z])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CROSSING: [f64; 21] = [
        10.0, 0.0, 2.0, 3.0, 5.0, 2.0, 3.0, // along x through (1, 2, 3)
        20.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0, // along y
        30.0, 1.0, 2.0, 0.0, 1.0, 2.0, -8.0, // along z
    ];

    fn nearest(data: &[f64]) -> Option<[f64; 3]> {
        nearest_point(Rows::new(data, 7).unwrap()).unwrap()
    }

    #[test]
    fn lines_through_one_point() {
        for count in [2, 3] {
            let point = nearest(&CROSSING[..7 * count]).unwrap();
            assert!(point.iter().zip([1.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-14));
        }
    }

    #[test]
    fn broken_rows_do_not_count() {
        let mut data = CROSSING.to_vec();
        let before = nearest(&data);
        data.extend([0.0, 1.0, f64::NAN, 0.0, 0.0, 0.0, 0.0]);
        data.extend([0.0, 1.0, 9.0, 0.0, 1.0, 9.0, 0.0]);
        assert_eq!(nearest(&data), before);
    }

    #[test]
    fn parallel_or_too_few_lines_have_no_point() {
        assert_eq!(nearest(&[]), None);
        assert_eq!(nearest(&CROSSING[..7]), None);
        let row = [0.0, 1.0, 2.0, 3.0, 400.1, 500.2, 600.3];
        let shifted = [0.0, 1.1, 2.0, 3.0, 400.2, 500.2, 600.3];
        assert_eq!(nearest(&[row, row, shifted].concat()), None);
    }

    #[test]
    fn distances_of_lines_along_the_axes() {
        let mut out = vec![7.0];
        let broken = [0.0; 7];
        let data = [&CROSSING[..7], &broken, &CROSSING[7..]].concat();
        squared_distances(Rows::new(&data, 7).unwrap(), [2.0, 4.0, 7.0], &mut out).unwrap();
        assert!(out[2].is_nan());
        for (index, expected) in [(0, 7.0), (1, 20.0), (3, 17.0), (4, 5.0)] {
            assert!((out[index] - expected).abs() < 1e-13);
        }
    }

    proptest! {
        #[test]
        fn nearest_lines_are_those_a_sort_finds(
            offsets in prop::collection::vec((0..9_u8, -3..4), 2..60),
            count in 1..60_usize,
            guess in prop_oneof![Just(0.0), 1e-6..1e6, Just(f64::INFINITY)],
        ) {
            // Lines along z at a few distances, so that many are equally far.
            let data: Vec<f64> = offsets
                .iter()
                .flat_map(|&(x, power)| {
                    let x = f64::from(x) * 10_f64.powi(power);
                    [0.0, x, 0.0, 0.0, x, 0.0, 1.0]
                })
                .collect();
            let mut bundle = Bundle::default();
            bundle.load(Rows::new(&data, 7).unwrap());
            bundle.measure(bundle.origin.map(|x| -x));
            let count = count.min(bundle.len());
            let within = bundle.count_within(guess);
            bundle.use_nearest(count, guess, within);
            let distances = bundle.distances();
            let mut expected: Vec<usize> = (0..distances.len()).collect();
            expected.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
            expected.truncate(count);
            expected.sort_unstable();
            prop_assert_eq!(bundle.used_rows().collect::<Vec<_>>(), expected);
        }
    }
}
