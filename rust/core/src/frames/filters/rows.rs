//! Filters that take row by row.

use super::Scratch;
use super::medians::{gather, lower, median};
use super::surface::Surface;

/// Subtracts from each row its median; a row without pixels that take part stays as it is.
pub(super) fn subtract_medians(frame: &mut [f64], width: usize, scratch: &mut Scratch) {
    for (line, used) in frame.chunks_exact_mut(width).zip(scratch.used.chunks_exact(width)) {
        gather(line, used, &mut scratch.values);
        if let Some(middle) = median(&mut scratch.values) {
            lower(line, middle);
        }
    }
}

/// Subtracts from each row the best polynomial; a row with too few pixels for it stays as it is.
pub(super) fn subtract_polynomials(line: &Surface, frame: &mut [f64], width: usize, scratch: &mut Scratch) {
    for (row, used) in frame.chunks_exact_mut(width).zip(scratch.used.chunks_exact(width)) {
        // Nothing is subtracted where the fit fails.
        let _ = line.subtract(row, used, &mut scratch.values);
    }
}

/// Shifts rows so that medians of differences between neighbours are 0; rows without common pixels move together.
pub(super) fn matched(frame: &mut [f64], width: usize, scratch: &mut Scratch) {
    let Scratch { used, values, row: shifts, .. } = scratch;
    shifts.clear();
    shifts.push(0.0);
    let pairs = frame.chunks_exact(width).zip(used.chunks_exact(width));
    for ((above, used_above), (line, used)) in pairs.clone().zip(pairs.skip(1)) {
        values.clear();
        for x in 0..width {
            if used_above[x] && used[x] {
                values.push(line[x] - above[x]);
            }
        }
        let last = shifts.last().copied().unwrap_or(0.0);
        shifts.push(last + median(values).unwrap_or(0.0));
    }
    let mean = shifts.iter().sum::<f64>() / shifts.len() as f64;
    for (line, shift) in frame.chunks_exact_mut(width).zip(shifts.iter()) {
        lower(line, shift - mean);
    }
}

pub(super) fn reverse(frame: &mut [f64], width: usize) {
    let height = frame.len() / width;
    for row in 0..height / 2 {
        let (upper, lower) = frame.split_at_mut((height - 1 - row) * width);
        upper[row * width..(row + 1) * width].swap_with_slice(&mut lower[..width]);
    }
}
