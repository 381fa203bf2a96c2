//! Smoothing with a Gaussian.

use super::Scratch;
use crate::frames::convolution::{add_column_sums, convolve, gaussian, mirrored, radius};

/// Smooths a frame; pixels that are not finite have no weight and stay as they are.
pub(super) fn smooth(sigma: f64, frame: &mut [f64], width: usize, scratch: &mut Scratch) {
    let kernel = gaussian(sigma);
    let Scratch { before, used, values, more, row } = scratch;
    if frame.iter().all(|value| value.is_finite()) {
        return filter(frame, &kernel, sigma, width, values, row);
    }
    for (used, value) in used.iter_mut().zip(frame.iter()) {
        *used = value.is_finite();
    }
    let kept: Vec<f64> = frame.to_vec();
    before.clear();
    before.extend_from_slice(&kept);
    more.clear();
    more.extend(used.iter().map(|used| f64::from(u8::from(*used))));
    frame.iter_mut().zip(used.iter()).filter(|(_, used)| !**used).for_each(|(value, _)| *value = 0.0);
    filter(frame, &kernel, sigma, width, values, row);
    filter(more, &kernel, sigma, width, values, row);
    for (((value, weight), used), old) in frame.iter_mut().zip(more.iter()).zip(used.iter()).zip(&kept) {
        *value = if *used { *value / weight } else { *old };
    }
}

fn filter(frame: &mut [f64], kernel: &[f64], sigma: f64, width: usize, across: &mut Vec<f64>, row: &mut Vec<f64>) {
    across.clear();
    across.resize(frame.len(), 0.0);
    for (line, out) in frame.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        mirrored(line, radius(sigma), row);
        convolve(row, kernel, out);
    }
    frame.fill(0.0);
    for (y, line) in frame.chunks_exact_mut(width).enumerate() {
        add_column_sums(line, across, y, kernel, 1.0);
    }
}
