//! Pixels of two channels, as whole numbers or not.

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

impl<T: Copy + Into<u16> + Ord + Sync> Channel for Levels<'_, T> {
    fn len(&self) -> usize {
        self.pixels.len()
    }

    fn value(&self, index: usize) -> f64 {
        self.base + f64::from(self.pixels[index].into())
    }

    fn level(&self, index: usize) -> Option<u16> {
        Some(self.pixels[index].into())
    }

    fn range(&self) -> Option<(f64, f64)> {
        let (low, high) = (self.pixels.iter().min()?, self.pixels.iter().max()?);
        Some((self.base + f64::from((*low).into()), self.base + f64::from((*high).into())))
    }

    fn base(&self) -> f64 {
        self.base
    }

    fn part(&self, start: usize, end: usize) -> Self {
        Self { pixels: &self.pixels[start..end], base: self.base }
    }
}

impl<T: Copy + Into<f64> + Sync> Channel for Float<'_, T> {
    fn len(&self) -> usize {
        self.pixels.len()
    }

    fn value(&self, index: usize) -> f64 {
        self.pixels[index].into()
    }

    fn level(&self, _: usize) -> Option<u16> {
        None
    }

    fn range(&self) -> Option<(f64, f64)> {
        let mut values = self.pixels.iter().map(|&x| x.into());
        let first: f64 = values.next()?;
        let mut sound = first.is_finite();
        let (low, high) = values.fold((first, first), |(low, high): (f64, f64), x: f64| {
            sound &= x.is_finite();
            (low.min(x), high.max(x))
        });
        Some(if sound { (low, high) } else { (f64::NAN, f64::NAN) })
    }

    fn part(&self, start: usize, end: usize) -> Self {
        Self { pixels: &self.pixels[start..end] }
    }
}

/// Two channels of the same pixels.
#[derive(Debug, Clone, Copy)]
pub struct Pair<A, B> {
    pub(super) a: A,
    pub(super) b: B,
}

impl<A: Channel, B: Channel> Pair<A, B> {
    /// Two channels of equal length.
    ///
    /// # Errors
    /// [`Error::Argument`] if they differ in length.
    pub fn new(a: A, b: B) -> Result<Self> {
        if a.len() != b.len() {
            return Err(Error::argument("b", format!("{} pixels", a.len()), format!("{} pixels", b.len())));
        }
        Ok(Self { a, b })
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.a.len()
    }

    /// Whether there is no pixel.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }

    /// Pixels `start..end`.
    #[must_use]
    pub fn part(&self, start: usize, end: usize) -> Self {
        Self { a: self.a.part(start, end), b: self.b.part(start, end) }
    }

    /// Least and greatest value of each channel; NaN without pixels or if one is not finite.
    pub fn ranges(&self) -> [[f64; 2]; 2] {
        [self.a.range(), self.b.range()].map(|range| range.map_or([f64::NAN; 2], |(low, high)| [low, high]))
    }

    pub(super) fn exact(&self) -> bool {
        !self.is_empty() && self.a.level(0).is_some() && self.b.level(0).is_some()
    }

    /// Ranges of both channels, if there are two pixels, all are finite and neither channel is constant.
    pub(super) fn sound(&self) -> Option<[(f64, f64); 2]> {
        let ranges = [self.a.range()?, self.b.range()?];
        (self.len() > 1 && ranges.iter().all(|(low, high)| low < high)).then_some(ranges)
    }
}
