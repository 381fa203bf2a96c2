//! Vectors and symmetric matrices of six numbers: position and velocity.

pub(super) type Vec3 = [f64; 3];
pub(super) type Vec6 = [f64; 6];
pub(super) type Mat6 = [[f64; 6]; 6];

pub(super) fn dot(a: &Vec3, b: &Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn times(a: &Mat6, x: &Vec6) -> Vec6 {
    std::array::from_fn(|i| (0..6).map(|j| a[i][j] * x[j]).sum())
}

pub(super) fn product(a: &Mat6, b: &Mat6) -> Mat6 {
    let mut c = [[0.0; 6]; 6];
    for (row, out) in a.iter().zip(&mut c) {
        for (x, other) in row.iter().zip(b) {
            for (sum, y) in out.iter_mut().zip(other) {
                *sum += x * y;
            }
        }
    }
    c
}

pub(super) fn transposed(a: &Mat6) -> Mat6 {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i]))
}

pub(super) fn plus(a: &Mat6, b: &Mat6, factor: f64) -> Mat6 {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] + factor * b[i][j]))
}

/// Inverse and logarithm of the determinant of a symmetric positive matrix; `None` for any other.
pub(super) fn inverse<const N: usize>(a: &[[f64; N]; N]) -> Option<([[f64; N]; N], f64)> {
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
