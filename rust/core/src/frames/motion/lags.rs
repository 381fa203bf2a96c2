//! Products of tiles of a frame with the reference at every lag.

use super::Reference;
use crate::simd::wide;

const LANES: usize = 8;

/// Pixels of a frame, by their first row and column and those after the last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tile {
    pub(super) rows: (usize, usize),
    pub(super) columns: (usize, usize),
    /// Sum of the pixels.
    pub(super) light: f64,
}

impl Tile {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.0 >= self.rows.1 || self.columns.0 >= self.columns.1
    }
}

/// Logarithms of the reference for even and odd rows of frames, less their mean, with room at the end of each row.
#[derive(Debug)]
pub(super) struct Pattern {
    even: Vec<f32>,
    odd: Vec<f32>,
    stride: usize,
    pub(super) mean: f32,
}

/// The pixels of a tile, and sums in lanes.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    tile: Vec<f32>,
    sums: Vec<[f32; LANES]>,
}

impl Pattern {
    pub(super) fn new(reference: &Reference<'_>) -> Self {
        let columns = reference.shape[1];
        let stride = columns + LANES;
        let total: f64 = reference.even.iter().map(|value| f64::from(*value)).sum();
        let mean = (total / reference.even.len() as f64) as f32;
        let spread = |values: &[f32]| {
            let rows = values.chunks_exact(columns);
            rows.flat_map(|row| row.iter().map(|value| value - mean).chain([0.0; LANES])).collect::<Vec<_>>()
        };
        Self { even: spread(reference.even), odd: spread(reference.odd), stride, mean }
    }

    /// Fills `out` with sums of the pixels of `tile`, times the pattern at each lag around `start`, rows of lags first;
    /// returns the sum of the pixels.
    #[allow(clippy::too_many_arguments)] // a frame, where to look in it, and buffers
    pub(super) fn correlate(
        &self,
        frame: &[f32],
        columns: usize,
        tile: &Tile,
        start: [i64; 2],
        lags: usize,
        buffers: &mut Buffers,
        out: &mut [f64],
    ) -> f64 {
        if tile.is_empty() {
            return 0.0;
        }
        let padded = (tile.columns.1 - tile.columns.0).next_multiple_of(LANES);
        buffers.tile.clear();
        let mut light = 0.0;
        for row in tile.rows.0..tile.rows.1 {
            let pixels = &frame[row * columns + tile.columns.0..row * columns + tile.columns.1];
            light += pixels.iter().map(|value| f64::from(*value)).sum::<f64>();
            let end = buffers.tile.len() + padded;
            buffers.tile.extend_from_slice(pixels);
            buffers.tile.resize(end, 0.0);
        }
        buffers.sums.clear();
        buffers.sums.resize(out.len(), [0.0; LANES]);
        let wide = 2 * lags + 1;
        let left = (tile.columns.0 as i64 - start[1] - lags as i64) as usize;
        for (number, pixels) in buffers.tile.chunks_exact(padded).enumerate() {
            let row = tile.rows.0 + number;
            let pattern = if row.is_multiple_of(2) { &self.even } else { &self.odd };
            // The largest lag needs the highest row.
            let top = (row as i64 - start[0] - lags as i64) as usize * self.stride + left;
            correlate_row(pixels, &pattern[top..], self.stride, wide, &mut buffers.sums);
        }
        for (value, lanes) in out.iter_mut().zip(&buffers.sums) {
            *value = lanes.iter().map(|lane| f64::from(*lane)).sum();
        }
        light
    }
}

wide! {
    /// Adds the products of a row of pixels with the pattern, whose first value belongs to the largest lags.
    fn correlate_row(pixels: &[f32], pattern: &[f32], stride: usize, wide: usize, sums: &mut [[f32; LANES]]) {
        let pixels = pixels.as_chunks::<LANES>().0;
        let (count, length) = (pixels.len(), pixels.len() * LANES);
        for (own, down) in sums.chunks_exact_mut(wide).zip((0..wide).rev()) {
            let line = &pattern[down * stride..down * stride + length + wide - 1];
            for (lanes, across) in own.iter_mut().zip((0..wide).rev()) {
                let shown = &line[across..across + length].as_chunks::<LANES>().0[..count];
                let mut sum = *lanes;
                // Pairs of slices are not always compiled into this loop, and then take most of its time.
                let mut place = 0;
                while place < count {
                    for lane in 0..LANES {
                        sum[lane] += pixels[place][lane] * shown[place][lane];
                    }
                    place += 1;
                }
                *lanes = sum;
            }
        }
    }
}
