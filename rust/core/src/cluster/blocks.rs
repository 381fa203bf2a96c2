//! Points in blocks of neighbours, each with its bounding box.

use crate::simd::wide;

/// Points per block: a few vectors wide, so that a look at a block costs little more than one at a point.
pub(super) const BLOCK: usize = 32;

/// An axis-parallel box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) low: [f64; 3],
    pub(super) high: [f64; 3],
}

impl Bounds {
    pub(super) fn point(p: [f64; 3]) -> Self {
        Self { low: p, high: p }
    }
}

/// A point and the row it came from.
#[derive(Debug, Clone, Copy)]
struct Item {
    at: [f64; 3],
    row: u32,
}

/// Points in the order of a k-d tree whose leaves are consecutive blocks of [`BLOCK`] points.
///
/// The last block is filled up with points at infinity, which are near to nothing.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    items: Vec<Item>,
    /// Row of each point.
    pub(super) rows: Vec<u32>,
    /// Coordinates of each point, filled up to whole blocks.
    pub(super) axes: [Vec<f64>; 3],
    /// Bounding box of each block.
    pub(super) boxes: Boxes,
    stack: Vec<(usize, usize)>,
}

impl Blocks {
    /// Takes the points of the iterator. O(n log n).
    pub(super) fn load(&mut self, points: impl Iterator<Item = (u32, [f64; 3])>) {
        self.items.clear();
        self.items.extend(points.map(|(row, at)| Item { at, row }));
        self.order();
        let n = self.items.len();
        self.rows.clear();
        self.rows.extend(self.items.iter().map(|item| item.row));
        for (k, axis) in self.axes.iter_mut().enumerate() {
            axis.clear();
            axis.extend(self.items.iter().map(|item| item.at[k]));
            axis.resize(n.next_multiple_of(BLOCK), f64::INFINITY);
        }
        self.boxes.clear();
        for block in self.items.chunks(BLOCK) {
            self.boxes.push(bounds(block));
        }
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.boxes.len()
    }

    /// The points of a block.
    pub(super) fn range(&self, block: usize) -> std::ops::Range<usize> {
        block * BLOCK..((block + 1) * BLOCK).min(self.len())
    }

    pub(super) fn at(&self, point: usize) -> [f64; 3] {
        [self.axes[0][point], self.axes[1][point], self.axes[2][point]]
    }

    /// Splits the items at the median of their longest axis, in whole blocks, until they are blocks.
    fn order(&mut self) {
        self.stack.clear();
        self.stack.push((0, self.items.len()));
        while let Some((start, end)) = self.stack.pop() {
            let items = &mut self.items[start..end];
            if items.len() <= BLOCK {
                continue;
            }
            // A power of two of blocks, so that runs of blocks are nodes of the tree as well.
            let left = BLOCK * (items.len().div_ceil(BLOCK).next_power_of_two() / 2);
            let Bounds { low, high } = bounds(items);
            let size = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
            match size {
                [x, y, z] if x >= y && x >= z => split::<0>(items, left),
                [_, y, z] if y >= z => split::<1>(items, left),
                _ => split::<2>(items, left),
            }
            self.stack.push((start, start + left));
            self.stack.push((start + left, end));
        }
    }
}

fn split<const AXIS: usize>(items: &mut [Item], left: usize) {
    items.select_nth_unstable_by(left, |a, b| a.at[AXIS].total_cmp(&b.at[AXIS]));
}

fn bounds(items: &[Item]) -> Bounds {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for item in items {
        for k in 0..3 {
            low[k] = low[k].min(item.at[k]);
            high[k] = high[k].max(item.at[k]);
        }
    }
    Bounds { low, high }
}

/// Boxes, one list per coordinate of their corners.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    low: [Vec<f64>; 3],
    high: [Vec<f64>; 3],
}

impl Boxes {
    pub(super) fn clear(&mut self) {
        self.low.iter_mut().chain(&mut self.high).for_each(Vec::clear);
    }

    pub(super) fn push(&mut self, bounds: Bounds) {
        for k in 0..3 {
            self.low[k].push(bounds.low[k]);
            self.high[k].push(bounds.high[k]);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.low[0].len()
    }

    pub(super) fn get(&self, index: usize) -> Bounds {
        let corner = |c: &[Vec<f64>; 3]| [c[0][index], c[1][index], c[2][index]];
        Bounds { low: corner(&self.low), high: corner(&self.high) }
    }

    /// Least and greatest squared distance between each box and the box `from`.
    ///
    /// Rounding is monotonic, so the computed squared distance of any two points lies between these two.
    pub(super) fn reach(&self, from: &Bounds, near: &mut Vec<f64>, far: &mut Vec<f64>) {
        near.resize(self.len(), 0.0);
        far.resize(self.len(), 0.0);
        wide_reach(self, from, near, far);
    }
}

wide! {
    fn wide_reach(boxes: &Boxes, from: &Bounds, near: &mut [f64], far: &mut [f64]) {
        reach(boxes, from, near, far);
    }
}

/// [`Boxes::reach`] for use inside [`wide`] functions; the slices are as long as there are boxes.
#[inline(always)]
#[allow(clippy::inline_always)]
pub(super) fn reach(boxes: &Boxes, from: &Bounds, near: &mut [f64], far: &mut [f64]) {
    let n = boxes.len();
    let (near, far) = (&mut near[..n], &mut far[..n]);
    let [lx, ly, lz] = boxes.low.each_ref().map(|axis| &axis[..n]);
    let [hx, hy, hz] = boxes.high.each_ref().map(|axis| &axis[..n]);
    let Bounds { low: a, high: b } = from;
    for i in 0..n {
        let gap = |low: f64, high: f64, k: usize| {
            let below = low - b[k];
            let above = a[k] - high;
            let gap = if below > above { below } else { above };
            if gap > 0.0 { gap } else { 0.0 }
        };
        let span = |low: f64, high: f64, k: usize| {
            let up = high - a[k];
            let down = b[k] - low;
            if up > down { up } else { down }
        };
        let (x, y, z) = (gap(lx[i], hx[i], 0), gap(ly[i], hy[i], 1), gap(lz[i], hz[i], 2));
        near[i] = x * x + y * y + z * z;
        let (x, y, z) = (span(lx[i], hx[i], 0), span(ly[i], hy[i], 1), span(lz[i], hz[i], 2));
        far[i] = x * x + y * y + z * z;
    }
}
