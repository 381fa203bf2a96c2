//! A cell as it is fitted: a footprint in a window of a patch, and a time course.

use super::course::{active, dot};
use super::patch::Patch;

/// Share of the greatest weight below which pixels do not belong to a footprint.
const SHARE: f32 = 0.2;
/// Standard errors of a weight below which pixels do not belong to a footprint.
const SURE: f32 = 2.5;
/// Noise above which a time course is active in fits.
pub(super) const RISE: f32 = 1.5;

/// A footprint of norm 1 and a time course.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// (rows, columns) of the window.
    pub(super) weights: Vec<f32>,
    /// When it is active.
    pub(super) active: Vec<f32>,
    /// Everything that its footprint sees, others taken away.
    pub(super) free: Vec<f32>,
    /// Activity of its seed.
    pub(super) strength: f32,
}

impl Component {
    /// Without a footprint yet, in the window of a `reach` around a place.
    pub(super) fn around(patch: &Patch, pixel: usize, reach: usize, strength: f32) -> Self {
        let (row, column) = (pixel / patch.columns, pixel % patch.columns);
        let (top, left) = (row.saturating_sub(reach), column.saturating_sub(reach));
        let rows = (row + reach + 1).min(patch.rows) - top;
        let columns = (column + reach + 1).min(patch.columns) - left;
        let nothing = vec![0.0; patch.bins];
        let weights = vec![0.0; rows * columns];
        Self { top, left, rows, columns, weights, active: nothing.clone(), free: nothing, strength }
    }

    /// Numbers of the pixels of the window in the patch.
    pub(super) fn places(&self, patch: &Patch) -> impl Iterator<Item = usize> + use<> {
        let (top, left, columns, width) = (self.top, self.left, self.columns, patch.columns);
        (0..self.rows * columns).map(move |place| (top + place / columns) * width + left + place % columns)
    }

    /// Pixels of the patch and their weights, those of the footprint only.
    pub(super) fn footprint<'a>(&'a self, patch: &Patch) -> impl Iterator<Item = (usize, f32)> + 'a {
        self.places(patch).zip(self.weights.iter().copied()).filter(|(_, weight)| *weight > 0.0)
    }

    /// Weight of a pixel of the patch.
    pub(super) fn weight(&self, patch: &Patch, pixel: usize) -> f32 {
        let (row, column) = (pixel / patch.columns, pixel % patch.columns);
        let inside =
            (self.top..self.top + self.rows).contains(&row) && (self.left..self.left + self.columns).contains(&column);
        if inside { self.weights[(row - self.top) * self.columns + column - self.left] } else { 0.0 }
    }

    /// Pixels of the footprint.
    pub(super) fn size(&self) -> usize {
        self.weights.iter().filter(|weight| **weight > 0.0).count()
    }

    /// Place in the patch that the weights have their mean at.
    pub(super) fn centre(&self) -> [usize; 2] {
        let (mut total, mut row, mut column) = (0.0_f64, 0.0, 0.0);
        for (place, weight) in self.weights.iter().enumerate() {
            let weight = f64::from(*weight);
            total += weight;
            row += weight * (self.top + place / self.columns) as f64;
            column += weight * (self.left + place % self.columns) as f64;
        }
        [(row / total).round() as usize, (column / total).round() as usize]
    }

    /// Fits the footprint to a residual that has its active course taken away by the weights it has: least squares, cut
    /// off where weights are small or not sure, and what hangs together with `seed` (the greatest weight by default).
    pub(super) fn shape(&mut self, residual: &Patch, course: &[f32], seed: Option<usize>) {
        let energy = dot(course, course);
        if energy <= 0.0 {
            self.weights.fill(0.0);
            return;
        }
        let places = self.places(residual);
        for (weight, pixel) in self.weights.iter_mut().zip(places) {
            *weight += dot(residual.course(pixel), course) / energy;
        }
        let greatest = self.weights.iter().copied().fold(0.0, f32::max);
        let least = (SHARE * greatest).max(SURE / energy.sqrt());
        let start = seed.unwrap_or_else(|| self.weights.iter().position(|weight| *weight == greatest).unwrap_or(0));
        keep_connected(&mut self.weights, self.columns, start, least);
        let norm = dot(&self.weights, &self.weights).sqrt();
        if norm > 0.0 {
            self.weights.iter_mut().for_each(|weight| *weight /= norm);
        }
    }

    /// Sees what its footprint sees in a residual that it is not taken away from.
    pub(super) fn see(&mut self, residual: &Patch, scratch: &mut Vec<f32>) {
        self.free = residual.sum(self.footprint(residual));
        self.active = active(&self.free, RISE, scratch);
    }

    /// Takes `course` away from a residual.
    pub(super) fn take(&self, residual: &mut Patch, course: &[f32]) {
        for (pixel, weight) in self.places(residual).zip(&self.weights).filter(|(_, weight)| **weight > 0.0) {
            super::course::add(residual.course_mut(pixel), -weight, course);
        }
    }
}

/// Keeps what is above `least` and hangs together with `start` along rows and columns; 0 elsewhere.
fn keep_connected(weights: &mut [f32], columns: usize, start: usize, least: f32) {
    let mut kept = vec![false; weights.len()];
    let mut waiting = vec![start];
    while let Some(place) = waiting.pop() {
        if place >= weights.len() || kept[place] || weights[place] <= least {
            continue;
        }
        kept[place] = true;
        if place % columns > 0 {
            waiting.push(place - 1);
        }
        if place % columns + 1 < columns {
            waiting.push(place + 1);
        }
        if place >= columns {
            waiting.push(place - columns);
        }
        waiting.push(place + columns);
    }
    weights.iter_mut().zip(kept).filter(|(_, kept)| !kept).for_each(|(weight, _)| *weight = 0.0);
}
