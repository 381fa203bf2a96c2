//! How far small parts of two images are from each other.

use super::sampled::Sampled;
use crate::{Control, Error, Result, pool};

/// Numbers that describe a part: see [`Tiles::find`].
pub const TILE_COLUMNS: usize = 7;

/// Places so far from an image are all alike.
const FAR: f64 = 1e15;

/// Settings of a search for local shifts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tiles {
    /// A part is a square of 2 `radius` + 1 pixels, weighted by a window of Hann.
    pub radius: usize,
    /// The longest shift that is believed.
    pub longest: f64,
    /// Steps, at most.
    pub iterations: usize,
}

impl Tiles {
    /// For each centre (x, y) a row: shift in x and y, correlation there, information about the shift (xx, xy, yy; its
    /// inverse is the covariance if errors of pixels are independent), share of the part that both images have.
    ///
    /// The shift is where the part of `fixed` is found in `moving`, NaN if nowhere within reach.
    ///
    /// # Errors
    /// [`Error::Argument`] if the images differ in size, a centre is not finite, or `radius` is more than the longer side
    /// of the images; [`Error::Cancelled`].
    pub fn find(
        &self,
        fixed: &[f32],
        moving: &Sampled<'_>,
        centres: &[[f64; 2]],
        threads: usize,
        control: &Control,
    ) -> Result<Vec<[f64; TILE_COLUMNS]>> {
        let width = moving.width();
        if fixed.len() != width * moving.height() {
            return Err(Error::argument("fixed", format!("{width} x {} pixels", moving.height()), fixed.len()));
        }
        let longest = width.max(moving.height());
        if self.radius > longest {
            return Err(Error::argument("radius", format!("at most {longest} pixels"), self.radius));
        }
        if let Some(centre) = centres.iter().find(|centre| !centre.iter().all(|x| x.is_finite())) {
            return Err(Error::argument("centres", "finite places", format!("{centre:?}")));
        }
        let hann: Vec<f64> = (0..=2 * self.radius)
            .map(|i| {
                let sine = (std::f64::consts::PI * (i + 1) as f64 / (2 * self.radius + 2) as f64).sin();
                sine * sine
            })
            .collect();
        pool::map(
            centres.len(),
            threads,
            control,
            || (),
            |(), number| {
                let found = self.search(fixed, moving, centres[number], &hann);
                control.advance(1);
                Ok(found)
            },
        )
    }

    fn search(&self, fixed: &[f32], moving: &Sampled<'_>, centre: [f64; 2], hann: &[f64]) -> [f64; TILE_COLUMNS] {
        let mut shift = [0.0, 0.0];
        let mut found = self.measure(fixed, moving, centre, shift, hann);
        let mut converged = false;
        for _ in 0..self.iterations {
            let Some(step) = found.step() else { break };
            let length = step[0].hypot(step[1]);
            // Where gradients say little the step would be too long to believe.
            let most = 0.25 * self.radius as f64;
            let scale = if length > most { most / length } else { 1.0 };
            shift = [shift[0] + scale * step[0], shift[1] + scale * step[1]];
            if shift[0].hypot(shift[1]) > self.longest {
                break;
            }
            found = self.measure(fixed, moving, centre, shift, hann);
            if length < 1e-3 {
                converged = true;
                break;
            }
        }
        if !converged {
            shift = [f64::NAN; 2];
        }
        let [xx, xy, yy] = found.information();
        [shift[0], shift[1], found.correlation(), xx, xy, yy, found.weight / found.all.max(f64::MIN_POSITIVE)]
    }

    fn measure(&self, fixed: &[f32], moving: &Sampled<'_>, centre: [f64; 2], shift: [f64; 2], hann: &[f64]) -> Local {
        let (width, height) = (moving.width() as i64, moving.height() as i64);
        let radius = self.radius as i64;
        let [left, top] = centre.map(|x| x.round().clamp(-FAR, FAR) as i64 - radius);
        let mut sums = Local::default();
        for (y, down) in (top..).zip(hann) {
            for (x, across) in (left..).zip(hann) {
                let weight = down * across;
                sums.all += weight;
                if x < 0 || y < 0 || x >= width || y >= height {
                    continue;
                }
                let value = fixed[(y * width + x) as usize];
                if !value.is_finite() {
                    continue;
                }
                if let Some(there) = moving.at(x as f64 + shift[0], y as f64 + shift[1]) {
                    sums.add(weight, f64::from(value), there.map(f64::from));
                }
            }
        }
        sums
    }
}

#[derive(Default)]
struct Local {
    all: f64,
    weight: f64,
    /// Of fixed value, moving value, gradients.
    means: [f64; 4],
    /// Of products of two of them.
    products: [[f64; 4]; 4],
}

impl Local {
    fn add(&mut self, weight: f64, fixed: f64, [moving, gx, gy]: [f64; 3]) {
        let values = [fixed, moving, gx, gy];
        self.weight += weight;
        for i in 0..4 {
            let own = weight * values[i];
            self.means[i] += own;
            for (sum, value) in self.products[i].iter_mut().zip(values).skip(i) {
                *sum += own * value;
            }
        }
    }

    fn moment(&self, i: usize, j: usize) -> f64 {
        self.products[i][j] - self.means[i] * self.means[j] / self.weight
    }

    fn correlation(&self) -> f64 {
        self.moment(0, 1) / (self.moment(0, 0) * self.moment(1, 1)).sqrt()
    }

    /// The step of the enhanced correlation coefficient for a shift alone.
    fn step(&self) -> Option<[f64; 2]> {
        let [xx, xy, yy] = [self.moment(2, 2), self.moment(2, 3), self.moment(3, 3)];
        let determinant = xx * yy - xy * xy;
        if determinant <= 1e-9 * xx * yy || !determinant.is_finite() {
            return None;
        }
        let apply = |[a, b]: [f64; 2]| [(yy * a - xy * b) / determinant, (xx * b - xy * a) / determinant];
        let (own, other) = ([self.moment(1, 2), self.moment(1, 3)], [self.moment(0, 2), self.moment(0, 3)]);
        let (from_own, from_other) = (apply(own), apply(other));
        let above = self.moment(1, 1) - own[0] * from_own[0] - own[1] * from_own[1];
        let below = self.moment(0, 1) - other[0] * from_own[0] - other[1] * from_own[1];
        let lambda = if below > 0.0 { above / below } else { return None };
        Some([lambda * from_other[0] - from_own[0], lambda * from_other[1] - from_own[1]])
    }

    /// Information about the shift: gain² times products of gradients over the variance of residuals.
    fn information(&self) -> [f64; 3] {
        let gain = self.moment(0, 1) / self.moment(1, 1);
        let variance = (self.moment(0, 0) - gain * self.moment(0, 1)) / self.weight;
        let scale = gain * gain / variance;
        [self.moment(2, 2) * scale, self.moment(2, 3) * scale, self.moment(3, 3) * scale]
    }
}
