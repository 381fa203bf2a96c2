//! Peaks of surfaces on a grid of lags, between its points.

/// Half steps of Newton's method that are believed: farther away another point of the grid is nearer.
const FARTHEST: f64 = 0.75;
const STEPS: usize = 12;
const CLOSE: f64 = 1e-7;

/// Row and column of the highest point of a square surface; none if nothing is finite.
pub(super) fn highest(surface: &[f64], wide: usize) -> Option<[usize; 2]> {
    let finite = surface.iter().enumerate().filter(|(_, value)| value.is_finite());
    let (place, _) = finite.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some([place / wide, place % wide])
}

/// How far the peak is from the point `at`: that of the polynomial of degree 4 in each axis through 5 x 5 points.
///
/// None if points are missing, or the polynomial has no peak near the point.
pub(super) fn between(surface: &[f64], wide: usize, at: [usize; 2]) -> Option<[f64; 2]> {
    if at.iter().any(|own| *own < 2 || own + 2 >= wide) {
        return None;
    }
    let patch: [[f64; 5]; 5] =
        std::array::from_fn(|row| std::array::from_fn(|column| surface[(at[0] + row - 2) * wide + at[1] + column - 2]));
    let mut place = [0.0, 0.0];
    for _ in 0..STEPS {
        let [down, across] = place.map(weights);
        let of = |a: usize, b: usize| -> f64 {
            let rows = patch.iter().zip(down[a]);
            rows.map(|(row, weight)| weight * row.iter().zip(across[b]).map(|(x, w)| x * w).sum::<f64>()).sum()
        };
        let (gy, gx, yy, xx, xy) = (of(1, 0), of(0, 1), of(2, 0), of(0, 2), of(1, 1));
        let determinant = yy * xx - xy * xy;
        if !(yy < 0.0 && determinant > 0.0) {
            return None;
        }
        let step = [(xy * gx - xx * gy) / determinant, (xy * gy - yy * gx) / determinant];
        place = [place[0] + step[0], place[1] + step[1]];
        if !place.iter().all(|own| own.abs() <= FARTHEST) {
            return None;
        }
        if step.iter().all(|own| own.abs() < CLOSE) {
            return Some(place);
        }
    }
    None
}

/// The highest point uphill from `at`, which is a peak of a surface that is nearly the same; none at the rim.
pub(super) fn uphill(surface: &[f64], wide: usize, at: [usize; 2]) -> Option<[usize; 2]> {
    let mut top = at;
    for _ in 0..2 {
        if top.iter().any(|own| *own < 2 || own + 2 >= wide) {
            return None;
        }
        let value = |row: usize, column: usize| surface[row * wide + column];
        let around = (0..9).map(|number| [top[0] + number / 3 - 1, top[1] + number % 3 - 1]);
        let best = around.max_by(|a, b| value(a[0], a[1]).total_cmp(&value(b[0], b[1])))?;
        if best == top {
            break;
        }
        top = best;
    }
    Some(top)
}

/// Weights of five points, at `u` from the middle one, of the value, the slope and the curvature of their polynomial.
fn weights(u: f64) -> [[f64; 5]; 3] {
    // Coefficients of the polynomials of Lagrange, highest power first, and what they are divided by.
    const POWERS: [([f64; 5], f64); 5] = [
        ([1.0, -2.0, -1.0, 2.0, 0.0], 24.0),
        ([-1.0, 1.0, 4.0, -4.0, 0.0], 6.0),
        ([1.0, 0.0, -5.0, 0.0, 4.0], 4.0),
        ([-1.0, -1.0, 4.0, 4.0, 0.0], 6.0),
        ([1.0, 2.0, -1.0, -2.0, 0.0], 24.0),
    ];
    let mut found = [[0.0; 5]; 3];
    for (point, ([a, b, c, d, e], scale)) in POWERS.into_iter().enumerate() {
        found[0][point] = ((((a * u + b) * u + c) * u + d) * u + e) / scale;
        found[1][point] = (((4.0 * a * u + 3.0 * b) * u + 2.0 * c) * u + d) / scale;
        found[2][point] = ((12.0 * a * u + 6.0 * b) * u + 2.0 * c) / scale;
    }
    found
}
