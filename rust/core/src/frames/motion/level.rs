//! A reference at one size of pixels, and the likelihood of displacements of tiles there.

use super::lags::{Buffers, Pattern, Tile};
use super::sums::Sums;
use super::{Reference, peak};

/// A reference with what is needed to compare frames with it.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) shape: [usize; 2],
    tiles: [usize; 2],
    /// Pixels along each axis that make one of this level.
    pub(super) bin: i64,
    /// Displacements around a guess that are looked at, to each side.
    pub(super) lags: usize,
    pattern: Pattern,
    pub(super) sums: Sums,
}

/// Tiles of a frame, the displacements that they are compared at, and the likelihood of each lag around these.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) tiles: Vec<Tile>,
    pub(super) starts: Vec<[i64; 2]>,
    /// Square surfaces, tile by tile, times the gain.
    pub(super) surfaces: Vec<f64>,
}

impl Level {
    pub(super) fn new(reference: &Reference<'_>, tiles: [usize; 2], bin: usize, lags: usize) -> Self {
        let pattern = Pattern::new(reference);
        let sums = Sums::new(reference, &pattern);
        Self { shape: reference.shape, tiles, bin: bin as i64, lags, pattern, sums }
    }

    /// Lags along an axis.
    pub(super) fn wide(&self) -> usize {
        2 * self.lags + 1
    }

    /// Compares the tiles of a frame, each around a displacement of its own; one without is left out.
    pub(super) fn compare(
        &self,
        values: &[f32],
        start: impl Fn(usize) -> Option<[i64; 2]>,
        buffers: &mut Buffers,
        found: &mut Compared,
    ) {
        let (count, area) = (self.tiles[0] * self.tiles[1], self.wide() * self.wide());
        found.starts.clear();
        found.tiles.clear();
        found.surfaces.clear();
        found.surfaces.resize(count * area, 0.0);
        for (number, surface) in found.surfaces.chunks_exact_mut(area).enumerate() {
            let own = start(number);
            let mut tile = own.map_or_else(Tile::default, |start| self.tile(number, start));
            let start = own.unwrap_or_default();
            tile.light = self.pattern.correlate(values, self.shape[1], &tile, start, self.lags, buffers, surface);
            self.sums.brightness(&tile, start, self.lags, surface);
            found.starts.push(start);
            found.tiles.push(tile);
        }
    }

    /// Pixels of a tile of a frame around a displacement: those that the reference has for every lag.
    fn tile(&self, number: usize, start: [i64; 2]) -> Tile {
        let lags = self.lags as i64;
        let place = [number / self.tiles[1], number % self.tiles[1]];
        let span = |axis: usize| {
            let (size, count) = (self.shape[axis] as i64, self.tiles[axis] as i64);
            let low = 0.max(start[axis] + lags);
            let high = size.min(size + start[axis] - lags);
            let edge = |number: i64| {
                let inner = number * size / count + start[axis];
                let edge = if number == 0 {
                    low
                } else if number == count {
                    high
                } else {
                    inner
                };
                edge.clamp(low.min(size), high.max(low.min(size))) as usize
            };
            (edge(place[axis] as i64), edge(place[axis] as i64 + 1))
        };
        Tile { rows: span(0), columns: span(1), light: 0.0 }
    }

    /// How much of the contrast of the reference a frame has whose tiles were compared around the same displacement.
    pub(super) fn contrast(&self, compared: &Compared, place: [i64; 2]) -> f64 {
        let (mut found, mut expected) = (0.0, 0.0);
        let surfaces = compared.surfaces.chunks_exact(self.wide() * self.wide());
        for ((tile, start), surface) in compared.tiles.iter().zip(&compared.starts).zip(surfaces) {
            let lag = |axis: usize| (place[axis] - start[axis] + self.lags as i64) as usize;
            let own = self.sums.contrast(tile, place, surface[lag(0) * self.wide() + lag(1)]);
            found += own[0];
            expected += own[1];
        }
        found / expected
    }

    /// Displacement of a point of the grid of lags.
    pub(super) fn place(&self, start: [i64; 2], at: [usize; 2]) -> [i64; 2] {
        [0, 1].map(|axis| start[axis] + at[axis] as i64 - self.lags as i64)
    }

    /// Displacement and standard errors of a tile with a peak near a point of the grid, in pixels of this level.
    pub(super) fn peak(&self, compared: &Compared, number: usize, top: [usize; 2], gain: f64) -> Option<[f64; 4]> {
        let area = self.wide() * self.wide();
        let surface = &compared.surfaces[number * area..(number + 1) * area];
        let part = peak::between(surface, self.wide(), top)?;
        let place = self.place(compared.starts[number], top);
        let sigma = self.sums.error(std::slice::from_ref(&compared.tiles[number]), place, gain);
        Some([place[0] as f64 + part[0], place[1] as f64 + part[1], sigma[0], sigma[1]])
    }
}
