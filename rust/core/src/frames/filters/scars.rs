//! Scars: stretches of a few rows that lie above or below both neighbours.

use super::Scratch;
use super::medians::median;
use crate::{Error, Result};

/// From the median of absolute differences of normal noise to their standard deviation.
const TO_DEVIATION: f64 = 1.4826;

/// What counts as a scar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scars {
    /// A scar has a pixel that stands out by so many robust standard deviations of the differences between rows.
    pub high: f64,
    /// It goes on as far as pixels stand out by so many.
    pub low: f64,
    /// Least length in pixels.
    pub min_length: usize,
    /// Most rows.
    pub max_width: usize,
}

impl Scars {
    pub(super) fn check(&self) -> Result<()> {
        if !(self.low > 0.0 && self.high >= self.low) {
            let found = format!("{} and {}", self.low, self.high);
            return Err(Error::argument("low, high", "0 < low <= high", found));
        }
        if self.max_width == 0 || self.min_length == 0 {
            return Err(Error::argument("max_width, min_length", "1 or more", 0));
        }
        Ok(())
    }

    /// Replaces scars by straight lines between the rows above and below.
    pub(super) fn remove(&self, frame: &mut [f64], width: usize, scratch: &mut Scratch) {
        let height = frame.len() / width;
        let Scratch { values, more: excess, .. } = scratch;
        values.clear();
        values.extend(frame.iter().zip(&frame[width.min(frame.len())..]).map(|(a, b)| (b - a).abs()));
        values.retain(|difference| difference.is_finite());
        let Some(spread) = median(values).map(|middle| middle * TO_DEVIATION).filter(|spread| *spread > 0.0) else {
            return;
        };
        for rows in 1..=self.max_width.min(height.saturating_sub(2)) {
            for top in 1..height - rows {
                for sign in [1.0, -1.0] {
                    stands_out(frame, width, top, rows, sign / spread, excess);
                    self.mend(frame, width, top, rows, excess);
                }
            }
        }
    }

    /// Replaces the stretches of rows `top..top + rows` where `excess` says so.
    fn mend(&self, frame: &mut [f64], width: usize, top: usize, rows: usize, excess: &[f64]) {
        let mut start = 0;
        while start < width {
            let length = excess[start..].iter().take_while(|value| **value > self.low).count();
            let stretch = start..start + length;
            if length >= self.min_length && excess[stretch.clone()].iter().any(|value| *value > self.high) {
                for x in stretch {
                    let (above, below) = (frame[(top - 1) * width + x], frame[(top + rows) * width + x]);
                    for row in 0..rows {
                        let part = (row + 1) as f64 / (rows + 1) as f64;
                        frame[(top + row) * width + x] = above + part * (below - above);
                    }
                }
            }
            start += length + 1;
        }
    }
}

/// By how much, times `scale`, all of a column's rows lie above both neighbours (below, if `scale` is negative).
fn stands_out(frame: &[f64], width: usize, top: usize, rows: usize, scale: f64, excess: &mut Vec<f64>) {
    excess.clear();
    for x in 0..width {
        let at = |row: usize| frame[row * width + x] * scale;
        let least = (top..top + rows).map(at).fold(f64::INFINITY, f64::min);
        let gap = least - at(top - 1).max(at(top + rows));
        excess.push(if gap.is_finite() { gap } else { 0.0 });
    }
}
