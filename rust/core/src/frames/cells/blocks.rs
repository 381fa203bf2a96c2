//! Frames that come in blocks, added up in bins of equal numbers of frames.

use std::ops::Range;

use crate::frames::movie::{Frames, Pixel, Window};
use crate::pool::{Workers, for_chunks};
use crate::{Error, Result};

/// Pixels that a thread takes at a time.
pub(super) const PIECE: usize = 2048;

/// Bytes of frames that are read at a time.
const BLOCK: usize = 1 << 25;

/// What takes the frames of a movie in blocks, one after another; how they are cut into blocks does not matter.
pub trait TakesFrames {
    /// Takes the next frames (frames, pixels), those that are `kept`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not as many pixels as frames need; [`Error::Cancelled`].
    fn add<P: Pixel>(&mut self, frames: &[P], kept: &[bool], workers: &Workers<'_>) -> Result<()>;
}

impl<P: Pixel> Frames<'_, P> {
    /// Hands a window of frames over, block by block; `kept` says which of `frames` count.
    ///
    /// # Errors
    /// [`Error::Argument`] if an argument does not fit the movie; [`Error::Format`] if the file is damaged;
    /// [`Error::Cancelled`].
    pub fn hand_to(
        &self,
        taker: &mut impl TakesFrames,
        frames: Range<usize>,
        window: &Window,
        kept: &[bool],
        workers: &Workers<'_>,
    ) -> Result<()> {
        if kept.len() != frames.len() {
            return Err(Error::argument("kept", format!("a value for each of {} frames", frames.len()), kept.len()));
        }
        let bytes = window.rows.len().saturating_mul(window.columns.len()).saturating_mul(P::SIZE);
        let step = (BLOCK / bytes.max(1)).max(1);
        let mut start = frames.start;
        while start < frames.end {
            let end = (start + step).min(frames.end);
            let pixels = self.read(start..end, window, workers.threads, workers.control)?;
            taker.add(&pixels, &kept[start - frames.start..end - frames.start], workers)?;
            start = end;
        }
        Ok(())
    }
}

/// Refuses frames that do not have `size` pixels each.
pub(super) fn check(pixels: usize, frames: usize, size: usize) -> Result<()> {
    if size > 0 && frames.checked_mul(size) == Some(pixels) {
        return Ok(());
    }
    Err(Error::argument("frames", format!("{frames} frames of {size} pixels"), pixels))
}

/// Sums of frames over a bin, less the mean of each pixel; values that are not finite count as the mean.
#[derive(Debug, Clone)]
pub(super) struct Bins {
    base: Vec<f64>,
    length: usize,
    filled: usize,
    sums: Vec<f64>,
}

impl Bins {
    /// Of `length` frames each, of pixels with the mean `base`.
    pub(super) fn new(base: Vec<f64>, length: usize) -> Self {
        Self { sums: vec![0.0; base.len()], base, length: length.max(1), filled: 0 }
    }

    /// Takes the next frames (frames, pixels), those that are `kept`, and tells sums of each bin that is full.
    pub(super) fn add<P: Pixel>(
        &mut self,
        frames: &[P],
        kept: &[bool],
        workers: &Workers<'_>,
        mut full: impl FnMut(&[f64]) -> Result<()>,
    ) -> Result<()> {
        let size = self.base.len();
        check(frames.len(), kept.len(), size)?;
        let mut left: Vec<&[P]> = frames.chunks_exact(size).zip(kept).filter(|own| *own.1).map(|own| own.0).collect();
        while !left.is_empty() {
            let rest = left.split_off((self.length - self.filled).min(left.len()));
            self.sum(&left, workers)?;
            self.filled += left.len();
            if self.filled == self.length {
                full(&self.sums)?;
                self.sums.fill(0.0);
                self.filled = 0;
            }
            left = rest;
        }
        Ok(())
    }

    fn sum<P: Pixel>(&mut self, frames: &[&[P]], workers: &Workers<'_>) -> Result<()> {
        let base = &self.base;
        for_chunks(
            &mut self.sums,
            PIECE,
            workers.threads,
            workers.control,
            || (),
            |(), number, own| {
                let first = number * PIECE;
                for frame in frames {
                    for ((sum, value), base) in own.iter_mut().zip(&frame[first..]).zip(&base[first..]) {
                        let more = value.value() - base;
                        *sum += if more.is_finite() { more } else { 0.0 };
                    }
                }
                Ok(())
            },
        )?;
        Ok(())
    }
}
