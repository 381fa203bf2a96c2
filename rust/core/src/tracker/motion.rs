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

impl Order {
    /// How many of position, velocity and acceleration the state has.
    pub(super) const fn derivatives(self) -> usize {
        match self {
            Self::Velocity => 2,
            Self::Acceleration => 3,
        }
    }
}

/// Mean and covariance of position (mm), velocity (mm/ms) and perhaps acceleration (mm/ms²) at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments<const N: usize> {
    pub(super) mean: [f64; N],
    pub(super) covariance: Matrix<N>,
}

/// Position and velocity.
pub(super) type State = Moments<6>;

/// `hⁿ / n!` for n of 0, 1 and 2.
pub(super) fn terms(h: f64) -> [f64; 3] {
    [1.0, h, 0.5 * h * h]
}

/// Covariance that noise of density 1 of the last of some derivatives gives them over a time.
pub(super) fn pattern(h: f64, derivatives: usize) -> Matrix<3> {
    let mut found = [[0.0; 3]; 3];
    match derivatives {
        2 => {
            found[0][..2].copy_from_slice(&[h * h * h / 3.0, h * h / 2.0]);
            found[1][..2].copy_from_slice(&[h * h / 2.0, h]);
        }
        _ => {
            let (h2, h3) = (h * h, h * h * h);
            found = [
                [h3 * h2 / 20.0, h2 * h2 / 8.0, h3 / 6.0],
                [h2 * h2 / 8.0, h3 / 3.0, h2 / 2.0],
                [h3 / 6.0, h2 / 2.0, h],
            ];
        }
    }
    found
}

impl<const N: usize> Moments<N> {
    /// What it is `h` later, pushed by noise of a density meanwhile, and by jumps of velocity of a variance; `h` may be
    /// negative.
    pub(super) fn pushed(&self, h: f64, noise: f64, jump: f64) -> Self {
        let terms = terms(h);
        let Self { mut mean, mut covariance } = *self;
        for i in 0..N / 3 {
            for j in i + 1..N / 3 {
                for k in 0..3 {
                    mean[3 * i + k] += terms[j - i] * mean[3 * j + k];
                    for column in 0..N {
                        covariance[3 * i + k][column] += terms[j - i] * covariance[3 * j + k][column];
                    }
                }
            }
        }
        for row in &mut covariance {
            for i in 0..N / 3 {
                for j in i + 1..N / 3 {
                    for k in 0..3 {
                        row[3 * i + k] += terms[j - i] * row[3 * j + k];
                    }
                }
            }
        }
        add_noise(&mut covariance, h, noise, N / 3);
        if jump > 0.0 && h != 0.0 {
            add_noise(&mut covariance, h, jump / h.abs(), 2);
        }
        Self { mean, covariance }
    }

    /// What it is with what lines say, and the logarithm of their likelihood up to what depends on them alone; `None`
    /// if its covariance is none.
    pub(super) fn knowing(&self, lines: &Information) -> Option<(Self, f64)> {
        let (mut precision, spread) = inverse(&self.covariance)?;
        let pull = times(&precision, &self.mean);
        let (matrix, vector) = lines.joined();
        let mut total = pull;
        for i in 0..6 {
            total[i] += vector[i];
            for j in 0..6 {
                precision[i][j] += matrix[i][j];
            }
        }
        let (covariance, log_determinant) = inverse(&precision)?;
        let mean = times(&covariance, &total);
        let fit: f64 = mean.iter().zip(&total).map(|(x, y)| x * y).sum();
        let own: f64 = self.mean.iter().zip(&pull).map(|(x, y)| x * y).sum();
        Some((Self { mean, covariance }, 0.5 * (fit - own - log_determinant - spread)))
    }
}

/// Adds what noise of the last of some derivatives does over a time, which may be negative.
fn add_noise<const N: usize>(covariance: &mut Matrix<N>, h: f64, density: f64, derivatives: usize) {
    let pattern = pattern(h.abs(), derivatives);
    for i in 0..derivatives {
        for j in 0..derivatives {
            let sign = if h < 0.0 && (i + j) % 2 == 1 { -1.0 } else { 1.0 };
            for k in 0..3 {
                covariance[3 * i + k][3 * j + k] += sign * density * pattern[i][j];
            }
        }
    }
}

impl State {
    pub(super) fn position(&self) -> Vec3 {
        [self.mean[0], self.mean[1], self.mean[2]]
    }

    /// Where the tracer is `dt` later, or earlier, if nothing pushes it.
    pub(super) fn at(&self, dt: f64) -> Vec3 {
        std::array::from_fn(|k| self.mean[k] + dt * self.mean[3 + k])
    }

    /// The state `h` later, pushed by noise of the velocity of density `q` meanwhile.
    pub(super) fn after(&self, h: f64, q: f64) -> Self {
        self.pushed(h, q, 0.0)
    }

    /// The same with an acceleration of 0, known to `unknown` mm/ms² if there is room for it.
    pub(super) fn moments<const N: usize>(&self, unknown: f64) -> Moments<N> {
        let mut found = Moments { mean: [0.0; N], covariance: [[0.0; N]; N] };
        found.mean[..6].copy_from_slice(&self.mean);
        for (row, own) in found.covariance.iter_mut().zip(&self.covariance) {
            row[..6].copy_from_slice(own);
        }
        for k in 6..N {
            found.covariance[k][k] = unknown * unknown;
        }
        found
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
