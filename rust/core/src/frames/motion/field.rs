//! Shifts of tiles as a field that changes little from place to place.
//!
//! What a tile measures is the mean of the field with the weights of what its pixels tell; what is asked for are means
//! over whole tiles. Both follow from a Gaussian field whose differences have a variance that grows with a power of the
//! distance, and an unknown mean (Matheron 1963, doi:10.2113/gsecongeo.58.8.1246).

use super::lags::Tile;
use super::solve::{cholesky, dot, forward, substitute};
use super::sums::Sums;
use super::{Roughness, Search};

/// Residuals, in standard errors, from which on a tile counts less (Huber 1964, doi:10.1214/aoms/1177703732).
const HUBER: f64 = 3.0;
const ROUNDS: usize = 3;
/// Parts of a tile along each axis, within which the field is one value.
const PARTS: usize = 4;
const CELLS: usize = PARTS * PARTS;
/// Variance of the mean of a field around the shift of the whole, px².
const MEAN: f64 = 100.0;

/// Covariances of the field along rows and along columns.
#[derive(Debug)]
pub(super) struct Prior {
    axes: [Covariance; 2],
}

/// Covariances of what tiles measure with each other; of means over tiles (rows), and of that over all, with what they
/// measure; variances of these means.
#[derive(Debug)]
struct Covariance {
    measured: Vec<f64>,
    asked: Vec<f64>,
    own: Vec<f64>,
}

impl Prior {
    pub(super) fn new(shape: [usize; 2], search: &Search, roughness: Roughness, sums: &Sums) -> Self {
        let powers = Powers::new(search.tiles, roughness.growth);
        let flat = vec![[1.0 / CELLS as f64; CELLS]; search.tiles[0] * search.tiles[1]];
        let axes = [0, 1].map(|axis| {
            let weights: Vec<[f64; CELLS]> = told(shape, search, sums, axis).iter().map(relative).collect();
            Covariance::new(&powers, &weights, &flat, roughness.pixels.powi(2))
        });
        Self { axes }
    }

    /// The most probable shifts of tiles, and of their mean at last, given measured ones with errors (rows, columns, rows,
    /// columns) and a guess; with standard errors. NaN where nothing is known of any tile. O(tiles³).
    pub(super) fn smoothed(&self, own: &[[f64; 4]], guess: [f64; 2]) -> Vec<[f64; 4]> {
        let mut found = vec![[f64::NAN; 4]; own.len() + 1];
        for axis in 0..2 {
            let measured: Vec<[f64; 2]> = own.iter().map(|tile| [tile[axis] - guess[axis], tile[axis + 2]]).collect();
            let Some(field) = self.axes[axis].solved(&measured) else { continue };
            for (tile, [shift, error]) in found.iter_mut().zip(field) {
                tile[axis] = shift + guess[axis];
                tile[axis + 2] = error;
            }
        }
        found
    }
}

impl Covariance {
    fn new(powers: &Powers, weights: &[[f64; CELLS]], flat: &[[f64; CELLS]], variance: f64) -> Self {
        let count = weights.len();
        let between = |one: &[[f64; CELLS]], other: &[[f64; CELLS]]| -> Vec<f64> {
            let pairs = (0..count).flat_map(|row| (0..count).map(move |column| (row, column)));
            pairs.map(|(row, column)| MEAN + variance * powers.covariance(one, row, other, column)).collect()
        };
        let measured = between(weights, weights);
        let (mut asked, means) = (between(flat, weights), between(flat, flat));
        let all: Vec<f64> =
            (0..count).map(|column| asked.iter().skip(column).step_by(count).sum::<f64>() / count as f64).collect();
        asked.extend(all);
        let mut own: Vec<f64> = (0..count).map(|tile| means[tile * count + tile]).collect();
        own.push(means.iter().sum::<f64>() / (count * count) as f64);
        Self { measured, asked, own }
    }

    /// Means over tiles and over all with standard errors, from measured shifts with theirs.
    fn solved(&self, measured: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
        let count = measured.len();
        let known: Vec<usize> =
            (0..count).filter(|tile| measured[*tile].iter().all(|value| value.is_finite())).collect();
        if known.is_empty() {
            return None;
        }
        let mut trust = vec![1.0; known.len()];
        let (mut factor, mut weights) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            factor.clear();
            for (place, tile) in known.iter().enumerate() {
                factor.extend(known.iter().map(|other| self.measured[tile * count + other]));
                factor[place * known.len() + place] += measured[*tile][1].powi(2) / trust[place];
            }
            cholesky(&mut factor, known.len())?;
            weights.clear();
            weights.extend(known.iter().map(|tile| measured[*tile][0]));
            substitute(&factor, &mut weights);
            let residuals = known.iter().zip(&weights).map(|(tile, weight)| measured[*tile][1] * weight.abs());
            let residuals: Vec<f64> = residuals.zip(&trust).map(|(own, trust)| own / trust).collect();
            if round + 1 == ROUNDS || residuals.iter().all(|own| *own <= HUBER) {
                break;
            }
            for (trust, residual) in trust.iter_mut().zip(residuals) {
                *trust = if residual > HUBER { HUBER / residual } else { 1.0 };
            }
        }
        let mut row = vec![0.0; known.len()];
        let of = |tile: usize| {
            for (value, other) in row.iter_mut().zip(&known) {
                *value = self.asked[tile * count + other];
            }
            let shift = dot(&row, &weights);
            forward(&factor, &mut row);
            [shift, (self.own[tile] - dot(&row, &row)).max(0.0).sqrt()]
        };
        Some((0..=count).map(of).collect())
    }
}

/// Distances of parts of tiles, in tiles, to a power: from each other, and from the middle of the grid.
struct Powers {
    tiles: [usize; 2],
    apart: Vec<f64>,
    middle: Vec<f64>,
}

impl Powers {
    fn new(tiles: [usize; 2], growth: f64) -> Self {
        let sizes = tiles.map(|count| count * PARTS);
        let power = |down: f64, across: f64| (down.hypot(across) / PARTS as f64).powf(growth);
        let all = |centre: [f64; 2]| -> Vec<f64> {
            let cells = (0..sizes[0]).flat_map(|row| (0..sizes[1]).map(move |column| (row, column)));
            cells.map(|(row, column)| power(row as f64 - centre[0], column as f64 - centre[1])).collect()
        };
        Self { tiles, apart: all([0.0, 0.0]), middle: all(sizes.map(|size| (size as f64 - 1.0) / 2.0)) }
    }

    /// Row and column of a part of a tile.
    fn place(&self, tile: usize, cell: usize) -> [usize; 2] {
        let [row, column] = [tile / self.tiles[1], tile % self.tiles[1]];
        [row * PARTS + cell / PARTS, column * PARTS + cell % PARTS]
    }

    /// Covariance of two weighted means of a field that is 0 in the middle, of variance 1 between neighbouring tiles.
    fn covariance(&self, one: &[[f64; CELLS]], first: usize, other: &[[f64; CELLS]], second: usize) -> f64 {
        let width = self.tiles[1] * PARTS;
        let mut sum = 0.0;
        for (cell, weight) in one[first].iter().enumerate() {
            let [row, column] = self.place(first, cell);
            for (beside, more) in other[second].iter().enumerate() {
                let [down, across] = self.place(second, beside);
                let middle = self.middle[row * width + column] + self.middle[down * width + across];
                let apart = self.apart[row.abs_diff(down) * width + column.abs_diff(across)];
                sum += weight * more * (middle - apart);
            }
        }
        0.5 * sum
    }
}

/// What the parts of tiles of a frame that did not move tell of the shift along an axis.
fn told(shape: [usize; 2], search: &Search, sums: &Sums, axis: usize) -> Vec<[f64; CELLS]> {
    let edges = |along: usize, number: usize| -> usize {
        let (size, lags) = (shape[along], search.lags);
        (number * size / (search.tiles[along] * PARTS)).clamp(lags.min(size / 2), (size - lags.min(size)).max(size / 2))
    };
    let count = search.tiles[0] * search.tiles[1];
    let cell = |tile: usize, part: usize| {
        let row = tile / search.tiles[1] * PARTS + part / PARTS;
        let column = tile % search.tiles[1] * PARTS + part % PARTS;
        let rows = (edges(0, row), edges(0, row + 1));
        let columns = (edges(1, column), edges(1, column + 1));
        sums.told(&Tile { rows, columns, light: 0.0 }, axis)
    };
    (0..count).map(|tile| std::array::from_fn(|part| cell(tile, part))).collect()
}

/// Shares of a sum; even ones if it is 0.
fn relative(values: &[f64; CELLS]) -> [f64; CELLS] {
    let total: f64 = values.iter().sum();
    values.map(|value| if total > 0.0 { value / total } else { 1.0 / CELLS as f64 })
}

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
