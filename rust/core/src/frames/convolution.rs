//! Gaussians on rows of pixels, with mirrored edges.

use crate::simd::wide;

/// Kernels reach so many sigmas.
const TRUNCATE: f64 = 4.0;

/// How far the kernels of a sigma reach.
pub(super) fn radius(sigma: f64) -> usize {
    (TRUNCATE * sigma + 0.5) as usize
}

/// Half of a Gaussian that sums to 1, from the middle on.
pub(super) fn gaussian(sigma: f64) -> Vec<f64> {
    let shape = |x: usize| libm::exp(-0.5 / (sigma * sigma) * (x * x) as f64);
    let total = 1.0 + 2.0 * (1..=radius(sigma)).map(shape).sum::<f64>();
    (0..=radius(sigma)).map(|x| shape(x) / total).collect()
}

/// Half of the second derivative of [`gaussian`].
pub(super) fn second_derivative(sigma: f64) -> Vec<f64> {
    let square = sigma * sigma;
    let bent = |x: usize| (x * x) as f64 / (square * square) - 1.0 / square;
    gaussian(sigma).iter().enumerate().map(|(x, weight)| weight * bent(x)).collect()
}

/// The index that stands for one beyond the edge, where the image is mirrored with its last pixels doubled.
pub(super) fn reflect(index: isize, length: usize) -> usize {
    let (period, length) = (2 * length as isize, length as isize);
    let place = index.rem_euclid(period);
    (if place < length { place } else { period - 1 - place }) as usize
}

/// A row with its mirrored edges.
pub(super) fn mirrored(line: &[f64], radius: usize, row: &mut Vec<f64>) {
    row.clear();
    let (before, after) = (-(radius as isize)..0, line.len() as isize..(line.len() + radius) as isize);
    row.extend(before.map(|x| line[reflect(x, line.len())]));
    row.extend_from_slice(line);
    row.extend(after.map(|x| line[reflect(x, line.len())]));
}

wide! {
    /// Sums of a row, extended on both sides, with an even kernel given from its middle on.
    pub(super) fn convolve(row: &[f64], kernel: &[f64], out: &mut [f64]) {
        let radius = kernel.len() - 1;
        for (value, middle) in out.iter_mut().zip(&row[radius..]) {
            *value = kernel[0] * middle;
        }
        for step in 1..=radius {
            let (left, right) = (&row[radius - step..], &row[radius + step..]);
            for ((value, a), b) in out.iter_mut().zip(left).zip(right) {
                *value += kernel[step] * (a + b);
            }
        }
    }
}

wide! {
    /// Adds two rows times a weight.
    fn add_rows(out: &mut [f64], rows: [&[f64]; 2], weight: f64) {
        let [above, below] = rows;
        for ((value, a), b) in out.iter_mut().zip(above).zip(below) {
            *value += weight * (a + b);
        }
    }
}

/// Adds to row `y` of an image the rows of `values` around it times an even kernel and a factor.
pub(super) fn add_column_sums(line: &mut [f64], values: &[f64], y: usize, kernel: &[f64], factor: f64) {
    let width = line.len();
    let height = values.len() / width;
    for (step, weight) in kernel.iter().enumerate() {
        let rows = [reflect(y as isize - step as isize, height), reflect((y + step) as isize, height)];
        // The middle row is added twice.
        let weight = factor * weight * if step == 0 { 0.5 } else { 1.0 };
        add_rows(line, rows.map(|row| &values[row * width..(row + 1) * width]), weight);
    }
}
