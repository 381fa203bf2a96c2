//! Velocities: slopes of polynomials fitted to a moving window of points.

use crate::{Error, Result, Rows};

/// A window of points and the degree of the polynomial in time that is fitted to each coordinate.
///
/// Of a row with a whole window around it, the velocity is the derivative of the least-squares polynomial of that window
/// at the time of the row; the first and the last rows take the polynomials of the first and the last window (Savitzky &
/// Golay, Anal. Chem. 36 (1964) 1627, for uneven times). Polynomials are orthogonal over the times of the window, about
/// the row's time and in units of the window (Forsythe, J. SIAM 5 (1957) 74), so that large times cost no digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Velocity {
    /// Points per window: odd, more than `degree`.
    pub window: usize,
    /// Degree of the polynomial.
    pub degree: usize,
    /// Whether the result is the speed instead of the three components.
    pub absolute: bool,
}

/// Highest degree of a polynomial.
const MOST_DEGREE: usize = 20;

/// Part of a sum of squares that is rounding error.
const NOTHING: f64 = 1e-24;

impl Velocity {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `window` is odd and larger than `degree`, which is at most 20.
    pub fn check(&self) -> Result<()> {
        if self.degree > MOST_DEGREE {
            return Err(Error::argument("degree", format!("at most {MOST_DEGREE}"), self.degree));
        }
        if self.window.is_multiple_of(2) || self.window <= self.degree {
            let expected = format!("an odd number above the degree of {}", self.degree);
            return Err(Error::argument("window", expected, self.window));
        }
        Ok(())
    }

    /// Number of columns that are appended: `vx, vy, vz` or `v`.
    pub fn columns(&self) -> usize {
        if self.absolute { 1 } else { 3 }
    }

    /// Appends the rows of `points` (t, x, y, z, …) with their velocities, in units of length per unit of time, to
    /// `out`.
    ///
    /// NaN where a window holds a number that is not finite or too few different times, and everywhere if there are
    /// fewer points than a window. O(n · window · degree).
    ///
    /// # Errors
    /// As [`check`](Self::check); [`Error::Argument`] for fewer than 4 columns or times in descending order.
    pub fn append(&self, points: Rows<'_>, out: &mut Vec<f64>) -> Result<()> {
        self.check()?;
        points.require_width("points", 4)?;
        let data = points.data();
        let width = points.width();
        let times: Vec<f64> = points.iter().map(|row| row[0]).collect();
        if let Some(at) = times.windows(2).position(|pair| pair[0] > pair[1]) {
            let found = format!("{} after {} at row {}", times[at + 1], times[at], at + 1);
            return Err(Error::argument("points", "times in ascending order", found));
        }
        let mut fit = Fit::default();
        let half = self.window / 2;
        for (row, values) in points.iter().enumerate() {
            out.extend_from_slice(values);
            let start = row.saturating_sub(half).min(times.len().saturating_sub(self.window));
            let velocity = if times.len() < self.window {
                [f64::NAN; 3]
            } else {
                fit.load(&times[start..start + self.window], times[row], self.degree);
                [1, 2, 3].map(|axis| {
                    let coordinates = (start..start + self.window).map(|index| data[index * width + axis]);
                    fit.slope(coordinates)
                })
            };
            if self.absolute {
                out.push(velocity.iter().map(|v| v * v).sum::<f64>().sqrt());
            } else {
                out.extend(velocity);
            }
        }
        Ok(())
    }
}

/// Orthogonal polynomials over the times of a window.
#[derive(Debug, Default)]
struct Fit {
    /// What each point adds to the slope per unit of its coordinate.
    weights: Vec<f64>,
    u: Vec<f64>,
    now: Vec<f64>,
    before: Vec<f64>,
}

impl Fit {
    /// Finds the weights of the slope at time `at`: NaN if the times do not define a polynomial.
    fn load(&mut self, times: &[f64], at: f64, degree: usize) {
        let scale = times.iter().fold(0.0_f64, |most, t| most.max((t - at).abs()));
        let Self { weights, u, now, before } = self;
        u.clear();
        u.extend(times.iter().map(|t| (t - at) / scale));
        for (list, value) in [(&mut *weights, 0.0), (&mut *now, 1.0), (&mut *before, 0.0)] {
            list.clear();
            list.resize(times.len(), value);
        }
        // Value and slope at `at` (u = 0) of the polynomial and of the one before.
        let (mut value, mut slope, mut value_before, mut slope_before) = (1.0, 0.0, 0.0, 0.0);
        let mut square_before = f64::INFINITY;
        for k in 0..=degree {
            let square: f64 = now.iter().map(|p| p * p).sum();
            let defined = square > NOTHING * times.len() as f64;
            for (weight, p) in weights.iter_mut().zip(&*now) {
                *weight += if defined { slope * p / square } else { f64::NAN };
            }
            if k == degree || !defined {
                break;
            }
            let alpha = u.iter().zip(&*now).map(|(u, p)| u * p * p).sum::<f64>() / square;
            let beta = if k == 0 { 0.0 } else { square / square_before };
            for ((u, p), q) in u.iter().zip(now.iter_mut()).zip(before.iter_mut()) {
                let next = (u - alpha) * *p - beta * *q;
                *q = *p;
                *p = next;
            }
            let next_slope = value - alpha * slope - beta * slope_before;
            let next_value = -alpha * value - beta * value_before;
            (value_before, slope_before) = (value, slope);
            (value, slope) = (next_value, next_slope);
            square_before = square;
        }
        for weight in weights {
            *weight /= scale;
        }
    }

    fn slope(&self, coordinates: impl Iterator<Item = f64> + Clone) -> f64 {
        // About the first coordinate, so that large ones cost no digits: the weights add up to 0.
        let first = coordinates.clone().next().unwrap_or(f64::NAN);
        self.weights.iter().zip(coordinates).map(|(weight, x)| weight * (x - first)).sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn velocities(times: &[f64], path: impl Fn(f64) -> [f64; 3], settings: Velocity) -> Vec<f64> {
        let rows: Vec<f64> = times.iter().flat_map(|&t| [[t].as_slice(), &path(t)].concat()).collect();
        let mut out = Vec::new();
        settings.append(Rows::new(&rows, 4).unwrap(), &mut out).unwrap();
        out.chunks(4 + settings.columns()).flat_map(|row| row[4..].to_vec()).collect()
    }

    #[test]
    fn polynomials_are_followed_exactly() {
        let times: Vec<f64> = (0..40).map(|k| 1e6 + f64::from(k * k % 7) * 0.1 + f64::from(k)).collect();
        let path = |t: f64| [3.0 * (t - 1e6), (t - 1e6) * (t - 1e6), 7.0];
        let found = velocities(&times, path, Velocity { window: 7, degree: 2, absolute: false });
        for (v, t) in found.chunks(3).zip(&times) {
            let expected = [3.0, 2.0 * (t - 1e6), 0.0];
            assert!(v.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8), "{v:?} {expected:?}");
        }
        let speed = velocities(&times, |t| [3.0 * t, 4.0 * t, 0.0], Velocity { window: 3, degree: 1, absolute: true });
        assert!(speed.iter().all(|v| (v - 5.0).abs() < 1e-7));
    }

    #[test]
    fn what_cannot_be_measured_is_nan() {
        let settings = Velocity { window: 5, degree: 2, absolute: false };
        assert!(velocities(&[0.0, 1.0, 2.0, 3.0], |t| [t; 3], settings).iter().all(|v| v.is_nan()));
        assert!(velocities(&[1.0; 9], |t| [t; 3], settings).iter().all(|v| v.is_nan()));
        assert!(velocities(&[1.0, 1.0, 1.0, 2.0, 2.0], |t| [t; 3], settings).iter().all(|v| v.is_nan()));
        assert!(velocities(&[1.0, 1.0, 2.0, 3.0, 3.0], |t| [t; 3], settings).iter().all(|v| (v - 1.0).abs() < 1e-12));
        let broken = velocities(
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
            |t| [if t == 0.0 { f64::NAN } else { t }; 3],
            settings,
        );
        assert_eq!(broken.iter().filter(|v| v.is_nan()).count(), 9);
    }

    #[test]
    fn wrong_settings_are_refused() {
        let refused = |window, degree, times: &[f64]| {
            let rows: Vec<f64> = times.iter().flat_map(|&t| [t, 0.0, 0.0, 0.0]).collect();
            Velocity { window, degree, absolute: false }.append(Rows::new(&rows, 4).unwrap(), &mut Vec::new()).is_err()
        };
        assert!(refused(4, 2, &[]));
        assert!(refused(3, 3, &[]));
        assert!(refused(99, 21, &[]));
        assert!(refused(3, 1, &[0.0, 2.0, 1.0]));
        assert!(!refused(3, 1, &[]));
    }
}
