//! Motion of frames against a reference: of the whole, and of tiles that cover it.
//!
//! Counts of photons are compared with the reference by their likelihood. For a displacement `d` (rows, columns) a frame
//! shows at place `y` what the reference has at `y - d`. Over the pixels Y of a tile, which are the same for every `d`,
//! and for any brightness of the tile,
//!
//! `l(d) = sum of f(y) log R(y - d) over Y - N log(sum of R(y - d) over Y)`, `N = sum of f over Y`,
//!
//! the multinomial likelihood, whose maximum has the least variance that counts of Poisson allow (Cramér and Rao).
//! A first guess for the whole frame comes from a correlation of coarser frames by Fourier transforms. Tiles are then smoothed by a Gaussian prior on the differences of
//! neighbours: a tile that knows much keeps its own, one that knows little takes that of its neighbours.

mod apply;
mod coarse;
mod field;
mod lags;
mod peak;
mod sums;
#[cfg(test)]
mod tests;

pub use apply::{Field, Sampling, apply};

use super::movie::Pixel;
use crate::{Control, Error, Result, pool};
use coarse::Coarse;
use lags::Tile;
use sums::Sums;

/// What frames are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Logarithm of the reference, smoothed, as rows of even number show it.
    pub even: &'a [f32],
    /// As rows of odd number show it, which a bidirectional scan may move along columns.
    pub odd: &'a [f32],
    /// The reference itself, positive, in units of the frames without their zero.
    pub rate: &'a [f32],
    /// Pixels along each axis that make one of the coarser frames of the first guess.
    pub bin: usize,
}

/// How it is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Variance of a pixel of a frame, divided by its value without `zero`.
    pub gain: f64,
    /// Value of pixels without light.
    pub zero: f64,
    /// Value from which on a pixel is saturated.
    pub full: f64,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// Pixels that the whole frame moves at most.
    pub reach: usize,
    /// Pixels that tiles move against the whole at most.
    pub lags: usize,
    /// Standard deviation of the difference of neighbouring tiles, px; none for tiles that know nothing of each other.
    pub roughness: Option<f64>,
}

/// Why a frame has no shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has one.
    Found = 0,
    /// All pixels are alike.
    Blank = 1,
    /// Too many pixels are not finite.
    NotFinite = 2,
    /// Too many pixels are saturated.
    Saturated = 3,
    /// The best agreement is not above what noise has.
    Chance = 4,
    /// The best agreement is at the limit of the search, or beyond.
    Limit = 5,
    /// Two shifts that are far apart agree as well.
    Ambiguous = 6,
    /// The frame shows something else than the reference.
    Unlike = 7,
}

/// Motion of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Whether it has a shift.
    pub reason: Reason,
    /// Of the whole frame along rows and columns, px; NaN without one.
    pub shift: [f64; 2],
    /// Standard errors.
    pub sigma: [f64; 2],
    /// Contrast of the frame in the pattern of the reference, relative to the reference.
    pub contrast: f64,
    /// Shift and standard errors (rows, columns, rows, columns) of each tile, row by row.
    pub blocks: Vec<[f64; 4]>,
}

impl Moved {
    fn without(reason: Reason, contrast: f64, tiles: usize) -> Self {
        let nan = [f64::NAN; 2];
        Self { reason, shift: nan, sigma: nan, contrast, blocks: vec![[f64::NAN; 4]; tiles] }
    }
}

/// Share of pixels that may be not finite, or saturated.
const MOST_WRONG: f64 = 0.1;
/// Share of pixels from which a frame is saturated.
const MOST_FULL: f64 = 0.5;
/// Least contrast, relative to the reference, of a frame that shows the same.
const LEAST_CONTRAST: f64 = 0.3;
/// How often the window of a frame is moved to its peak.
const RECENTRED: usize = 3;
/// Standard error of a tile from which on it knows nothing, px.
const VAGUE: f64 = 1.5;

/// A reference that is ready for frames.
pub struct Template {
    shape: [usize; 2],
    search: Search,
    lags: lags::Pattern,
    sums: Sums,
    coarse: Coarse,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("shape", &self.shape).field("search", &self.search).finish_non_exhaustive()
    }
}

struct Scratch {
    values: Vec<f32>,
    coarse: coarse::Buffers,
    tile: lags::Buffers,
    surfaces: Vec<f64>,
}

impl Template {
    /// Prepares a reference.
    ///
    /// # Errors
    /// [`Error::Argument`] if sizes do not fit or a number is out of range.
    pub fn new(reference: &Reference<'_>, search: Search) -> Result<Self> {
        check(reference, &search)?;
        let lags = lags::Pattern::new(reference);
        let sums = Sums::new(reference, &lags);
        let coarse = Coarse::new(reference, search.gain, search.reach)?;
        Ok(Self { shape: reference.shape, search, lags, sums, coarse })
    }

    /// Motion of each frame of `frames`, which lie one after another.
    ///
    /// O(pixels (2 `lags` + 1)²) per frame. The result does not depend on `threads`, nor on which frames come together.
    ///
    /// # Errors
    /// [`Error::Argument`] if `frames` are no whole ones; [`Error::Cancelled`].
    pub fn estimate<P: Pixel>(&self, frames: &[P], threads: usize, control: &Control) -> Result<Vec<Moved>> {
        let size = self.shape[0] * self.shape[1];
        if !frames.len().is_multiple_of(size) {
            return Err(Error::argument("frames", format!("frames of {:?} pixels", self.shape), frames.len()));
        }
        let scratch = || Scratch {
            values: vec![0.0; size],
            coarse: self.coarse.buffers(),
            tile: lags::Buffers::default(),
            surfaces: Vec::new(),
        };
        pool::map(frames.len() / size, threads, control, scratch, |scratch, number| {
            let found = self.frame(&frames[number * size..(number + 1) * size], scratch)?;
            control.advance(1);
            Ok(found)
        })
    }

    fn count(&self) -> usize {
        self.search.tiles[0] * self.search.tiles[1]
    }

    fn frame<P: Pixel>(&self, pixels: &[P], scratch: &mut Scratch) -> Result<Moved> {
        if let Some(reason) = self.prepare(pixels, &mut scratch.values) {
            return Ok(Moved::without(reason, f64::NAN, self.count()));
        }
        let guess = match self.coarse.search(&scratch.values, self.shape[1], &mut scratch.coarse)? {
            Ok(guess) => guess,
            Err(reason) => return Ok(Moved::without(reason, f64::NAN, self.count())),
        };
        Ok(self.refine(guess, scratch))
    }

    /// Counts without their zero; pixels that are not finite take the mean of the others.
    fn prepare<P: Pixel>(&self, pixels: &[P], values: &mut [f32]) -> Option<Reason> {
        let (mut total, mut finite, mut full) = (0.0, 0_usize, 0_usize);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (value, pixel) in values.iter_mut().zip(pixels) {
            let own = pixel.value();
            let counts = own.is_finite();
            *value = if counts { (own - self.search.zero) as f32 } else { f32::NAN };
            total += if counts { own } else { 0.0 };
            finite += usize::from(counts);
            full += usize::from(own >= self.search.full);
            low = if own < low { own } else { low };
            high = if own > high { own } else { high };
        }
        let all = pixels.len() as f64;
        if (finite as f64) < (1.0 - MOST_WRONG) * all {
            return Some(Reason::NotFinite);
        }
        if full as f64 > MOST_FULL * all {
            return Some(Reason::Saturated);
        }
        let mean = total / finite as f64 - self.search.zero;
        if high <= low || mean <= 0.0 || !mean.is_finite() {
            return Some(Reason::Blank);
        }
        if finite < pixels.len() {
            for value in values.iter_mut().filter(|value| !value.is_finite()) {
                *value = mean as f32;
            }
        }
        None
    }

    /// The peak of the likelihood of the whole frame around a guess, then those of tiles.
    fn refine(&self, guess: [i64; 2], scratch: &mut Scratch) -> Moved {
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
            return Moved { reason: Reason::Found, shift, sigma, contrast, blocks };
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

    /// Shifts of tiles: each at its own peak near that of itself and its neighbours together, then smoothed.
    fn blocks(&self, tiles: &[Tile], start: [i64; 2], scratch: &Scratch) -> Vec<[f64; 4]> {
        let wide = 2 * self.search.lags + 1;
        let lags = self.search.lags as i64;
        let area = wide * wide;
        let mut own = Vec::with_capacity(tiles.len());
        for (number, tile) in tiles.iter().enumerate() {
            let surface = &scratch.surfaces[number * area..(number + 1) * area];
            let around = field::around(&scratch.surfaces, area, self.search.tiles, number);
            let found = peak::highest(&around, wide).and_then(|top| {
                let part = peak::near(surface, wide, top)?;
                let place = [start[0] + top[0] as i64 - lags, start[1] + top[1] as i64 - lags];
                let sigma = self.sums.error(std::slice::from_ref(tile), place, self.search.gain);
                let known = sigma.iter().all(|own| *own < VAGUE);
                known.then_some([place[0] as f64 + part[0], place[1] as f64 + part[1], sigma[0], sigma[1]])
            });
            own.push(found.unwrap_or([f64::NAN, f64::NAN, f64::INFINITY, f64::INFINITY]));
        }
        match self.search.roughness {
            Some(roughness) => field::smoothed(&own, self.search.tiles, roughness),
            None => own,
        }
    }
}

fn check(reference: &Reference<'_>, search: &Search) -> Result<()> {
    let [rows, columns] = reference.shape;
    let Some(size) = rows.checked_mul(columns).filter(|size| *size > 0) else {
        return Err(Error::argument("reference", "rows and columns", format!("{:?}", reference.shape)));
    };
    for (name, own) in [("even", reference.even), ("odd", reference.odd), ("rate", reference.rate)] {
        if own.len() != size || !own.iter().all(|value| value.is_finite()) {
            return Err(Error::argument(name, format!("{size} finite values"), format!("{} values", own.len())));
        }
    }
    if !reference.rate.iter().all(|value| *value > 0.0) {
        return Err(Error::argument("rate", "positive values", "others"));
    }
    if reference.bin == 0 || reference.bin > rows.min(columns) {
        return Err(Error::argument("bin", format!("1 to {}", rows.min(columns)), reference.bin));
    }
    let fits = (1..=rows).contains(&search.tiles[0]) && (1..=columns).contains(&search.tiles[1]);
    if !fits || search.tiles[0] * search.tiles[1] > MOST_TILES {
        return Err(Error::argument("tiles", format!("at most {MOST_TILES}"), format!("{:?}", search.tiles)));
    }
    if !(2..=MOST_LAGS).contains(&search.lags) {
        return Err(Error::argument("lags", format!("2 to {MOST_LAGS}"), search.lags));
    }
    if search.reach >= rows.max(columns) {
        return Err(Error::argument("reach", format!("less than {}", rows.max(columns)), search.reach));
    }
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if !positive(search.gain) || !search.zero.is_finite() || search.roughness.is_some_and(|own| !positive(own)) {
        return Err(Error::argument("search", "a positive gain and roughness, a finite zero", format!("{search:?}")));
    }
    Ok(())
}

/// Tiles of a frame, at most: those of a frame are solved for together.
const MOST_TILES: usize = 1024;
/// Pixels that tiles move against the whole, at most.
const MOST_LAGS: usize = 32;
