//! Projections of a movie on time courses, in parts of the frame.

use std::ops::Range;

use super::blocks::{Bins, TakesFrames};
use crate::frames::movie::Pixel;
use crate::pool::Workers;
use crate::{Error, Result};

/// A part of the frame, and the time courses that are looked for in it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
    /// Numbers of time courses.
    pub courses: Vec<usize>,
}

/// `Σ_b c_k(b) ȳ_b(p)` of pixels p of parts and their time courses k, with ȳ the mean of a bin less that of the movie.
///
/// Sums run over bins in their order. O(pixels + pixels of parts x courses) per bin.
#[derive(Debug, Clone)]
pub struct Projections {
    columns: usize,
    bins: Bins,
    length: usize,
    courses: Vec<f64>,
    count: usize,
    parts: Vec<Part>,
    sums: Vec<Vec<f64>>,
    done: usize,
}

impl Projections {
    /// On `courses` (courses, bins) with `frames` frames to a bin.
    ///
    /// # Errors
    /// [`Error::Argument`] if a part does not lie in the frame, or names a course that is not there.
    pub fn new(
        shape: [usize; 2],
        mean: &[f64],
        frames: usize,
        courses: &[f64],
        bins: usize,
        parts: Vec<Part>,
    ) -> Result<Self> {
        if shape[0].checked_mul(shape[1]) != Some(mean.len()) || frames == 0 {
            return Err(Error::argument("mean", format!("{shape:?} pixels"), mean.len()));
        }
        let known = courses.len().checked_div(bins).unwrap_or(0);
        let fits = |part: &Part| {
            let inside = |range: &Range<usize>, length| range.start <= range.end && range.end <= length;
            let inside = inside(&part.rows, shape[0]) && inside(&part.columns, shape[1]);
            inside && part.courses.iter().all(|course| *course < known)
        };
        if let Some(part) = parts.iter().find(|part| !fits(part)) {
            return Err(Error::argument("parts", format!("{known} courses in {shape:?}"), format!("{part:?}")));
        }
        let sums = parts.iter().map(|part| vec![0.0; part.rows.len() * part.columns.len() * part.courses.len()]);
        Ok(Self {
            columns: shape[1],
            bins: Bins::new(mean.to_vec(), frames),
            length: frames,
            courses: courses.to_vec(),
            count: bins,
            sums: sums.collect(),
            parts,
            done: 0,
        })
    }

    /// Sums of each part: (courses, rows, columns).
    pub fn sums(&self) -> &[Vec<f64>] {
        &self.sums
    }
}

impl TakesFrames for Projections {
    fn add<P: Pixel>(&mut self, frames: &[P], kept: &[bool], workers: &Workers<'_>) -> Result<()> {
        let Self { columns, bins, length, courses, count, parts, sums, done } = self;
        bins.add(frames, kept, workers, |pixels| {
            if *done < *count {
                workers.for_each(sums, |number, sums| {
                    let part = &parts[number];
                    let weights = part.courses.iter().map(|course| courses[course * *count + *done] / *length as f64);
                    let mut places = sums.iter_mut();
                    for weight in weights {
                        for row in part.rows.clone() {
                            let row = &pixels[row * *columns..][part.columns.clone()];
                            row.iter().zip(&mut places).for_each(|(pixel, sum)| *sum += weight * pixel);
                        }
                    }
                })?;
            }
            *done += 1;
            Ok(())
        })
    }
}
