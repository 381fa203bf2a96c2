//! Filters of single frames: levelling, matching of rows, scars, smoothing.
//!
//! A pixel that is not finite takes part in no fit and stays as it is. With a mask, pixels where it is true are left out of
//! fits too, but corrected like all others.

mod medians;
mod plane;
mod rows;
mod scars;
mod smoothing;
mod surface;
#[cfg(test)]
mod tests;

use crate::{Control, Error, Result, pool};

pub use scars::Scars;
use surface::Surface;

/// Highest order of a polynomial: beyond it the fit follows noise.
const MOST_ORDER: usize = 20;

/// One filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Subtract from each row its median.
    RowMedian,
    /// Subtract from each row the polynomial of an order that fits it best.
    RowPolynomial {
        /// Order, 0 for the mean.
        order: usize,
    },
    /// Shift each row so that the median of its differences to the row before is 0; the mean of all shifts is 0.
    MatchRows,
    /// Subtract the polynomial of all monomials up to an order that fits the frame best; a plane for 1.
    Surface {
        /// Order, from 1 on.
        order: usize,
    },
    /// The same, leaving out again and again what stands out from the surface.
    AutoSurface {
        /// Order, from 1 on.
        order: usize,
        /// What is farther above than so many robust standard deviations is left out.
        factor: f64,
        /// Leave out what is as far below as well.
        both_sides: bool,
        /// Most repetitions.
        iterations: usize,
    },
    /// Subtract the plane through the mean heights around three places.
    ThreePoints {
        /// Rows and columns.
        places: [[f64; 2]; 3],
        /// Half the side of the square that is averaged.
        radius: usize,
    },
    /// Subtract the mean.
    ZeroMean,
    /// Subtract the median.
    ZeroMedian,
    /// Replace stretches of rows that lie above or below both neighbours.
    Scars(Scars),
    /// Smooth with a Gaussian; pixels that are not finite have no weight.
    Gaussian {
        /// Standard deviation in pixels.
        sigma: f64,
    },
    /// Reverse the rows.
    Flip,
}

/// Most pixels along a side of a frame, far beyond what instruments record.
const MOST_SIDE: usize = 1 << 18;

/// Filters to be run one after another on frames of one size.
#[derive(Debug)]
pub struct Filters {
    steps: Vec<(Filter, Option<Surface>)>,
    height: usize,
    width: usize,
}

/// Why a filter could not be applied to a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Number of the frame.
    pub frame: usize,
    /// Number of the filter.
    pub step: usize,
    /// What was wrong.
    pub error: Error,
}

#[derive(Debug, Default)]
struct Scratch {
    before: Vec<f64>,
    used: Vec<bool>,
    values: Vec<f64>,
    more: Vec<f64>,
    row: Vec<f64>,
}

impl Filters {
    /// Prepares filters for frames of `height` rows of `width` pixels.
    ///
    /// # Errors
    /// [`Error::Argument`] for a setting out of range or frames without pixels.
    pub fn new(filters: Vec<Filter>, height: usize, width: usize) -> Result<Self> {
        if !(1..=MOST_SIDE).contains(&height) || !(1..=MOST_SIDE).contains(&width) {
            let expected = format!("frames with pixels, up to {MOST_SIDE} along a side");
            return Err(Error::argument("frames", expected, format!("{height} x {width}")));
        }
        let prepared = |filter: Filter| {
            let surface = match filter {
                Filter::Surface { order } | Filter::AutoSurface { order, .. } => {
                    Some(Surface::new(order, height, width)?)
                }
                Filter::RowPolynomial { order } => Some(Surface::of_rows(order, width)?),
                _ => None,
            };
            filter.check(height, width)?;
            Ok((filter, surface))
        };
        Ok(Self { steps: filters.into_iter().map(prepared).collect::<Result<_>>()?, height, width })
    }

    /// Applies the filters to all frames in place, several at once; the result does not depend on how many.
    ///
    /// With `source`, the frames are first copied from there. It and `mask` have the size of `frames`. With `keep`, a frame
    /// that a filter cannot be applied to stays as it was before that filter and goes on to the next; without, it goes no
    /// further. Either way the failures are listed by frame.
    ///
    /// # Errors
    /// [`Error::Argument`] if the sizes do not agree, [`Error::Cancelled`].
    pub fn apply(
        &self,
        frames: &mut [f64],
        source: Option<&[f64]>,
        mask: Option<&[bool]>,
        keep: bool,
        threads: usize,
        control: &Control,
    ) -> Result<Vec<Failure>> {
        let size = self.height * self.width;
        let others = [source.map(<[f64]>::len), mask.map(<[bool]>::len)];
        if !frames.len().is_multiple_of(size) || others.iter().flatten().any(|length| *length != frames.len()) {
            let found = format!("{}, source and mask {others:?}", frames.len());
            return Err(Error::argument("frames", format!("frames of {size} pixels"), found));
        }
        let failures = pool::for_chunks(frames, size, threads, control, Scratch::default, |scratch, number, frame| {
            let own = number * size..(number + 1) * size;
            if let Some(source) = source {
                frame.copy_from_slice(&source[own.clone()]);
            }
            let mask = mask.map(|mask| &mask[own]);
            let failures = self.apply_to(frame, mask, keep, scratch);
            control.advance(1);
            Ok(failures.into_iter().map(|(step, error)| Failure { frame: number, step, error }).collect::<Vec<_>>())
        })?;
        Ok(failures.concat())
    }

    fn apply_to(
        &self,
        frame: &mut [f64],
        mask: Option<&[bool]>,
        keep: bool,
        scratch: &mut Scratch,
    ) -> Vec<(usize, Error)> {
        let mut failures = Vec::new();
        for (step, (filter, surface)) in self.steps.iter().enumerate() {
            scratch.used.clear();
            scratch.used.extend(frame.iter().map(|value| value.is_finite()));
            if let Some(mask) = mask {
                scratch.used.iter_mut().zip(mask).for_each(|(used, out)| *used = *used && !out);
            }
            scratch.before.clear();
            if keep {
                scratch.before.extend_from_slice(frame);
            }
            if let Err(error) = filter.apply(surface.as_ref(), frame, self.width, scratch) {
                failures.push((step, error));
                if !keep {
                    break;
                }
                frame.copy_from_slice(&scratch.before);
            }
        }
        failures
    }
}

impl Filter {
    fn check(&self, height: usize, width: usize) -> Result<()> {
        match self {
            Self::Surface { order } | Self::AutoSurface { order, .. } if *order == 0 => {
                Err(Error::argument("order", "1 or more", order))
            }
            Self::AutoSurface { factor, .. } if factor.is_nan() || *factor <= 0.0 => {
                Err(Error::argument("factor", "above 0", factor))
            }
            Self::Gaussian { sigma } if !(*sigma > 0.0 && *sigma <= 10_000.0) => {
                Err(Error::argument("sigma", "above 0 and up to 10000 pixels", sigma))
            }
            Self::ThreePoints { places, .. } => plane::check(places, height, width),
            Self::Scars(scars) => scars.check(),
            _ => Ok(()),
        }
    }

    fn apply(&self, surface: Option<&Surface>, frame: &mut [f64], width: usize, scratch: &mut Scratch) -> Result<()> {
        match (self, surface) {
            (Self::RowMedian, _) => rows::subtract_medians(frame, width, scratch),
            (Self::MatchRows, _) => rows::matched(frame, width, scratch),
            (Self::RowPolynomial { .. }, Some(line)) => rows::subtract_polynomials(line, frame, width, scratch),
            (Self::AutoSurface { factor, both_sides, iterations, .. }, Some(surface)) => {
                let limits = (*factor, *both_sides, *iterations);
                return surface::subtract_again_and_again(surface, frame, limits, scratch);
            }
            (_, Some(surface)) => return surface.subtract(frame, &scratch.used, &mut scratch.values),
            (Self::ThreePoints { places, radius }, _) => return plane::subtract(places, *radius, frame, width),
            (Self::ZeroMean, _) => return medians::subtract_mean(frame, &scratch.used),
            (Self::ZeroMedian, _) => return medians::subtract_median(frame, &scratch.used, &mut scratch.values),
            (Self::Scars(scars), _) => scars.remove(frame, width, scratch),
            (Self::Gaussian { sigma }, _) => smoothing::smooth(*sigma, frame, width, scratch),
            (Self::Flip, _) => rows::reverse(frame, width),
            // Prepared with a surface.
            (Self::Surface { .. } | Self::AutoSurface { .. } | Self::RowPolynomial { .. }, None) => {}
        }
        Ok(())
    }
}
