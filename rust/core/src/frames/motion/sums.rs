//! What parts of the reference say: light, contrast, and how well a shift can be told from them.

use super::Reference;
use super::lags::{Pattern, Tile};

/// Figures of a pixel: its light; that times the pattern, and the pattern; and for rows, then columns: the slope of the
/// light; light times the slope of the pattern; both slopes; light times the square of the slope of the pattern.
const FIGURES: usize = 11;

/// Sums of figures over all pixels above and left of a place.
#[derive(Debug)]
pub(super) struct Sums {
    shape: [usize; 2],
    table: Vec<[f64; FIGURES]>,
    /// The first figure alone, which is asked for most.
    light: Vec<f64>,
}

impl Sums {
    pub(super) fn new(reference: &Reference<'_>, pattern: &Pattern) -> Self {
        let [rows, columns] = reference.shape;
        let stride = columns + 1;
        let mut table = vec![[0.0; FIGURES]; (rows + 1) * stride];
        for row in 0..rows {
            let mut line = [0.0; FIGURES];
            for column in 0..columns {
                let own = figures(reference, pattern.mean, row, column);
                for (sum, value) in line.iter_mut().zip(own) {
                    *sum += value;
                }
                let above = table[row * stride + column + 1];
                let total = &mut table[(row + 1) * stride + column + 1];
                for ((total, above), sum) in total.iter_mut().zip(above).zip(line) {
                    *total = above + sum;
                }
            }
        }
        let light = table.iter().map(|own| own[0]).collect();
        Self { shape: reference.shape, table, light }
    }

    /// Places in the tables of the corners of what a tile shows at a displacement: bottom and top, right and left.
    fn corners(&self, tile: &Tile, place: [i64; 2]) -> [usize; 4] {
        let stride = self.shape[1] + 1;
        let at = |axis: usize, edge: usize| (edge as i64 - place[axis]).clamp(0, self.shape[axis] as i64) as usize;
        let (top, bottom) = (at(0, tile.rows.0) * stride, at(0, tile.rows.1) * stride);
        let (left, right) = (at(1, tile.columns.0), at(1, tile.columns.1));
        [bottom + right, top + right, bottom + left, top + left]
    }

    /// Figures of what a tile shows at a displacement.
    fn of(&self, tile: &Tile, place: [i64; 2]) -> [f64; FIGURES] {
        let own = self.corners(tile, place).map(|corner| &self.table[corner]);
        std::array::from_fn(|figure| own[0][figure] - own[1][figure] - own[2][figure] + own[3][figure])
    }

    /// Takes from each lag of a tile what its light would bring by itself.
    pub(super) fn brightness(&self, tile: &Tile, start: [i64; 2], lags: usize, surface: &mut [f64]) {
        if tile.is_empty() {
            return;
        }
        let wide = 2 * lags + 1;
        for (down, line) in surface.chunks_exact_mut(wide).enumerate() {
            for (across, value) in line.iter_mut().enumerate() {
                let lag = [down, across].map(|own| own as i64 - lags as i64);
                let place = [start[0] + lag[0], start[1] + lag[1]];
                let own = self.corners(tile, place).map(|corner| self.light[corner]);
                *value -= tile.light * (own[0] - own[1] - own[2] + own[3]).ln();
            }
        }
    }

    /// Contrast of a tile in the pattern at a displacement, where its likelihood is `value`; and of the reference.
    pub(super) fn contrast(&self, tile: &Tile, place: [i64; 2], value: f64) -> [f64; 2] {
        if tile.is_empty() {
            return [0.0; 2];
        }
        let [light, both, pattern, ..] = self.of(tile, place);
        let pixels = ((tile.rows.1 - tile.rows.0) * (tile.columns.1 - tile.columns.0)) as f64;
        let flat = tile.light * pattern / pixels;
        [value + tile.light * light.ln() - flat, tile.light * both / light - flat]
    }

    /// What a part of a frame that did not move tells of its displacement along an axis.
    pub(super) fn told(&self, part: &Tile, axis: usize) -> f64 {
        if part.is_empty() { 0.0 } else { self.of(part, [0, 0])[6 + 4 * axis].max(0.0) }
    }

    /// Standard errors along rows and columns of the displacement of some tiles together.
    ///
    /// The variance is J / H², with the expected curvature H of the likelihood and the variance J of its slope.
    pub(super) fn error(&self, tiles: &[Tile], place: [i64; 2], gain: f64) -> [f64; 2] {
        let mut sums = [[0.0; 2]; 2];
        for tile in tiles.iter().filter(|tile| !tile.is_empty() && tile.light > 0.0) {
            let own = self.of(tile, place);
            let share = tile.light / own[0];
            for (sum, axis) in sums.iter_mut().zip(own[3..].as_chunks::<4>().0) {
                let [slope, lit, slopes, square] = *axis;
                sum[0] += share * (slopes - slope * lit / own[0]);
                sum[1] += share * (square - lit * lit / own[0]);
            }
        }
        sums.map(|[curvature, variance]| {
            let error = (gain * variance).sqrt() / curvature;
            if error > 0.0 { error } else { f64::INFINITY }
        })
    }
}

fn figures(reference: &Reference<'_>, mean: f32, row: usize, column: usize) -> [f64; FIGURES] {
    let [rows, columns] = reference.shape;
    let place = row * columns + column;
    let light = f64::from(reference.rate[place]);
    let pattern = f64::from(reference.even[place] - mean);
    let slope = |values: &[f32], along: usize, size: usize, step: usize| -> f64 {
        let at = |away: i64| {
            let own = (along as i64 + away).clamp(0, size as i64 - 1);
            f64::from(values[(place as i64 + (own - along as i64) * step as i64) as usize])
        };
        (8.0 * (at(1) - at(-1)) - (at(2) - at(-2))) / 12.0
    };
    let mut own = [0.0; FIGURES];
    own[..3].copy_from_slice(&[light, light * pattern, pattern]);
    for (axis, (along, size, step)) in [(row, rows, columns), (column, columns, 1)].into_iter().enumerate() {
        let (up, rise) = (slope(reference.rate, along, size, step), slope(reference.even, along, size, step));
        own[3 + 4 * axis..7 + 4 * axis].copy_from_slice(&[up, light * rise, rise * up, light * rise * rise]);
    }
    own
}
