//! How much of one channel lies where the other one is bright.

use super::moments::in_pieces;
use super::pixels::{Channel, Pair};
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
    let (Some(range_a), Some(range_b)) = (pair.a.range(), pair.b.range()) else { return Ok([f64::NAN; 2]) };
    let parts = in_pieces(pair, threads, control, |part, _| {
        (0..part.len()).fold([0.0; 4], |[sum_a, sum_b, in_a, in_b], i| {
            let (a, b) = (part.a.value(i), part.b.value(i));
            let (over_a, over_b) = (a > thresholds[0], b > thresholds[1]);
            [sum_a + a, sum_b + b, in_a + if over_b { a } else { 0.0 }, in_b + if over_a { b } else { 0.0 }]
        })
    })?;
    let [sum_a, sum_b, in_a, in_b] = total(&parts);
    // Not a comparison with 0 alone: sums of numbers that are not finite are NaN or infinite.
    let sound = sum_a.is_finite() && sum_b.is_finite() && sum_a != 0.0 && sum_b != 0.0;
    let share = |part: f64, sum: f64, low: f64, threshold: f64| {
        if sound && low >= 0.0 && !threshold.is_nan() { part / sum } else { f64::NAN }
    };
    Ok([share(in_a, sum_a, range_a.0, thresholds[1]), share(in_b, sum_b, range_b.0, thresholds[0])])
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
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn overlap<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Overlap> {
    let negative = |range: Option<(f64, f64)>| range.is_none_or(|(low, _)| low.is_nan() || low < 0.0);
    if negative(pair.a.range()) || negative(pair.b.range()) {
        return Ok(Overlap { r: f64::NAN, k1: f64::NAN, k2: f64::NAN });
    }
    let parts = in_pieces(pair, threads, control, |part, _| {
        (0..part.len()).fold([0.0; 4], |[aa, bb, ab, zero], i| {
            let (a, b) = (part.a.value(i), part.b.value(i));
            [aa + a * a, bb + b * b, ab + a * b, zero]
        })
    })?;
    let [aa, bb, ab, _] = total(&parts);
    let over = |below: f64| if below > 0.0 { ab / below } else { f64::NAN };
    Ok(Overlap { r: over(aa.sqrt() * bb.sqrt()), k1: over(aa), k2: over(bb) })
}

fn total(parts: &[[f64; 4]]) -> [f64; 4] {
    parts.iter().fold([0.0; 4], |mut total, part| {
        total.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
        total
    })
}
