//! Pearson's and Spearman's correlation, and Li's quotient.

use super::beta::p_value;
use super::moments::{Moments, in_pieces, level, sums};
use super::pixels::{Channel, Pair};
use super::ranks::Ranks;
use crate::{Control, Result, pool};

/// A correlation and its two-tailed probability by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// -1 to 1; NaN if it cannot be measured.
    pub r: f64,
    /// Probability of such a correlation among independent pixels.
    pub p: f64,
}

impl Correlation {
    const NONE: Self = Self { r: f64::NAN, p: f64::NAN };
}

/// Pearson's correlation; NaN for fewer than two pixels, a constant channel or numbers that are not finite.
///
/// O(N), sums exact for levels and in two passes otherwise; p by the regularised incomplete beta function.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn pearson<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Correlation> {
    if pair.sound().is_none() {
        return Ok(Correlation::NONE);
    }
    let mut r = Moments::new(pair, threads, control)?.r();
    if pair.len() == 2 {
        r = r.signum();
    }
    Ok(Correlation { r, p: p_value(r, pair.len() as u64) })
}

/// Spearman's correlation: Pearson's of mid-ranks, which are whole numbers here (twice the rank, about 0).
///
/// O(N) for levels, which are counted; O(N log N) otherwise. NaN as for [`pearson`]; p is NaN for two pixels.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn spearman<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Correlation> {
    if pair.sound().is_none() {
        return Ok(Correlation::NONE);
    }
    let mut both = pool::map(
        2,
        threads,
        control,
        || (),
        |(), which| Ok(if which == 0 { Ranks::new(&pair.a) } else { Ranks::new(&pair.b) }),
    )?;
    let (Some(ranks_b), Some(ranks_a)) = (both.pop(), both.pop()) else { return Ok(Correlation::NONE) };
    let parts = in_pieces(pair, threads, control, |part, start| {
        let (mut aa, mut bb, mut ab) = (0_i128, 0_i128, 0_i128);
        for i in 0..part.len() {
            let (x, y) = (rank(&ranks_a, &part.a, i, start), rank(&ranks_b, &part.b, i, start));
            aa += i128::from(x) * i128::from(x);
            bb += i128::from(y) * i128::from(y);
            ab += i128::from(x) * i128::from(y);
        }
        [aa, bb, ab]
    })?;
    let [aa, bb, ab] = parts.iter().fold([0; 3], |[a, b, c], part| [a + part[0], b + part[1], c + part[2]]);
    let r = if aa == bb { ab as f64 / aa as f64 } else { ab as f64 / (aa as f64).sqrt() / (bb as f64).sqrt() };
    let n = pair.len() as u64;
    let p = if n == 2 { f64::NAN } else { p_value(r.clamp(-1.0, 1.0), n) };
    Ok(Correlation { r: if n == 2 { r.signum() } else { r.clamp(-1.0, 1.0) }, p })
}

fn rank<C: Channel>(ranks: &Ranks, part: &C, index: usize, start: usize) -> i64 {
    match ranks {
        Ranks::OfPixel(ranks) => ranks[start + index],
        Ranks::OfLevel { .. } => ranks.get(part, index),
    }
}

/// Li's intensity correlation quotient: the share of pixels on the same side of both means, of those beside both, less ½.
///
/// From signs, not products; means of levels are compared as whole numbers. NaN as for [`pearson`]. Li & al., J. Neurosci.
/// 24 (2004) 4070.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn li_icq<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<f64> {
    if pair.sound().is_none() {
        return Ok(f64::NAN);
    }
    let parts = if pair.exact() {
        let total = sums(pair, threads, control)?;
        let side = move |value: u64, sum: u64| (i128::from(total.n) * i128::from(value) - i128::from(sum)).signum();
        in_pieces(pair, threads, control, move |part, _| {
            count((0..part.len()).map(|i| (side(level(&part.a, i), total.a) * side(level(&part.b, i), total.b)) as i8))
        })?
    } else {
        let [x, y] = Moments::new(pair, threads, control)?.mean;
        let side = |value: f64, mean: f64| i8::from(value > mean) - i8::from(value < mean);
        in_pieces(pair, threads, control, move |part, _| {
            count((0..part.len()).map(|i| side(part.a.value(i), x) * side(part.b.value(i), y)))
        })?
    };
    let [same, beside] = parts.iter().fold([0_u64; 2], |[a, b], part| [a + part[0], b + part[1]]);
    Ok(if beside == 0 { f64::NAN } else { same as f64 / beside as f64 - 0.5 })
}

fn count(signs: impl Iterator<Item = i8>) -> [u64; 2] {
    signs.fold([0; 2], |[same, beside], sign| [same + u64::from(sign > 0), beside + u64::from(sign != 0)])
}
