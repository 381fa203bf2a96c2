//! The point nearest to a set of lines, in the least-squares sense.

use super::line::{COLUMNS, Line, Vector, usable};
use crate::simd::wide;
use crate::{Result, Rows};

/// Pivots below this part of the trace count as 0.
const SINGULAR: f64 = 1e-12;

/// Lines per block; sums run in this many lanes, whatever the machine's vectors.
const LANES: usize = 8;

/// The point `p` with the smallest sum of squared distances to `lines`: `Σ (I - n nᵀ) p = Σ (I - n nᵀ) a`.
///
/// `n` is the unit direction of a line and `a` a point on it. The system is solved by `L D Lᵀ` about the mean of the lines' mid points.
/// `None` with fewer than two lines or if all are parallel (a pivot is below 1e-12 of the trace). O(n).
///
/// # Errors
/// [`crate::Error::Argument`] if `lines` has fewer than 7 columns.
pub fn nearest_point(lines: Rows<'_>) -> Result<Option<[f64; 3]>> {
    lines.require_width("lines", COLUMNS)?;
    let mut bundle = Bundle::default();
    bundle.load(lines);
    Ok(bundle.solve().map(|fit| bundle.absolute(fit.point)))
}

/// Appends the squared distance in mm² of `point` from each row of `lines` to `out`; NaN for a row without a line. O(n).
///
/// # Errors
/// [`crate::Error::Argument`] if `lines` has fewer than 7 columns.
pub fn squared_distances(lines: Rows<'_>, point: [f64; 3], out: &mut Vec<f64>) -> Result<()> {
    lines.require_width("lines", COLUMNS)?;
    let mut bundle = Bundle::default();
    bundle.load(lines);
    let origin = bundle.origin;
    bundle.measure([0, 1, 2].map(|k| point[k] - origin[k]));
    let start = out.len();
    out.resize(start + lines.len(), f64::NAN);
    for (&row, distance) in bundle.rows.iter().zip(bundle.distances()) {
        if let Some(slot) = out.get_mut(start + row) {
            *slot = distance;
        }
    }
    Ok(())
}

/// The usable lines of a sample, about their mean mid point, a block at a time.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    /// Row of each line.
    pub(super) rows: Vec<usize>,
    /// What all coordinates are relative to.
    origin: Vector,
    parsed: Vec<Line>,
    blocks: Vec<Block>,
}

/// The least-squares point of the used lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// Mean time of the used lines in ms.
    pub(super) time: f64,
    /// Relative to the origin of the bundle.
    pub(super) point: Vector,
}

type Lanes = [f64; LANES];

/// Some lines, column by column.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block {
    time: Lanes,
    point: [Lanes; 3],
    direction: [Lanes; 3],
    /// 1, or 0 in the lanes beyond the last line.
    present: Lanes,
    /// 1 if the line is used, else 0.
    weight: Lanes,
    /// Squared distance of the line from the point last measured to.
    distance: Lanes,
}

const EMPTY: Block = Block {
    time: [0.0; LANES],
    point: [[0.0; LANES]; 3],
    direction: [[0.0; LANES]; 3],
    present: [0.0; LANES],
    weight: [0.0; LANES],
    distance: [0.0; LANES],
};

impl Bundle {
    /// Takes the usable lines of a table and uses all of them.
    pub(super) fn load(&mut self, lines: Rows<'_>) {
        self.parsed.clear();
        self.parsed.extend(usable(lines));
        self.rows.clear();
        self.rows.extend(self.parsed.iter().map(|line| line.row));
        let count = self.parsed.len().max(1) as f64;
        self.origin = [0, 1, 2].map(|k| {
            let middle = |line: &Line| line.point[k] + line.direction[k] / 2.0;
            self.parsed.iter().map(middle).sum::<f64>() / count
        });
        self.blocks.clear();
        self.blocks.resize(self.parsed.len().div_ceil(LANES), EMPTY);
        for (block, lines) in self.blocks.iter_mut().zip(self.parsed.chunks(LANES)) {
            for (lane, line) in lines.iter().enumerate() {
                block.set(lane, line, self.origin);
            }
        }
    }

    /// Number of usable lines.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// A point of the bundle in the coordinates of the table.
    pub(super) fn absolute(&self, point: Vector) -> Vector {
        [0, 1, 2].map(|k| point[k] + self.origin[k])
    }

    /// The least-squares point of the used lines; `None` if they are fewer than two or all parallel.
    pub(super) fn solve(&self) -> Option<Fit> {
        let sums = add(&self.blocks);
        let count = sums.count;
        if count < 2.0 {
            return None;
        }
        let point = solve_symmetric(sums.matrix, sums.vector)?;
        Some(Fit { time: sums.time / count, point })
    }

    /// Finds the squared distance of every line from `point`; returns their mean over the used lines.
    pub(super) fn measure(&mut self, point: Vector) -> f64 {
        let (sum, count) = distances(&mut self.blocks, point);
        sum / count
    }

    /// The squared distances last measured, line by line.
    pub(super) fn distances(&self) -> impl Iterator<Item = f64> {
        self.blocks.iter().flat_map(|block| block.distance).take(self.rows.len())
    }

    /// Uses exactly the lines whose last distance is at most `limit`; returns how many.
    pub(super) fn use_within(&mut self, limit: f64) -> usize {
        select(&mut self.blocks, limit)
    }

    /// Uses line `index` or not.
    pub(super) fn set_used(&mut self, index: usize, used: bool) {
        if let Some(block) = self.blocks.get_mut(index / LANES) {
            block.weight[index % LANES] = f64::from(u8::from(used));
        }
    }

    /// Which lines are used.
    pub(super) fn used(&self) -> impl Iterator<Item = bool> {
        self.blocks.iter().flat_map(|block| block.weight).map(|w| w > 0.0).take(self.rows.len())
    }
}

impl Block {
    fn set(&mut self, lane: usize, line: &Line, origin: Vector) {
        let length = line.squared_length.sqrt();
        for axis in 0..3 {
            self.point[axis][lane] = line.point[axis] - origin[axis];
            self.direction[axis][lane] = line.direction[axis] / length;
        }
        self.time[lane] = line.time;
        self.present[lane] = 1.0;
        self.weight[lane] = 1.0;
    }
}

/// `Σ (I - n nᵀ)` as xx, yy, zz, xy, xz, yz; `Σ (I - n nᵀ) a`; sum of times and number of lines.
#[derive(Debug, Clone, Copy)]
struct Sums {
    matrix: [f64; 6],
    vector: Vector,
    time: f64,
    count: f64,
}

wide! {
    /// The sums over the used lines.
    fn add(blocks: &[Block]) -> Sums {
        let mut sums = [[0.0; LANES]; 11];
        for block in blocks {
            let [nx, ny, nz] = &block.direction;
            let [ax, ay, az] = &block.point;
            for lane in 0..LANES {
                let weight = block.weight[lane];
                let (x, y, z) = (nx[lane], ny[lane], nz[lane]);
                let (a, b, c) = (ax[lane], ay[lane], az[lane]);
                let along = x * a + y * b + z * c;
                sums[0][lane] += weight * (1.0 - x * x);
                sums[1][lane] += weight * (1.0 - y * y);
                sums[2][lane] += weight * (1.0 - z * z);
                sums[3][lane] -= weight * (x * y);
                sums[4][lane] -= weight * (x * z);
                sums[5][lane] -= weight * (y * z);
                sums[6][lane] += weight * (a - x * along);
                sums[7][lane] += weight * (b - y * along);
                sums[8][lane] += weight * (c - z * along);
                sums[9][lane] += weight * block.time[lane];
                sums[10][lane] += weight;
            }
        }
        let [xx, yy, zz, xy, xz, yz, vx, vy, vz, time, count] = sums.map(total);
        Sums { matrix: [xx, yy, zz, xy, xz, yz], vector: [vx, vy, vz], time, count }
    }
}

wide! {
    /// Sets the squared distance of every line from `point`; returns its sum over the used lines and their number.
    fn distances(blocks: &mut [Block], point: Vector) -> (f64, f64) {
        let [px, py, pz] = point;
        let mut sum = [0.0; LANES];
        let mut count = [0.0; LANES];
        for block in blocks {
            let [nx, ny, nz] = &block.direction;
            let [ax, ay, az] = &block.point;
            for lane in 0..LANES {
                let (x, y, z) = (px - ax[lane], py - ay[lane], pz - az[lane]);
                let (u, v, w) = (nx[lane], ny[lane], nz[lane]);
                let (i, j, k) = (y * w - z * v, z * u - x * w, x * v - y * u);
                let squared = i * i + j * j + k * k;
                block.distance[lane] = squared;
                sum[lane] += block.weight[lane] * squared;
                count[lane] += block.weight[lane];
            }
        }
        (total(sum), total(count))
    }
}

wide! {
    /// Gives weight 1 to the lines with a distance up to `limit` and 0 to the rest; returns the number of ones.
    fn select(blocks: &mut [Block], limit: f64) -> usize {
        let mut count = [0.0; LANES];
        for block in blocks {
            for lane in 0..LANES {
                let near = block.distance[lane] <= limit;
                block.weight[lane] = if near { block.present[lane] } else { 0.0 };
                count[lane] += block.weight[lane];
            }
        }
        total(count) as usize
    }
}

/// The sum of the lanes, pairwise.
fn total([a, b, c, d, e, f, g, h]: Lanes) -> f64 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Solves a symmetric positive definite system by `L D Lᵀ`; `None` if it is singular to working accuracy.
fn solve_symmetric([xx, yy, zz, xy, xz, yz]: [f64; 6], [vx, vy, vz]: Vector) -> Option<Vector> {
    let tiny = SINGULAR * (xx + yy + zz);
    let (l21, l31) = (xy / xx, xz / xx);
    let d2 = yy - l21 * xy;
    let l32 = (yz - l31 * xy) / d2;
    let d3 = zz - l31 * xz - l32 * (yz - l31 * xy);
    if !(xx > tiny && d2 > tiny && d3 > tiny) {
        return None;
    }
    let y2 = vy - l21 * vx;
    let y3 = vz - l31 * vx - l32 * y2;
    let z = y3 / d3;
    let y = y2 / d2 - l32 * z;
    let x = vx / xx - l21 * y - l31 * z;
    Some([x, y, z])
}
