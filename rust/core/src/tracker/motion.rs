//! A tracer in uniform motion that is pushed about, and what lines say of it.
//!
//! The state is position and velocity. Between two moments `h` apart, white noise of density `q` acts on the velocity:
//! `x' = x + h v`, with covariance `q [[h³/3, h²/2], [h²/2, h]]` for each axis.

use super::algebra::{Mat6, Vec3, Vec6, inverse, plus, times};
use super::line::Line;

/// Mean and covariance of position (mm) and velocity (mm/ms) at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) mean: Vec6,
    pub(super) covariance: Mat6,
}

impl State {
    pub(super) fn position(&self) -> Vec3 {
        [self.mean[0], self.mean[1], self.mean[2]]
    }

    /// Where the tracer is `dt` later, or earlier, if nothing pushes it.
    pub(super) fn at(&self, dt: f64) -> Vec3 {
        std::array::from_fn(|k| self.mean[k] + dt * self.mean[3 + k])
    }

    /// The state `h` later, pushed by noise of density `q` meanwhile; `h` may be negative.
    pub(super) fn after(&self, h: f64, q: f64) -> Self {
        let p = &self.covariance;
        let mut mean = self.mean;
        let mut covariance = *p;
        for i in 0..3 {
            mean[i] += h * self.mean[3 + i];
            for j in 0..3 {
                covariance[i][j] += h * (p[i][3 + j] + p[3 + i][j]) + h * h * p[3 + i][3 + j];
                covariance[i][3 + j] += h * p[3 + i][3 + j];
                covariance[3 + i][j] += h * p[3 + i][3 + j];
            }
            let far = h.abs();
            covariance[i][i] += q * far * far * far / 3.0;
            covariance[i][3 + i] += q * far * h / 2.0;
            covariance[3 + i][i] += q * far * h / 2.0;
            covariance[3 + i][3 + i] += q * far;
        }
        Self { mean, covariance }
    }

    /// The same, with what is needed to learn from lines; `None` if the covariance is none.
    pub(super) fn open(self) -> Option<Prior> {
        let (precision, log_determinant) = inverse(&self.covariance)?;
        Some(Prior { state: self, precision, log_determinant })
    }

    /// The part of the position's variance that is across a line, `dt` from the moment of the state: the trace in the
    /// plane across it.
    pub(super) fn spread_across(&self, direction: &Vec3, dt: f64) -> f64 {
        let p = &self.covariance;
        let entry = |i: usize, j: usize| p[i][j] + dt * (p[i][3 + j] + p[3 + i][j]) + dt * dt * p[3 + i][3 + j];
        let mut trace = 0.0;
        for i in 0..3 {
            for j in 0..3 {
                let across = f64::from(u8::from(i == j)) - direction[i] * direction[j];
                trace += across * entry(i, j);
            }
        }
        trace.max(0.0)
    }
}

/// A state before it learns from lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    pub(super) state: State,
    /// The inverse of its covariance.
    pub(super) precision: Mat6,
    /// Of its covariance.
    log_determinant: f64,
}

impl Prior {
    /// The state that also knows `lines`, and the logarithm of their likelihood up to what depends on them alone.
    pub(super) fn knowing(&self, lines: &Information) -> Option<(State, f64)> {
        let pull = times(&self.precision, &self.state.mean);
        let (matrix, vector) = lines.joined();
        let (covariance, log_determinant) = inverse(&plus(&self.precision, &matrix, 1.0))?;
        let total: Vec6 = std::array::from_fn(|i| pull[i] + vector[i]);
        let mean = times(&covariance, &total);
        let fit: f64 = mean.iter().zip(&total).map(|(x, y)| x * y).sum();
        let own: f64 = self.state.mean.iter().zip(&pull).map(|(x, y)| x * y).sum();
        let gain = 0.5 * (fit - own - log_determinant - self.log_determinant);
        Some((State { mean, covariance }, gain))
    }
}

/// What weighted lines say of the state at a moment: `Σ w (I - n nᵀ)` times 1, dt and dt².
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Information {
    /// xx, xy, xz, yy, yz, zz for each power of dt.
    moments: [[f64; 6]; 3],
    pull: [Vec3; 2],
}

impl Information {
    /// Adds a line `dt` after the moment, with the inverse of its variance as weight.
    pub(super) fn add(&mut self, line: &Line, dt: f64, weight: f64) {
        let [nx, ny, nz] = line.direction;
        let along = nx * line.point[0] + ny * line.point[1] + nz * line.point[2];
        let across = [1.0 - nx * nx, -nx * ny, -nx * nz, 1.0 - ny * ny, -ny * nz, 1.0 - nz * nz];
        let mut factor = weight;
        for moments in &mut self.moments {
            for (sum, value) in moments.iter_mut().zip(across) {
                *sum += factor * value;
            }
            factor *= dt;
        }
        let mut factor = weight;
        for pull in &mut self.pull {
            for ((sum, place), way) in pull.iter_mut().zip(line.point).zip(line.direction) {
                *sum += factor * (place - along * way);
            }
            factor *= dt;
        }
    }

    /// As a 6 x 6 matrix and a vector.
    pub(super) fn joined(&self) -> (Mat6, Vec6) {
        const PLACE: [[usize; 3]; 3] = [[0, 1, 2], [1, 3, 4], [2, 4, 5]];
        let mut matrix = [[0.0; 6]; 6];
        for i in 0..6 {
            for j in 0..6 {
                matrix[i][j] = self.moments[i / 3 + j / 3][PLACE[i % 3][j % 3]];
            }
        }
        let vector = std::array::from_fn(|i| self.pull[i / 3][i % 3]);
        (matrix, vector)
    }
}
