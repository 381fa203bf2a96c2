//! A movie in bins of time and space, in units of its noise, small enough to hold.

use super::blocks::{Bins, TakesFrames};
use super::local::Local;
use crate::frames::movie::Pixel;
use crate::pool::Workers;
use crate::{Error, Result};

/// Steps of the noise of a bin that are told apart.
pub const STEPS: f64 = 64.0;
/// Bytes that are held at most.
const LARGEST: usize = 1 << 30;

/// How a movie is binned.
#[derive(Debug, Clone, Copy)]
pub struct Binning {
    /// Rows and columns of a frame.
    pub shape: [usize; 2],
    /// Pixels along the side of a cell of the grid.
    pub factor: usize,
    /// Frames of a bin.
    pub frames: usize,
    /// Bins that are held.
    pub bins: usize,
    /// Bins in which the mean is taken out of local correlations.
    pub segment: usize,
}

/// Bins of a movie: `z = Σ (y - mean) / (σ √n)` over the n frames and pixels of a bin, in steps of 1/64.
///
/// Frames that do not fill a bin are left out. O(pixels) per frame.
#[derive(Debug, Clone)]
pub struct Binned {
    plan: Binning,
    bins: Bins,
    local: Local,
    scales: Vec<f64>,
    coarse: Vec<f64>,
    owners: Vec<u32>,
    values: Vec<i16>,
    done: usize,
}

impl Binning {
    /// Rows and columns of the grid.
    pub fn grid(&self) -> [usize; 2] {
        self.shape.map(|length| length.div_ceil(self.factor.max(1)))
    }
}

impl Binned {
    /// For pixels with a mean and a noise; those without noise stay at 0.
    ///
    /// # Errors
    /// [`Error::Argument`] if lengths do not fit, or more than a gigabyte would be held.
    pub fn new(plan: Binning, mean: &[f64], noise: &[f64]) -> Result<Self> {
        let size = plan.shape[0].checked_mul(plan.shape[1]).filter(|size| *size > 0);
        let Some(size) = size.filter(|size| mean.len() == *size && noise.len() == *size) else {
            return Err(Error::argument("mean", format!("{:?} pixels", plan.shape), mean.len()));
        };
        if plan.factor == 0 || plan.frames == 0 || plan.bins == 0 || plan.segment == 0 {
            return Err(Error::argument("binning", "positive numbers", format!("{plan:?}")));
        }
        let [rows, columns] = plan.grid();
        let cells = rows * columns;
        let Some(held) = cells.checked_mul(plan.bins).filter(|held| *held <= LARGEST / 2) else {
            return Err(Error::argument("bins", format!("{LARGEST} bytes at most"), plan.bins));
        };
        let known = |noise: &f64| noise.is_finite() && *noise > 0.0;
        let inverse = |variance: f64| if variance > 0.0 { 1.0 / (variance * plan.frames as f64).sqrt() } else { 0.0 };
        let across = |place: usize| place % plan.shape[1] / plan.factor;
        let owner = |place: usize| place / plan.shape[1] / plan.factor * columns + across(place);
        let owners: Vec<u32> = (0..size).map(|place| owner(place) as u32).collect();
        let mut variance = vec![0.0; cells];
        for (owner, noise) in owners.iter().zip(noise).filter(|(_, noise)| known(noise)) {
            variance[*owner as usize] += noise * noise;
        }
        Ok(Self {
            bins: Bins::new(mean.to_vec(), plan.frames),
            local: Local::new(size, plan.shape[1], plan.segment),
            scales: noise.iter().map(|noise| if known(noise) { inverse(noise * noise) } else { 0.0 }).collect(),
            coarse: variance.into_iter().map(inverse).collect(),
            owners,
            values: vec![0; held],
            done: 0,
            plan,
        })
    }

    /// How the movie is binned.
    pub fn plan(&self) -> &Binning {
        &self.plan
    }

    /// Bins that are full.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Bins of a cell of the grid, in steps.
    pub(super) fn series(&self, place: usize) -> &[i16] {
        &self.values[place * self.plan.bins..][..self.done]
    }

    /// All bins (cells of the grid, bins), in units of the noise.
    pub fn to_vec(&self) -> Vec<f32> {
        let cells = 0..self.coarse.len();
        cells.flat_map(|place| self.series(place).iter().map(|step| f32::from(*step) / STEPS as f32)).collect()
    }

    /// Local correlation and peak of each pixel of the frame, in bins.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn images(&self, workers: &Workers<'_>) -> Result<(Vec<f64>, Vec<f64>)> {
        self.local.images(workers)
    }
}

impl TakesFrames for Binned {
    fn add<P: Pixel>(&mut self, frames: &[P], kept: &[bool], workers: &Workers<'_>) -> Result<()> {
        let Self { plan, bins, local, scales, coarse, owners, values, done } = self;
        let mut cells = vec![0.0; coarse.len()];
        let mut own = vec![0.0; scales.len()];
        bins.add(frames, kept, workers, |sums| {
            if *done == plan.bins {
                return Ok(());
            }
            cells.fill(0.0);
            for (((own, sum), scale), owner) in own.iter_mut().zip(sums).zip(&*scales).zip(&*owners) {
                *own = sum * scale;
                cells[*owner as usize] += if *scale > 0.0 { *sum } else { 0.0 };
            }
            for ((value, sum), scale) in values.iter_mut().skip(*done).step_by(plan.bins).zip(&cells).zip(&*coarse) {
                *value = (sum * scale * STEPS).round() as i16;
            }
            *done += 1;
            local.add(&own, workers)
        })
    }
}
