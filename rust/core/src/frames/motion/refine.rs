//! The peak of the likelihood of the whole frame, and those of its tiles.

use super::field::Prior;
use super::halved::halve;
use super::level::{Compared, Level};
use super::{Moved, Reason, Scratch, Template, field, peak};

/// Least contrast, relative to the reference, of a frame that shows the same.
const LEAST_CONTRAST: f64 = 0.3;
/// How often the window of a frame is moved to its peak.
const RECENTRED: usize = 3;
/// Logarithm of the likelihood by which a peak that neighbours do not share has to be above theirs.
const SURE: f64 = 16.0;
/// Standard error of a tile from which on it knows nothing, px.
const VAGUE: f64 = 1.5;
/// How often tiles without a peak are looked for where the others say that they are.
const FARTHER: usize = 3;
/// A tile that knows nothing.
const NOTHING: [f64; 4] = [f64::NAN, f64::NAN, f64::INFINITY, f64::INFINITY];

impl Template {
    /// The peak of the likelihood of the whole frame around a guess, then those of tiles.
    pub(super) fn refine(&self, guess: [i64; 2], scratch: &mut Scratch) -> Moved {
        if let Some(half) = &self.half {
            halve(&scratch.values, self.full.shape[1], half.shape, &mut scratch.halved);
        }
        let level = self.half.as_ref().unwrap_or(&self.full);
        let mut start = guess.map(|own| own.div_euclid(level.bin));
        for _ in 0..RECENTRED {
            let values = if self.half.is_some() { &scratch.halved } else { &scratch.values };
            level.compare(values, |_| Some(start), &mut scratch.tile, &mut scratch.compared);
            let whole = together(level, &scratch.compared);
            let Some(top) = peak::highest(&whole, level.wide()) else { break };
            let place = level.place(start, top);
            let Some(part) = peak::between(&whole, level.wide(), top) else {
                if place == start {
                    break;
                }
                start = place;
                continue;
            };
            if place.iter().any(|own| own.abs() * level.bin > self.search.reach as i64) {
                return Moved::without(Reason::Limit, f64::NAN, self.count());
            }
            let contrast = level.contrast(&scratch.compared, place);
            // A contrast that cannot be told (a reference without any) is no contrast.
            if contrast.is_nan() || contrast < LEAST_CONTRAST {
                return Moved::without(Reason::Unlike, contrast, self.count());
            }
            let size = level.bin as f64;
            let shift = [size * (place[0] as f64 + part[0]), size * (place[1] as f64 + part[1])];
            let sigma = level.sums.error(&scratch.compared.tiles, place, self.search.gain).map(|own| size * own);
            let blocks = self.blocks(scratch);
            let whole = Moved { reason: Reason::Found, shift, sigma, contrast, blocks };
            return match &self.prior {
                None => whole,
                Some(prior) => self.smoothed(prior, whole, scratch),
            };
        }
        Moved::without(Reason::Chance, f64::NAN, self.count())
    }

    /// Shifts of tiles with their errors; NaN where a tile knows nothing.
    fn blocks(&self, scratch: &mut Scratch) -> Vec<[f64; 4]> {
        let found = match &self.half {
            None => self.peaks(&self.full, &scratch.compared),
            Some(half) => self.near(&self.peaks(half, &scratch.compared), scratch),
        };
        found.into_iter().map(|own| own.filter(is_known).unwrap_or(NOTHING)).collect()
    }

    /// Peaks at full size near those of tiles that were found with pixels of twice the size.
    fn near(&self, rough: &[Option<[f64; 4]>], scratch: &mut Scratch) -> Vec<Option<[f64; 4]>> {
        let start = |tile: usize| rough[tile].map(|own| [0, 1].map(|axis| (2.0 * own[axis]).round() as i64));
        self.full.compare(&scratch.values, start, &mut scratch.tile, &mut scratch.compared);
        let wide = self.full.wide();
        let surfaces = scratch.compared.surfaces.chunks_exact(wide * wide);
        let peak = |(number, surface): (usize, &[f64])| {
            rough[number]?;
            let top = peak::uphill(surface, wide, [self.full.lags; 2])?;
            self.full.peak(&scratch.compared, number, top, self.search.gain)
        };
        surfaces.enumerate().map(peak).collect()
    }

    /// Tiles as parts of a field, and the whole as its mean; tiles without a peak are looked for where the field has them.
    fn smoothed(&self, prior: &Prior, mut whole: Moved, scratch: &mut Scratch) -> Moved {
        let mut field = prior.smoothed(&whole.blocks, whole.shift);
        for _ in 0..FARTHER {
            if !self.find_lost(&field, &mut whole.blocks, scratch) {
                break;
            }
            field = prior.smoothed(&whole.blocks, whole.shift);
        }
        let mean = field.pop().filter(|mean| mean.iter().all(|value| value.is_finite()));
        let own = [whole.shift[0], whole.shift[1], whole.sigma[0], whole.sigma[1]];
        let [down, across, errors @ ..] = mean.unwrap_or(own);
        Moved { shift: [down, across], sigma: errors, blocks: field, ..whole }
    }

    /// Looks for tiles without a peak around their place in a field; whether some were found.
    fn find_lost(&self, field: &[[f64; 4]], blocks: &mut [[f64; 4]], scratch: &mut Scratch) -> bool {
        let Some(half) = &self.half else { return false };
        if blocks.iter().all(is_known) {
            return false;
        }
        // What the field says may lie outside the reference, or be no number.
        let inside = |place: &[f64; 2]| (0..2).all(|axis| place[axis].abs() < half.shape[axis] as f64);
        let start = |tile: usize| {
            let place = Some([0, 1].map(|axis| field[tile][axis] / 2.0)).filter(inside);
            place.filter(|_| !is_known(&blocks[tile])).map(|place| place.map(|own| own.round() as i64))
        };
        half.compare(&scratch.halved, start, &mut scratch.tile, &mut scratch.compared);
        let rough = self.sure_peaks(half, &scratch.compared);
        let mut some = false;
        for (block, found) in blocks.iter_mut().zip(self.near(&rough, scratch)) {
            if let Some(found) = found.filter(is_known) {
                (*block, some) = (found, true);
            }
        }
        some
    }

    /// Peaks of tiles that are far above the displacement around which each was compared.
    fn sure_peaks(&self, level: &Level, compared: &Compared) -> Vec<Option<[f64; 4]>> {
        let area = level.wide() * level.wide();
        let peak = |(number, surface): (usize, &[f64])| {
            let top = peak::highest(surface, level.wide())?;
            let above = surface[top[0] * level.wide() + top[1]] - surface[area / 2];
            if above > SURE * self.search.gain { level.peak(compared, number, top, self.search.gain) } else { None }
        };
        compared.surfaces.chunks_exact(area).enumerate().map(peak).collect()
    }

    /// Peaks of tiles that were compared around the same displacement.
    fn peaks(&self, level: &Level, compared: &Compared) -> Vec<Option<[f64; 4]>> {
        let area = level.wide() * level.wide();
        let peak = |number: usize| {
            let surface = &compared.surfaces[number * area..(number + 1) * area];
            let around = field::around(&compared.surfaces, area, self.search.tiles, number);
            let top = summit(surface, &around, level.wide(), SURE * self.search.gain)?;
            level.peak(compared, number, top, self.search.gain)
        };
        (0..compared.tiles.len()).map(peak).collect()
    }
}

fn is_known(tile: &[f64; 4]) -> bool {
    tile[2..].iter().all(|sigma| *sigma < VAGUE)
}

/// Sum of the surfaces of all tiles.
fn together(level: &Level, compared: &Compared) -> Vec<f64> {
    let area = level.wide() * level.wide();
    let mut whole = vec![0.0; area];
    for surface in compared.surfaces.chunks_exact(area) {
        for (all, own) in whole.iter_mut().zip(surface) {
            *all += own;
        }
    }
    whole
}

/// The peak of a tile near that of itself and its neighbours together, or its own elsewhere if noise has none such.
fn summit(surface: &[f64], around: &[f64], wide: usize, sure: f64) -> Option<[usize; 2]> {
    let shared = peak::highest(around, wide)?;
    let alone = peak::highest(surface, wide)?;
    let near = peak::uphill(surface, wide, shared);
    let value = |at: [usize; 2]| surface[at[0] * wide + at[1]];
    let above = value(alone) - value(near.unwrap_or(shared));
    if above > sure { Some(alone) } else { near }
}
