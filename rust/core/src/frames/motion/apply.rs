//! Frames as they would be without their motion.

use super::super::movie::Pixel;
use crate::{Control, Error, Result, pool};

/// How values between pixels are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The nearest pixel.
    Nearest,
    /// Between the four pixels around.
    Linear,
    /// From sixteen pixels (Keys 1981, a = -1/2); within a pixel of the rim from four.
    Cubic,
}

/// Displacements of frames at the nodes of a grid, linear between them and constant beyond.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Places of nodes along rows and along columns, rising.
    pub nodes: [&'a [f64]; 2],
    /// Displacements (rows, columns) of each frame and node, px; a frame with one that is NaN is NaN.
    pub shifts: &'a [[f64; 2]],
    /// By how much odd rows of frames are moved along columns, px.
    pub line_offset: f64,
}

/// Fills `out` with what the places of the reference show in each frame; NaN where that lies outside.
///
/// O(pixels). Each frame is made by one thread.
///
/// # Errors
/// [`Error::Argument`] if sizes do not fit; [`Error::Cancelled`].
pub fn apply<P: Pixel>(
    frames: &[P],
    shape: [usize; 2],
    field: &Field<'_>,
    sampling: Sampling,
    out: &mut [f32],
    threads: usize,
    control: &Control,
) -> Result<()> {
    let size = shape[0] * shape[1];
    let count = frames.len() / size.max(1);
    if size == 0 || frames.len() != count * size || out.len() != frames.len() {
        return Err(Error::argument("frames", format!("frames of {shape:?} pixels"), frames.len()));
    }
    let nodes = field.nodes[0].len() * field.nodes[1].len();
    let rising = |own: &[f64]| own.iter().all(|x| x.is_finite()) && own.windows(2).all(|pair| pair[0] < pair[1]);
    if nodes == 0 || !field.nodes.into_iter().all(rising) {
        return Err(Error::argument("nodes", "rising places", format!("{:?}", field.nodes)));
    }
    if field.shifts.len() != count * nodes || !field.line_offset.is_finite() {
        return Err(Error::argument("shifts", format!("{nodes} for each of {count} frames"), field.shifts.len()));
    }
    let spots = [spots(field.nodes[0], shape[0]), spots(field.nodes[1], shape[1])];
    let scratch = || (vec![0.0_f32; size], Vec::new(), Vec::new());
    pool::for_chunks(out, size, threads, control, scratch, |(values, knots, line), number, made| {
        let own = &field.shifts[number * nodes..(number + 1) * nodes];
        if own.iter().flatten().all(|shift| shift.is_finite()) {
            for (value, pixel) in values.iter_mut().zip(&frames[number * size..(number + 1) * size]) {
                *value = pixel.value() as f32;
            }
            let image = Image { pixels: values, shape };
            for (row, shown) in made.chunks_exact_mut(shape[1]).enumerate() {
                displacements(own, field.nodes[1].len(), &spots, row, knots, line);
                image.row(row, line, field.line_offset, sampling, shown);
            }
        } else {
            made.fill(f32::NAN);
        }
        control.advance(1);
        Ok(())
    })?;
    Ok(())
}

/// Between which nodes a pixel is, and how far from the first to the second.
type Spot = (usize, usize, f64);

fn spots(nodes: &[f64], size: usize) -> Vec<Spot> {
    let last = nodes.len() - 1;
    (0..size)
        .map(|pixel| {
            let place = pixel as f64;
            let after = nodes.partition_point(|node| *node <= place);
            let (first, second) = (after.saturating_sub(1), after.min(last));
            let length = nodes[second] - nodes[first];
            let part = if length > 0.0 { ((place - nodes[first]) / length).clamp(0.0, 1.0) } else { 0.0 };
            (first, second, part)
        })
        .collect()
}

/// Displacements of the pixels of a row, from those of the nodes of the row.
fn displacements(
    shifts: &[[f64; 2]],
    columns: usize,
    spots: &[Vec<Spot>; 2],
    row: usize,
    knots: &mut Vec<[f64; 2]>,
    line: &mut Vec<[f64; 2]>,
) {
    let between = |one: [f64; 2], other: [f64; 2], part: f64| -> [f64; 2] {
        std::array::from_fn(|axis| one[axis] + (other[axis] - one[axis]) * part)
    };
    let (first, second, part) = spots[0][row];
    let [above, below] = [first, second].map(|own| &shifts[own * columns..(own + 1) * columns]);
    knots.clear();
    knots.extend(above.iter().zip(below).map(|(above, below)| between(*above, *below, part)));
    line.clear();
    line.extend(spots[1].iter().map(|(left, right, part)| between(knots[*left], knots[*right], *part)));
}

struct Image<'a> {
    pixels: &'a [f32],
    shape: [usize; 2],
}

impl Image<'_> {
    fn row(&self, row: usize, line: &[[f64; 2]], offset: f64, sampling: Sampling, out: &mut [f32]) {
        for (column, (value, away)) in out.iter_mut().zip(line).enumerate() {
            let place = [row as f64 + away[0], column as f64 + away[1]];
            let found = match sampling {
                Sampling::Nearest => self.nearest(place, offset),
                Sampling::Linear => self.linear(place, offset),
                Sampling::Cubic => self.cubic(place, offset).or_else(|| self.linear(place, offset)),
            };
            *value = found.unwrap_or(f32::NAN);
        }
    }

    fn nearest(&self, place: [f64; 2], offset: f64) -> Option<f32> {
        let (row, _) = split(place[0] + 0.5, 0.0, self.shape[0] as f64)?;
        let moved = if row % 2 == 1 { offset } else { 0.0 };
        let (column, _) = split(place[1] + moved + 0.5, 0.0, self.shape[1] as f64)?;
        Some(self.pixels[row * self.shape[1] + column])
    }

    /// From four pixels; each row has its own place along columns.
    fn linear(&self, place: [f64; 2], offset: f64) -> Option<f32> {
        let last = self.shape.map(|size| (size - 1) as f64);
        let (top, down) = split_to(place[0], last[0])?;
        let mut ends = [0.0; 2];
        for (tap, end) in ends.iter_mut().enumerate() {
            let row = (top + tap).min(self.shape[0] - 1);
            let (left, across) = split_to(place[1] + if row % 2 == 1 { offset } else { 0.0 }, last[1])?;
            let start = row * self.shape[1];
            let right = (left + 1).min(self.shape[1] - 1);
            *end = blend(self.pixels[start + left], self.pixels[start + right], across);
        }
        Some(blend(ends[0], ends[1], down))
    }

    /// From sixteen pixels; rows of odd number may have their own place along columns.
    fn cubic(&self, place: [f64; 2], offset: f64) -> Option<f32> {
        let [height, width] = self.shape;
        let (top, down) = split(place[0], 1.0, height as f64 - 2.0)?;
        let even = split(place[1], 1.0, width as f64 - 2.0)?;
        let odd = if offset == 0.0 { even } else { split(place[1] + offset, 1.0, width as f64 - 2.0)? };
        let across = [keys(even.1), if offset == 0.0 { keys(even.1) } else { keys(odd.1) }];
        let mut sum = 0.0;
        for (tap, weight) in keys(down).into_iter().enumerate() {
            let row = top + tap - 1;
            let start = row * width + [even.0, odd.0][row % 2] - 1;
            let pixels = &self.pixels[start..start + 4];
            let own = &across[row % 2];
            sum += weight * (pixels[0] * own[0] + pixels[1] * own[1] + pixels[2] * own[2] + pixels[3] * own[3]);
        }
        Some(sum)
    }
}

/// The whole number before a place, which lies from `low` up to `high`, and what is left.
fn split(place: f64, low: f64, high: f64) -> Option<(usize, f32)> {
    (place >= low && place < high).then(|| {
        let before = place as usize;
        (before, (place - before as f64) as f32)
    })
}

/// As [`split`] from 0 on, with the end.
fn split_to(place: f64, last: f64) -> Option<(usize, f32)> {
    if place == last { Some((last as usize, 0.0)) } else { split(place, 0.0, last) }
}

/// Between two values; a pixel that is hit exactly does not need the other one.
fn blend(one: f32, other: f32, part: f32) -> f32 {
    if part == 0.0 { one } else { one + (other - one) * part }
}

/// Weights of four pixels, at `t` behind the second (Keys 1981, doi:10.1109/TASSP.1981.1163711).
fn keys(t: f32) -> [f32; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}
