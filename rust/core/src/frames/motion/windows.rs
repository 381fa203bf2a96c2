//! Weights of places and of frequencies.

use std::f64::consts::PI;

/// Slow changes, which are left out, have this share of the shorter side as their standard deviation.
const SLOW: f64 = 0.125;

/// 1 in the middle; falls as a cosine, to nearly 0 at `rim` pixels from each end or at a quarter of the length.
pub(super) fn taper(size: usize, rim: f64) -> Vec<f64> {
    let length = size as f64;
    let rim = rim.min(length / 4.0);
    let ramp = rim.min(length / 8.0).max(2.0);
    (0..size)
        .map(|number| {
            let distance = (number as f64 + 0.5).min(length - 0.5 - number as f64);
            0.5 - 0.5 * (PI * ((distance - rim) / ramp + 0.01).clamp(0.01, 1.0)).cos()
        })
        .collect()
}

/// What is left of each frequency, columns first, without what a Gaussian leaves; divided by the number of pixels.
pub(super) fn fast(shape: [usize; 2]) -> Vec<f32> {
    let sigma = (SLOW * shape[0].min(shape[1]) as f64).max(2.0);
    let angle = |number: usize, size: usize| 2.0 * PI * number.min(size - number) as f64 / size as f64;
    let size = (shape[0] * shape[1]) as f64;
    (0..=shape[1] / 2)
        .flat_map(|column| {
            let across = angle(column, shape[1]).powi(2);
            (0..shape[0]).map(move |row| {
                let square = across + angle(row, shape[0]).powi(2);
                ((1.0 - (-0.5 * square * sigma * sigma).exp()) / size) as f32
            })
        })
        .collect()
}
