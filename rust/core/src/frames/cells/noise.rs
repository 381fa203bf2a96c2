//! Mean and noise of each pixel of a movie that comes block by block.

use super::blocks::{PIECE, TakesFrames, check};
use crate::Result;
use crate::frames::movie::Pixel;
use crate::pool::{Workers, for_chunks};

/// Mean and noise of pixels.
///
/// The noise is that of white noise, `σ² = Σ (y_t - y_{t-1})² / (2 (n - 1))` (von Neumann 1941): what changes slowly
/// does not count. Sums run over frames in their order, so that blocks and threads do not change a digit.
#[derive(Debug, Clone)]
pub struct Noise {
    pixels: Vec<Seen>,
}

/// What was seen of a pixel.
#[derive(Debug, Clone, Copy)]
struct Seen {
    count: u32,
    pairs: u32,
    sum: f64,
    squares: f64,
    last: f64,
}

impl Noise {
    /// Of so many pixels.
    pub fn new(size: usize) -> Self {
        let nothing = Seen { count: 0, pairs: 0, sum: 0.0, squares: 0.0, last: f64::NAN };
        Self { pixels: vec![nothing; size] }
    }

    /// Mean of each pixel; NaN where nothing was finite.
    pub fn mean(&self) -> Vec<f64> {
        self.pixels.iter().map(|seen| seen.sum / f64::from(seen.count)).collect()
    }

    /// Standard deviation of the noise of each pixel in a frame; NaN where no two frames were finite.
    pub fn deviation(&self) -> Vec<f64> {
        self.pixels.iter().map(|seen| (seen.squares / (2.0 * f64::from(seen.pairs))).sqrt()).collect()
    }
}

impl Seen {
    fn take(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1;
        self.sum += value;
        let step = value - self.last;
        if !step.is_nan() {
            self.pairs += 1;
            self.squares += step * step;
        }
        self.last = value;
    }
}

impl TakesFrames for Noise {
    fn add<P: Pixel>(&mut self, frames: &[P], kept: &[bool], workers: &Workers<'_>) -> Result<()> {
        let size = self.pixels.len();
        check(frames.len(), kept.len(), size)?;
        for_chunks(
            &mut self.pixels,
            PIECE,
            workers.threads,
            workers.control,
            || (),
            |(), number, own| {
                let first = number * PIECE;
                for (frame, _) in frames.chunks_exact(size).zip(kept).filter(|(_, kept)| **kept) {
                    for (seen, value) in own.iter_mut().zip(&frame[first..]) {
                        seen.take(value.value());
                    }
                }
                Ok(())
            },
        )?;
        Ok(())
    }
}
