//! Shifts of tiles as a field that changes little from tile to tile.

/// Residuals, in standard errors, from which on a tile counts less.
const HUBER: f64 = 3.0;
const ROUNDS: usize = 3;

/// Sum of the surfaces of a tile and of those beside it and across its corners.
pub(super) fn around(surfaces: &[f64], area: usize, tiles: [usize; 2], number: usize) -> Vec<f64> {
    let [row, column] = [number / tiles[1], number % tiles[1]];
    let mut sum = vec![0.0; area];
    for other in row.saturating_sub(1)..(row + 2).min(tiles[0]) {
        for beside in column.saturating_sub(1)..(column + 2).min(tiles[1]) {
            let place = (other * tiles[1] + beside) * area;
            for (total, value) in sum.iter_mut().zip(&surfaces[place..place + area]) {
                *total += value;
            }
        }
    }
    sum
}

/// The most probable field, given shifts with errors (rows, columns, rows, columns) of tiles and differences of
/// neighbours with the standard deviation `roughness`; with standard errors. NaN where nothing is known of any tile.
///
/// Solves (D + L / roughness²) x = D y for each axis, with D = diag(1 / error²) and the Laplacian L of the grid; tiles
/// that are far from it count less (Huber 1964, doi:10.1214/aoms/1177703732). O(tiles³).
pub(super) fn smoothed(own: &[[f64; 4]], tiles: [usize; 2], roughness: f64) -> Vec<[f64; 4]> {
    let mut found = vec![[f64::NAN; 4]; own.len()];
    for axis in 0..2 {
        let shifts: Vec<f64> = own.iter().map(|tile| tile[axis]).collect();
        let errors: Vec<f64> = own.iter().map(|tile| tile[axis + 2]).collect();
        let Some((field, sigma)) = solved(&shifts, &errors, tiles, roughness) else { continue };
        for ((tile, shift), error) in found.iter_mut().zip(field).zip(sigma) {
            tile[axis] = shift;
            tile[axis + 2] = error;
        }
    }
    found
}

fn solved(shifts: &[f64], errors: &[f64], tiles: [usize; 2], roughness: f64) -> Option<(Vec<f64>, Vec<f64>)> {
    let known: Vec<f64> = shifts
        .iter()
        .zip(errors)
        .map(|(shift, error)| if shift.is_finite() && error.is_finite() { error.powi(-2) } else { 0.0 })
        .collect();
    if !known.iter().any(|own| *own > 0.0) {
        return None;
    }
    let mut trust = vec![1.0; shifts.len()];
    let mut field = Vec::new();
    let mut factor = Vec::new();
    for round in 0..ROUNDS {
        let diagonal: Vec<f64> = known.iter().zip(&trust).map(|(own, trust)| own * trust).collect();
        factor = laplacian(&diagonal, tiles, roughness.powi(-2));
        cholesky(&mut factor, shifts.len())?;
        let pull = diagonal.iter().zip(shifts).map(|(own, shift)| if *own > 0.0 { own * shift } else { 0.0 });
        field = pull.collect();
        substitute(&factor, &mut field);
        if round + 1 < ROUNDS {
            for (((trust, own), shift), found) in trust.iter_mut().zip(&known).zip(shifts).zip(&field) {
                let away = own.sqrt() * (shift - found).abs();
                *trust = if away > HUBER { HUBER / away } else { 1.0 };
            }
        }
    }
    let sigma = (0..shifts.len()).map(|tile| variance(&factor, shifts.len(), tile).sqrt()).collect();
    Some((field, sigma))
}

/// The matrix diag(`diagonal`) + `weight` times the Laplacian of a grid.
fn laplacian(diagonal: &[f64], tiles: [usize; 2], weight: f64) -> Vec<f64> {
    let count = diagonal.len();
    let mut matrix = vec![0.0; count * count];
    for (number, own) in diagonal.iter().enumerate() {
        matrix[number * count + number] += own;
        let right = (number % tiles[1] + 1 < tiles[1]).then_some(number + 1);
        let below = (number / tiles[1] + 1 < tiles[0]).then_some(number + tiles[1]);
        for other in [right, below].into_iter().flatten() {
            matrix[number * count + number] += weight;
            matrix[other * count + other] += weight;
            matrix[other * count + number] -= weight;
        }
    }
    matrix
}

/// The lower factor of a symmetric matrix, of which the lower half is given, in its place; none if it is not positive.
fn cholesky(matrix: &mut [f64], count: usize) -> Option<()> {
    for row in 0..count {
        for column in 0..=row {
            let (above, below) = matrix.split_at(row * count);
            let first = if column == row { &below[..column] } else { &above[column * count..column * count + column] };
            let dot: f64 = first.iter().zip(&below[..column]).map(|(a, b)| a * b).sum();
            let rest = matrix[row * count + column] - dot;
            matrix[row * count + column] = if column < row {
                rest / matrix[column * count + column]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(())
}

/// Solves for a right-hand side in its place.
fn substitute(factor: &[f64], values: &mut [f64]) {
    let count = values.len();
    forward(factor, values, 0);
    for row in (0..count).rev() {
        let later: f64 = (row + 1..count).map(|other| factor[other * count + row] * values[other]).sum();
        values[row] = (values[row] - later) / factor[row * count + row];
    }
}

/// Solves the lower half from `first` on, before which values are 0.
fn forward(factor: &[f64], values: &mut [f64], first: usize) {
    let count = values.len();
    for row in first..count {
        let dot: f64 =
            factor[row * count + first..row * count + row].iter().zip(&values[first..row]).map(|(a, b)| a * b).sum();
        values[row] = (values[row] - dot) / factor[row * count + row];
    }
}

/// An element of the diagonal of the inverse.
fn variance(factor: &[f64], count: usize, tile: usize) -> f64 {
    let mut unit = vec![0.0; count];
    unit[tile] = 1.0;
    forward(factor, &mut unit, tile);
    unit[tile..].iter().map(|value| value * value).sum()
}
