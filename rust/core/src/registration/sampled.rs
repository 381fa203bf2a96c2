//! An image with its gradients, to be read between pixels.

use crate::{Error, Result};

/// Values and gradients (central differences) of an image, side by side in memory.
///
/// Pixels that are unknown, or next to one that is, are not read.
#[derive(Debug, Clone)]
pub struct Sampled {
    pixels: Vec<[f32; 4]>,
    width: usize,
    height: usize,
}

impl Sampled {
    /// Takes an image with NaN where nothing is known.
    ///
    /// # Errors
    /// [`Error::Argument`] if the length is no multiple of the width.
    pub fn new(image: &[f32], width: usize) -> Result<Self> {
        if width == 0 || !image.len().is_multiple_of(width) {
            return Err(Error::argument("moving", format!("rows of {width} pixels"), image.len()));
        }
        let height = image.len() / width;
        let mut pixels = vec![[0.0, 0.0, 0.0, f32::NAN]; image.len()];
        for row in 1..height.saturating_sub(1) {
            for column in 1..width.saturating_sub(1) {
                let place = row * width + column;
                let [left, right] = [image[place - 1], image[place + 1]];
                let [above, below] = [image[place - width], image[place + width]];
                let (gx, gy) = (0.5 * (right - left), 0.5 * (below - above));
                let value = image[place];
                if (value + gx + gy).is_finite() {
                    pixels[place] = [value, gx, gy, 1.0];
                }
            }
        }
        Ok(Self { pixels, width, height })
    }

    /// Its width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Value and gradients at a place, by linear interpolation; `None` where they are unknown.
    #[inline]
    pub(super) fn at(&self, x: f64, y: f64) -> Option<[f32; 3]> {
        let inside = x >= 0.0 && y >= 0.0 && x < (self.width - 1) as f64 && y < (self.height - 1) as f64;
        if !inside {
            return None;
        }
        let (column, row) = (x as usize, y as usize);
        let (tx, ty) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let place = row * self.width + column;
        let top: &[[f32; 4]; 2] = self.pixels[place..place + 2].try_into().ok()?;
        let bottom: &[[f32; 4]; 2] = self.pixels[place + self.width..place + self.width + 2].try_into().ok()?;
        let mut out = [0.0; 4];
        for channel in 0..4 {
            let upper = top[0][channel] + (top[1][channel] - top[0][channel]) * tx;
            let lower = bottom[0][channel] + (bottom[1][channel] - bottom[0][channel]) * tx;
            out[channel] = upper + (lower - upper) * ty;
        }
        if out[3].is_nan() { None } else { Some([out[0], out[1], out[2]]) }
    }
}
