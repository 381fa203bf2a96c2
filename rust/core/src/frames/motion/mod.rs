//! Motion of frames against a reference: of the whole, and of tiles that cover it.
//!
//! Counts of photons are compared with the reference by their likelihood. For a displacement `d` (rows, columns) a frame
//! shows at place `y` what the reference has at `y - d`. Over the pixels Y of a tile, which are the same for every `d`,
//! and for any brightness of the tile,
//!
//! `l(d) = sum of f(y) log R(y - d) over Y - N log(sum of R(y - d) over Y)`, `N = sum of f over Y`,
//!
//! the multinomial likelihood, whose maximum has the least variance that counts of Poisson allow (Cramér and Rao).
//! A first guess for the whole frame comes from a correlation of coarser frames by Fourier transforms. Tiles that may be
//! far from it are looked for with pixels of twice the size first, then near their peaks there. Shifts of tiles are those
//! of the most probable field: a tile that knows much keeps its own, one that knows little follows its neighbours.

mod apply;
mod check;
mod coarse;
mod counts;
mod field;
mod halved;
mod lags;
mod level;
mod peak;
mod places;
mod refine;
mod sample;
mod solve;
mod sums;
#[cfg(test)]
mod tests;
mod windows;

pub use apply::{Field, apply};
pub use sample::Sampling;

use super::movie::Pixel;
use crate::{Control, Error, Result, pool};
use coarse::Coarse;
use field::Prior;
use halved::Halved;
use level::{Compared, Level};

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
    /// How tiles differ; none for tiles that know nothing of each other.
    pub roughness: Option<Roughness>,
}

/// How the shifts of tiles differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roughness {
    /// Standard deviation of the difference of neighbours, px.
    pub pixels: f64,
    /// Power of the distance with which the variance of differences grows.
    pub growth: f64,
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

/// Lags up to which tiles are compared at full size at once.
const FEW_LAGS: usize = 4;
/// Lags at full size around the peak of a tile that was found with pixels of twice the size.
const NEAR_LAGS: usize = 3;

/// Lags beyond a peak that tell where it is between pixels.
const BEYOND: usize = 2;

/// A reference that is ready for frames.
pub struct Template {
    search: Search,
    full: Level,
    /// With pixels of twice the size, where there are many lags.
    half: Option<Level>,
    coarse: Coarse,
    prior: Option<Prior>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template")
            .field("shape", &self.full.shape)
            .field("search", &self.search)
            .finish_non_exhaustive()
    }
}

struct Scratch {
    values: Vec<f32>,
    coarse: coarse::Buffers,
    halved: Vec<f32>,
    tile: lags::Buffers,
    compared: Compared,
}

impl Template {
    /// Prepares a reference.
    ///
    /// # Errors
    /// [`Error::Argument`] if sizes do not fit or a number is out of range.
    pub fn new(reference: &Reference<'_>, search: Search) -> Result<Self> {
        check::check(reference, &search)?;
        let halved = if search.lags > FEW_LAGS { Halved::of(reference) } else { None };
        let lags = (search.lags - BEYOND).div_ceil(2) + BEYOND;
        let half = halved.map(|half| Level::new(&half.reference(), search.tiles, 2, lags));
        let lags = if half.is_some() { NEAR_LAGS } else { search.lags };
        let full = Level::new(reference, search.tiles, 1, lags);
        let coarse = Coarse::new(reference, search.gain, search.reach)?;
        let prior =
            search.roughness.map(|own| Prior::new(reference.shape, &Search { lags, ..search }, own, &full.sums));
        Ok(Self { search, full, half, coarse, prior })
    }

    /// Motion of each frame of `frames`, which lie one after another.
    ///
    /// O(pixels (1 + `lags`²)) per frame. The result does not depend on `threads`, nor on which frames come together.
    ///
    /// # Errors
    /// [`Error::Argument`] if `frames` are no whole ones; [`Error::Cancelled`].
    pub fn estimate<P: Pixel>(&self, frames: &[P], threads: usize, control: &Control) -> Result<Vec<Moved>> {
        let shape = self.full.shape;
        let size = shape[0] * shape[1];
        if !frames.len().is_multiple_of(size) {
            return Err(Error::argument("frames", format!("frames of {shape:?} pixels"), frames.len()));
        }
        let scratch = || Scratch {
            values: vec![0.0; size],
            coarse: self.coarse.buffers(),
            halved: Vec::new(),
            tile: lags::Buffers::default(),
            compared: Compared::default(),
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
        if let Some(reason) = counts::prepare(pixels, self.search.zero, self.search.full, &mut scratch.values) {
            return Ok(Moved::without(reason, f64::NAN, self.count()));
        }
        let guess = match self.coarse.search(&scratch.values, self.full.shape[1], &mut scratch.coarse)? {
            Ok(guess) => guess,
            Err(reason) => return Ok(Moved::without(reason, f64::NAN, self.count())),
        };
        Ok(self.refine(guess, scratch))
    }
}
