//! Movies into chunks for a file.

use std::ops::Range;

use libdeflater::{CompressionLvl, Compressor};

use super::chunked::check_chunk;
use super::{Frames, Pixel, Scratch, Window};
use crate::{Control, Error, Result, pool};

/// How frames are to lie in a file.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Frames, rows and columns of a chunk.
    pub chunk: [usize; 3],
    /// Rows of the source become columns.
    pub transpose: bool,
    /// Effort of the compression, 1 to 12.
    pub level: i32,
}

/// Shuffled and deflated chunks in row-major order of their place, and the sum of the frames.
#[derive(Debug, Default, PartialEq)]
pub struct Packed {
    /// Bytes of each chunk.
    pub chunks: Vec<Vec<u8>>,
    /// Sum of the finite values of frames of `summed`, row by row.
    pub sum: Vec<f64>,
    /// How many there are.
    pub count: Vec<u32>,
    /// Whether every value is the same number in the type of the target.
    pub lossless: bool,
}

impl<P: Pixel> Frames<'_, P> {
    /// Packs `frames` as pixels of another type; sums those that are also in `summed`.
    ///
    /// A chunk beyond the end of the movie is filled up with 0. If a value does not fit the type, the chunks are of no
    /// use and `lossless` is false.
    ///
    /// # Errors
    /// [`Error::Argument`] if frames lie outside the movie or chunks are too large; [`Error::Format`] if the source is damaged;
    /// [`Error::Cancelled`].
    #[allow(clippy::redundant_closure_for_method_calls)] // the bare method is of one lifetime only
    pub fn pack<Q: Pixel>(
        &self,
        frames: Range<usize>,
        summed: Range<usize>,
        target: &Target,
        threads: usize,
        control: &Control,
    ) -> Result<Packed> {
        check_chunk(target.chunk, Q::SIZE)?;
        self.pack_by(
            frames,
            summed,
            target,
            |layer, target, deflate| layer.pack::<Q>(target, deflate),
            threads,
            control,
        )
    }

    fn pack_by(
        &self,
        frames: Range<usize>,
        summed: Range<usize>,
        target: &Target,
        encode: Encode,
        threads: usize,
        control: &Control,
    ) -> Result<Packed> {
        let [_, rows, columns] = self.shape;
        let window = Window { rows: 0..rows, columns: 0..columns };
        self.check(&frames, &window)?;
        let depth = target.chunk[0];
        let level = CompressionLvl::new(target.level)
            .map_err(|_| Error::argument("level", "an effort of 1 to 12", target.level))?;
        if rows * columns == 0 {
            return Ok(Packed { lossless: true, ..Packed::default() });
        }
        let needed = vec![true; self.tiles(&window, std::iter::empty()).len()];
        let layers = frames.len().div_ceil(depth);
        let state = || (Scratch::default(), Vec::new(), Vec::new(), Compressor::new(level));
        let parts = pool::map(layers, threads, control, state, |(scratch, pixels, values, deflate), layer| {
            let own = frames.start + layer * depth..(frames.start + (layer + 1) * depth).min(frames.end);
            pixels.resize(own.len() * rows * columns, P::default());
            for slab in self.slabs(&own) {
                let part = (slab.start - own.start) * rows * columns..(slab.end - own.start) * rows * columns;
                self.fill(&slab, &window, &needed, scratch, &mut pixels[part])?;
            }
            values.clear();
            values.extend(pixels.iter().map(|pixel| pixel.value()));
            let frames = Layer { values, rows, columns, transpose: target.transpose };
            let mut packed = encode(&frames, target, deflate)?;
            let inside = own.start.max(summed.start)..own.end.min(summed.end).max(own.start.max(summed.start));
            (packed.sum, packed.count) = frames.sum(inside.start - own.start..inside.end - own.start);
            control.advance(own.len() as u64);
            Ok(packed)
        })?;
        let size = rows * columns;
        let mut all = Packed { chunks: Vec::new(), sum: vec![0.0; size], count: vec![0; size], lossless: true };
        for part in parts {
            all.chunks.extend(part.chunks);
            all.lossless &= part.lossless;
            all.sum.iter_mut().zip(&part.sum).for_each(|(all, own)| *all += own);
            all.count.iter_mut().zip(&part.count).for_each(|(all, own)| *all += own);
        }
        Ok(all)
    }
}

type Encode = fn(&Layer<'_>, &Target, &mut Compressor) -> Result<Packed>;

/// Frames of one layer of chunks, as the source has them.
struct Layer<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
    transpose: bool,
}

impl Layer<'_> {
    fn frames(&self) -> usize {
        self.values.len() / (self.rows * self.columns).max(1)
    }

    /// Rows and columns of the target.
    fn lengths(&self) -> (usize, usize) {
        if self.transpose { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }

    /// The place in the source of a row of the target, and the step to the next column.
    fn line(&self, frame: usize, row: usize) -> (usize, usize) {
        let start = frame * self.rows * self.columns;
        if self.transpose { (start + row, self.columns) } else { (start + row * self.columns, 1) }
    }

    fn pack<Q: Pixel>(&self, target: &Target, deflate: &mut Compressor) -> Result<Packed> {
        let [depth, height, width] = target.chunk;
        let (rows, columns) = self.lengths();
        let (mut values, mut planes) = (Vec::new(), Vec::new());
        let mut packed = Packed { lossless: true, ..Packed::default() };
        for top in (0..rows).step_by(height) {
            for left in (0..columns).step_by(width) {
                values.clear();
                values.resize(depth * height * width, Q::default());
                for frame in 0..self.frames() {
                    for row in top..(top + height).min(rows) {
                        let (start, step) = self.line(frame, row);
                        let out = &mut values[(frame * height + row - top) * width..];
                        for (column, place) in (left..(left + width).min(columns)).zip(out.iter_mut()) {
                            let (value, same) = Q::of(self.values[start + column * step]);
                            *place = value;
                            packed.lossless &= same;
                        }
                    }
                }
                Q::to_planes(&values, &mut planes);
                let mut bytes = vec![0; deflate.zlib_compress_bound(planes.len())];
                let size = deflate
                    .zlib_compress(&planes, &mut bytes)
                    .map_err(|error| Error::argument("chunk", "pixels that can be deflated", error))?;
                bytes.truncate(size);
                bytes.shrink_to_fit();
                packed.chunks.push(bytes);
            }
        }
        Ok(packed)
    }

    /// Sum and number of the finite values of some frames, in the order of the target.
    fn sum(&self, frames: Range<usize>) -> (Vec<f64>, Vec<u32>) {
        let (rows, columns) = self.lengths();
        let (mut sum, mut count) = (vec![0.0; rows * columns], vec![0; rows * columns]);
        for frame in frames {
            for row in 0..rows {
                let (start, step) = self.line(frame, row);
                let own = row * columns..(row + 1) * columns;
                for (column, (sum, count)) in sum[own.clone()].iter_mut().zip(&mut count[own]).enumerate() {
                    let value = self.values[start + column * step];
                    let finite = value.is_finite();
                    *sum += if finite { value } else { 0.0 };
                    *count += u32::from(finite);
                }
            }
        }
        (sum, count)
    }
}
