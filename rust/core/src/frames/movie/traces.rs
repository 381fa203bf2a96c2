//! Fluorescence of regions in each frame, with and without background.

use std::ops::Range;

use super::percentile::percentile;
use super::{Frames, Pixel, Scratch, Window};
use crate::{Control, Error, Result, pool};

/// Pixels of regions, numbered row by row in a window: those of region k are `pixels[starts[k]..starts[k + 1]]`.
#[derive(Debug, Clone, Copy)]
pub struct Regions<'a> {
    starts: &'a [i64],
    pub(super) pixels: &'a [u32],
    size: usize,
}

impl<'a> Regions<'a> {
    /// Regions of a window of `size` pixels.
    ///
    /// # Errors
    /// [`Error::Argument`] if starts do not ascend from 0 to the number of pixels, or a pixel lies outside.
    pub fn new(starts: &'a [i64], pixels: &'a [u32], size: usize) -> Result<Self> {
        let ascending = starts.first() == Some(&0)
            && starts.windows(2).all(|pair| pair[0] <= pair[1])
            && starts.last() == Some(&(pixels.len() as i64));
        if !ascending {
            return Err(Error::argument("starts", format!("ascending from 0 to {}", pixels.len()), "others"));
        }
        if let Some(most) = pixels.iter().find(|pixel| **pixel as usize >= size) {
            return Err(Error::argument("pixels", format!("numbers below {size}"), most));
        }
        Ok(Self { starts, pixels, size })
    }

    pub(super) fn check(&self, window: &Window) -> Result<()> {
        if self.size == window.size() {
            return Ok(());
        }
        Err(Error::argument("regions", format!("a window of {} pixels", window.size()), self.size))
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u32]> {
        let pixels = self.pixels;
        self.starts.windows(2).map(move |pair| &pixels[pair[0] as usize..pair[1] as usize])
    }
}

/// What is taken away from the fluorescence of regions.
#[derive(Debug, Clone, Copy)]
pub enum Background<'a> {
    /// Nothing.
    None,
    /// The mean of some pixels of the frame, from each pixel, which never goes below 0.
    Global(&'a [u32]),
    /// A percentile (0 to 1) of all pixels of a stripe of so many rows, from each pixel, which never goes below 0.
    Stripes {
        /// Rows of a stripe.
        height: usize,
        /// Share of pixels that are darker.
        share: f64,
    },
    /// The mean of some pixels for each region, from the mean of the region.
    Local(Regions<'a>),
}

/// Means of regions, row by row: `(frames, regions)`. NaN for regions without pixels.
#[derive(Debug, Default, PartialEq)]
pub struct Traces {
    /// As recorded.
    pub raw: Vec<f64>,
    /// The background.
    pub background: Vec<f64>,
    /// What is left.
    pub corrected: Vec<f64>,
}

impl<P: Pixel> Frames<'_, P> {
    /// Means of regions in each frame; only chunks that hold one of their pixels are read.
    ///
    /// O(frames (pixels read + pixels of regions)).
    ///
    /// # Errors
    /// [`Error::Argument`] if an argument does not fit the movie; [`Error::Format`] if the file is damaged;
    /// [`Error::Cancelled`].
    pub fn traces(
        &self,
        frames: Range<usize>,
        window: &Window,
        regions: Regions<'_>,
        background: Background<'_>,
        threads: usize,
        control: &Control,
    ) -> Result<Traces> {
        self.check(&frames, window)?;
        let needed = self.needed(window, regions, background)?;
        let size = window.size();
        if size == 0 {
            return Ok(Traces::default());
        }
        let slabs = self.slabs(&frames);
        let state = || (Scratch::default(), Vec::new(), Vec::new(), Vec::new());
        let parts = pool::map(slabs.len(), threads, control, state, |(scratch, pixels, stripe, levels), number| {
            let slab = &slabs[number];
            pixels.resize(slab.len() * size, P::default());
            self.fill(slab, window, &needed, scratch, pixels)?;
            let mut found = Traces::default();
            for frame in pixels.chunks_exact(size.max(1)) {
                match background {
                    Background::None => found.plain(frame, regions),
                    Background::Global(dark) => found.global(frame, regions, dark),
                    Background::Local(dark) => found.local(frame, regions, dark),
                    Background::Stripes { height, share } => {
                        let stripe_size = height.saturating_mul(window.width());
                        stripes(frame, regions, stripe_size, share, stripe, levels);
                        found.stripes(frame, regions, stripe_size, levels);
                    }
                }
            }
            control.advance(slab.len() as u64);
            Ok(found)
        })?;
        let mut all = Traces::default();
        for part in parts {
            all.raw.extend(part.raw);
            all.background.extend(part.background);
            all.corrected.extend(part.corrected);
        }
        Ok(all)
    }

    /// Tiles of the frame that hold what is measured.
    fn needed(&self, window: &Window, regions: Regions<'_>, background: Background<'_>) -> Result<Vec<bool>> {
        regions.check(window)?;
        let own = regions.pixels.iter().copied();
        Ok(match background {
            Background::None => self.tiles(window, own),
            Background::Global(dark) => {
                Regions::new(&[0, dark.len() as i64], dark, window.size())?;
                self.tiles(window, own.chain(dark.iter().copied()))
            }
            Background::Local(dark) => {
                dark.check(window)?;
                if dark.len() != regions.len() {
                    return Err(Error::argument("dark", format!("pixels for {} regions", regions.len()), dark.len()));
                }
                self.tiles(window, own.chain(dark.pixels.iter().copied()))
            }
            Background::Stripes { height, share } => {
                if height == 0 || !(0.0..=1.0).contains(&share) {
                    return Err(Error::argument("stripes", "a height from 1 on and a share of 0 to 1", share));
                }
                let size = height.saturating_mul(window.width()).max(1);
                let mut used = vec![false; window.size().div_ceil(size)];
                own.for_each(|pixel| used[pixel as usize / size] = true);
                let stripes = used.iter().enumerate().filter(|(_, used)| **used);
                let pixels =
                    stripes.flat_map(|(stripe, _)| stripe * size..(stripe + 1).saturating_mul(size).min(window.size()));
                self.tiles(window, pixels.map(|pixel| pixel as u32))
            }
        })
    }
}

impl Traces {
    fn push(&mut self, raw: f64, background: f64, corrected: f64) {
        self.raw.push(raw);
        self.background.push(background);
        self.corrected.push(corrected);
    }

    fn plain<P: Pixel>(&mut self, frame: &[P], regions: Regions<'_>) {
        for own in regions.iter() {
            let raw = mean(frame, own, |value| value);
            self.push(raw, 0.0, raw);
        }
    }

    fn global<P: Pixel>(&mut self, frame: &[P], regions: Regions<'_>, dark: &[u32]) {
        let level = mean(frame, dark, |value| value);
        for own in regions.iter() {
            let raw = mean(frame, own, |value| value);
            self.push(raw, level, mean(frame, own, |value| above(value - level)));
        }
    }

    fn local<P: Pixel>(&mut self, frame: &[P], regions: Regions<'_>, dark: Regions<'_>) {
        for (own, dark) in regions.iter().zip(dark.iter()) {
            let (raw, level) = (mean(frame, own, |value| value), mean(frame, dark, |value| value));
            self.push(raw, level, raw - level);
        }
    }

    fn stripes<P: Pixel>(&mut self, frame: &[P], regions: Regions<'_>, size: usize, levels: &[f64]) {
        for own in regions.iter() {
            let (mut raw, mut dark, mut left) = (0.0, 0.0, 0.0);
            for pixel in own {
                let (value, level) = (frame[*pixel as usize].value(), levels[*pixel as usize / size]);
                raw += value;
                dark += level;
                left += above(value - level);
            }
            let count = own.len() as f64;
            self.push(raw / count, dark / count, left / count);
        }
    }
}

/// Percentile of each stripe that holds a pixel of a region.
fn stripes<P: Pixel>(
    frame: &[P],
    regions: Regions<'_>,
    size: usize,
    share: f64,
    scratch: &mut Vec<P>,
    levels: &mut Vec<f64>,
) {
    levels.clear();
    levels.resize(frame.len().div_ceil(size), f64::NEG_INFINITY);
    for pixel in regions.pixels {
        let stripe = *pixel as usize / size;
        if levels[stripe] == f64::NEG_INFINITY {
            scratch.clear();
            scratch.extend_from_slice(&frame[stripe * size..(stripe + 1).saturating_mul(size).min(frame.len())]);
            levels[stripe] = percentile(scratch, share);
        }
    }
}

/// Mean of some pixels; NaN for none.
fn mean<P: Pixel>(frame: &[P], pixels: &[u32], change: impl Fn(f64) -> f64) -> f64 {
    pixels.iter().map(|pixel| change(frame[*pixel as usize].value())).sum::<f64>() / pixels.len() as f64
}

/// 0 for what is below 0; NaN stays.
fn above(value: f64) -> f64 {
    if value < 0.0 { 0.0 } else { value }
}
