//! How much of one channel lies where the other one is bright.

use super::moments::{LANES, Sums, level_pieces, sums, value_pieces};
use super::pixels::{Channel, Pair, Range};
use crate::simd::wide;
use crate::{Control, Result};

/// Manders' coefficients: of each channel the share of its sum that is where the other one is above its threshold.
///
/// Strictly above. NaN for a threshold of NaN and for a channel with a negative value; both NaN without pixels, if a sum
/// is 0 or a number is not finite. Manders & al., J. Microsc. 169 (1993) 375.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn manders<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    thresholds: [f64; 2],
    threads: usize,
    control: &Control,
) -> Result<[f64; 2]> {
    let totals = if pair.is_empty() {
        [f64::NAN; 4]
    } else if pair.exact() {
        let base = [pair.a.base(), pair.b.base()];
        let cuts = [0, 1].map(|k| cut(thresholds[k], base[k]));
        let parts = level_pieces(pair, threads, control, |a, b, _| level_sums(a, b, cuts))?;
        let total: [u64; 4] = merged(&parts);
        let counts: [u64; 2] = merged(&parts.iter().map(|part| [part[4], part[5]]).collect::<Vec<_>>());
        let n = pair.len() as u64;
        let counted = [(total[0], n), (total[1], n), (total[2], counts[0]), (total[3], counts[1])];
        with_base(counted, base)
    } else {
        let parts = value_pieces(pair, threads, control, |a, b, _| value_sums(a, b, thresholds))?;
        merged(&parts)
    };
    Ok(shares(totals, pair.ranges, thresholds))
}

/// The greatest level that is not above a threshold.
pub(super) fn cut(threshold: f64, base: f64) -> i32 {
    (threshold - base).floor().clamp(-1.0, 65_536.0) as i32
}

/// Sums of values, of two times both channels, from those of levels and the numbers of their pixels.
pub(super) fn with_base(counted: [(u64, u64); 4], base: [f64; 2]) -> [f64; 4] {
    [0, 1, 2, 3].map(|k| counted[k].0 as f64 + base[k % 2] * counted[k].1 as f64)
}

/// Manders' coefficients from the sums of both channels, and of what lies where the other one is above its threshold.
pub(super) fn shares([sum_a, sum_b, in_a, in_b]: [f64; 4], ranges: [Range; 2], thresholds: [f64; 2]) -> [f64; 2] {
    let [Some(range_a), Some(range_b)] = ranges else { return [f64::NAN; 2] };
    // Not a comparison with 0 alone: sums of numbers that are not finite are NaN or infinite.
    let sound = sum_a.is_finite() && sum_b.is_finite() && sum_a != 0.0 && sum_b != 0.0;
    let share = |part: f64, sum: f64, low: f64, threshold: f64| {
        if sound && low >= 0.0 && !threshold.is_nan() { part / sum } else { f64::NAN }
    };
    [share(in_a, sum_a, range_a.0, thresholds[1]), share(in_b, sum_b, range_b.0, thresholds[0])]
}

wide! {
    /// Sums of levels, of those where the other channel is above its cut, and how many those are.
    fn level_sums(a: &[u16], b: &[u16], cuts: [i32; 2]) -> [u64; 6] {
        let mut sums = [0_u32; 6];
        for (&a, &b) in a.iter().zip(b) {
            let (over_a, over_b) = (u32::from(i32::from(a) > cuts[0]), u32::from(i32::from(b) > cuts[1]));
            let (a, b) = (u32::from(a), u32::from(b));
            for (sum, term) in sums.iter_mut().zip([a, b, a * over_b, b * over_a, over_b, over_a]) {
                *sum += term;
            }
        }
        sums.map(u64::from)
    }
}

wide! {
    /// Sums of values, and of those where the other channel is above its threshold.
    fn value_sums(a: &[f64], b: &[f64], thresholds: [f64; 2]) -> [f64; 4] {
        let mut sums = [[0.0; LANES]; 4];
        let mut add = |lane: usize, a: f64, b: f64| {
            let in_a = if b > thresholds[1] { a } else { 0.0 };
            let in_b = if a > thresholds[0] { b } else { 0.0 };
            for (sum, term) in sums.iter_mut().zip([a, b, in_a, in_b]) {
                sum[lane] += term;
            }
        };
        let ((a_whole, a_rest), (b_whole, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a_whole.iter().zip(b_whole) {
            for lane in 0..LANES {
                add(lane, a[lane], b[lane]);
            }
        }
        for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            add(lane, *a, *b);
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

/// The first numbers of all parts, added in order.
fn merged<T: Copy + Default + std::ops::AddAssign, const N: usize, const M: usize>(parts: &[[T; M]]) -> [T; N] {
    let mut total = [T::default(); N];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(sum, more)| *sum += *more);
    }
    total
}

/// Overlap coefficients of two channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Σab / √(Σa² Σb²).
    pub r: f64,
    /// Σab / Σa².
    pub k1: f64,
    /// Σab / Σb².
    pub k2: f64,
}

/// Overlap coefficients; NaN for negative values, a sum of 0 or numbers that are not finite. Manders & al. (1993).
///
/// Sums of levels are exact.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn overlap<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Overlap> {
    let base = [pair.a.base(), pair.b.base()];
    if pair.exact() && base.iter().all(|base| base.abs() < MOST_BASE) {
        return Ok(coefficients(&sums(pair, threads, control)?, base, pair.ranges));
    }
    let parts = value_pieces(pair, threads, control, |a, b, _| {
        a.iter().zip(b).fold([0.0; 3], |[aa, bb, ab], (a, b)| [aa + a * a, bb + b * b, ab + a * b])
    })?;
    Ok(Overlap::of(merged(&parts), pair.ranges))
}

/// Below it, squares of values add up to less than 2¹²⁷.
pub(super) const MOST_BASE: f64 = (1_u64 << 40) as f64;

/// Overlap coefficients from sums of levels above bases below [`MOST_BASE`].
pub(super) fn coefficients(sums: &Sums, base: [f64; 2], ranges: [Range; 2]) -> Overlap {
    let ([x, y], n) = (base.map(|base| base as i128), i128::from(sums.n));
    let [a, b] = [i128::from(sums.a), i128::from(sums.b)];
    let products = [
        sums.aa as i128 + 2 * x * a + n * x * x,
        sums.bb as i128 + 2 * y * b + n * y * y,
        sums.ab as i128 + x * b + y * a + n * x * y,
    ];
    Overlap::of(products.map(|sum| sum as f64), ranges)
}

impl Overlap {
    /// From the sums of squares and products, Σa², Σb² and Σab.
    fn of([aa, bb, ab]: [f64; 3], ranges: [Range; 2]) -> Self {
        if !ranges.iter().all(|range| range.is_some_and(|(low, _)| low >= 0.0)) {
            return Self { r: f64::NAN, k1: f64::NAN, k2: f64::NAN };
        }
        let over = |below: f64| if below > 0.0 { ab / below } else { f64::NAN };
        Self { r: over(aa.sqrt() * bb.sqrt()), k1: over(aa), k2: over(bb) }
    }
}
