//! Frames as they would be without their motion.

use super::super::movie::Pixel;
use super::places::{Grid, Line};
use super::sample::{Image, Parts, Sampling};
use crate::{Control, Error, Result, pool};

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
    let size = shape[0].saturating_mul(shape[1]);
    let count = frames.len() / size.max(1);
    if size == 0 || frames.len() != count.saturating_mul(size) || out.len() != frames.len() {
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
    if count == 0 {
        return Ok(());
    }
    let grid = Grid::new(field.nodes, shape);
    let scratch = || (vec![0.0_f32; size], Line::default(), Parts::default());
    pool::for_chunks(out, size, threads, control, scratch, |(values, line, parts), number, made| {
        let own = &field.shifts[number * nodes..(number + 1) * nodes];
        if own.iter().flatten().all(|shift| shift.is_finite()) {
            for (value, pixel) in values.iter_mut().zip(&frames[number * size..(number + 1) * size]) {
                *value = pixel.value() as f32;
            }
            let image = Image { pixels: values, shape, sampling, offset: field.line_offset };
            for (row, shown) in made.chunks_exact_mut(shape[1]).enumerate() {
                grid.places(own, row, line);
                image.row(line, &grid.spans, parts, shown);
            }
        } else {
            made.fill(f32::NAN);
        }
        control.advance(1);
        Ok(())
    })?;
    Ok(())
}
