//! What is known of a tracer as precision and pull, `Λ` and `Λ x`: lines add to it, time moves it, kicks blur it.
//!
//! The quantities are position, velocity and perhaps acceleration, three numbers each. Between two nodes, what drives
//! the tracer comes at once, half-way: that needs inverses of three rows only, and is the same as noise all the way but
//! for a part that is small as long as there are a few nodes in the time in which the tracer turns.

#![expect(clippy::needless_range_loop, reason = "formulas of matrices read best with their indices")]

use super::algebra::{Matrix, inverse};
use super::motion::{Information, terms};

/// Precision and precision times mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knowledge<const N: usize> {
    pub(super) matrix: Matrix<N>,
    pub(super) vector: [f64; N],
}

/// What a kick of one of the quantities was, given all of them after it: `gain x + offset`, with a covariance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kick<const N: usize> {
    /// The first of its three rows.
    row: usize,
    /// Its variance along each axis before anything is known of it.
    variance: f64,
    gain: [[f64; N]; 3],
    offset: [f64; 3],
    spread: Matrix<3>,
}

/// Mean and covariance of all quantities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate<const N: usize> {
    pub(super) mean: [f64; N],
    pub(super) covariance: Matrix<N>,
}

impl<const N: usize> Knowledge<N> {
    pub(super) fn learn(&mut self, lines: &Information) {
        let (matrix, vector) = lines.joined();
        for i in 0..6 {
            self.vector[i] += vector[i];
            for j in 0..6 {
                self.matrix[i][j] += matrix[i][j];
            }
        }
    }

    /// The same a time `h` later.
    pub(super) fn advance(&mut self, h: f64) {
        let terms = terms(-h);
        for i in (1..N / 3).rev() {
            for j in 0..i {
                let factor = terms[i - j];
                for k in 0..3 {
                    let (to, from) = (3 * i + k, 3 * j + k);
                    self.vector[to] += factor * self.vector[from];
                    let row = self.matrix[from];
                    for (value, other) in self.matrix[to].iter_mut().zip(row) {
                        *value += factor * other;
                    }
                }
            }
        }
        for row in &mut self.matrix {
            for i in (1..N / 3).rev() {
                for j in 0..i {
                    for k in 0..3 {
                        row[3 * i + k] += terms[i - j] * row[3 * j + k];
                    }
                }
            }
        }
    }

    /// Forgets what a kick of `variance` of the quantity at `row` changes; the kick, and the part of the logarithm of
    /// the likelihood. `None` if nothing is known that could be kicked.
    pub(super) fn kick(&mut self, row: usize, variance: f64) -> Option<(Kick<N>, f64)> {
        let own: [[f64; N]; 3] = std::array::from_fn(|k| self.matrix[row + k]);
        let pull: [f64; 3] = std::array::from_fn(|k| self.vector[row + k]);
        let mut block: Matrix<3> = std::array::from_fn(|i| std::array::from_fn(|j| own[i][row + j]));
        for (k, line) in block.iter_mut().enumerate() {
            line[k] += 1.0 / variance;
        }
        let (spread, log_determinant) = inverse(&block)?;
        let mut gain = [[0.0; N]; 3];
        for (out, weights) in gain.iter_mut().zip(&spread) {
            for (weight, values) in weights.iter().zip(&own) {
                for (sum, value) in out.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
        }
        let offset: [f64; 3] = spread.map(|line| -(line[0] * pull[0] + line[1] * pull[1] + line[2] * pull[2]));
        for i in 0..N {
            let weights: [f64; 3] = std::array::from_fn(|k| own[k][i]);
            self.vector[i] += weights[0] * offset[0] + weights[1] * offset[1] + weights[2] * offset[2];
            for (weight, values) in weights.iter().zip(&gain) {
                for (value, other) in self.matrix[i].iter_mut().zip(values) {
                    *value -= weight * other;
                }
            }
        }
        // These are what is left after a difference of nearly equal numbers.
        for k in 0..3 {
            self.vector[row + k] = -offset[k] / variance;
            for j in 0..N {
                self.matrix[row + k][j] = gain[k][j] / variance;
                self.matrix[j][row + k] = gain[k][j] / variance;
            }
        }
        let fit = -(0..3).map(|k| offset[k] * pull[k]).sum::<f64>();
        let gained = 0.5 * (fit - log_determinant - 3.0 * variance.ln());
        Some((Kick { row, variance, gain, offset, spread }, gained))
    }

    /// Mean and covariance, and what is left of the logarithm of the likelihood; `None` if there is no covariance.
    pub(super) fn estimate(&self) -> Option<(Estimate<N>, f64)> {
        let (covariance, log_determinant) = inverse(&self.matrix)?;
        let mean = super::algebra::times(&covariance, &self.vector);
        let fit: f64 = mean.iter().zip(&self.vector).map(|(x, y)| x * y).sum();
        Some((Estimate { mean, covariance }, 0.5 * (fit - log_determinant)))
    }
}

impl<const N: usize> Estimate<N> {
    /// The same a time `h` earlier.
    pub(super) fn retreat(&mut self, h: f64) {
        let terms = terms(-h);
        for i in 0..N / 3 {
            for j in i + 1..N / 3 {
                let factor = terms[j - i];
                for k in 0..3 {
                    let (to, from) = (3 * i + k, 3 * j + k);
                    self.mean[to] += factor * self.mean[from];
                    let row = self.covariance[from];
                    for (value, other) in self.covariance[to].iter_mut().zip(row) {
                        *value += factor * other;
                    }
                }
            }
        }
        for row in &mut self.covariance {
            for i in 0..N / 3 {
                for j in i + 1..N / 3 {
                    for k in 0..3 {
                        row[3 * i + k] += terms[j - i] * row[3 * j + k];
                    }
                }
            }
        }
    }

    /// The same before a kick; the square of the kick and the trace of its covariance, both over its variance.
    pub(super) fn before(&mut self, kick: &Kick<N>) -> (f64, f64) {
        let Kick { row, gain, offset, spread, variance } = kick;
        let row = *row;
        let mut crossed = [[0.0; N]; 3];
        for (out, weights) in crossed.iter_mut().zip(gain) {
            for (weight, values) in weights.iter().zip(&self.covariance) {
                for (sum, value) in out.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
        }
        let own: Matrix<3> = std::array::from_fn(|i| {
            std::array::from_fn(|j| spread[i][j] + gain[i].iter().zip(&crossed[j]).map(|(x, y)| x * y).sum::<f64>())
        });
        let (mut squared, mut known) = (0.0, 0.0);
        let mut kicked = *offset;
        for k in 0..3 {
            kicked[k] += gain[k].iter().zip(&self.mean).map(|(x, y)| x * y).sum::<f64>();
            squared += kicked[k] * kicked[k];
            known += own[k][k];
        }
        (0..3).for_each(|k| self.mean[row + k] -= kicked[k]);
        // The other quantities stay as they are.
        for k in 0..3 {
            for j in (0..row).chain(row + 3..N) {
                let value = self.covariance[row + k][j] - crossed[k][j];
                (self.covariance[row + k][j], self.covariance[j][row + k]) = (value, value);
            }
        }
        for i in 0..3 {
            for j in 0..=i {
                let value = self.covariance[row + i][row + j] - crossed[i][row + j] - crossed[j][row + i]
                    + 0.5 * (own[i][j] + own[j][i]);
                (self.covariance[row + i][row + j], self.covariance[row + j][row + i]) = (value, value);
            }
        }
        (squared / variance, known / variance)
    }
}
