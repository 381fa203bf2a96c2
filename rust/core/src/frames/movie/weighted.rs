//! Weighted sums of regions in each frame, for regions that overlap.

use std::ops::Range;

use super::{Frames, Pixel, Regions, Scratch, Window};
use crate::{Control, Error, Result, pool};

impl<P: Pixel> Frames<'_, P> {
    /// `Σ_p w_k(p) y_t(p)` of each region k in each frame t, row by row: `(frames, regions)`.
    ///
    /// Only chunks that hold one of the pixels are read. O(frames (pixels read + pixels of regions)).
    ///
    /// # Errors
    /// [`Error::Argument`] if an argument does not fit the movie; [`Error::Format`] if the file is damaged;
    /// [`Error::Cancelled`].
    pub fn weighted_sums(
        &self,
        frames: Range<usize>,
        window: &Window,
        regions: Regions<'_>,
        weights: &[f64],
        threads: usize,
        control: &Control,
    ) -> Result<Vec<f64>> {
        self.check(&frames, window)?;
        regions.check(window)?;
        if weights.len() != regions.pixels.len() {
            return Err(Error::argument("weights", format!("{} weights", regions.pixels.len()), weights.len()));
        }
        let size = window.size();
        if size == 0 {
            return Ok(Vec::new());
        }
        let needed = self.tiles(window, regions.pixels.iter().copied());
        let slabs = self.slabs(&frames);
        let state = || (Scratch::default(), Vec::new());
        let parts = pool::map(slabs.len(), threads, control, state, |(scratch, pixels), number| {
            let slab = &slabs[number];
            pixels.resize(slab.len() * size, P::default());
            self.fill(slab, window, &needed, scratch, pixels)?;
            let mut found = Vec::new();
            pixels.chunks_exact(size).for_each(|frame| sum(frame, regions, weights, &mut found));
            control.advance(slab.len() as u64);
            Ok(found)
        })?;
        let parts: Vec<Vec<f64>> = parts;
        Ok(parts.concat())
    }
}

/// Weighted sum of each region in a frame.
fn sum<P: Pixel>(frame: &[P], regions: Regions<'_>, weights: &[f64], found: &mut Vec<f64>) {
    let mut left = weights;
    for own in regions.iter() {
        let (weights, rest) = left.split_at(own.len());
        let terms = own.iter().zip(weights).map(|(pixel, weight)| frame[*pixel as usize].value() * weight);
        found.push(terms.sum());
        left = rest;
    }
}
