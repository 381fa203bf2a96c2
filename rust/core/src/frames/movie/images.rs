//! What each pixel did over some frames.

use std::ops::Range;

use super::{Frames, Pixel, Scratch, Window};
use crate::{Control, Error, Result, pool};

/// Figures of each pixel of a window, row by row; over finite values of the frames that are kept.
#[derive(Debug, PartialEq)]
pub struct Images {
    /// How many values there are.
    pub count: Vec<u32>,
    /// Their sum; or that of absolute differences from `base`, if one was given.
    pub sum: Vec<f64>,
    /// The smallest; infinite where there is none.
    pub low: Vec<f64>,
    /// The largest; minus infinity where there is none.
    pub high: Vec<f64>,
}

impl Images {
    fn new(size: usize) -> Self {
        let low = vec![f64::INFINITY; size];
        Self { count: vec![0; size], sum: vec![0.0; size], low, high: vec![f64::NEG_INFINITY; size] }
    }

    /// Takes a row of pixels from `place` on.
    fn add<P: Pixel>(&mut self, place: usize, pixels: &[P], base: Option<&[f64]>) {
        let own = place..place + pixels.len();
        let figures = self.count[own.clone()].iter_mut().zip(&mut self.sum[own.clone()]);
        let figures = figures.zip(self.low[own.clone()].iter_mut().zip(&mut self.high[own]));
        for (number, (value, ((count, sum), (low, high)))) in pixels.iter().zip(figures).enumerate() {
            let value = value.value();
            let finite = value.is_finite();
            *count += u32::from(finite);
            let term = base.map_or(value, |base| (value - base[number]).abs());
            *sum += if finite { term } else { 0.0 };
            *low = if finite && value < *low { value } else { *low };
            *high = if finite && value > *high { value } else { *high };
        }
    }
}

impl<P: Pixel> Frames<'_, P> {
    /// Sum, count and extremes of each pixel over the frames that are `kept`.
    ///
    /// O(pixels of the window and frames); each tile of the frame is read by one thread, so that memory does not grow
    /// with the number of frames. `control` counts pixels of frames, those left out too.
    ///
    /// # Errors
    /// [`Error::Argument`] if an argument does not fit the movie; [`Error::Format`] if the file is damaged;
    /// [`Error::Cancelled`].
    pub fn images(
        &self,
        frames: Range<usize>,
        kept: &[bool],
        window: &Window,
        base: Option<&[f64]>,
        threads: usize,
        control: &Control,
    ) -> Result<Images> {
        self.check(&frames, window)?;
        if kept.len() != frames.len() {
            return Err(Error::argument("kept", format!("a value for each of {} frames", frames.len()), kept.len()));
        }
        if let Some(base) = base.filter(|base| base.len() != window.size()) {
            return Err(Error::argument("base", format!("{} pixels", window.size()), base.len()));
        }
        if window.size() == 0 {
            return Ok(Images::new(0));
        }
        let [_, height, width] = self.chunk();
        let down = window.rows.start / height..window.rows.end.div_ceil(height);
        let right = window.columns.start / width..window.columns.end.div_ceil(width);
        let places: Vec<_> = down.flat_map(|row| right.clone().map(move |column| (row, column))).collect();
        let tiles = pool::map(places.len(), threads, control, Scratch::default, |scratch, number| {
            let (row, column) = places[number];
            let own = Window {
                rows: window.rows.start.max(row * height)..window.rows.end.min((row + 1) * height),
                columns: window.columns.start.max(column * width)..window.columns.end.min((column + 1) * width),
            };
            let base = base.map(|base| cut(base, window, &own));
            let found = self.tile(&frames, kept, (row, column), &own, base.as_deref(), scratch, control)?;
            Ok((own, found))
        })?;
        let mut all = Images::new(window.size());
        for (own, found) in &tiles {
            for (number, row) in own.rows.clone().enumerate() {
                let from = number * own.width()..(number + 1) * own.width();
                let to = (row - window.rows.start) * window.width() + own.columns.start - window.columns.start;
                let to = to..to + own.width();
                all.count[to.clone()].copy_from_slice(&found.count[from.clone()]);
                all.sum[to.clone()].copy_from_slice(&found.sum[from.clone()]);
                all.low[to.clone()].copy_from_slice(&found.low[from.clone()]);
                all.high[to].copy_from_slice(&found.high[from]);
            }
        }
        Ok(all)
    }

    /// Figures of the pixels of one tile.
    #[allow(clippy::too_many_arguments)] // what to look at, where, and buffers
    fn tile(
        &self,
        frames: &Range<usize>,
        kept: &[bool],
        place: (usize, usize),
        own: &Window,
        base: Option<&[f64]>,
        scratch: &mut Scratch<P>,
        control: &Control,
    ) -> Result<Images> {
        let [depth, height, width] = self.chunk();
        let mut found = Images::new(own.size());
        for slab in self.slabs(frames) {
            control.check()?;
            control.advance((slab.len() * own.size()) as u64);
            if !kept[slab.start - frames.start..slab.end - frames.start].contains(&true) {
                continue;
            }
            let chunk = self.fetch([slab.start / depth, place.0, place.1], scratch)?;
            for frame in slab.filter(|frame| kept[frame - frames.start]) {
                for (number, row) in own.rows.clone().enumerate() {
                    let from = (frame % depth * height + row % height) * width + own.columns.start % width;
                    let to = number * own.width();
                    let base = base.map(|base| &base[to..to + own.width()]);
                    found.add(to, &chunk[from..from + own.width()], base);
                }
            }
        }
        Ok(found)
    }
}

/// The part of an image of `window` that lies in `own`.
fn cut(image: &[f64], window: &Window, own: &Window) -> Vec<f64> {
    let first = own.columns.start - window.columns.start;
    let rows = own.rows.clone().map(|row| (row - window.rows.start) * window.width() + first);
    rows.flat_map(|start| image[start..start + own.width()].iter().copied()).collect()
}
