//! How many lines pass each cell of a grid.

use super::Space;
use crate::simd::wide;
use crate::{Control, Error, Result, Rows, pool};

/// Lines that are followed side by side.
const LANES: usize = 16;

/// Lines between two looks at the [`Control`], a multiple of [`LANES`].
const BLOCK: usize = 1024;

/// Lines per cell from which on a second thread pays for its own grid.
const BUSY: f64 = 0.02;

/// Adds 1 to every cell that each line passes through, per line at most once.
///
/// A row is `t, x1, y1, z1, x2, y2, z2, ...` and stands for the segment between its two points (closed; it need not
/// begin or end inside the grid). Rows with a number that is not finite are skipped; a segment of length 0 marks the
/// cell it is in. O(lines · cells on the way), and one more grid of counts per thread; the result does not depend on
/// `threads` (0: one per core). Amanatides & Woo, *A fast voxel traversal algorithm for ray tracing*, Eurographics
/// 1987, with the number of steps on each axis known beforehand, so that rounding can neither lose a line nor lead it
/// out of the grid.
///
/// # Examples
/// ```
/// use lumentrace::{Control, Rows, grid::{Space, traverse::traverse}};
///
/// let space = Space::new([4, 1, 1], [0.0; 3], [4.0, 1.0, 1.0])?;
/// let mut counts = vec![0.0; 4];
/// let line = [0.0, 0.5, 0.5, 0.5, 2.5, 0.5, 0.5];
/// traverse(&space, Rows::new(&line, 7)?, &mut counts, 1, &Control::new())?;
/// assert_eq!(counts, [1.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), lumentrace::Error>(())
/// ```
///
/// # Errors
/// [`Error::Argument`] if `lines` has fewer than 7 columns or `counts` another size than `space`; [`Error::Cancelled`].
pub fn traverse(space: &Space, lines: Rows<'_>, counts: &mut [f64], threads: usize, control: &Control) -> Result<()> {
    lines.require_width("lines", 7)?;
    if counts.len() != space.cells() {
        let found = format!("{} cells", counts.len());
        return Err(Error::argument("counts", format!("{} cells", space.cells()), found));
    }
    let busy = lines.len() as f64 >= BUSY * counts.len() as f64;
    let threads = if busy { pool::resolve(threads) } else { 1 };
    let share = lines.len().div_ceil(threads).next_multiple_of(LANES).max(BLOCK);
    let pieces = lines.len().div_ceil(share);
    let parts = pool::map(
        pieces,
        threads,
        control,
        || (),
        |(), piece| {
            let mut marks = Marks::default();
            marks.reset(space);
            marks.add(space, lines.slice(piece * share, (piece + 1) * share), control)?;
            Ok(marks)
        },
    )?;
    for part in parts {
        counts.iter_mut().zip(&part.counts).for_each(|(count, &more)| *count += f64::from(more));
    }
    Ok(())
}

/// Counts of lines per cell, and some more that nobody reads.
#[derive(Debug, Default)]
pub struct Marks {
    counts: Vec<u32>,
    paths: Paths,
}

impl Marks {
    /// No line in any cell of `space`.
    pub fn reset(&mut self, space: &Space) {
        self.counts.clear();
        self.counts.resize(space.cells() + LANES, 0);
    }

    /// Marks the cells that `lines` pass; `space` is that of [`reset`](Self::reset).
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn add(&mut self, space: &Space, lines: Rows<'_>, control: &Control) -> Result<()> {
        for (number, row) in lines.iter().enumerate() {
            if number.is_multiple_of(BLOCK) {
                control.check()?;
            }
            if let Some(path) = Path::new(space, row) {
                self.paths.push(&path, &mut self.counts);
            }
        }
        self.paths.flush(&mut self.counts);
        Ok(())
    }

    /// The counts, cell by cell.
    pub fn counts(&self) -> &[u32] {
        self.counts.split_last_chunk::<LANES>().map_or(&[], |(counts, _)| counts)
    }
}

/// The way of one line through the grid.
#[derive(Debug, Clone, Copy, Default)]
struct Path {
    /// First cell.
    cell: i64,
    /// On each axis: planes to cross, the first crossing and the distance of crossings as fractions of the line, and
    /// what a crossing adds to the number of the cell.
    crossings: [u32; 3],
    first: [f64; 3],
    step: [f64; 3],
    stride: [i64; 3],
}

impl Path {
    fn new(space: &Space, row: &[f64]) -> Option<Self> {
        let &[_, x1, y1, z1, x2, y2, z2] = row.first_chunk::<7>()?;
        let (p, q) = ([x1, y1, z1], [x2, y2, z2]);
        if !p.iter().chain(&q).all(|x| x.is_finite()) {
            return None;
        }
        let (enter, leave) = clip(space, p, q)?;
        let at = |s: f64, axis: usize| {
            let x = if s == 1.0 { q[axis] } else { p[axis] + s * (q[axis] - p[axis]) };
            space.cell(axis, x)
        };
        let strides = [space.shape[1] * space.shape[2], space.shape[2], 1];
        let mut path = Self::default();
        for axis in 0..3 {
            let (start, end) = (at(enter, axis), at(leave, axis));
            let v = q[axis] - p[axis];
            path.cell += (start * strides[axis]) as i64;
            path.crossings[axis] = start.abs_diff(end) as u32;
            if start != end {
                let up = end > start;
                let plane = space.lower[axis] + space.size[axis] * (start + usize::from(up)) as f64;
                path.first[axis] = (plane - p[axis]) / v;
                path.step[axis] = space.size[axis] / v.abs();
                path.stride[axis] = if up { strides[axis] as i64 } else { -(strides[axis] as i64) };
            }
        }
        Some(path)
    }
}

/// The part of the segment from `p` to `q` that is inside the closed box, as fractions of it.
fn clip(space: &Space, p: [f64; 3], q: [f64; 3]) -> Option<(f64, f64)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for axis in 0..3 {
        let (low, high, v) = (space.lower[axis], space.upper[axis], q[axis] - p[axis]);
        if v == 0.0 {
            if !(low..=high).contains(&p[axis]) {
                return None;
            }
        } else {
            let (a, b) = ((low - p[axis]) / v, (high - p[axis]) / v);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
    }
    (enter <= leave).then_some((enter, leave))
}

type Lanes<T> = [T; LANES];

/// Ways that are followed together.
#[derive(Debug, Default)]
struct Paths {
    len: usize,
    /// Steps of the longest way.
    longest: u32,
    cell: Lanes<i64>,
    /// Steps still to go.
    left: Lanes<i64>,
    step: [Lanes<f64>; 3],
    stride: [Lanes<i64>; 3],
    /// The next crossing, and half a step beyond the last one.
    next: [Lanes<f64>; 3],
    last: [Lanes<f64>; 3],
}

impl Paths {
    fn push(&mut self, path: &Path, counts: &mut [u32]) {
        let lane = self.len % LANES;
        let steps = path.crossings.iter().sum::<u32>() + 1;
        self.cell[lane] = path.cell;
        self.left[lane] = i64::from(steps);
        self.longest = self.longest.max(steps);
        for axis in 0..3 {
            let crossings = f64::from(path.crossings[axis]);
            self.step[axis][lane] = path.step[axis];
            self.stride[axis][lane] = path.stride[axis];
            self.next[axis][lane] = if crossings > 0.0 { path.first[axis] } else { f64::INFINITY };
            self.last[axis][lane] = path.first[axis] + (crossings - 0.5) * path.step[axis];
        }
        self.len = lane + 1;
        if self.len == LANES {
            self.flush(counts);
        }
    }

    fn flush(&mut self, counts: &mut [u32]) {
        self.left[self.len..].fill(0);
        if self.len > 0 {
            follow(self, counts);
        }
        self.len = 0;
        self.longest = 0;
    }
}

wide! {
    /// Marks the cells of all ways; ways that have ended mark the last counts.
    fn follow(paths: &mut Paths, counts: &mut [u32]) {
        let nowhere = counts.len().saturating_sub(LANES) as i64;
        let Paths { longest, last: [last_x, last_y, last_z], step: [dx, dy, dz], .. } = &*paths;
        let [stride_x, stride_y, stride_z] = &paths.stride;
        let (mut cell, mut left) = (paths.cell, paths.left);
        let [mut x, mut y, mut z] = paths.next;
        for _ in 0..*longest {
            let mut place = [0_i64; LANES];
            for lane in 0..LANES {
                place[lane] = if left[lane] > 0 { cell[lane] } else { nowhere + lane as i64 };
                let on_x = x[lane] <= y[lane] && x[lane] <= z[lane];
                let on_y = !on_x && y[lane] <= z[lane];
                let next_x = x[lane] + if on_x { dx[lane] } else { 0.0 };
                let next_y = y[lane] + if on_y { dy[lane] } else { 0.0 };
                let next_z = z[lane] + if on_x || on_y { 0.0 } else { dz[lane] };
                x[lane] = if next_x > last_x[lane] { f64::INFINITY } else { next_x };
                y[lane] = if next_y > last_y[lane] { f64::INFINITY } else { next_y };
                z[lane] = if next_z > last_z[lane] { f64::INFINITY } else { next_z };
                let along_x = if on_x { stride_x[lane] } else { 0 };
                let along_y = if on_y { stride_y[lane] } else { 0 };
                let along_z = if on_x || on_y { 0 } else { stride_z[lane] };
                cell[lane] += along_x + along_y + along_z;
                left[lane] -= 1;
            }
            for lane in place {
                if let Some(count) = counts.get_mut(lane as usize) {
                    *count += 1;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(space: &Space, lines: &[[f64; 7]], threads: usize) -> Vec<f64> {
        let mut counts = vec![0.0; space.cells()];
        let rows = Rows::new(lines.as_flattened(), 7).unwrap();
        traverse(space, rows, &mut counts, threads, &Control::new()).unwrap();
        counts
    }

    /// Cells that a segment passes, each clipped against the segment by itself; with a margin for rounding.
    fn passed(space: &Space, row: &[f64; 7], margin: f64) -> Vec<bool> {
        let [nx, ny, nz] = space.shape;
        let mut found = Vec::new();
        for cell in (0..nx * ny * nz).map(|n| [n / (ny * nz), n / nz % ny, n % nz]) {
            let low = [0, 1, 2].map(|k| space.lower[k] + space.size[k] * cell[k] as f64 - margin);
            let high = [0, 1, 2].map(|k| space.lower[k] + space.size[k] * (cell[k] + 1) as f64 + margin);
            let small = low.iter().zip(&high).all(|(low, high)| low < high);
            let part = small.then(|| Space::new([1; 3], low, high).unwrap());
            found.push(
                part.is_some_and(|part| clip(&part, [row[1], row[2], row[3]], [row[4], row[5], row[6]]).is_some()),
            );
        }
        found
    }

    #[test]
    fn segments_end_where_they_end() {
        let space = Space::new([10, 1, 1], [0.0; 3], [1.0; 3]).unwrap();
        let through = |x1: f64, x2: f64| counts(&space, &[[0.0, x1, 0.5, 0.5, x2, 0.5, 0.5]], 1).iter().sum::<f64>();
        assert_eq!(through(-1.0, 0.25), 3.0);
        assert_eq!(through(0.25, -1.0), 3.0);
        assert_eq!(through(-1.0, 2.0), 10.0);
        assert_eq!(through(2.0, -1.0), 10.0);
        assert_eq!(through(-1.0, -0.5), 0.0);
        assert_eq!(through(1.5, 2.0), 0.0);
        assert_eq!(through(0.55, 0.55), 1.0);
        assert_eq!(through(1.0, 1.0), 1.0);
        assert_eq!(through(f64::NAN, 0.5), 0.0);
        assert_eq!(through(0.5, f64::INFINITY), 0.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |shape, lower, upper| Space::new(shape, lower, upper).is_err();
        assert!(refused([0, 1, 1], [0.0; 3], [1.0; 3]));
        assert!(refused([usize::MAX, 2, 1], [0.0; 3], [1.0; 3]));
        assert!(refused([2; 3], [0.0; 3], [1.0, 0.0, 1.0]));
        assert!(refused([2; 3], [0.0, f64::NAN, 0.0], [1.0; 3]));
        let space = Space::new([2; 3], [0.0; 3], [1.0; 3]).unwrap();
        let rows = Rows::new(&[0.0; 7], 7).unwrap();
        assert!(traverse(&space, rows, &mut [0.0; 7], 1, &Control::new()).is_err());
        assert!(traverse(&space, Rows::new(&[0.0; 6], 6).unwrap(), &mut [0.0; 8], 1, &Control::new()).is_err());
    }

    fn line() -> impl Strategy<Value = [f64; 7]> {
        prop::array::uniform6(prop_oneof![-3.0..8.0, (-2..8_i32).prop_map(f64::from)])
            .prop_map(|[a, b, c, d, e, f]| [0.0, a, b, c, d, e, f])
    }

    proptest! {
        #[test]
        fn exactly_the_cells_on_the_way(line in line()) {
            let space = Space::new([5, 4, 6], [0.0, 0.5, -1.0], [5.0, 4.5, 5.0]).unwrap();
            let found = counts(&space, &[line], 1);
            // Cells that are only touched on a face, an edge or a corner may or may not count.
            let (surely, perhaps) = (passed(&space, &line, -1e-9), passed(&space, &line, 1e-9));
            for (cell, &count) in found.iter().enumerate() {
                prop_assert!(count == 0.0 || count == 1.0);
                prop_assert!(count == 1.0 || !surely[cell], "cell {cell} is missed");
                prop_assert!(count == 0.0 || perhaps[cell], "cell {cell} is not on the way");
            }
        }

        #[test]
        fn threads_and_order_do_not_matter(lines in prop::collection::vec(line(), 0..40)) {
            let space = Space::new([5, 4, 6], [0.0; 3], [5.0; 3]).unwrap();
            let many: Vec<_> = lines.iter().cycle().take(lines.len() * 100).copied().collect();
            let expected: Vec<f64> = counts(&space, &lines, 1).iter().map(|count| 100.0 * count).collect();
            prop_assert_eq!(&counts(&space, &many, 1), &expected);
            prop_assert_eq!(&counts(&space, &many, 3), &expected);
        }
    }
}
