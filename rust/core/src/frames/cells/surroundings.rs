//! What all pixels of a patch do together: neuropil, and light that changes.

use super::course::{add, dot, median};
use super::patch::Patch;

/// A time course, and how much of it each pixel has: `b f`.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) course: Vec<f32>,
    shares: Vec<f32>,
}

impl Surroundings {
    /// Those of a patch, which are taken away from it, as are the means of pixels: f is the median of all pixels in each
    /// bin, which cells do not move unless they cover half of the patch, and `b ≥ 0` its share in each by least squares.
    pub(super) fn of(patch: &mut Patch) -> Self {
        for pixel in 0..patch.pixels() {
            let own = patch.course_mut(pixel);
            let mean = own.iter().sum::<f32>() / own.len().max(1) as f32;
            for value in own.iter_mut() {
                *value -= mean;
            }
        }
        let mut scratch = Vec::with_capacity(patch.pixels());
        let bins = patch.bins;
        let mut course: Vec<f32> = (0..bins)
            .map(|bin| {
                scratch.clear();
                scratch.extend(patch.values.iter().skip(bin).step_by(bins));
                median(&mut scratch)
            })
            .collect();
        let mean = course.iter().sum::<f32>() / bins.max(1) as f32;
        for value in &mut course {
            *value -= mean;
        }
        let energy = dot(&course, &course);
        let mut shares = vec![0.0; patch.pixels()];
        for (pixel, share) in shares.iter_mut().enumerate().filter(|_| energy > 0.0) {
            *share = (dot(patch.course(pixel), &course) / energy).max(0.0);
            add(patch.course_mut(pixel), -*share, &course);
        }
        Self { course, shares }
    }

    /// Adds them to the patch again.
    pub(super) fn give_back(&self, patch: &mut Patch) {
        for (pixel, share) in self.shares.iter().enumerate() {
            add(patch.course_mut(pixel), *share, &self.course);
        }
    }
}
