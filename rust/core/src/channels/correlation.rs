//! Pearson's and Spearman's correlation, and Li's quotient.

use super::beta::p_value;
use super::moments::{Moments, PIECE, level_pieces, sums, value_pieces};
use super::pixels::{Channel, Pair};
use super::ranks::Ranks;
use crate::simd::wide;
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
    pub(super) const NONE: Self = Self { r: f64::NAN, p: f64::NAN };

    /// Pearson's, of channels of which neither is constant.
    pub(super) fn of(moments: &Moments) -> Self {
        let r = if moments.n == 2 { moments.r().signum() } else { moments.r() };
        Self { r, p: p_value(r, moments.n) }
    }

    /// Spearman's, from sums of squares and products of the ranks of `n` pixels.
    pub(super) fn of_ranks([aa, bb, ab]: [i128; 3], n: u64) -> Self {
        let r = if aa == bb { ab as f64 / aa as f64 } else { ab as f64 / ((aa as f64).sqrt() * (bb as f64).sqrt()) };
        let r = r.clamp(-1.0, 1.0);
        if n == 2 { Self { r: r.signum(), p: f64::NAN } } else { Self { r, p: p_value(r, n) } }
    }
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
    Ok(Correlation::of(&Moments::new(pair, threads, control)?))
}

/// Spearman's correlation: Pearson's of mid-ranks, which are whole numbers here (twice the rank, about 0).
///
/// O(N) for levels, which are counted; O(N log N) otherwise. NaN as for [`pearson`]; p is NaN for two pixels.
///
/// # Errors
/// [`crate::Error::Argument`] for 2³¹ pixels or more; [`crate::Error::Cancelled`].
pub fn spearman<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Correlation> {
    if pair.sound().is_none() {
        return Ok(Correlation::NONE);
    }
    let mut both = pool::map(
        2,
        threads,
        control,
        || (),
        |(), which| {
            let range = pair.ranges[which];
            if which == 0 { Ranks::new(&pair.a, range, control) } else { Ranks::new(&pair.b, range, control) }
        },
    )?;
    let (Some(ranks_b), Some(ranks_a)) = (both.pop(), both.pop()) else { return Ok(Correlation::NONE) };
    let [aa, bb] = [ranks_a.square(), ranks_b.square()];
    let ab = products(pair, [&ranks_a, &ranks_b], threads, control)?;
    Ok(Correlation::of_ranks([aa, bb, ab], pair.len() as u64))
}

/// Sum of products of the ranks.
fn products<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    ranks: [&Ranks; 2],
    threads: usize,
    control: &Control,
) -> Result<i128> {
    let small = pair.len() < SMALL;
    let parts = level_pieces(pair, threads, control, |a, b, start| {
        let end = pair.len().min(start + PIECE);
        if let [Ranks::OfLevel { table: x, .. }, Ranks::OfLevel { table: y, .. }] = ranks {
            return dot(a.iter().zip(b).map(|(&a, &b)| (x.get(a), y.get(b))), small);
        }
        let of = |ranks: &Ranks, levels: &[u16], i: usize| match ranks {
            Ranks::OfLevel { table, .. } => table.get(levels[i - start]),
            Ranks::OfPixel { ranks, .. } => ranks[i],
        };
        dot((start..end).map(|i| (of(ranks[0], a, i), of(ranks[1], b, i))), small)
    })?;
    Ok(parts.iter().sum())
}

/// Below so many pixels the products of the ranks of a piece add up to less than 2⁶³.
const SMALL: usize = 1 << 24;

fn dot(ranks: impl Iterator<Item = (i32, i32)>, small: bool) -> i128 {
    let products = ranks.map(|(x, y)| i64::from(x) * i64::from(y));
    if small { products.sum::<i64>().into() } else { products.map(i128::from).sum() }
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
        let sides = [Side::new(total.a, total.n), Side::new(total.b, total.n)];
        level_pieces(pair, threads, control, |a, b, _| same_side_levels(a, b, sides))?
    } else {
        let mean = Moments::new(pair, threads, control)?.mean;
        value_pieces(pair, threads, control, |a, b, _| same_side_values(a, b, mean))?
    };
    Ok(quotient(parts.iter().fold([0_u64; 2], |[a, b], part| [a + part[0], b + part[1]])))
}

/// From the pixels on the same side of both means, and those beside both.
pub(super) fn quotient([same, beside]: [u64; 2]) -> f64 {
    if beside == 0 { f64::NAN } else { same as f64 / beside as f64 - 0.5 }
}

/// A mean of levels: levels above `cut` are above it, and `cut` itself is below it unless it is `at` the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    cut: u16,
    at: bool,
}

impl Side {
    pub(super) fn new(sum: u64, n: u64) -> Self {
        Self { cut: (sum / n) as u16, at: sum.is_multiple_of(n) }
    }
}

wide! {
    /// Pixels on the same side of both means, and pixels beside both; of fewer than 2³² pixels.
    pub(super) fn same_side_levels(a: &[u16], b: &[u16], sides: [Side; 2]) -> [u64; 2] {
        let (mut same, mut beside) = (0_u32, 0_u32);
        let [x, y] = sides;
        for (&a, &b) in a.iter().zip(b) {
            let off = !((x.at && a == x.cut) || (y.at && b == y.cut));
            beside += u32::from(off);
            same += u32::from(off && ((a > x.cut) == (b > y.cut)));
        }
        [same.into(), beside.into()]
    }
}

wide! {
    /// The same for values.
    fn same_side_values(a: &[f64], b: &[f64], mean: [f64; 2]) -> [u64; 2] {
        let (mut same, mut beside) = (0_u32, 0_u32);
        for (&a, &b) in a.iter().zip(b) {
            let off = a != mean[0] && b != mean[1];
            beside += u32::from(off);
            same += u32::from(off && ((a > mean[0]) == (b > mean[1])));
        }
        [same.into(), beside.into()]
    }
}
