//! Sums of values and products.

use super::pixels::{Channel, Pair};
use crate::simd::wide;
use crate::{Control, Result, pool};

/// Pixels that are summed in one go: partial sums are merged in the order of the pixels.
pub(super) const PIECE: usize = 1 << 15;

/// Sums over pixels of two channels: of the values, and of products of their distances from the means.
///
/// Of whole numbers they are exact before the last division.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Number of pixels.
    pub n: u64,
    /// Means.
    pub mean: [f64; 2],
    /// What distances are measured in: a power of two, 1 unless values lie so close or far that squares leave the numbers.
    pub unit: [f64; 2],
    /// Sums of squared distances from the means, in those units.
    pub square: [f64; 2],
    /// Sum of products of distances from the means, in those units.
    pub product: f64,
}

/// Exact sums of levels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) n: u64,
    pub(super) a: u64,
    pub(super) b: u64,
    pub(super) aa: u128,
    pub(super) bb: u128,
    pub(super) ab: u128,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.a += other.a;
        self.b += other.b;
        self.aa += other.aa;
        self.bb += other.bb;
        self.ab += other.ab;
    }

    /// n times the sum of products of distances from the means.
    pub(super) fn product(&self) -> i128 {
        i128::from(self.n) * self.ab as i128 - i128::from(self.a) * i128::from(self.b)
    }

    /// n times the sums of squared distances from the means.
    pub(super) fn squares(&self) -> [i128; 2] {
        let n = i128::from(self.n);
        [
            n * self.aa as i128 - i128::from(self.a) * i128::from(self.a),
            n * self.bb as i128 - i128::from(self.b) * i128::from(self.b),
        ]
    }

    fn of(a: &[u16], b: &[u16]) -> Self {
        let [sum_a, sum_b, aa, bb, ab] = sums_of(a, b);
        Self { n: a.len() as u64, a: sum_a, b: sum_b, aa: aa.into(), bb: bb.into(), ab: ab.into() }
    }
}

wide! {
    /// Sums of levels and of their products, of at most [`PIECE`] pixels: products are below 2³².
    fn sums_of(a: &[u16], b: &[u16]) -> [u64; 5] {
        let mut sums = [0_u64; 5];
        for (&a, &b) in a.iter().zip(b) {
            let (a, b) = (u32::from(a), u32::from(b));
            sums[0] += u64::from(a);
            sums[1] += u64::from(b);
            sums[2] += u64::from(a * a);
            sums[3] += u64::from(b * b);
            sums[4] += u64::from(a * b);
        }
        sums
    }
}

/// Sums that go on side by side, so that the order of addition does not depend on the width of vectors.
pub(super) const LANES: usize = 8;

wide! {
    /// Sums of values less `origin`.
    fn values_of(a: &[f64], b: &[f64], origin: [f64; 2]) -> [f64; 2] {
        let mut sums = [[0.0; LANES]; 2];
        let ((a_whole, a_rest), (b_whole, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a_whole.iter().zip(b_whole) {
            for lane in 0..LANES {
                sums[0][lane] += a[lane] - origin[0];
                sums[1][lane] += b[lane] - origin[1];
            }
        }
        for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            sums[0][lane] += a - origin[0];
            sums[1][lane] += b - origin[1];
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

wide! {
    /// Sums of squares and products of values less `mean`, times `per`, and of themselves.
    fn products_of(a: &[f64], b: &[f64], mean: [f64; 2], per: [f64; 2]) -> [f64; 5] {
        let mut sums = [[0.0; LANES]; 5];
        let ((a_whole, a_rest), (b_whole, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a_whole.iter().zip(b_whole) {
            for lane in 0..LANES {
                let (x, y) = ((a[lane] - mean[0]) * per[0], (b[lane] - mean[1]) * per[1]);
                for (sum, term) in sums.iter_mut().zip([x * x, y * y, x * y, x, y]) {
                    sum[lane] += term;
                }
            }
        }
        for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            let (x, y) = ((a - mean[0]) * per[0], (b - mean[1]) * per[1]);
            for (sum, term) in sums.iter_mut().zip([x * x, y * y, x * y, x, y]) {
                sum[lane] += term;
            }
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

/// Exact sums of two channels that both have levels.
pub(super) fn sums<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Sums> {
    let parts = level_pieces(pair, threads, control, |a, b, _| Sums::of(a, b))?;
    let mut total = Sums::default();
    for part in &parts {
        total.add(part);
    }
    Ok(total)
}

/// Applies `work` to levels of pieces of equal length, and their place; in parallel, results in order.
pub(super) fn level_pieces<A: Channel, B: Channel, T: Send>(
    pair: &Pair<A, B>,
    threads: usize,
    control: &Control,
    work: impl Fn(&[u16], &[u16], usize) -> T + Sync + Send,
) -> Result<Vec<T>> {
    in_pieces(pair.len(), PIECE, threads, control, |spare: &mut [Vec<u16>; 2], start, end| {
        let (a, b) = (pair.a.part(start, end), pair.b.part(start, end));
        let [first, second] = spare;
        work(a.levels(first), b.levels(second), start)
    })
}

/// The same for values.
pub(super) fn value_pieces<A: Channel, B: Channel, T: Send>(
    pair: &Pair<A, B>,
    threads: usize,
    control: &Control,
    work: impl Fn(&[f64], &[f64], usize) -> T + Sync + Send,
) -> Result<Vec<T>> {
    in_pieces(pair.len(), PIECE, threads, control, |spare: &mut [Vec<f64>; 2], start, end| {
        let (a, b) = (pair.a.part(start, end), pair.b.part(start, end));
        let [first, second] = spare;
        work(a.values(first), b.values(second), start)
    })
}

/// Applies `work` to the ends of pieces of equal length, in parallel; results in order.
pub(super) fn in_pieces<S: Default, T: Send>(
    pixels: usize,
    length: usize,
    threads: usize,
    control: &Control,
    work: impl Fn(&mut S, usize, usize) -> T + Sync + Send,
) -> Result<Vec<T>> {
    pool::map(pixels.div_ceil(length), threads, control, S::default, |spare, piece| {
        Ok(work(spare, piece * length, pixels.min((piece + 1) * length)))
    })
}

impl Moments {
    /// Moments of all pixels; O(N).
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn new<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Self> {
        if pair.exact() {
            return Ok(Self::exact(&sums(pair, threads, control)?, [pair.a.base(), pair.b.base()]));
        }
        let n = pair.len() as f64;
        let shift = if pair.is_empty() { [0.0; 2] } else { [pair.a.value(0), pair.b.value(0)] };
        let totals = value_pieces(pair, threads, control, |a, b, _| values_of(a, b, shift))?;
        let total = totals.iter().fold([0.0; 2], |[a, b], part| [a + part[0], b + part[1]]);
        let mean = [0, 1].map(|k| shift[k] + total[k] / n);
        let unit = pair.ranges.map(|range| range.map_or(1.0, |(low, high)| unit(high - low)));
        let per = unit.map(|unit| 1.0 / unit);
        let products = value_pieces(pair, threads, control, |a, b, _| products_of(a, b, mean, per))?;
        let [aa, bb, ab, a, b] = products.iter().fold([0.0; 5], |mut total, part| {
            total.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
            total
        });
        // What the means lack to be exact is taken off again.
        let square = [aa - a * a / n, bb - b * b / n];
        Ok(Self { n: pair.len() as u64, mean, unit, square, product: ab - a * b / n })
    }

    pub(super) fn exact(sums: &Sums, base: [f64; 2]) -> Self {
        let n = sums.n as f64;
        let [aa, bb] = sums.squares();
        Self {
            n: sums.n,
            mean: [base[0] + sums.a as f64 / n, base[1] + sums.b as f64 / n],
            unit: [1.0; 2],
            square: [aa as f64 / n, bb as f64 / n],
            product: sums.product() as f64 / n,
        }
    }

    /// Pearson's r; NaN if a channel is constant.
    pub fn r(&self) -> f64 {
        let [aa, bb] = self.square;
        if !(aa > 0.0 && bb > 0.0) {
            return f64::NAN;
        }
        let r = if aa == bb { self.product / aa } else { self.product / (aa.sqrt() * bb.sqrt()) };
        r.clamp(-1.0, 1.0)
    }

    /// Slope and intercept of the least-squares line of the second channel over the first.
    pub fn line(&self) -> (f64, f64) {
        let slope = self.product / self.square[0] * (self.unit[1] / self.unit[0]);
        (slope, self.mean[1] - slope * self.mean[0])
    }

    /// Slope and intercept of the principal axis; NaN if the channels do not vary together.
    pub fn principal_axis(&self) -> (f64, f64) {
        let [aa, bb] = [0, 1].map(|k| self.square[k] * self.unit[k] * self.unit[k]);
        let (d, twice) = (bb - aa, 2.0 * self.product * self.unit[0] * self.unit[1]);
        let h = d.hypot(twice);
        let slope = if twice == 0.0 {
            f64::NAN
        } else if d < 0.0 {
            twice / (h - d)
        } else {
            (d + h) / twice
        };
        (slope, self.mean[1] - slope * self.mean[0])
    }
}

/// A power of two near a span whose square, or that of a thousandth of it, is no normal number; 1 for others.
fn unit(span: f64) -> f64 {
    const NORMAL: std::ops::Range<f64> = 1e-100..1e100;
    if NORMAL.contains(&span) || !span.is_finite() || span == 0.0 {
        return 1.0;
    }
    libm::exp2(span.log2().round().clamp(-1000.0, 1000.0))
}
