//! Vectors and small symmetric matrices: positions and their derivatives.

pub(super) type Vec3 = [f64; 3];
pub(super) type Matrix<const N: usize> = [[f64; N]; N];

/// Logarithm of a product of many factors from 1 on.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogProduct {
    factors: f64,
    logarithm: f64,
}

impl Default for LogProduct {
    fn default() -> Self {
        Self { factors: 1.0, logarithm: 0.0 }
    }
}

impl LogProduct {
    pub(super) fn multiply(&mut self, factor: f64) {
        self.factors *= factor;
        if self.factors > 1e100 {
            self.logarithm += self.factors.ln();
            self.factors = 1.0;
        }
    }

    pub(super) fn ln(self) -> f64 {
        self.logarithm + self.factors.ln()
    }
}

pub(super) fn dot(a: &Vec3, b: &Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: &Vec3, b: &Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn times<const N: usize>(a: &Matrix<N>, x: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| (0..N).map(|j| a[i][j] * x[j]).sum())
}

pub(super) fn plus<const N: usize>(a: &Matrix<N>, b: &Matrix<N>, factor: f64) -> Matrix<N> {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] + factor * b[i][j]))
}

/// The first rows and columns.
pub(super) fn corner<const M: usize, const N: usize>(a: &Matrix<N>) -> Matrix<M> {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][j]))
}

/// Inverse and logarithm of the determinant of a symmetric positive matrix; `None` for any other.
pub(super) fn inverse<const N: usize>(a: &Matrix<N>) -> Option<(Matrix<N>, f64)> {
    let mut factor = [[0.0; N]; N];
    let mut log_determinant = 0.0;
    for i in 0..N {
        for j in 0..=i {
            let rest: f64 = a[i][j] - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                factor[i][i] = rest.sqrt();
                log_determinant += rest.ln();
            } else {
                factor[i][j] = rest / factor[j][j];
            }
        }
    }
    let mut back = [[0.0; N]; N];
    for i in 0..N {
        back[i][i] = 1.0 / factor[i][i];
        let row: [f64; N] = std::array::from_fn(|j| (j..i).map(|k| factor[i][k] * back[k][j]).sum());
        for (value, sum) in back[i][..i].iter_mut().zip(row) {
            *value = -sum / factor[i][i];
        }
    }
    let mut found = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let sum = (i..N).map(|k| back[k][i] * back[k][j]).sum();
            found[i][j] = sum;
            found[j][i] = sum;
        }
    }
    Some((found, log_determinant))
}
