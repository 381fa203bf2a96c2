//! A moving image seen from the fixed one.

use super::map::{Map, cubic};
use crate::{Control, Error, Result, pool};

/// How values between pixels are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// From the four pixels around.
    Linear,
    /// From sixteen pixels (Keys 1981, a = -1/2); within a pixel of the rim from four.
    Cubic,
}

/// Fills `out`, rows of the fixed image of width `columns` from row `first` on, with values of the moving image.
///
/// Pixels that lie outside the moving image are NaN.
///
/// # Errors
/// [`Error::Argument`] if a size does not fit; [`Error::Cancelled`].
#[allow(clippy::too_many_arguments)] // an image, a map and a place for the result
pub fn warp<T: Copy + Into<f64> + Sync>(
    moving: &[T],
    width: usize,
    map: &Map,
    interpolation: Interpolation,
    first: usize,
    columns: usize,
    out: &mut [f32],
    threads: usize,
    control: &Control,
) -> Result<()> {
    if width == 0 || !moving.len().is_multiple_of(width) {
        return Err(Error::argument("moving", format!("rows of {width} pixels"), moving.len()));
    }
    if out.is_empty() || columns == 0 {
        return Ok(());
    }
    let image = Image { pixels: moving, width, height: moving.len() / width };
    let places = || (vec![0.0; columns], vec![0.0; columns]);
    pool::for_chunks(out, columns, threads, control, places, |(xs, ys), row, line| {
        let shown = line.len();
        map.row((first + row) as f64, &mut xs[..shown], &mut ys[..shown]);
        match interpolation {
            Interpolation::Linear => {
                for ((value, &x), &y) in line.iter_mut().zip(&*xs).zip(&*ys) {
                    *value = image.linear(x, y);
                }
            }
            Interpolation::Cubic => {
                for ((value, &x), &y) in line.iter_mut().zip(&*xs).zip(&*ys) {
                    *value = image.cubic(x, y);
                }
            }
        }
        Ok(())
    })?;
    Ok(())
}

struct Image<'a, T> {
    pixels: &'a [T],
    width: usize,
    height: usize,
}

impl<T: Copy + Into<f64>> Image<'_, T> {
    fn linear(&self, x: f64, y: f64) -> f32 {
        let inside = x >= 0.0 && y >= 0.0 && x <= (self.width - 1) as f64 && y <= (self.height - 1) as f64;
        if !inside {
            return f32::NAN;
        }
        let (column, row) = (x as usize, y as usize);
        let (tx, ty) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let right = (column + 1).min(self.width - 1);
        let (above, below) = (row * self.width, (row + 1).min(self.height - 1) * self.width);
        let at = |place: usize| self.pixels[place].into() as f32;
        let top = blend(at(above + column), at(above + right), tx);
        blend(top, blend(at(below + column), at(below + right), tx), ty)
    }

    fn cubic(&self, x: f64, y: f64) -> f32 {
        let inner =
            x >= 1.0 && y >= 1.0 && x < (self.width as f64 - 2.0).max(1.0) && y < (self.height as f64 - 2.0).max(1.0);
        if !inner {
            return self.linear(x, y);
        }
        let (column, row) = (x as usize, y as usize);
        let across = cubic(x - column as f64);
        let down = cubic(y - row as f64);
        let mut sum = 0.0;
        for (tap, weight) in down.iter().enumerate() {
            let start = (row + tap - 1) * self.width + column - 1;
            let mut line = 0.0;
            for (value, weight) in self.pixels[start..start + 4].iter().zip(across) {
                line += (*value).into() as f32 * weight as f32;
            }
            sum += line * *weight as f32;
        }
        sum
    }
}

/// Between two values; a pixel that is hit exactly does not need the other one.
fn blend(a: f32, b: f32, t: f32) -> f32 {
    if t == 0.0 { a } else { a + (b - a) * t }
}
