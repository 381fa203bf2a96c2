//! Core distances: how far away the k-th neighbour of every point is.

use super::blocks::{Blocks, Bounds};
use crate::simd::wide;
use crate::{Control, Result};

/// So few values are picked out one by one.
const FEW: usize = 24;

/// Squares below this have lost digits to underflow and bound nothing.
const TINY: f64 = 1e-290;

/// Buffers reused from one call to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    near: Vec<f64>,
    far: Vec<f64>,
    /// Coordinates of the points that may be the k-th neighbour.
    axes: [Vec<f64>; 3],
    /// How many nearer points were left out of `axes`.
    inside: usize,
    squared: Vec<f64>,
    flags: Vec<u8>,
    picked: Vec<f64>,
}

/// Squared distance from every point to its `neighbour`-th nearest other point, `1 <= neighbour < n`.
///
/// The distances of two points differ by at most their separation. So the exact distance of one point of a block
/// brackets those of the others: blocks wholly nearer only count, blocks wholly farther are skipped, and
/// the rest is searched for the value of the remaining rank.
/// About O(n (k + BLOCK)) for points that fill space evenly, with O((n / BLOCK)²) looks at bounding boxes.
pub(super) fn core_distances(
    points: &Blocks,
    neighbour: usize,
    scratch: &mut Scratch,
    control: &Control,
    core: &mut Vec<f64>,
) -> Result<()> {
    core.clear();
    core.resize(points.axes[0].len(), f64::INFINITY);
    let mut known: Option<([f64; 3], f64)> = None;
    for block in 0..points.blocks() {
        control.check()?;
        let range = points.range(block);
        let first = points.at(range.start);
        let bracket = known.map_or(Bracket::OPEN, |(p, c)| Bracket::around(c, distance(first, p)));
        let start = known.map_or(f64::INFINITY, |(_, c)| c * c);
        scratch.gather(points, &Bounds::point(first), &bracket);
        let squared = scratch.search(first, neighbour, start, &bracket);
        let centre = squared.sqrt();
        known = Some((first, centre));

        let radius = range.clone().map(|i| distance(points.at(i), first)).fold(0.0, f64::max);
        scratch.gather(points, &points.bounds(block), &Bracket::around(centre, radius));
        for i in range {
            let p = points.at(i);
            let bracket = Bracket::around(centre, distance(p, first));
            core[i] = scratch.search(p, neighbour, squared, &bracket);
        }
    }
    Ok(())
}

/// Bounds of a squared core distance.
struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    const OPEN: Self = Self { low: 0.0, high: f64::INFINITY };

    /// For a point at a distance from one whose core distance is known. Wider than all rounding errors.
    fn around(known: f64, distance: f64) -> Self {
        let slack = 1e-9 * (known + distance);
        let low = (known - distance - slack).max(0.0).powi(2);
        let high = (known + distance + slack).powi(2);
        Self { low: if low > TINY { low } else { 0.0 }, high: high.max(TINY) }
    }
}

fn distance(p: [f64; 3], q: [f64; 3]) -> f64 {
    let (x, y, z) = (p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    (x * x + y * y + z * z).sqrt()
}

impl Scratch {
    /// Collects the points that may be at a distance inside `bracket` from a point in `from`.
    fn gather(&mut self, points: &Blocks, from: &Bounds, bracket: &Bracket) {
        points.reach(from, &mut self.near, &mut self.far);
        self.inside = 0;
        self.axes.iter_mut().for_each(Vec::clear);
        for (block, (&near, &far)) in self.near.iter().zip(&self.far).enumerate() {
            if near > bracket.high {
                continue;
            }
            if far < bracket.low {
                self.inside += points.range(block).len();
                continue;
            }
            let range = points.range(block);
            let range = range.start..range.start + super::blocks::BLOCK;
            for (copy, axis) in self.axes.iter_mut().zip(&points.axes) {
                copy.extend_from_slice(&axis[range.clone()]);
            }
        }
    }

    /// The squared distance of the `neighbour`-th neighbour of `p`, found from the guess `start`.
    fn search(&mut self, p: [f64; 3], neighbour: usize, start: f64, bracket: &Bracket) -> f64 {
        let rank = neighbour - self.inside;
        self.squared.resize(self.axes[0].len(), 0.0);
        let [x, y, z] = &self.axes;
        let mut trial = start;
        let mut count = squared_distances(p, x, y, z, trial, &mut self.squared);
        let mut low = (-1.0, 0);
        let mut high = (f64::INFINITY, self.squared.len());
        // Densities fall between 1/r² and a constant: the count grows about as the trial to the 1.2.
        for _ in 0..8 {
            if count > rank {
                high = (trial, count);
            } else {
                low = (trial, count);
            }
            if high.1 - low.1 <= FEW || !trial.is_finite() {
                break;
            }
            let aim = if count > rank { -0.25 } else { 0.25 } * FEW as f64;
            let wanted = (neighbour as f64 + 0.5 + aim).max(0.5) / (count + self.inside) as f64;
            let next = (trial * (1.0 + 0.8 * (wanted - 1.0))).clamp(bracket.low, bracket.high);
            trial = if next > low.0 && next < high.0 { next } else { f64::midpoint(low.0, high.0) };
            count = count_up_to(&self.squared, trial);
        }
        self.pick(low.0, high.0, rank - low.1)
    }

    /// The value of a rank among the squared distances in (low, high].
    fn pick(&mut self, low: f64, high: f64, rank: usize) -> f64 {
        self.flags.resize(self.squared.len(), 0);
        flag_between(&self.squared, low, high, &mut self.flags);
        self.picked.clear();
        for (values, flags) in self.squared.chunks_exact(8).zip(self.flags.as_chunks::<8>().0) {
            let mut bits = u64::from_le_bytes(*flags);
            while bits != 0 {
                self.picked.push(values[bits.trailing_zeros() as usize / 8]);
                bits &= bits - 1;
            }
        }
        *self.picked.select_nth_unstable_by(rank, f64::total_cmp).1
    }
}

wide! {
    /// Squared distances of all points from `p`, and how many are at most `trial`.
    fn squared_distances(
        p: [f64; 3], x: &[f64], y: &[f64], z: &[f64], trial: f64, out: &mut [f64],
    ) -> usize {
        let mut count = 0_u64;
        for (((out, x), y), z) in out.iter_mut().zip(x).zip(y).zip(z) {
            let (dx, dy, dz) = (x - p[0], y - p[1], z - p[2]);
            let squared = dx * dx + dy * dy + dz * dz;
            count += u64::from(squared <= trial);
            *out = squared;
        }
        count as usize
    }
}

wide! {
    fn count_up_to(values: &[f64], trial: f64) -> usize {
        values.iter().map(|v| u64::from(*v <= trial)).sum::<u64>() as usize
    }
}

wide! {
    fn flag_between(values: &[f64], low: f64, high: f64, flags: &mut [u8]) {
        for (flag, v) in flags.iter_mut().zip(values) {
            *flag = u8::from(*v > low) & u8::from(*v <= high);
        }
    }
}
