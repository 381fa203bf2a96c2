//! Movies that are too large to hold: chunks on disk, and what is measured in them frame by frame or pixel by pixel.

mod chunked;
mod images;
mod pack;
mod percentile;
mod pixel;
#[cfg(test)]
mod tests;
mod traces;
mod weighted;

pub use chunked::{Chunk, ChunkedFile, Filter, Layout};
pub use images::Images;
pub use pack::{Packed, Target};
pub use pixel::Pixel;
pub use traces::{Background, Regions, Traces};

use std::ops::Range;

use crate::{Control, Error, Result, pool};

/// A part of the frame: rows and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
}

impl Window {
    fn width(&self) -> usize {
        self.columns.len()
    }

    fn size(&self) -> usize {
        self.rows.len() * self.columns.len()
    }
}

/// Frames `(n, rows, columns)` in a file or in memory.
#[derive(Debug)]
pub struct Frames<'a, P> {
    shape: [usize; 3],
    source: Source<'a, P>,
}

#[derive(Debug)]
enum Source<'a, P> {
    File(&'a ChunkedFile),
    Memory(&'a [P]),
}

/// Buffers that are used again from chunk to chunk.
#[derive(Debug)]
pub(crate) struct Scratch<P> {
    chunk: Vec<P>,
    bytes: chunked::Buffers,
}

impl<P> Default for Scratch<P> {
    fn default() -> Self {
        Self { chunk: Vec::new(), bytes: chunked::Buffers::default() }
    }
}

/// Rows of a tile of frames in memory.
const TILE: usize = 64;

impl<'a, P: Pixel> Frames<'a, P> {
    /// Frames in a file.
    ///
    /// # Errors
    /// [`Error::Argument`] if its pixels are of another size.
    pub fn in_file(file: &'a ChunkedFile) -> Result<Self> {
        if file.layout().pixel != P::SIZE {
            return Err(Error::argument("frames", format!("{} bytes per pixel", P::SIZE), file.layout().pixel));
        }
        Ok(Self { shape: file.layout().shape, source: Source::File(file) })
    }

    /// Frames in memory.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not as many pixels as the shape says.
    pub fn in_memory(pixels: &'a [P], shape: [usize; 3]) -> Result<Self> {
        if shape.iter().rev().try_fold(1_usize, |all, length| all.checked_mul(*length)) != Some(pixels.len()) {
            return Err(Error::argument("frames", format!("pixels of {shape:?}"), pixels.len()));
        }
        Ok(Self { shape, source: Source::Memory(pixels) })
    }

    /// Frames, rows and columns.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Frames, rows and columns that are read together.
    fn chunk(&self) -> [usize; 3] {
        match self.source {
            Source::File(file) => file.layout().chunk,
            Source::Memory(_) => [1, self.shape[1].clamp(1, TILE), self.shape[2].max(1)],
        }
    }

    /// The pixels of the chunk at `place` (counted in chunks); what lies beyond the movie may be anything.
    fn fetch<'b>(&self, place: [usize; 3], scratch: &'b mut Scratch<P>) -> Result<&'b [P]> {
        match self.source {
            Source::File(file) => file.read(place, &mut scratch.bytes, &mut scratch.chunk)?,
            Source::Memory(pixels) => {
                let [_, height, width] = self.chunk();
                let [_, rows, columns] = self.shape;
                let first = place[1] * height;
                let own = (place[0] * rows + first) * columns..(place[0] * rows + (first + height).min(rows)) * columns;
                scratch.chunk.clear();
                scratch.chunk.extend_from_slice(&pixels[own]);
                scratch.chunk.resize(height * width, P::default());
            }
        }
        Ok(&scratch.chunk)
    }

    fn check(&self, frames: &Range<usize>, window: &Window) -> Result<()> {
        let [count, rows, columns] = self.shape;
        let inside = |range: &Range<usize>, length: usize| range.start <= range.end && range.end <= length;
        if inside(frames, count) && inside(&window.rows, rows) && inside(&window.columns, columns) {
            return Ok(());
        }
        let found = format!("frames {frames:?}, rows {:?}, columns {:?}", window.rows, window.columns);
        Err(Error::argument("window", format!("a part of {count} x {rows} x {columns}"), found))
    }

    /// Groups of frames that are read together, as parts of `frames`.
    fn slabs(&self, frames: &Range<usize>) -> Vec<Range<usize>> {
        let depth = self.chunk()[0];
        (frames.start / depth..frames.end.div_ceil(depth))
            .map(|slab| (slab * depth).max(frames.start)..((slab + 1) * depth).min(frames.end))
            .filter(|slab| !slab.is_empty())
            .collect()
    }

    /// Which tiles (chunks across and down) of the frame hold one of the pixels of a window; none without pixels.
    fn tiles(&self, window: &Window, pixels: impl Iterator<Item = u32>) -> Vec<bool> {
        if self.shape.contains(&0) {
            return Vec::new();
        }
        let [_, height, width] = self.chunk();
        let across = self.shape[2].div_ceil(width);
        let mut needed = vec![false; self.shape[1].div_ceil(height) * across];
        let columns = window.width().max(1);
        for pixel in pixels {
            let (row, column) = (pixel as usize / columns, pixel as usize % columns);
            needed[(window.rows.start + row) / height * across + (window.columns.start + column) / width] = true;
        }
        needed
    }

    /// Copies a window of frames of one slab to `out`; tiles that are not `needed` are left as they are.
    fn fill(
        &self,
        slab: &Range<usize>,
        window: &Window,
        needed: &[bool],
        scratch: &mut Scratch<P>,
        out: &mut [P],
    ) -> Result<()> {
        let [depth, height, width] = self.chunk();
        let across = self.shape[2].div_ceil(width);
        let layer = slab.start / depth;
        for down in window.rows.start / height..window.rows.end.div_ceil(height) {
            for right in window.columns.start / width..window.columns.end.div_ceil(width) {
                if !needed[down * across + right] {
                    continue;
                }
                let chunk = self.fetch([layer, down, right], scratch)?;
                let rows = window.rows.start.max(down * height)..window.rows.end.min((down + 1) * height);
                let columns = window.columns.start.max(right * width)..window.columns.end.min((right + 1) * width);
                for frame in slab.clone() {
                    for row in rows.clone() {
                        let from = ((frame - layer * depth) * height + row - down * height) * width;
                        let from = from + columns.start - right * width;
                        let to = (frame - slab.start) * window.size() + (row - window.rows.start) * window.width();
                        let to = to + columns.start - window.columns.start;
                        out[to..to + columns.len()].copy_from_slice(&chunk[from..from + columns.len()]);
                    }
                }
            }
        }
        Ok(())
    }

    /// A window of frames, `(frames, rows, columns)`.
    ///
    /// # Errors
    /// [`Error::Argument`] if it lies outside; [`Error::Format`] if the file is damaged; [`Error::Cancelled`].
    pub fn read(&self, frames: Range<usize>, window: &Window, threads: usize, control: &Control) -> Result<Vec<P>> {
        self.check(&frames, window)?;
        let size = window.size();
        if size == 0 {
            return Ok(Vec::new());
        }
        let slabs = self.slabs(&frames);
        let needed = vec![true; self.tiles(window, std::iter::empty()).len()];
        let parts = pool::map(slabs.len(), threads, control, Scratch::default, |scratch, number| {
            let mut out = vec![P::default(); slabs[number].len() * size];
            self.fill(&slabs[number], window, &needed, scratch, &mut out)?;
            control.advance(slabs[number].len() as u64);
            Ok(out)
        })?;
        let parts: Vec<Vec<P>> = parts;
        Ok(parts.concat())
    }
}
