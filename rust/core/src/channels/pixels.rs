//! Pixels of two channels, as whole numbers or not.

use crate::simd::wide;
use crate::{Error, Result};

/// The pixels of a channel, as the kernels see them.
pub trait Channel: Sync {
    /// Number of pixels.
    fn len(&self) -> usize;

    /// Whether there is no pixel.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a pixel.
    fn value(&self, index: usize) -> f64;

    /// The whole number that stands for a pixel, below 65 536, if the channel has such.
    fn level(&self, index: usize) -> Option<u16>;

    /// All values; `spare` holds them if they have to be converted.
    fn values<'s>(&'s self, spare: &'s mut Vec<f64>) -> &'s [f64];

    /// All levels, none if the channel has no such; `spare` holds them if they have to be converted.
    fn levels<'s>(&'s self, spare: &'s mut Vec<u16>) -> &'s [u16];

    /// Least and greatest value; NaN if one is not finite; `None` without pixels.
    fn range(&self) -> Option<(f64, f64)>;

    /// The value that level 0 stands for; neighbouring levels are 1 apart.
    fn base(&self) -> f64 {
        0.0
    }

    /// The same channel, pixels `start..end`.
    #[must_use]
    fn part(&self, start: usize, end: usize) -> Self
    where
        Self: Sized;
}

/// Whole numbers below 65 536 that stand for `base`, `base` + 1, ...
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a, T> {
    pixels: &'a [T],
    base: f64,
}

/// Numbers.
#[derive(Debug, Clone, Copy)]
pub struct Float<'a, T> {
    pixels: &'a [T],
}

/// Types of levels.
pub trait Whole: Copy + Into<u16> + Ord + Sync {
    /// The same as `u16`, in `spare` unless they are.
    fn all<'s>(pixels: &'s [Self], spare: &'s mut Vec<u16>) -> &'s [u16];
}

impl Whole for u16 {
    fn all<'s>(pixels: &'s [Self], _: &'s mut Vec<u16>) -> &'s [u16] {
        pixels
    }
}

impl Whole for u8 {
    fn all<'s>(pixels: &'s [Self], spare: &'s mut Vec<u16>) -> &'s [u16] {
        spare.clear();
        spare.extend(pixels.iter().map(|&x| u16::from(x)));
        spare
    }
}

/// Types of numbers.
pub trait Real: Copy + Into<f64> + Sync {
    /// The same as `f64`, in `spare` unless they are.
    fn all<'s>(pixels: &'s [Self], spare: &'s mut Vec<f64>) -> &'s [f64];

    /// Least and greatest value; NaN if one is not finite.
    fn range(pixels: &[Self]) -> (f64, f64);
}

/// Comparisons that go on side by side.
const LANES: usize = 16;

macro_rules! range_of {
    ($name:ident, $ty:ty) => {
        wide! {
            fn $name(pixels: &[$ty]) -> ($ty, $ty) {
                let (mut low, mut high, mut zero) = ([<$ty>::MAX; LANES], [<$ty>::MIN; LANES], [0.0; LANES]);
                let (whole, rest) = pixels.as_chunks::<LANES>();
                for chunk in whole {
                    for lane in 0..LANES {
                        let x = chunk[lane];
                        low[lane] = if x < low[lane] { x } else { low[lane] };
                        high[lane] = if x > high[lane] { x } else { high[lane] };
                        // NaN from then on if x is not finite.
                        zero[lane] += x - x;
                    }
                }
                for &x in rest {
                    low[0] = if x < low[0] { x } else { low[0] };
                    high[0] = if x > high[0] { x } else { high[0] };
                    zero[0] += x - x;
                }
                let lowest = low.iter().fold(<$ty>::MAX, |least, &x| if x < least { x } else { least });
                let highest = high.iter().fold(<$ty>::MIN, |most, &x| if x > most { x } else { most });
                let zero: $ty = zero.iter().sum();
                (lowest + zero, highest + zero)
            }
        }
    };
}

range_of!(range_of_f32, f32);
range_of!(range_of_f64, f64);

impl Real for f64 {
    fn all<'s>(pixels: &'s [Self], _: &'s mut Vec<f64>) -> &'s [f64] {
        pixels
    }

    fn range(pixels: &[Self]) -> (f64, f64) {
        range_of_f64(pixels)
    }
}

impl Real for f32 {
    fn all<'s>(pixels: &'s [Self], spare: &'s mut Vec<f64>) -> &'s [f64] {
        spare.clear();
        spare.extend(pixels.iter().map(|&x| f64::from(x)));
        spare
    }

    fn range(pixels: &[Self]) -> (f64, f64) {
        let (low, high) = range_of_f32(pixels);
        (low.into(), high.into())
    }
}

impl<'a, T> Levels<'a, T> {
    /// Levels and the value of level 0.
    pub fn new(pixels: &'a [T], base: f64) -> Self {
        Self { pixels, base }
    }
}

impl<'a, T> Float<'a, T> {
    /// Numbers as they are.
    pub fn new(pixels: &'a [T]) -> Self {
        Self { pixels }
    }
}

impl<T: Whole> Channel for Levels<'_, T> {
    fn len(&self) -> usize {
        self.pixels.len()
    }

    fn value(&self, index: usize) -> f64 {
        self.base + f64::from(self.pixels[index].into())
    }

    fn level(&self, index: usize) -> Option<u16> {
        Some(self.pixels[index].into())
    }

    fn values<'s>(&'s self, spare: &'s mut Vec<f64>) -> &'s [f64] {
        spare.clear();
        spare.extend(self.pixels.iter().map(|&x| self.base + f64::from(x.into())));
        spare
    }

    fn levels<'s>(&'s self, spare: &'s mut Vec<u16>) -> &'s [u16] {
        T::all(self.pixels, spare)
    }

    fn range(&self) -> Option<(f64, f64)> {
        let first = self.pixels.first()?;
        let (low, high) = self.pixels.iter().fold((*first, *first), |(low, high), &x| (low.min(x), high.max(x)));
        Some((self.base + f64::from(low.into()), self.base + f64::from(high.into())))
    }

    fn base(&self) -> f64 {
        self.base
    }

    fn part(&self, start: usize, end: usize) -> Self {
        Self { pixels: &self.pixels[start..end], base: self.base }
    }
}

impl<T: Real> Channel for Float<'_, T> {
    fn len(&self) -> usize {
        self.pixels.len()
    }

    fn value(&self, index: usize) -> f64 {
        self.pixels[index].into()
    }

    fn level(&self, _: usize) -> Option<u16> {
        None
    }

    fn values<'s>(&'s self, spare: &'s mut Vec<f64>) -> &'s [f64] {
        T::all(self.pixels, spare)
    }

    fn levels<'s>(&'s self, spare: &'s mut Vec<u16>) -> &'s [u16] {
        spare.clear();
        spare
    }

    fn range(&self) -> Option<(f64, f64)> {
        (!self.pixels.is_empty()).then(|| T::range(self.pixels))
    }

    fn part(&self, start: usize, end: usize) -> Self {
        Self { pixels: &self.pixels[start..end] }
    }
}

/// Least and greatest value of a channel; NaN if a pixel is not finite, `None` without pixels.
pub(super) type Range = Option<(f64, f64)>;

/// Two channels of the same pixels, and their ranges.
#[derive(Debug, Clone, Copy)]
pub struct Pair<A, B> {
    pub(super) a: A,
    pub(super) b: B,
    pub(super) ranges: [Range; 2],
}

impl<A: Channel, B: Channel> Pair<A, B> {
    /// Two channels of equal length; O(N).
    ///
    /// # Errors
    /// [`Error::Argument`] if they differ in length.
    pub fn new(a: A, b: B) -> Result<Self> {
        if a.len() != b.len() {
            return Err(Error::argument("b", format!("{} pixels", a.len()), format!("{} pixels", b.len())));
        }
        Ok(Self { ranges: [a.range(), b.range()], a, b })
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.a.len()
    }

    /// Whether there is no pixel.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }

    /// Least and greatest value of each channel; NaN without pixels or if one is not finite.
    pub fn ranges(&self) -> [[f64; 2]; 2] {
        self.ranges.map(|range| range.map_or([f64::NAN; 2], |(low, high)| [low, high]))
    }

    pub(super) fn exact(&self) -> bool {
        !self.is_empty() && self.a.level(0).is_some() && self.b.level(0).is_some()
    }

    /// Ranges of both channels, if there are two pixels, all are finite and neither channel is constant.
    pub(super) fn sound(&self) -> Option<[(f64, f64); 2]> {
        sound(self.ranges, self.len())
    }
}

/// Ranges of both channels, if there are two pixels, all are finite and neither channel is constant.
pub(super) fn sound(ranges: [Range; 2], pixels: usize) -> Option<[(f64, f64); 2]> {
    let ranges = [ranges[0]?, ranges[1]?];
    (pixels > 1 && ranges.iter().all(|(low, high)| low < high)).then_some(ranges)
}
