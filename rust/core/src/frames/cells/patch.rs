//! A part of the bins of a movie, without slow changes, and what is looked for in it.

use std::ops::Range;

use super::binned::{Binned, STEPS};
use super::course::add;

/// Time courses of a rectangle of the grid, one after another.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) bins: usize,
    pub(super) values: Vec<f32>,
}

impl Patch {
    /// Bins less their running mean over `window` bins, which is shorter at both ends.
    pub(super) fn load(binned: &Binned, rows: &Range<usize>, columns: &Range<usize>, window: usize) -> Self {
        let (bins, width) = (binned.done(), binned.plan().grid()[1]);
        let mut values = Vec::with_capacity(rows.len() * columns.len() * bins);
        let mut sums = vec![0_i64; bins + 1];
        for row in rows.clone() {
            for column in columns.clone() {
                let series = binned.series(row * width + column);
                for (bin, step) in series.iter().enumerate() {
                    sums[bin + 1] = sums[bin] + i64::from(*step);
                }
                values.extend(series.iter().enumerate().map(|(bin, step)| {
                    let (low, high) = (bin.saturating_sub(window / 2), (bin + window / 2 + 1).min(bins));
                    let mean = (sums[high] - sums[low]) as f64 / (high - low) as f64;
                    ((f64::from(*step) - mean) / STEPS) as f32
                }));
            }
        }
        Self { rows: rows.len(), columns: columns.len(), bins, values }
    }

    pub(super) fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    pub(super) fn course(&self, pixel: usize) -> &[f32] {
        &self.values[pixel * self.bins..][..self.bins]
    }

    pub(super) fn course_mut(&mut self, pixel: usize) -> &mut [f32] {
        &mut self.values[pixel * self.bins..][..self.bins]
    }

    /// `Σ_p w(p) y_p`.
    pub(super) fn sum(&self, weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
        let mut found = vec![0.0; self.bins];
        weights.filter(|(_, weight)| *weight != 0.0).for_each(|(pixel, weight)| {
            add(&mut found, weight, self.course(pixel));
        });
        found
    }
}

/// The difference of two Gaussians that fits a disc of a diameter: what a cell has more than its surroundings.
///
/// Standard deviations are 0.3 and 0.9 diameters, cut off at three of them; at edges, weights are scaled to what is there.
#[derive(Debug, Clone)]
pub(super) struct Disc {
    centre: Vec<f32>,
    around: Vec<f32>,
}

impl Disc {
    pub(super) fn new(diameter: f64) -> Self {
        Self { centre: bell(0.3 * diameter), around: bell(0.9 * diameter) }
    }

    /// Pixels from the centre to where weights end.
    pub(super) fn reach(&self) -> usize {
        self.around.len() - 1
    }

    /// The image of every bin with the filter.
    pub(super) fn filtered(&self, rows: usize, columns: usize, depth: usize, values: &[f32]) -> Vec<f32> {
        let mut found = blurred(values, rows, columns, depth, &self.centre);
        add(&mut found, -1.0, &blurred(values, rows, columns, depth, &self.around));
        found
    }
}

/// Half of a Gaussian, from its centre on.
fn bell(deviation: f64) -> Vec<f32> {
    let reach = (3.0 * deviation + 0.5) as usize;
    (0..=reach).map(|step| (-0.5 * (step as f64 / deviation).powi(2)).exp() as f32).collect()
}

/// Images (rows, columns, depth) under a Gaussian, along columns and then along rows.
fn blurred(values: &[f32], rows: usize, columns: usize, depth: usize, half: &[f32]) -> Vec<f32> {
    let mut between = vec![0.0; values.len()];
    for row in 0..rows {
        along(&values[row * columns * depth..], &mut between[row * columns * depth..], columns, depth, depth, half);
    }
    let mut found = vec![0.0; values.len()];
    along(&between, &mut found, rows, columns * depth, columns * depth, half);
    found
}

/// Weighted means of vectors of `size` values that are `stride` apart.
fn along(values: &[f32], found: &mut [f32], length: usize, stride: usize, size: usize, half: &[f32]) {
    for place in 0..length {
        let near = place.saturating_sub(half.len() - 1)..(place + half.len()).min(length);
        let total: f32 = near.clone().map(|other| half[other.abs_diff(place)]).sum();
        let own = &mut found[place * stride..][..size];
        for other in near {
            add(own, half[other.abs_diff(place)] / total, &values[other * stride..][..size]);
        }
    }
}
