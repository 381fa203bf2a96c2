//! The peak of the likelihood of the whole frame, and those of its tiles.

use super::field::Prior;
use super::lags::Tile;
use super::{Moved, Reason, Scratch, Template, field, peak};

/// Least contrast, relative to the reference, of a frame that shows the same.
const LEAST_CONTRAST: f64 = 0.3;
/// How often the window of a frame is moved to its peak.
const RECENTRED: usize = 3;
/// Logarithm of the likelihood by which a peak that neighbours do not share has to be above theirs.
const SURE: f64 = 16.0;
/// Standard error of a tile from which on it knows nothing, px.
const VAGUE: f64 = 1.5;

impl Template {
    /// The peak of the likelihood of the whole frame around a guess, then those of tiles.
    pub(super) fn refine(&self, guess: [i64; 2], scratch: &mut Scratch) -> Moved {
        let wide = 2 * self.search.lags + 1;
        let area = wide * wide;
        let mut start = guess;
        for _ in 0..RECENTRED {
            let mut tiles = self.tiles(start);
            self.surfaces(&mut tiles, start, scratch);
            let mut whole = vec![0.0; area];
            for surface in scratch.surfaces.chunks_exact(area) {
                for (all, own) in whole.iter_mut().zip(surface) {
                    *all += own;
                }
            }
            let Some(top) = peak::highest(&whole, wide) else { break };
            let step = [top[0] as i64 - self.search.lags as i64, top[1] as i64 - self.search.lags as i64];
            let Some(part) = peak::between(&whole, wide, top) else {
                if step == [0, 0] {
                    break;
                }
                start = [start[0] + step[0], start[1] + step[1]];
                continue;
            };
            let place = [start[0] + step[0], start[1] + step[1]];
            if place.iter().any(|own| own.unsigned_abs() as usize > self.search.reach) {
                return Moved::without(Reason::Limit, f64::NAN, self.count());
            }
            let contrast = self.contrast(&tiles, start, place, scratch);
            // A contrast that cannot be told (a reference without any) is no contrast.
            if contrast.is_nan() || contrast < LEAST_CONTRAST {
                return Moved::without(Reason::Unlike, contrast, self.count());
            }
            let shift = [place[0] as f64 + part[0], place[1] as f64 + part[1]];
            let sigma = self.sums.error(&tiles, place, self.search.gain);
            let blocks = self.blocks(&tiles, start, scratch);
            let whole = Moved { reason: Reason::Found, shift, sigma, contrast, blocks };
            return self.prior.as_ref().map_or_else(|| whole.clone(), |prior| smoothed(prior, &whole));
        }
        Moved::without(Reason::Chance, f64::NAN, self.count())
    }

    /// Pixels of each tile of a frame whose guess is `start`: those that the reference has for every lag.
    fn tiles(&self, start: [i64; 2]) -> Vec<Tile> {
        let lags = self.search.lags as i64;
        let spans = |axis: usize| -> Vec<(usize, usize)> {
            let (size, count) = (self.shape[axis] as i64, self.search.tiles[axis] as i64);
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
                edge.clamp(low.min(size), high.max(low.min(size)))
            };
            (0..count).map(|number| (edge(number) as usize, edge(number + 1) as usize)).collect()
        };
        let (down, across) = (spans(0), spans(1));
        let pairs = down.iter().flat_map(|rows| across.iter().map(move |columns| (*rows, *columns)));
        pairs.map(|(rows, columns)| Tile { rows, columns, light: 0.0 }).collect()
    }

    /// Likelihood of each lag of each tile, times the gain.
    fn surfaces(&self, tiles: &mut [Tile], start: [i64; 2], scratch: &mut Scratch) {
        let wide = 2 * self.search.lags + 1;
        scratch.surfaces.clear();
        scratch.surfaces.resize(tiles.len() * wide * wide, 0.0);
        let Scratch { values, tile: buffers, surfaces, .. } = scratch;
        for (tile, surface) in tiles.iter_mut().zip(surfaces.chunks_exact_mut(wide * wide)) {
            tile.light = self.lags.correlate(values, self.shape[1], tile, start, self.search.lags, buffers, surface);
            self.sums.brightness(tile, start, self.search.lags, surface);
        }
    }

    /// How much of the contrast of the reference the frame has.
    fn contrast(&self, tiles: &[Tile], start: [i64; 2], place: [i64; 2], scratch: &Scratch) -> f64 {
        let wide = 2 * self.search.lags + 1;
        let lag = |axis: usize| (place[axis] - start[axis] + self.search.lags as i64) as usize;
        let at = lag(0) * wide + lag(1);
        let (mut found, mut expected) = (0.0, 0.0);
        for (tile, surface) in tiles.iter().zip(scratch.surfaces.chunks_exact(wide * wide)) {
            let own = self.sums.contrast(tile, place, surface[at]);
            found += own[0];
            expected += own[1];
        }
        found / expected
    }

    /// Shifts of tiles with their errors; NaN where a tile knows nothing.
    fn blocks(&self, tiles: &[Tile], start: [i64; 2], scratch: &Scratch) -> Vec<[f64; 4]> {
        let wide = 2 * self.search.lags + 1;
        let lags = self.search.lags as i64;
        let area = wide * wide;
        let mut own = Vec::with_capacity(tiles.len());
        for (number, tile) in tiles.iter().enumerate() {
            let surface = &scratch.surfaces[number * area..(number + 1) * area];
            let around = field::around(&scratch.surfaces, area, self.search.tiles, number);
            let found = self.summit(surface, &around).and_then(|top| {
                let part = peak::between(surface, wide, top)?;
                let place = [start[0] + top[0] as i64 - lags, start[1] + top[1] as i64 - lags];
                let sigma = self.sums.error(std::slice::from_ref(tile), place, self.search.gain);
                let known = sigma.iter().all(|own| *own < VAGUE);
                known.then_some([place[0] as f64 + part[0], place[1] as f64 + part[1], sigma[0], sigma[1]])
            });
            own.push(found.unwrap_or([f64::NAN, f64::NAN, f64::INFINITY, f64::INFINITY]));
        }
        own
    }

    /// The peak of a tile near that of itself and its neighbours together, or its own elsewhere if noise has none such.
    fn summit(&self, surface: &[f64], around: &[f64]) -> Option<[usize; 2]> {
        let wide = 2 * self.search.lags + 1;
        let shared = peak::highest(around, wide)?;
        let alone = peak::highest(surface, wide)?;
        let near = peak::uphill(surface, wide, shared);
        let value = |at: [usize; 2]| surface[at[0] * wide + at[1]];
        let above = value(alone) - value(near.unwrap_or(shared));
        if above > SURE * self.search.gain { Some(alone) } else { near }
    }
}

/// Tiles as parts of a field, and the whole as its mean.
fn smoothed(prior: &Prior, whole: &Moved) -> Moved {
    let mut blocks = prior.smoothed(&whole.blocks, whole.shift);
    let mean = blocks.pop().filter(|mean| mean.iter().all(|value| value.is_finite()));
    let [down, across, errors @ ..] = mean.unwrap_or([whole.shift[0], whole.shift[1], whole.sigma[0], whole.sigma[1]]);
    Moved { shift: [down, across], sigma: errors, blocks, ..whole.clone() }
}
