//! Kendall's tau-b: agreement in the order of pairs of pixels.

use super::pixels::{Channel, Pair};
use super::ranks::{ordered, sorted};
use crate::{Control, Error, Result};

/// Agreement of two channels in the order of pairs of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kendall {
    /// -1 to 1; NaN if it cannot be measured.
    pub tau: f64,
    /// Two-tailed probability by chance, in the normal approximation with ties.
    pub p: f64,
}

/// Pairs and larger sets of pixels with equal values.
#[derive(Debug, Clone, Copy, Default)]
struct Ties {
    pairs: i128,
    triples: i128,
    weight: i128,
}

/// Kendall's tau-b, (C - D) / √((n₀ - n₁)(n₀ - n₂)); NaN as [`super::pearson`].
///
/// O(N log N): discordant pairs are the exchanges of a merge sort. Knight, J. Am. Stat. Assoc. 61 (1966) 436; variance with
/// ties by Kendall, Rank Correlation Methods (1970), as in `scipy.stats.kendalltau(method="asymptotic")`.
///
/// # Errors
/// [`Error::Argument`] for 2³² pixels or more; [`Error::Cancelled`].
pub fn kendall<A: Channel, B: Channel>(pair: &Pair<A, B>, control: &Control) -> Result<Kendall> {
    if u32::try_from(pair.len()).is_err() {
        return Err(Error::argument("a", "fewer than 2³² pixels", pair.len()));
    }
    if pair.sound().is_none() {
        return Ok(Kendall { tau: f64::NAN, p: f64::NAN });
    }
    let key = |value: f64| ordered(value);
    // Sorted by the second channel first; the sort by the first one is stable.
    let by_b = sorted((0..pair.len()).map(|i| key(pair.b.value(i))));
    let ties_b = ties(by_b.iter().map(|entry| entry.0));
    control.check()?;
    let by_a = sorted(by_b.iter().map(|&(_, i)| key(pair.a.value(i as usize))));
    let ties_a = ties(by_a.iter().map(|entry| entry.0));
    let joint = ties(by_a.iter().map(|&(a, place)| (a, by_b[place as usize].0)));
    control.check()?;
    let mut second: Vec<u64> = by_a.iter().map(|&(_, place)| by_b[place as usize].0).collect();
    let discordant = exchanges(&mut second, control)?;
    Ok(result(pair.len() as i128, discordant, ties_a, ties_b, joint.pairs))
}

fn result(n: i128, discordant: i128, a: Ties, b: Ties, joint: i128) -> Kendall {
    let pairs = n * (n - 1) / 2;
    let score = pairs - a.pairs - b.pairs + joint - 2 * discordant;
    let tau = score as f64 / ((pairs - a.pairs) as f64 * (pairs - b.pairs) as f64).sqrt();
    let m = (n * (n - 1)) as f64;
    let variance = (m * (2 * n + 5) as f64 - a.weight as f64 - b.weight as f64) / 18.0
        + 2.0 * a.pairs as f64 * b.pairs as f64 / m
        + if n > 2 { a.triples as f64 * b.triples as f64 / (9.0 * m * (n - 2) as f64) } else { 0.0 };
    let z = score as f64 / variance.sqrt();
    Kendall { tau: tau.clamp(-1.0, 1.0), p: libm::erfc(z.abs() / std::f64::consts::SQRT_2) }
}

fn ties<T: PartialEq>(ordered: impl Iterator<Item = T>) -> Ties {
    let (mut total, mut before, mut equal) = (Ties::default(), None, 0_i128);
    let mut close = |equal: i128| {
        total.pairs += equal * (equal - 1) / 2;
        total.triples += equal * (equal - 1) * (equal - 2);
        total.weight += equal * (equal - 1) * (2 * equal + 5);
    };
    for value in ordered {
        if before.as_ref() != Some(&value) {
            close(equal);
            equal = 0;
            before = Some(value);
        }
        equal += 1;
    }
    close(equal);
    total
}

/// Sorts, and counts the pairs that stood in the wrong order.
fn exchanges(values: &mut Vec<u64>, control: &Control) -> Result<i128> {
    let (n, mut count, mut width) = (values.len(), 0, 1);
    let mut merged = Vec::with_capacity(n);
    while width < n {
        control.check()?;
        merged.clear();
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = (n.min(start + width), n.min(start + 2 * width));
            count += merge(&values[start..middle], &values[middle..end], &mut merged);
        }
        std::mem::swap(values, &mut merged);
        control.advance(n as u64);
        width *= 2;
    }
    Ok(count)
}

fn merge(left: &[u64], right: &[u64], merged: &mut Vec<u64>) -> i128 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < left.len() && j < right.len() {
        if right[j] < left[i] {
            count += (left.len() - i) as i128;
            merged.push(right[j]);
            j += 1;
        } else {
            merged.push(left[i]);
            i += 1;
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    count
}
