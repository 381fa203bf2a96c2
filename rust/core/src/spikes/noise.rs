//! Noise of a trace.

/// Standard deviation of normal numbers over the median of their sizes.
const NORMAL: f64 = 1.482_602_218_505_602;

/// Standard deviations within which differences count, and the variance of normal numbers that are cut there.
const CLIP: f64 = 2.5;
const CLIPPED: f64 = 0.911_26;

/// Standard deviation of white noise on a trace that is otherwise slow.
///
/// The power of second differences yₜ₋₁ − 2 yₜ + yₜ₊₁, for white noise of variance 6 σ². Their transfer function
/// 16 sin⁴(π f) weighs the power spectrum: 92 % of the weight lies above a quarter of the frame rate. Differences beyond
/// 2.5 standard deviations, at first by their median size, are left out, as they are around events. If the median is 0
/// (most values are alike, as with few photons), all differences count. The standard error is σ √(0.97 / T). O(frames).
pub(super) fn deviation(trace: &[f64], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(trace.windows(3).map(|three| (three[0] - 2.0 * three[1] + three[2]).abs()));
    let median = middle(scratch, 0.5);
    let mut found = NORMAL * median;
    for _ in 0..2 {
        found = (power(scratch, CLIP * found) / CLIPPED).sqrt();
    }
    (if median > 0.0 { found } else { power(scratch, f64::INFINITY).sqrt() }) / 6_f64.sqrt()
}

/// The mean square of the sizes up to some limit.
fn power(sizes: &[f64], limit: f64) -> f64 {
    let (count, sum) =
        sizes.iter().fold(
            (0.0, 0.0),
            |(count, sum), &size| {
                if size <= limit { (count + 1.0, sum + size * size) } else { (count, sum) }
            },
        );
    sum / f64::max(count, 1.0)
}

/// The value that a share of the others lies below.
pub(super) fn quantile(values: impl Iterator<Item = f64>, share: f64, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(values);
    middle(scratch, share)
}

fn middle(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let place = (share * (values.len() - 1) as f64) as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}
