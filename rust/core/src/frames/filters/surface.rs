//! Polynomial surfaces of a frame by least squares.
//!
//! The fit is in polynomials of row and column that are orthonormal on the whole frame. Without pixels left out, their
//! coefficients are plain sums of products; otherwise a small system of normal equations, whose condition is that of
//! the pixels left out, is solved and its remainder fitted once more.

use super::medians::{gather, median};
use super::{MOST_ORDER, Scratch};
use crate::simd::wide;
use crate::{Error, Result};

/// From the median of absolute deviations of normal noise to their standard deviation.
const TO_DEVIATION: f64 = 1.4826;
/// A pivot of the normal equations below this share of 1 means that the pixels do not determine the surface.
const LEAST_PIVOT: f64 = 1e-12;

/// Orthonormal polynomials of an order on frames of one size.
#[derive(Debug)]
pub(super) struct Surface {
    /// One list per degree.
    across: Vec<Vec<f64>>,
    /// One list per degree.
    down: Vec<Vec<f64>>,
    /// Products of two of `across`, the first not above the second.
    products: Vec<Vec<f64>>,
    /// Degrees across and down of the terms.
    terms: Vec<[usize; 2]>,
}

impl Surface {
    /// All monomials x^i y^j with i + j up to `order`.
    pub(super) fn new(order: usize, height: usize, width: usize) -> Result<Self> {
        let order = checked(order, height, width)?;
        let terms = (0..=order).flat_map(|i| (0..=order - i).map(move |j| [i, j])).collect();
        Ok(Self::of(order, height, width, terms))
    }

    /// Polynomials of a single row.
    pub(super) fn of_rows(order: usize, width: usize) -> Result<Self> {
        let order = checked(order, usize::MAX, width)?;
        Ok(Self::of(order, usize::MAX, width, (0..=order).map(|i| [i, 0]).collect()))
    }

    fn of(order: usize, height: usize, width: usize, terms: Vec<[usize; 2]>) -> Self {
        let across = orthonormal(order, width);
        let down = if height == usize::MAX { vec![vec![1.0]] } else { orthonormal(order, height) };
        let pairs = (0..=order).flat_map(|a| (a..=order).map(move |b| [a, b]));
        let products = pairs.map(|[a, b]| across[a].iter().zip(&across[b]).map(|(p, q)| p * q).collect()).collect();
        Self { across, down, products, terms }
    }

    /// Subtracts the surface that fits the pixels in use best.
    ///
    /// # Errors
    /// [`Error::Argument`] if they are fewer than the terms or do not determine them; the frame is then as it was.
    pub(super) fn subtract(&self, frame: &mut [f64], used: &[bool], values: &mut Vec<f64>) -> Result<()> {
        let count = used.iter().filter(|used| **used).count();
        if count == frame.len() {
            self.remove(frame, &self.projections(frame));
            return Ok(());
        }
        if count < self.terms.len() {
            let expected = format!("at least {} finite background pixels", self.terms.len());
            return Err(Error::argument("frame", expected, count));
        }
        let factor = self.factor(used)?;
        let mut residual = vec![0.0; frame.len()];
        for (value, (own, used)) in residual.iter_mut().zip(frame.iter().zip(used)) {
            *value = if *used { *own } else { 0.0 };
        }
        let mut found = self.projections(&residual);
        solve(&factor, &mut found);
        values.clear();
        values.extend_from_slice(&residual);
        self.remove(values, &found);
        values.iter_mut().zip(used).filter(|(_, used)| !**used).for_each(|(value, _)| *value = 0.0);
        let mut rest = self.projections(values);
        solve(&factor, &mut rest);
        found.iter_mut().zip(rest).for_each(|(one, more)| *one += more);
        self.remove(frame, &found);
        Ok(())
    }

    fn width(&self) -> usize {
        self.across[0].len()
    }

    /// Sums of the frame's products with all terms.
    fn projections(&self, frame: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.terms.len()];
        let mut own = vec![0.0; self.across.len()];
        for (y, line) in frame.chunks_exact(self.width()).enumerate() {
            for (sum, polynomial) in own.iter_mut().zip(&self.across) {
                *sum = dot(line, polynomial);
            }
            for (sum, [i, j]) in sums.iter_mut().zip(&self.terms) {
                *sum += own[*i] * self.down[*j][y];
            }
        }
        sums
    }

    /// Subtracts the surface of given coefficients.
    fn remove(&self, frame: &mut [f64], coefficients: &[f64]) {
        let mut own = vec![0.0; self.across.len()];
        for (y, line) in frame.chunks_exact_mut(self.width()).enumerate() {
            own.fill(0.0);
            for (coefficient, [i, j]) in coefficients.iter().zip(&self.terms) {
                own[*i] += coefficient * self.down[*j][y];
            }
            for (factor, polynomial) in own.iter().zip(&self.across) {
                subtract_times(line, *factor, polynomial);
            }
        }
    }

    /// Cholesky factor of the normal equations, lower triangle row by row.
    fn factor(&self, used: &[bool]) -> Result<Vec<f64>> {
        let (count, orders) = (self.terms.len(), self.across.len());
        let mut matrix = vec![0.0; count * count];
        let mut weights = vec![0.0; self.width()];
        let mut own = vec![0.0; orders * orders];
        for (y, used) in used.chunks_exact(self.width()).enumerate() {
            for (weight, used) in weights.iter_mut().zip(used) {
                *weight = f64::from(u8::from(*used));
            }
            let mut products = self.products.iter();
            for a in 0..orders {
                for b in a..orders {
                    let sum = products.next().map_or(0.0, |product| dot(&weights, product));
                    own[a * orders + b] = sum;
                    own[b * orders + a] = sum;
                }
            }
            for (row, [a, i]) in self.terms.iter().enumerate() {
                for (column, [b, j]) in self.terms[..=row].iter().enumerate() {
                    matrix[row * count + column] += own[a * orders + b] * self.down[*i][y] * self.down[*j][y];
                }
            }
        }
        cholesky(matrix, count)
    }
}

fn cholesky(mut matrix: Vec<f64>, count: usize) -> Result<Vec<f64>> {
    for row in 0..count {
        for column in 0..=row {
            let products = (0..column).map(|k| matrix[row * count + k] * matrix[column * count + k]);
            let rest = matrix[row * count + column] - products.sum::<f64>();
            if row > column {
                matrix[row * count + column] = rest / matrix[column * count + column];
            } else if rest > LEAST_PIVOT {
                matrix[row * count + row] = rest.sqrt();
            } else {
                let expected = "background pixels that determine the surface";
                return Err(Error::argument("frame", expected, "too few rows or columns of them"));
            }
        }
    }
    Ok(matrix)
}

/// Solves the normal equations in place, given their Cholesky factor.
fn solve(factor: &[f64], values: &mut [f64]) {
    let count = values.len();
    for row in 0..count {
        let known: f64 = (0..row).map(|k| factor[row * count + k] * values[k]).sum();
        values[row] = (values[row] - known) / factor[row * count + row];
    }
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|k| factor[k * count + row] * values[k]).sum();
        values[row] = (values[row] - known) / factor[row * count + row];
    }
}

/// An order that frames of a size determine.
fn checked(order: usize, height: usize, width: usize) -> Result<usize> {
    let most = MOST_ORDER.min(width.min(height).saturating_sub(1));
    if order > most {
        return Err(Error::argument("order", format!("up to {most}, for frames of this size"), order));
    }
    Ok(order)
}

/// Polynomials of degrees 0 to `order` that are orthonormal on `length` places from -1 to 1.
fn orthonormal(order: usize, length: usize) -> Vec<Vec<f64>> {
    let place = |x: usize| if length > 1 { 2.0 * x as f64 / (length - 1) as f64 - 1.0 } else { 0.0 };
    let mut found: Vec<Vec<f64>> = Vec::with_capacity(order + 1);
    for degree in 0..=order {
        let mut next: Vec<f64> = match found.last() {
            None => vec![1.0; length],
            Some(last) => last.iter().enumerate().map(|(x, value)| value * place(x)).collect(),
        };
        // Twice is enough (Giraud et al., Numer. Math. 101 (2005) 87).
        for _ in 0..2 {
            for other in &found[..degree] {
                let part = dot(&next, other);
                subtract_times(&mut next, part, other);
            }
        }
        let norm = dot(&next, &next).sqrt();
        next = next.into_iter().map(|value| value / norm).collect();
        found.push(next);
    }
    found
}

/// Subtracts a surface; what stands out from it is left out of the next fit, until nothing changes.
pub(super) fn subtract_again_and_again(
    surface: &Surface,
    frame: &mut [f64],
    (factor, both_sides, iterations): (f64, bool, usize),
    scratch: &mut Scratch,
) -> Result<()> {
    let background = scratch.used.clone();
    let mut used = background.clone();
    let mut level = frame.to_vec();
    surface.subtract(&mut level, &used, &mut scratch.values)?;
    for _ in 0..iterations {
        gather(&level, &used, &mut scratch.values);
        let middle = median(&mut scratch.values).unwrap_or(0.0);
        scratch.values.iter_mut().for_each(|value| *value = (*value - middle).abs());
        let limit = factor * TO_DEVIATION * median(&mut scratch.values).unwrap_or(0.0);
        let kept = |value: f64| {
            let above = value - middle;
            (if both_sides { above.abs() } else { above }) <= limit
        };
        let next: Vec<bool> = background.iter().zip(&level).map(|(used, value)| *used && kept(*value)).collect();
        if next == used {
            break;
        }
        used = next;
        level.copy_from_slice(frame);
        surface.subtract(&mut level, &used, &mut scratch.values)?;
    }
    frame.copy_from_slice(&level);
    Ok(())
}

wide! {
    /// The sum of products, in eight lanes.
    fn dot(a: &[f64], b: &[f64]) -> f64 {
        let mut lanes = [0.0; 8];
        let (long, other) = (a.chunks_exact(8), b.chunks_exact(8));
        let rest: f64 = long.remainder().iter().zip(other.remainder()).map(|(p, q)| p * q).sum();
        for (p, q) in long.zip(other) {
            for lane in 0..8 {
                lanes[lane] += p[lane] * q[lane];
            }
        }
        lanes.iter().sum::<f64>() + rest
    }
}

wide! {
    fn subtract_times(values: &mut [f64], factor: f64, other: &[f64]) {
        for (value, own) in values.iter_mut().zip(other) {
            *value -= factor * own;
        }
    }
}
