//! Movies in chunks of a file, as HDF5 lays them out.

use std::fs::File;
use std::path::Path;

use libdeflater::Decompressor;

use super::Pixel;
use crate::{Error, Result};

/// What was done to the bytes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All first bytes of the pixels, then all second bytes, and so on.
    Shuffle,
    /// Deflated, with a zlib header.
    Deflate,
}

/// How a movie lies in a file.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Frames, rows and columns of the movie.
    pub shape: [usize; 3],
    /// Of a chunk.
    pub chunk: [usize; 3],
    /// Bytes of a pixel.
    pub pixel: usize,
    /// In the order in which they were applied.
    pub filters: Vec<Filter>,
}

/// Where a chunk is.
#[derive(Debug, Clone, Copy)]
pub struct Chunk {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Filters that were left out: a bit for each.
    pub skipped: u32,
}

/// A movie in chunks of a file.
#[derive(Debug)]
pub struct ChunkedFile {
    file: File,
    layout: Layout,
    grid: [usize; 3],
    chunks: Vec<Chunk>,
}

/// Largest chunk, in bytes.
const LARGEST: usize = 1 << 30;

/// Refuses chunks without pixels or of more than a gigabyte.
pub(super) fn check_chunk(chunk: [usize; 3], pixel: usize) -> Result<()> {
    let bytes = chunk.iter().try_fold(pixel, |all, length| all.checked_mul(*length));
    if bytes.is_some_and(|bytes| (1..=LARGEST).contains(&bytes)) {
        return Ok(());
    }
    Err(Error::argument("chunk", format!("1 to {LARGEST} bytes"), format!("{chunk:?}")))
}

/// Buffers and the state of the decompressor.
pub(super) struct Buffers {
    packed: Vec<u8>,
    plain: Vec<u8>,
    inflate: Decompressor,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { packed: Vec::new(), plain: Vec::new(), inflate: Decompressor::new() }
    }
}

impl std::fmt::Debug for Buffers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

impl ChunkedFile {
    /// Opens a file; `chunks` are in row-major order of their place.
    ///
    /// # Errors
    /// [`Error::Argument`] if the chunks do not cover the movie, are too large, or the file cannot be opened.
    pub fn open(path: &Path, layout: Layout, chunks: Vec<Chunk>) -> Result<Self> {
        check_chunk(layout.chunk, layout.pixel)?;
        if layout.shape[1].checked_mul(layout.shape[2]).is_none() {
            return Err(Error::argument("shape", "frames that memory can hold", format!("{:?}", layout.shape)));
        }
        let mut grid = [0; 3];
        for (length, (all, own)) in grid.iter_mut().zip(layout.shape.iter().zip(layout.chunk)) {
            *length = all.div_ceil(own);
        }
        if grid.iter().try_fold(1_usize, |all, length| all.checked_mul(*length)) != Some(chunks.len()) {
            return Err(Error::argument("chunks", format!("chunks of {grid:?}"), chunks.len()));
        }
        let file = File::open(path).map_err(|error| Error::argument("path", "a file that can be read", error))?;
        Ok(Self { file, layout, grid, chunks })
    }

    /// How the movie lies in the file.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads the pixels of the chunk at `place`, counted in chunks.
    pub(super) fn read<P: Pixel>(&self, place: [usize; 3], buffers: &mut Buffers, out: &mut Vec<P>) -> Result<()> {
        let chunk = self.chunks[(place[0] * self.grid[1] + place[1]) * self.grid[2] + place[2]];
        let size = self.layout.chunk.iter().product::<usize>() * self.layout.pixel;
        let damaged = |expected: &str, found: String| Error::format("movie", chunk.offset, expected, found);
        // A deflated chunk is never much larger than what it holds.
        if chunk.size as usize > size + size / 8 + 1024 {
            return Err(damaged(&format!("a chunk of {size} bytes at most"), chunk.size.to_string()));
        }
        buffers.packed.resize(chunk.size as usize, 0);
        read_at(&self.file, &mut buffers.packed, chunk.offset)
            .map_err(|error| damaged("a chunk", error.to_string()))?;
        let mut shuffled = false;
        for (number, filter) in self.layout.filters.iter().enumerate().rev() {
            if chunk.skipped >> number & 1 == 1 {
                continue;
            }
            match filter {
                Filter::Shuffle => shuffled = true,
                Filter::Deflate => {
                    buffers.plain.resize(size, 0);
                    let found = buffers
                        .inflate
                        .zlib_decompress(&buffers.packed, &mut buffers.plain)
                        .map_err(|_| damaged("deflated pixels", "damaged ones".to_owned()))?;
                    buffers.plain.truncate(found);
                    std::mem::swap(&mut buffers.packed, &mut buffers.plain);
                }
            }
        }
        if buffers.packed.len() != size {
            return Err(damaged(&format!("{size} bytes of pixels"), buffers.packed.len().to_string()));
        }
        if shuffled && P::SIZE > 1 {
            P::from_planes(&buffers.packed, out);
        } else {
            P::from_bytes(&buffers.packed, out);
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[count..];
        offset += count as u64;
    }
    Ok(())
}
