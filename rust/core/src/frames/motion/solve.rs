//! Systems of equations whose matrix is symmetric and positive, kept row by row.

use crate::simd::wide;

const LANES: usize = 8;

/// The lower factor of Cholesky of a matrix, of which the lower half is given, in its place; none if it is not positive.
pub(super) fn cholesky(matrix: &mut [f64], count: usize) -> Option<()> {
    for row in 0..count {
        let (above, own) = matrix.split_at_mut(row * count);
        for column in 0..row {
            let line = &above[column * count..=column * count + column];
            own[column] = (own[column] - dot(&line[..column], &own[..column])) / line[column];
        }
        let rest = own[row] - dot(&own[..row], &own[..row]);
        own[row] = (rest > 0.0).then(|| rest.sqrt())?;
    }
    Some(())
}

/// Solves for a right-hand side in its place.
pub(super) fn substitute(factor: &[f64], values: &mut [f64]) {
    let count = values.len();
    forward(factor, values);
    for row in (0..count).rev() {
        values[row] /= factor[row * count + row];
        let (before, own) = values.split_at_mut(row);
        for (value, weight) in before.iter_mut().zip(&factor[row * count..]) {
            *value -= weight * own[0];
        }
    }
}

/// Solves the lower half.
pub(super) fn forward(factor: &[f64], values: &mut [f64]) {
    let count = values.len();
    for row in 0..count {
        let line = &factor[row * count..=row * count + row];
        values[row] = (values[row] - dot(&line[..row], &values[..row])) / line[row];
    }
}

wide! {
    /// Sum of products.
    pub(super) fn dot(one: &[f64], other: &[f64]) -> f64 {
        let (a, a_rest) = one.as_chunks::<LANES>();
        let (b, b_rest) = other.as_chunks::<LANES>();
        let mut lanes = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                lanes[lane] += a[lane] * b[lane];
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
        lanes.iter().sum::<f64>() + rest
    }
}
