//! Cells and what lies around them, fitted together.

use super::component::Component;
use super::course::dot;
use super::merging::merge;
use super::patch::Patch;
use super::seeds::seeds;
use crate::{Control, Result};

/// Rounds of looking for cells in what others leave.
const ROUNDS: usize = 3;
/// Sweeps over all cells after each round, and after the last.
const SWEEPS: (usize, usize) = (4, 2);

/// `Y = Σ_k a_k c_kᵀ + b fᵀ + R`: cells of a patch, the course of their surroundings, and what is left.
#[derive(Debug)]
pub(super) struct Factors {
    pub(super) cells: Vec<Component>,
    pub(super) around: Vec<f32>,
    pub(super) residual: Patch,
    share: Vec<f32>,
}

impl Factors {
    /// Hierarchical alternating least squares (Cichocki & Phan 2009) with footprints `a ≥ 0`, courses `c ≥ 0` that are 0
    /// where they do not rise above their noise, and `b ≥ 0`; cells are looked for again in what is left.
    pub(super) fn fit(patch: Patch, diameter: f64, control: &Control) -> Result<Self> {
        let mut own = Self::surroundings(patch);
        for _ in 0..ROUNDS {
            let found = seeds(&mut own.residual.clone(), diameter, control)?;
            if found.is_empty() {
                break;
            }
            found.iter().for_each(|cell| cell.take(&mut own.residual, &cell.active));
            own.cells.extend(found);
            own.sweep(SWEEPS.0, control)?;
            merge(&mut own.cells, &mut own.residual, diameter);
        }
        own.sweep(SWEEPS.1, control)?;
        Ok(own)
    }

    /// The mean course of a patch, taken away from each pixel as far as it follows it.
    fn surroundings(mut patch: Patch) -> Self {
        let weight = 1.0 / patch.pixels().max(1) as f32;
        let around = patch.sum((0..patch.pixels()).map(|pixel| (pixel, weight)));
        let energy = dot(&around, &around);
        let mut share = vec![0.0; patch.pixels()];
        for (pixel, share) in share.iter_mut().enumerate().filter(|_| energy > 0.0) {
            *share = (dot(patch.course(pixel), &around) / energy).max(0.0);
            super::course::add(patch.course_mut(pixel), -*share, &around);
        }
        Self { cells: Vec::new(), around, residual: patch, share }
    }

    fn sweep(&mut self, times: usize, control: &Control) -> Result<()> {
        let mut scratch = Vec::new();
        for _ in 0..times {
            control.check()?;
            for cell in &mut self.cells {
                let course = std::mem::take(&mut cell.active);
                let back: Vec<f32> = course.iter().map(|value| -value).collect();
                cell.take(&mut self.residual, &back);
                cell.weights.fill(0.0);
                cell.shape(&self.residual, &course, None);
                cell.see(&self.residual, &mut scratch);
                cell.take(&mut self.residual, &cell.active);
            }
            self.cells.retain(|cell| cell.size() > 0);
            self.sweep_surroundings();
        }
        Ok(())
    }

    fn sweep_surroundings(&mut self) {
        let size = dot(&self.share, &self.share);
        if size <= 0.0 {
            return;
        }
        let step = self.residual.sum(self.share.iter().map(|share| share / size).enumerate());
        super::course::add(&mut self.around, 1.0, &step);
        let energy = dot(&self.around, &self.around);
        for pixel in 0..self.residual.pixels() {
            let own = self.residual.course_mut(pixel);
            super::course::add(own, -self.share[pixel], &step);
            let mean = own.iter().sum::<f32>() / own.len().max(1) as f32;
            own.iter_mut().for_each(|value| *value -= mean);
            if energy > 0.0 {
                let share = (self.share[pixel] + dot(own, &self.around) / energy).max(0.0);
                super::course::add(own, self.share[pixel] - share, &self.around);
                self.share[pixel] = share;
            }
        }
    }

    /// Correlation of what two halves of a cell's footprint see, in the pattern of a chessboard; others taken away.
    pub(super) fn halves(&self, cell: &Component) -> f32 {
        let half = |odd: usize| {
            let columns = self.residual.columns;
            let own = cell.footprint(&self.residual).filter(|(pixel, _)| (pixel / columns + pixel % columns) % 2 == odd);
            let own: Vec<(usize, f32)> = own.collect();
            let share: f32 = own.iter().map(|(_, weight)| weight * weight).sum();
            let mut seen = self.residual.sum(own.into_iter());
            super::course::add(&mut seen, share, &cell.active);
            seen
        };
        super::course::correlation(&half(0), &half(1))
    }
}
