//! Cells and what lies around them, fitted together.

use super::component::Component;
use super::course::{add, correlation};
use super::merging::merge;
use super::patch::Patch;
use super::seeds::seeds;
use super::surroundings::Surroundings;
use crate::{Control, Result};

/// Rounds of looking for cells in what others leave.
const ROUNDS: usize = 3;
/// Sweeps over all cells after each round, and after the last.
const SWEEPS: (usize, usize) = (4, 2);

/// `Y = Σ_k a_k c_kᵀ + b fᵀ + R`: cells of a patch, the course of their surroundings, and what is left.
#[derive(Debug)]
pub(super) struct Factors {
    pub(super) cells: Vec<Component>,
    pub(super) around: Surroundings,
    pub(super) residual: Patch,
}

impl Factors {
    /// Hierarchical alternating least squares (Cichocki & Phan 2009) with footprints `a ≥ 0`, courses `c ≥ 0` that are 0
    /// where they do not rise above their noise, and `b ≥ 0`; cells are looked for again in what is left.
    pub(super) fn fit(mut patch: Patch, diameter: f64, control: &Control) -> Result<Self> {
        let around = Surroundings::of(&mut patch);
        let mut own = Self { cells: Vec::new(), around, residual: patch };
        for _ in 0..ROUNDS {
            let found = seeds(&mut own.residual.clone(), diameter, control)?;
            if found.is_empty() {
                break;
            }
            for cell in &found {
                cell.take(&mut own.residual, &cell.active);
            }
            own.cells.extend(found);
            own.sweep(SWEEPS.0, control)?;
            merge(&mut own.cells, &mut own.residual, diameter);
        }
        own.sweep(SWEEPS.1, control)?;
        Ok(own)
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
        }
        self.around.give_back(&mut self.residual);
        self.around = Surroundings::of(&mut self.residual);
        Ok(())
    }

    /// Correlation of what two halves of a cell's footprint see, in the pattern of a chessboard; others taken away.
    pub(super) fn halves(&self, cell: &Component) -> f32 {
        let half = |odd: usize| {
            let columns = self.residual.columns;
            let own =
                cell.footprint(&self.residual).filter(|(pixel, _)| (pixel / columns + pixel % columns) % 2 == odd);
            let own: Vec<(usize, f32)> = own.collect();
            let share: f32 = own.iter().map(|(_, weight)| weight * weight).sum();
            let mut seen = self.residual.sum(own.into_iter());
            add(&mut seen, share, &cell.active);
            seen
        };
        correlation(&half(0), &half(1))
    }
}
