//! Time courses: products, their noise, and when they are active.

/// Lanes that sums run in, so that they can be vectorised; fixed, so that they are the same everywhere.
const LANES: usize = 8;
/// Median of |x| of a normal distribution, in standard deviations.
const QUARTILE: f64 = 0.674_489_750_196_081_7;
/// Standard deviations above the median from which on a bin may be active.
const RISE: f64 = 2.0;
/// Mean and variance of `max(x - 2, 0)²` of a standard normal x.
const EXCESS: (f64, f64) = (0.005_768_7, 0.006_385);

/// `Σ a b`.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (first, second) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in first.0.iter().zip(second.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = first.1.iter().zip(second.1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `to += weight from`.
pub(super) fn add(to: &mut [f32], weight: f32, from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
}

/// The value in the middle; 0 for none.
pub(super) fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// Level and noise of a time course: its median, and the standard deviation that the median step of a bin to the next
/// stands for.
pub(super) fn level(course: &[f32], scratch: &mut Vec<f32>) -> (f32, f32) {
    scratch.clear();
    scratch.extend(course.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
    let noise = f64::from(median(scratch)) / (QUARTILE * std::f64::consts::SQRT_2);
    scratch.clear();
    scratch.extend_from_slice(course);
    (median(scratch), noise as f32)
}

/// What rises above the level by more than `rise` times the noise; 0 elsewhere.
pub(super) fn active(course: &[f32], rise: f32, scratch: &mut Vec<f32>) -> Vec<f32> {
    let (level, noise) = level(course, scratch);
    let above = |value: &f32| if value - level > rise * noise { value - level } else { 0.0 };
    course.iter().map(above).collect()
}

/// How much more often and farther a time course rises than noise does: `Σ max(x - 2, 0)²` of x in units of its noise,
/// less what a normal distribution has, in standard deviations of that.
pub(super) fn activity(course: &[f32], scratch: &mut Vec<f32>) -> f32 {
    let (level, noise) = level(course, scratch);
    if noise <= 0.0 {
        return 0.0;
    }
    let excess = |value: &f32| (f64::from((value - level) / noise) - RISE).max(0.0).powi(2);
    let count = course.len() as f64;
    ((course.iter().map(excess).sum::<f64>() - count * EXCESS.0) / (count * EXCESS.1).sqrt()) as f32
}

/// Pearson's correlation; 0 if one of them is flat.
pub(super) fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    let less = |values: &[f32], mean: f32| values.iter().map(|value| value - mean).collect::<Vec<_>>();
    let (a, b) = (less(a, mean(a)), less(b, mean(b)));
    let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if size > 0.0 { dot(&a, &b) / size } else { 0.0 }
}
