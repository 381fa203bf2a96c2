//! Percentiles by selection.

use std::cmp::Ordering;

use super::Pixel;

/// The percentile `share` (0 to 1) of some values, between neighbours by a straight line; NaN if one is NaN or there is
/// none. Reorders the values.
pub(super) fn percentile<P: Pixel>(values: &mut [P], share: f64) -> f64 {
    if values.is_empty() || values.iter().any(|value| value.value().is_nan()) {
        return f64::NAN;
    }
    let place = share * (values.len() - 1) as f64;
    let below = place.floor();
    let order = |a: &P, b: &P| a.partial_cmp(b).unwrap_or(Ordering::Equal);
    let (_, low, above) = values.select_nth_unstable_by(below as usize, order);
    let low = low.value();
    let Some(high) = above.iter().copied().min_by(order) else { return low };
    between(low, high.value(), place - below)
}

/// The rounding is that of numpy: exact at both ends.
fn between(low: f64, high: f64, part: f64) -> f64 {
    let step = high - low;
    if part >= 0.5 { high - step * (1.0 - part) } else { low + step * part }
}
