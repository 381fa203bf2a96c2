//! A tracer in even motion that is pushed about, and what lines say of it.
//!
//! The state is position and velocity, or these and acceleration: the highest of them changes by white noise only. Its
//! density `q` over a time `h` gives the covariance `q [[h³/3, h²/2], [h²/2, h]]` of position and velocity along each
//! axis; and of all three `q [[h⁵/20, h⁴/8, h³/6], [h⁴/8, h³/3, h²/2], [h³/6, h²/2, h]]`.

use super::algebra::{Matrix, Vec3, inverse, times};
use super::line::Line;

/// Which quantity the noise of the motion drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Even motion whose velocity changes.
    Velocity,
    /// Evenly accelerated motion whose acceleration changes.
    Acceleration,
}

/// Mean and covariance of position (mm) and velocity (mm/ms) at a moment, and the acceleration (mm/ms²).
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) mean: [f64; 6],
    pub(super) covariance: Matrix<6>,
    pub(super) acceleration: Vec3,
}

/// `hⁿ / n!` for n of 0, 1 and 2.
pub(super) fn terms(h: f64) -> [f64; 3] {
    [1.0, h, 0.5 * h * h]
}

/// Variance of position that noise of density 1 gives over a time.
pub(super) fn reach(h: f64, order: Order) -> f64 {
    match order {
        Order::Velocity => h.powi(3) / 3.0,
        Order::Acceleration => h.powi(5) / 20.0,
    }
}

impl State {
    /// At a place and at rest there, of which nothing is known.
    pub(super) fn resting(place: Vec3) -> Self {
        let mean = [place[0], place[1], place[2], 0.0, 0.0, 0.0];
        Self { mean, covariance: [[0.0; 6]; 6], acceleration: [0.0; 3] }
    }

    pub(super) fn position(&self) -> Vec3 {
        [self.mean[0], self.mean[1], self.mean[2]]
    }

    /// Where the tracer is `dt` later, or earlier, if nothing pushes it.
    pub(super) fn at(&self, dt: f64) -> Vec3 {
        let half = 0.5 * dt * dt;
        std::array::from_fn(|k| self.mean[k] + dt * self.mean[3 + k] + half * self.acceleration[k])
    }

    /// How far it is from there without its acceleration.
    pub(super) fn bend(&self, dt: f64) -> Vec3 {
        self.acceleration.map(|a| 0.5 * dt * dt * a)
    }

    /// The state `h` later, pushed by noise of the velocity of density `q` meanwhile; `h` may be negative.
    pub(super) fn after(&self, h: f64, q: f64) -> Self {
        let p = &self.covariance;
        let Self { mut mean, mut covariance, acceleration } = *self;
        let far = h.abs();
        for i in 0..3 {
            mean[i] += h * self.mean[3 + i] + 0.5 * h * h * acceleration[i];
            mean[3 + i] += h * acceleration[i];
            for j in 0..3 {
                covariance[i][j] += h * (p[i][3 + j] + p[3 + i][j]) + h * h * p[3 + i][3 + j];
                covariance[i][3 + j] += h * p[3 + i][3 + j];
                covariance[3 + i][j] += h * p[3 + i][3 + j];
            }
            covariance[i][i] += q * far * far * far / 3.0;
            covariance[i][3 + i] += q * far * h / 2.0;
            covariance[3 + i][i] += q * far * h / 2.0;
            covariance[3 + i][3 + i] += q * far;
        }
        Self { mean, covariance, acceleration }
    }

    /// What it is with what lines say; `None` if its covariance is none.
    pub(super) fn knowing(&self, lines: &Information) -> Option<Self> {
        let (mut precision, _) = inverse(&self.covariance)?;
        let mut total = times(&precision, &self.mean);
        let (matrix, vector) = lines.joined();
        for i in 0..6 {
            total[i] += vector[i];
            for j in 0..6 {
                precision[i][j] += matrix[i][j];
            }
        }
        let (covariance, _) = inverse(&precision)?;
        Some(Self { mean: times(&covariance, &total), covariance, acceleration: self.acceleration })
    }

    /// The most that the trace of the position's covariance is within a time of the moment of the state.
    pub(super) fn spread(&self, time: f64) -> f64 {
        let p = &self.covariance;
        (0..3).map(|i| p[i][i] + 2.0 * time * p[i][3 + i].abs() + time * time * p[3 + i][3 + i]).sum()
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

/// What weighted lines say of the state at a moment: `Σ w (I - n nᵀ)` times 1, dt and dt².
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Information {
    /// xx, xy, xz, yy, yz, zz for each power of dt.
    moments: [[f64; 6]; 3],
    pull: [Vec3; 2],
}

impl Information {
    /// Adds a line `dt` after the moment, with the inverse of its variance as weight; `bend` is how far the tracer is
    /// then from where its velocity alone takes it.
    pub(super) fn add(&mut self, line: &Line, dt: f64, weight: f64, bend: &Vec3) {
        let [nx, ny, nz] = line.direction;
        let point: Vec3 = std::array::from_fn(|k| line.point[k] - bend[k]);
        let along = nx * point[0] + ny * point[1] + nz * point[2];
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
            for ((sum, place), way) in pull.iter_mut().zip(point).zip(line.direction) {
                *sum += factor * (place - along * way);
            }
            factor *= dt;
        }
    }

    /// What it says of a position along an axis, on average: one over its variance, 1/mm².
    pub(super) fn precision(&self) -> f64 {
        let [xx, _, _, yy, _, zz] = self.moments[0];
        (xx + yy + zz) / 3.0
    }

    /// As a 6 x 6 matrix and a vector.
    pub(super) fn joined(&self) -> (Matrix<6>, [f64; 6]) {
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
