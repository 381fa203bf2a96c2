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
    /// From 64 pixels, noise averaged alike wherever between pixels the place is (a fifth of its variance is left),
    /// details of eight pixels and more kept (to 2 %): 2.85G - 2.55GG + 0.7GGG with the Gaussian G
    /// of 1.08 pixels; near the rim from four.
    Smooth,
}

/// Pixels along each axis that [`Interpolation::Smooth`] uses.
const TAPS: usize = 8;
/// Places between two pixels for which its weights are tabulated.
const PHASES: usize = 1024;
const SIGMA: f64 = 1.08;
const SHARES: [f64; 3] = [2.85, -2.55, 0.7];

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
    if moving.is_empty() {
        out.fill(f32::NAN);
        return Ok(());
    }
    let image = Image { pixels: moving, width, height: moving.len() / width };
    let table = if interpolation == Interpolation::Smooth { smooth_weights() } else { Vec::new() };
    let longest = columns.min(out.len());
    let places = || (vec![0.0; longest], vec![0.0; longest]);
    pool::for_chunks(out, columns, threads, control, places, |(xs, ys), row, line| {
        let shown = line.len();
        map.row(first as f64 + row as f64, &mut xs[..shown], &mut ys[..shown]);
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
            Interpolation::Smooth => {
                for ((value, &x), &y) in line.iter_mut().zip(&*xs).zip(&*ys) {
                    *value = image.smooth(x, y, &table);
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

    fn smooth(&self, x: f64, y: f64, table: &[[f32; TAPS]]) -> f32 {
        const BEFORE: f64 = (TAPS / 2 - 1) as f64;
        const AFTER: f64 = (TAPS / 2) as f64;
        let inner = x >= BEFORE && y >= BEFORE && x < self.width as f64 - AFTER && y < self.height as f64 - AFTER;
        if !inner {
            return self.linear(x, y);
        }
        let (column, row) = (x as usize, y as usize);
        let phase = |t: f64| table[(t * PHASES as f64 + 0.5) as usize];
        let (across, down) = (phase(x - column as f64), phase(y - row as f64));
        let mut lanes = [0.0_f32; TAPS];
        for (tap, weight) in down.iter().enumerate() {
            let start = (row + tap - (TAPS / 2 - 1)) * self.width + column - (TAPS / 2 - 1);
            for (lane, value) in lanes.iter_mut().zip(&self.pixels[start..start + TAPS]) {
                *lane += (*value).into() as f32 * weight;
            }
        }
        lanes.iter().zip(across).map(|(lane, weight)| lane * weight).sum()
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

/// Weights of [`Interpolation::Smooth`] for each place between two pixels.
fn smooth_weights() -> Vec<[f32; TAPS]> {
    let kernel = |t: f64| -> f64 {
        let gauss = |times: f64| {
            let variance = times * SIGMA * SIGMA;
            (-0.5 * t * t / variance).exp() / variance.sqrt()
        };
        SHARES[0] * gauss(1.0) + SHARES[1] * gauss(2.0) + SHARES[2] * gauss(3.0)
    };
    (0..=PHASES)
        .map(|phase| {
            let t = phase as f64 / PHASES as f64;
            let before = (TAPS / 2 - 1) as f64;
            let weights: [f64; TAPS] = std::array::from_fn(|tap| kernel(tap as f64 - before - t));
            let sum: f64 = weights.iter().sum();
            weights.map(|weight| (weight / sum) as f32)
        })
        .collect()
}

/// Between two values; a pixel that is hit exactly does not need the other one.
fn blend(a: f32, b: f32, t: f32) -> f32 {
    if t == 0.0 { a } else { a + (b - a) * t }
}
