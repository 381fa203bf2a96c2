//! Core distances: how far away the k-th neighbour of every point is.

use super::blocks::{BLOCK, Blocks, Bounds, Boxes, reach};
use crate::simd::wide;
use crate::{Control, Result};

/// Looks at the whole list before the rest is sorted; only lists of equal distances need so many.
const TRIALS: usize = 12;

/// Squares below this have lost digits to underflow and bound nothing.
const TINY: f64 = 1e-290;

/// Buffers reused from one call to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    near: Vec<f64>,
    far: Vec<f64>,
    all: Candidates,
    some: Candidates,
    list: Vec<u32>,
    squared: Vec<f64>,
}

/// Squared distance from every point to its `neighbour`-th nearest other point, `1 <= neighbour < n`.
///
/// The core distances of two points differ by at most their separation. So that of a close point brackets the
/// wanted one: blocks wholly nearer only count, blocks wholly farther are skipped, and the rest is searched for the
/// value of the remaining rank. The candidates are narrowed down for each block first, then for each point.
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
    scratch.all.clear();
    for block in 0..points.blocks() {
        scratch.all.push(points, block);
    }
    let mut known = None;
    for block in 0..points.blocks() {
        control.check()?;
        let range = points.range(block);
        let first = range.start;
        let p = points.at(first);
        let bracket = known.map_or(Bracket::OPEN, |q| Bracket::around(core[q], distance(p, points.at(q))));
        let start = known.map_or(f64::INFINITY, |q| core[q]);
        scratch.some.clear();
        core[first] = scratch.search(points, p, neighbour, start, &bracket);
        known = Some(first);

        let radius = range.clone().map(|i| distance(points.at(i), p)).fold(0.0, f64::max);
        scratch.narrow(points, block, &Bracket::around(core[first], radius));
        for i in range.skip(1) {
            let p = points.at(i);
            let (apart, close) = closest(points, p, first..i);
            let bracket = Bracket::around(core[close], apart);
            core[i] = scratch.search(points, p, neighbour, core[close], &bracket);
        }
    }
    Ok(())
}

/// The closest of some points and how far it is.
fn closest(points: &Blocks, p: [f64; 3], among: std::ops::Range<usize>) -> (f64, usize) {
    let [x, y, z] = &points.axes;
    let mut best = (f64::INFINITY, among.start);
    for q in among {
        let (dx, dy, dz) = (x[q] - p[0], y[q] - p[1], z[q] - p[2]);
        let squared = dx * dx + dy * dy + dz * dz;
        best = if squared < best.0 { (squared, q) } else { best };
    }
    (best.0.sqrt(), best.1)
}

/// Blocks that may hold the neighbour looked for.
#[derive(Debug, Default)]
struct Candidates {
    blocks: Vec<u32>,
    boxes: Boxes,
    /// Number of points of each.
    sizes: Vec<u32>,
    /// Points in other blocks that are nearer than it.
    inside: usize,
}

impl Candidates {
    fn clear(&mut self) {
        self.blocks.clear();
        self.boxes.clear();
        self.sizes.clear();
        self.inside = 0;
    }

    fn push(&mut self, points: &Blocks, block: usize) {
        self.blocks.push(block as u32);
        self.boxes.push(points.boxes.get(block));
        self.sizes.push(points.range(block).len() as u32);
    }
}

/// Bounds of a squared core distance.
struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    const OPEN: Self = Self { low: 0.0, high: f64::INFINITY };

    /// For a point at a distance from one whose squared core distance is known. Wider than all rounding errors.
    fn around(known: f64, distance: f64) -> Self {
        let known = known.sqrt();
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
    /// Keeps the blocks that may hold a point at a distance inside `bracket` from a point of `block`.
    fn narrow(&mut self, points: &Blocks, block: usize, bracket: &Bracket) {
        points.boxes.reach(&points.boxes.get(block), &mut self.near, &mut self.far);
        for (other, (&near, &far)) in self.near.iter().zip(&self.far).enumerate() {
            if far < bracket.low {
                self.some.inside += points.range(other).len();
            } else if near <= bracket.high {
                self.some.push(points, other);
            }
        }
    }

    /// The squared distance of the `neighbour`-th neighbour of `p`, found from the guess `start`.
    fn search(&mut self, points: &Blocks, p: [f64; 3], neighbour: usize, start: f64, bracket: &Bracket) -> f64 {
        let Self { near, far, all, some, list, squared } = self;
        let candidates = if some.blocks.is_empty() { all } else { some };
        let n = candidates.blocks.len();
        near.resize(n, 0.0);
        far.resize(n, 0.0);
        list.resize(n, 0);
        squared.resize(n * BLOCK, 0.0);
        let query = Query { p, neighbour, start, bracket };
        match search(points, candidates, &query, near, far, list, squared) {
            Found::Value(value) => value,
            Found::Rank(len, rank) => *squared[..len].select_nth_unstable_by(rank, f64::total_cmp).1,
        }
    }
}

/// What is looked for.
struct Query<'a> {
    p: [f64; 3],
    neighbour: usize,
    start: f64,
    bracket: &'a Bracket,
}

enum Found {
    Value(f64),
    /// The value is the one of this rank among so many squared distances.
    Rank(usize, usize),
}

wide! {
    /// Counts how many squared distances are at most a trial value, which moves until the count is the rank: then
    /// the answer is the next one up or down. Gives up after [`TRIALS`].
    fn search(
        points: &Blocks,
        candidates: &Candidates,
        query: &Query<'_>,
        near: &mut [f64],
        far: &mut [f64],
        list: &mut [u32],
        squared: &mut [f64],
    ) -> Found {
        let Query { p, neighbour, start, bracket } = *query;
        reach(&candidates.boxes, &Bounds::point(p), near, far);
        let mut len = 0;
        let mut inside = candidates.inside;
        let blocks = candidates.blocks.iter().zip(&candidates.sizes);
        for ((&block, &size), (&near, &far)) in blocks.zip(near.iter().zip(far.iter())) {
            let nearer = far < bracket.low;
            list[len] = block;
            len += usize::from(!nearer) & usize::from(near <= bracket.high);
            inside += if nearer { size as usize } else { 0 };
        }
        let wanted = neighbour.saturating_sub(inside);
        let values = &mut squared[..len * BLOCK];
        let mut trial = start;
        squared_distances(p, points, &list[..len], values);
        let mut count = count_up_to(values, trial);
        let mut low = None;
        let mut high = None;
        for _ in 0..TRIALS {
            if count > wanted {
                if count == wanted + 1 {
                    return Found::Value(greatest_up_to(values, trial));
                }
                high = Some((trial, count));
            } else {
                if count == wanted {
                    return Found::Value(least_above(values, trial));
                }
                low = Some((trial, count));
            }
            trial = if let (Some((low, below)), Some((high, upto))) = (low, high) {
                low + (high - low) * ((wanted - below) as f64 + 0.5) / (upto - below) as f64
            } else {
                // Densities fall between 1/r² and a constant, so the count grows about as the trial to the 1.2.
                // Aims a little beyond, to have the value between two trials.
                let (count, wanted) = ((count + inside) as f64, (wanted + inside) as f64 + 0.5);
                let ratio = (wanted + 0.2 * (wanted - count)) / count;
                (trial * (1.0 + 0.8 * (ratio - 1.0))).clamp(bracket.low, bracket.high)
            };
            count = count_up_to(values, trial);
        }
        Found::Rank(values.len(), wanted)
    }
}

/// Squared distances from `p` of the points of some blocks.
#[inline(always)]
#[allow(clippy::inline_always)]
fn squared_distances(p: [f64; 3], points: &Blocks, blocks: &[u32], out: &mut [f64]) {
    let [x, y, z] = points.axes.each_ref().map(|axis| axis.as_chunks::<BLOCK>().0);
    for (&block, out) in blocks.iter().zip(out.as_chunks_mut::<BLOCK>().0) {
        let (x, y, z) = (&x[block as usize], &y[block as usize], &z[block as usize]);
        for i in 0..BLOCK {
            let (dx, dy, dz) = (x[i] - p[0], y[i] - p[1], z[i] - p[2]);
            out[i] = dx * dx + dy * dy + dz * dz;
        }
    }
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn count_up_to(values: &[f64], trial: f64) -> usize {
    values.iter().map(|v| u64::from(*v <= trial)).sum::<u64>() as usize
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn least_above(values: &[f64], bound: f64) -> f64 {
    let mut least = [f64::INFINITY; 8];
    for values in values.as_chunks::<8>().0 {
        for (least, &v) in least.iter_mut().zip(values) {
            let v = if v > bound { v } else { f64::INFINITY };
            *least = if v < *least { v } else { *least };
        }
    }
    least.into_iter().fold(f64::INFINITY, f64::min)
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn greatest_up_to(values: &[f64], bound: f64) -> f64 {
    let mut greatest = [0.0; 8];
    for values in values.as_chunks::<8>().0 {
        for (greatest, &v) in greatest.iter_mut().zip(values) {
            let v = if v <= bound { v } else { 0.0 };
            *greatest = if v > *greatest { v } else { *greatest };
        }
    }
    greatest.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Points in general position, on a coarse grid, and a mixture of dense and thin regions.
    pub(in crate::cluster) fn clouds(most: usize) -> impl Strategy<Value = Vec<[f64; 3]>> {
        let point = |range: std::ops::Range<f64>| prop::array::uniform3(range);
        let general = prop::collection::vec(point(-100.0..100.0), 2..most);
        let coarse = prop::collection::vec(prop::array::uniform3((0..4_i32).prop_map(f64::from)), 2..most);
        let dense = prop::collection::vec(point(-1.0..1.0), 2..most);
        let mixed = (dense, prop::collection::vec(point(-100.0..100.0), 0..most / 4));
        prop_oneof![general, coarse, mixed.prop_map(|(a, b)| [a, b].concat())]
    }

    pub(in crate::cluster) fn blocks(points: &[[f64; 3]]) -> Blocks {
        let mut blocks = Blocks::default();
        blocks.load((0..).zip(points.iter().copied()));
        blocks
    }

    pub(in crate::cluster) fn squared(p: [f64; 3], q: [f64; 3]) -> f64 {
        let (x, y, z) = (p[0] - q[0], p[1] - q[1], p[2] - q[2]);
        x * x + y * y + z * z
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equal_to_sorting_all_distances(cloud in clouds(300), neighbour in 1_usize..120) {
            let neighbour = neighbour.min(cloud.len() - 1);
            let points = blocks(&cloud);
            let mut core = Vec::new();
            core_distances(&points, neighbour, &mut Scratch::default(), &Control::new(), &mut core).unwrap();
            for (&row, &found) in points.rows.iter().zip(&core) {
                let mut all: Vec<f64> = cloud.iter().map(|q| squared(cloud[row as usize], *q)).collect();
                all.sort_by(f64::total_cmp);
                prop_assert_eq!(found.to_bits(), all[neighbour].to_bits());
            }
        }
    }
}
