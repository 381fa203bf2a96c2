//! Normal equations of an alignment, and their solution.

use super::model::Model;

/// Sums that a row contributes: products of gradients by powers of x, then with values, then of values.
pub(super) const TERMS: usize = 6 * 3 + 3 * 6 + 7;
const VALUES: usize = 6 * 3 + 3 * 6;

/// Coordinates of both images from -1 to 1 and from their centres, so that all parameters weigh alike.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Centre of the moving image.
    pub(super) centre: [f64; 2],
    middle: [f64; 2],
    half: f64,
    reach: f64,
}

impl Frame {
    pub(super) fn new(width: usize, height: usize, moving_width: usize, moving_height: usize) -> Self {
        let middle = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
        let centre = [(moving_width as f64 - 1.0) / 2.0, (moving_height as f64 - 1.0) / 2.0];
        let half = middle[0].max(middle[1]).max(1.0);
        Self { width, height, centre, middle, half, reach: centre[0].max(centre[1]).max(1.0) }
    }

    pub(super) fn x(&self, column: usize) -> f64 {
        (column as f64 - self.middle[0]) / self.half
    }

    pub(super) fn y(&self, row: usize) -> f64 {
        (row as f64 - self.middle[1]) / self.half
    }

    pub(super) fn extent(&self) -> f64 {
        self.reach.max(self.half)
    }

    /// The matrix from coordinates of [`Frame::x`] and [`Frame::y`] to places from the moving image's centre.
    pub(super) fn normalise(&self, m: [f64; 9]) -> [f64; 9] {
        let [mx, my] = self.middle;
        let s = self.half;
        let mut out = [0.0; 9];
        for row in 0..3 {
            let [a, b, c] = [m[3 * row], m[3 * row + 1], m[3 * row + 2]];
            [out[3 * row], out[3 * row + 1], out[3 * row + 2]] = [a * s, b * s, a * mx + b * my + c];
        }
        for column in 0..3 {
            out[column] -= self.centre[0] * out[6 + column];
            out[3 + column] -= self.centre[1] * out[6 + column];
        }
        let last = out[8];
        out.map(|value| value / last)
    }

    /// The inverse of [`Frame::normalise`].
    pub(super) fn restore(&self, m: [f64; 9]) -> [f64; 9] {
        let [mx, my] = self.middle;
        let s = self.half;
        let mut full = m;
        for column in 0..3 {
            full[column] += self.centre[0] * m[6 + column];
            full[3 + column] += self.centre[1] * m[6 + column];
        }
        let mut out = [0.0; 9];
        for row in 0..3 {
            let [a, b, c] = [full[3 * row], full[3 * row + 1], full[3 * row + 2]];
            let (a, b) = (a / s, b / s);
            [out[3 * row], out[3 * row + 1], out[3 * row + 2]] = [a, b, c - a * mx - b * my];
        }
        let last = out[8];
        out.map(|value| value / last)
    }

    /// Adds a step and says how far the corner that moved most has moved.
    pub(super) fn apply(&self, matrix: &mut [f64; 9], step: &[f64; 8]) -> f64 {
        let before = *matrix;
        for (value, add) in matrix.iter_mut().zip(step) {
            *value += add;
        }
        let (x, y) = (self.middle[0] / self.half, self.middle[1] / self.half);
        let mut most = 0.0_f64;
        for corner in [[-x, -y], [x, -y], [-x, y], [x, y]] {
            let (old, new) = (project(&before, corner), project(matrix, corner));
            let moved = (old[0] - new[0]).hypot(old[1] - new[1]);
            most = if moved.is_nan() { f64::NAN } else { most.max(moved) };
        }
        most
    }
}

fn project(m: &[f64; 9], [x, y]: [f64; 2]) -> [f64; 2] {
    let w = m[6] * x + m[7] * y + m[8];
    [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
}

/// Weighted sums over all pixels that both images have.
///
/// The Jacobian of a pixel is the product of (a, b, c) with (x, y, 1), where a and b are the moving image's gradients
/// over the depth and c = -(a u + b v).
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// Products of two of (a, b, c), times x^k y^l at `[pair][k][l]`.
    squares: [[[f64; 3]; 3]; 6],
    /// One of (a, b, c) alone, times the moving, times the fixed value; times x^k y^l at `[which][with][k][l]`.
    single: [[[[f64; 2]; 2]; 3]; 3],
    /// Of weights, of moving and of fixed values, of their squares, of their product; the number of pixels.
    values: [f64; 7],
}

const PAIRS: [[usize; 3]; 3] = [[0, 1, 2], [1, 3, 4], [2, 4, 5]];

impl Sums {
    pub(super) fn add_row(&mut self, row: &[f64; TERMS], y: f64) {
        let powers = [1.0, y, y * y];
        for (pair, terms) in self.squares.iter_mut().zip(row.chunks_exact(3)) {
            for (k, term) in terms.iter().enumerate() {
                for l in 0..3 - k {
                    pair[k][l] += term * powers[l];
                }
            }
        }
        for (gradient, terms) in self.single.iter_mut().zip(row[18..VALUES].chunks_exact(6)) {
            for (with, terms) in gradient.iter_mut().zip(terms.chunks_exact(2)) {
                for (k, term) in terms.iter().enumerate() {
                    for l in 0..2 - k {
                        with[k][l] += term * powers[l];
                    }
                }
            }
        }
        for (value, term) in self.values.iter_mut().zip(&row[VALUES..]) {
            *value += term;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let ours = self.squares.as_flattened_mut().as_flattened_mut();
        for (value, more) in ours.iter_mut().zip(other.squares.as_flattened().as_flattened()) {
            *value += more;
        }
        let ours = self.single.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        let theirs = other.single.as_flattened().as_flattened().as_flattened();
        for (value, more) in ours.iter_mut().zip(theirs) {
            *value += more;
        }
        for (value, more) in self.values.iter_mut().zip(&other.values) {
            *value += more;
        }
    }

    /// Pixels with weight.
    pub(super) fn count(&self) -> f64 {
        self.values[6]
    }

    /// Centred sums of squares of the moving and the fixed image, and of their product.
    fn moments(&self) -> [f64; 3] {
        let [weight, moved, still, moved2, still2, both, _] = self.values;
        [moved2 - moved * moved / weight, still2 - still * still / weight, both - moved * still / weight]
    }

    pub(super) fn correlation(&self) -> f64 {
        let [moved, still, both] = self.moments();
        both / (moved * still).sqrt()
    }

    /// Spread of the fixed values around the line through the moving ones.
    pub(super) fn residual(&self) -> f64 {
        let [moved, still, both] = self.moments();
        ((still - both * both / moved) / self.values[0]).max(0.0).sqrt()
    }

    /// Gain and bias of that line.
    pub(super) fn line(&self) -> (f64, f64) {
        let [moved, _, both] = self.moments();
        let gain = both / moved;
        if gain.is_finite() { (gain, (self.values[2] - gain * self.values[1]) / self.values[0]) } else { (1.0, 0.0) }
    }
}

/// The forward-additive step that maximises the correlation, in the order of a matrix's first eight numbers.
pub(super) fn solve(sums: &Sums, model: Model) -> Option<[f64; 8]> {
    let used = model.parameters();
    let n = used.len();
    let [weight, moved, still, ..] = sums.values;
    let mut hessian = vec![0.0; n * n];
    let (mut own, mut other) = (vec![0.0; n], vec![0.0; n]);
    let alone = |[which, k, l]: [usize; 3], with: usize| sums.single[which][with][k][l];
    for (i, &p) in used.iter().enumerate() {
        own[i] = alone(p, 1) - alone(p, 0) * moved / weight;
        other[i] = alone(p, 2) - alone(p, 0) * still / weight;
        for (j, &q) in used.iter().enumerate() {
            let square = sums.squares[PAIRS[p[0]][q[0]]][p[1] + q[1]][p[2] + q[2]];
            hessian[i * n + j] = square - alone(p, 0) * alone(q, 0) / weight;
        }
    }
    let factor = cholesky(hessian, n)?;
    let from_own = back(&factor, &own);
    let from_other = back(&factor, &other);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let [moved2, _, both] = sums.moments();
    let below = both - dot(&other, &from_own);
    let lambda = if below > 0.0 { (moved2 - dot(&own, &from_own)) / below } else { moved2 / both };
    if !lambda.is_finite() || lambda <= 0.0 {
        return None;
    }
    let mut step = [0.0; 8];
    for (i, [which, k, l]) in used.into_iter().enumerate() {
        let place = 3 * which
            + if k == 1 {
                0
            } else if l == 1 {
                1
            } else {
                2
            };
        step[place] = lambda * from_other[i] - from_own[i];
    }
    Some(step)
}

/// Lower triangle L with L Lᵀ = `matrix`; `None` if it is not positive definite.
pub(super) fn cholesky(mut matrix: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for i in 0..n {
        for j in 0..=i {
            let mut sum = matrix[i * n + j];
            for k in 0..j {
                sum -= matrix[i * n + k] * matrix[j * n + k];
            }
            if i == j {
                if sum <= 1e-12 * matrix[i * n + i].abs() {
                    return None;
                }
                matrix[i * n + i] = sum.sqrt();
            } else {
                matrix[i * n + j] = sum / matrix[j * n + j];
            }
        }
    }
    Some(matrix)
}

/// Solves L Lᵀ x = `right`.
pub(super) fn back(factor: &[f64], right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let mut x = right.to_vec();
    for i in 0..n {
        for k in 0..i {
            x[i] -= factor[i * n + k] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            x[i] -= factor[k * n + i] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
    x
}
