//! A box cut into equal cells.

use crate::{Error, Result};

/// A box cut into `shape` equal cells, in mm; cell `(i, j, k)` is number `(i ny + j) nz + k`.
///
/// A cell holds its lower faces, and the last one on each axis its upper face too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Space {
    pub(crate) shape: [usize; 3],
    pub(crate) lower: [f64; 3],
    pub(crate) upper: [f64; 3],
    pub(crate) size: [f64; 3],
}

/// Most cells of a grid: their numbers must fit 31 bits.
const MOST_CELLS: usize = (1 << 31) - 2;

impl Space {
    /// A box from `lower` to `upper` of `shape` cells.
    ///
    /// # Errors
    /// [`Error::Argument`] for no cells, more than 2³¹ - 2 of them, or limits that are not finite and ascending.
    pub fn new(shape: [usize; 3], lower: [f64; 3], upper: [f64; 3]) -> Result<Self> {
        let cells = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if !cells.is_some_and(|cells| (1..=MOST_CELLS).contains(&cells)) {
            return Err(Error::argument("shape", format!("1 to {MOST_CELLS} cells"), format!("{shape:?}")));
        }
        let size = [0, 1, 2].map(|axis| (upper[axis] - lower[axis]) / shape[axis] as f64);
        if !size.iter().all(|size| *size > 0.0 && size.is_finite()) || !lower.iter().all(|x| x.is_finite()) {
            let found = format!("{lower:?} to {upper:?}");
            return Err(Error::argument("limits", "finite limits, the lower below the upper", found));
        }
        Ok(Self { shape, lower, upper, size })
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.shape.iter().product()
    }

    /// Cell on one axis that holds the coordinate `x`, which is inside the box up to rounding.
    pub(crate) fn cell(&self, axis: usize, x: f64) -> usize {
        // A negative number or NaN becomes 0.
        let index = ((x - self.lower[axis]) / self.size[axis]) as usize;
        index.min(self.shape[axis] - 1)
    }
}
