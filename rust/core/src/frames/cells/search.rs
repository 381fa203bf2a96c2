//! Cells of a binned movie, patch by patch.

use std::ops::Range;

use super::binned::Binned;
use super::component::Component;
use super::course::{correlation, dot};
use super::factors::Factors;
use super::patch::{Disc, Patch};
use super::seeds::activities;
use super::surroundings::Surroundings;
use crate::pool::Workers;
use crate::{Error, Result};

/// Bytes of the bins of a patch.
const BYTES: usize = 1 << 23;
/// Diameters around a patch in which cells are fitted, and left to the next one.
const MARGIN: f64 = 1.5;
/// Share of the smaller one from which on two cells are the same cell, and correlation of their courses.
const SAME: (f32, f32) = (0.5, 0.7);

/// How cells are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Of cells, in cells of the grid.
    pub diameter: f64,
    /// Bins over which a running mean is taken out.
    pub window: usize,
}

/// A cell.
#[derive(Debug, Clone)]
pub struct Found {
    /// First row and column of its window, in cells of the grid.
    pub place: [usize; 2],
    /// Rows and columns of its window.
    pub shape: [usize; 2],
    /// Footprint (rows, columns), of norm 1; 0 outside.
    pub weights: Vec<f32>,
    /// Its time course where it is active, else 0.
    pub active: Vec<f32>,
    /// Its time course by least squares.
    pub free: Vec<f32>,
    /// Activity at its seed, in standard deviations of that of noise.
    pub activity: f32,
    /// Correlation of what two halves of its pixels see.
    pub halves: f32,
    /// Number of its patch.
    pub patch: usize,
}

/// What was found in a binned movie.
#[derive(Debug, Clone)]
pub struct Cells {
    /// In the order of patches.
    pub found: Vec<Found>,
    /// The course of the surroundings in each patch.
    pub around: Vec<Vec<f32>>,
}

impl Search {
    fn check(&self, binned: &Binned) -> Result<()> {
        let largest = binned.plan().grid().into_iter().max().unwrap_or(0) as f64;
        if !(1.0..=largest.max(1.0)).contains(&self.diameter) {
            return Err(Error::argument("diameter", format!("1 to {largest} cells of the grid"), self.diameter));
        }
        if self.window == 0 {
            return Err(Error::argument("window", "a positive number of bins", 0));
        }
        if binned.done() == 0 {
            return Err(Error::argument("bins", "one at least", 0));
        }
        Ok(())
    }

    /// Looks for cells.
    ///
    /// Patches overlap and are fitted on their own; a cell belongs to the patch that its centre lies in. O(pixels bins)
    /// for each patch and each of its cells.
    ///
    /// # Errors
    /// [`Error::Argument`] if a number is out of range; [`Error::Cancelled`].
    pub fn run(&self, binned: &Binned, workers: &Workers<'_>) -> Result<Cells> {
        self.check(binned)?;
        let [rows, columns] = binned.plan().grid();
        let margin = (MARGIN * self.diameter).ceil() as usize;
        let side = ((BYTES / (4 * binned.done().max(1))) as f64).sqrt() as usize;
        let core = side.saturating_sub(2 * margin).max((3.0 * self.diameter) as usize);
        let places: Vec<_> =
            parts(rows, core).flat_map(|r| parts(columns, core).map(move |c| (r.clone(), c))).collect();
        let patches = crate::pool::map(
            places.len(),
            workers.threads,
            workers.control,
            || (),
            |(), number| {
                let (own_rows, own_columns) = &places[number];
                let (all_rows, all_columns) = (wider(own_rows, margin, rows), wider(own_columns, margin, columns));
                let patch = Patch::load(binned, &all_rows, &all_columns, self.window);
                let fit = Factors::fit(patch, self.diameter, workers.control)?;
                workers.control.advance((own_rows.len() * own_columns.len()) as u64);
                let corner = [all_rows.start, all_columns.start];
                let inside = |cell: &&Component| {
                    let [row, column] = cell.centre();
                    own_rows.contains(&(corner[0] + row)) && own_columns.contains(&(corner[1] + column))
                };
                let found = fit.cells.iter().filter(inside).map(|cell| told(cell, corner, fit.halves(cell), number));
                Ok((found.collect::<Vec<_>>(), fit.around.course))
            },
        )?;
        let (found, around): (Vec<_>, Vec<_>) = patches.into_iter().unzip();
        Ok(Cells { found: single(found.concat()), around })
    }

    /// Activity of each cell of the grid under the filter of a cell, in standard deviations of that of noise.
    ///
    /// # Errors
    /// [`Error::Argument`] if a number is out of range; [`Error::Cancelled`].
    pub fn activity(&self, binned: &Binned, workers: &Workers<'_>) -> Result<Vec<f32>> {
        self.check(binned)?;
        let [rows, columns] = binned.plan().grid();
        let disc = Disc::new(self.diameter);
        let side = (BYTES / (4 * binned.done().max(1))) / (columns + 1);
        let core = side.saturating_sub(2 * disc.reach()).max(disc.reach());
        let places: Vec<_> = parts(rows, core).collect();
        let found = crate::pool::map(
            places.len(),
            workers.threads,
            workers.control,
            || (),
            |(), number| {
                let own = &places[number];
                let all = wider(own, disc.reach(), rows);
                let mut patch = Patch::load(binned, &all, &(0..columns), self.window);
                Surroundings::of(&mut patch);
                let filtered = disc.filtered(patch.rows, patch.columns, patch.bins, &patch.values);
                let first = (own.start - all.start) * columns;
                Ok(activities(&patch, &filtered)[first..first + own.len() * columns].to_vec())
            },
        )?;
        let found: Vec<Vec<f32>> = found;
        Ok(found.concat())
    }
}

/// Parts of a length, each as long as `core` or a little shorter.
fn parts(length: usize, core: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let count = length.div_ceil(core.max(1)).max(1);
    (0..count).map(move |part| part * length / count..(part + 1) * length / count)
}

fn wider(range: &Range<usize>, margin: usize, length: usize) -> Range<usize> {
    range.start.saturating_sub(margin)..(range.end + margin).min(length)
}

fn told(cell: &Component, corner: [usize; 2], halves: f32, patch: usize) -> Found {
    Found {
        place: [corner[0] + cell.top, corner[1] + cell.left],
        shape: [cell.rows, cell.columns],
        weights: cell.weights.clone(),
        active: cell.active.clone(),
        free: cell.free.clone(),
        activity: cell.strength,
        halves,
        patch,
    }
}

/// Cells that were found twice, by two patches or in one, once: as the more active one.
fn single(found: Vec<Found>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for own in found {
        let same = kept.iter().position(|other| same(other, &own));
        match same {
            Some(place) if dot(&kept[place].active, &kept[place].active) < dot(&own.active, &own.active) => {
                kept[place] = own;
            }
            Some(_) => {}
            None => kept.push(own),
        }
    }
    kept
}

fn same(one: &Found, two: &Found) -> bool {
    let pixels = |own: &Found| own.weights.iter().filter(|weight| **weight > 0.0).count() as f32;
    let mut shared = 0.0;
    for (place, _) in one.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        let row = one.place[0] + place / one.shape[1];
        let column = one.place[1] + place % one.shape[1];
        let (row, column) = (row.wrapping_sub(two.place[0]), column.wrapping_sub(two.place[1]));
        if row < two.shape[0] && column < two.shape[1] && two.weights[row * two.shape[1] + column] > 0.0 {
            shared += 1.0;
        }
    }
    shared > SAME.0 * pixels(one).min(pixels(two)) && correlation(&one.active, &two.active) > SAME.1
}
