//! An image read between pixels, with its gradients.

use crate::{Error, Result};

/// An image with NaN where nothing is known, to be read with gradients (central differences).
///
/// Places next to an unknown pixel, or within a pixel of the rim, are unknown too.
#[derive(Debug, Clone, Copy)]
pub struct Sampled<'a> {
    pixels: &'a [f32],
    width: usize,
    height: usize,
}

impl<'a> Sampled<'a> {
    /// Takes an image, row by row.
    ///
    /// # Errors
    /// [`Error::Argument`] if the length is no multiple of the width.
    pub fn new(pixels: &'a [f32], width: usize) -> Result<Self> {
        if width == 0 || !pixels.len().is_multiple_of(width) {
            return Err(Error::argument("moving", format!("rows of {width} pixels"), pixels.len()));
        }
        Ok(Self { pixels, width, height: pixels.len() / width })
    }

    /// Its width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Its pixels, row by row.
    pub(super) fn pixels(&self) -> &'a [f32] {
        self.pixels
    }

    /// Coordinates below these have the pixels around them that gradients need; those of 1 and more, that is.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.width as f64 - 2.0, self.height as f64 - 2.0]
    }

    /// Value and gradients at a place; `None` where they are unknown.
    #[inline]
    pub(super) fn at(&self, x: f64, y: f64) -> Option<[f32; 3]> {
        let [right, bottom] = self.ends();
        let inside = x >= 1.0 && y >= 1.0 && x < right && y < bottom;
        if !inside {
            return None;
        }
        let (column, row) = (x as usize, y as usize);
        let (tx, ty) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let out = between(self.pixels, self.width, row * self.width + column, tx, ty);
        if (out[0] + out[1] + out[2]).is_finite() { Some(out) } else { None }
    }
}

/// Value and gradients by linear interpolation between a pixel and its neighbours to the right and below; NaN if one
/// of the twelve pixels around is.
#[inline(always)]
#[allow(clippy::inline_always)] // the loops around it are compiled for several instruction sets
pub(super) fn between(pixels: &[f32], row: usize, corner: usize, tx: f32, ty: f32) -> [f32; 3] {
    let first = corner - row - 1;
    let above = &pixels[first..first + 4];
    let top = &pixels[first + row..first + row + 4];
    let bottom = &pixels[first + 2 * row..first + 2 * row + 4];
    let below = &pixels[first + 3 * row..first + 3 * row + 4];
    let mut line = [0.0; 4];
    let mut slope = [0.0; 4];
    for tap in 0..4 {
        line[tap] = top[tap] + (bottom[tap] - top[tap]) * ty;
        let (upper, lower) = (bottom[tap] - above[tap], below[tap] - top[tap]);
        slope[tap] = 0.5 * (upper + (lower - upper) * ty);
    }
    let (left, right) = (line[2] - line[0], line[3] - line[1]);
    [line[1] + (line[2] - line[1]) * tx, 0.5 * (left + (right - left) * tx), slope[1] + (slope[2] - slope[1]) * tx]
}
