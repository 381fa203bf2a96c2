//! How much of a moving disc or ball is in each cell of a grid.
//!
//! Places and diameters are in mm, times in ms: a cell of an occupancy grid holds the ms that the body spent in it.

mod bodies;
mod outline;
mod plane;
mod segment;
mod solid;

pub use bodies::{Bodies, Kind};

use std::ops::Range;

use crate::grid::Space;
use crate::{Control, Error, Result, pool};
use bodies::Body;

/// Bands of columns per thread, so that none waits long for the others.
const BANDS_PER_THREAD: usize = 4;

/// Bodies between two looks at the [`Control`].
const BLOCK: usize = 256;

/// Adds to the cells of `grids` what each body holds, spread evenly over it.
///
/// Each body has one amount per grid: `amounts` is body after body, `grids` grid after grid. What lies outside the box is
/// lost; bodies with a number that is not finite are left out. A body of radius 0 is a point, all of it in one cell, or
/// a segment, divided by length.
///
/// In the plane (`D` = 2) the share of a cell is the exact area of their intersection: the outline is cut at the edges of
/// cells, and below each piece lie a trapezium and a segment of a circle. In space (`D` = 3) the extent along z is exact,
/// the integrals over x and y are Gauss-Legendre's, finer where the surface stands upright, and the sum is scaled to the
/// exact volume; a ball that is hundreds of times smaller than a voxel is a point.
///
/// The result does not depend on `threads` (0: one per core).
///
/// # Examples
/// ```
/// use lumentrace::{Control, Rows, grid::Space, occupancy::{Bodies, spread}};
///
/// let space = Space::new([2, 1, 1], [-1.0, -1.0, -0.5], [1.0, 1.0, 0.5])?;
/// // A disc about the origin: from, to, radius, kind.
/// let bodies = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
/// let mut grid = vec![0.0; 2];
/// spread::<2>(&space, Bodies::new(Rows::new(&bodies, 6)?)?, &[1.0], &mut grid, 1, &Control::new())?;
/// assert!(grid.iter().all(|half| (half - 0.5).abs() < 1e-15));
/// # Ok::<(), lumentrace::Error>(())
/// ```
///
/// # Errors
/// [`Error::Argument`] if `amounts` or `grids` have another size; [`Error::Cancelled`].
pub fn spread<const D: usize>(
    space: &Space,
    bodies: Bodies<'_, D>,
    amounts: &[f64],
    grids: &mut [f64],
    threads: usize,
    control: &Control,
) -> Result<()> {
    let count = grids.len() / space.cells();
    if count == 0 || grids.len() != count * space.cells() || amounts.len() != count * bodies.len() {
        let found = format!("{} amounts and {} cells", amounts.len(), grids.len());
        return Err(Error::argument("amounts", "one per body and grid", found));
    }
    let threads = pool::resolve(threads);
    let bodies: Vec<_> = bodies.iter().collect();
    let place = |(): &mut (), n: usize| Ok(bodies[n].map(|body| Placed::new(space, body)));
    let bodies = pool::map(bodies.len(), if D == 2 { 1 } else { threads }, control, || (), place)?;
    let columns = space.shape[0].div_ceil(threads * BANDS_PER_THREAD);
    let bands = split(grids, space, columns);
    let work = |brush: &mut Brush, number: usize| {
        // Each band is worked on once, so nobody waits for the lock and nobody can have poisoned it.
        let Ok(mut band) = bands[number].lock() else { return Ok(()) };
        for (n, body) in bodies.iter().enumerate() {
            if n % BLOCK == 0 {
                control.check()?;
            }
            if let Some(body) = body {
                band.paint(space, brush, body, &amounts[n * count..(n + 1) * count]);
            }
        }
        Ok(())
    };
    pool::map(bands.len(), threads, control, Brush::default, work).map(drop)
}

/// A body, the columns (cells of equal x) that it may touch, and 1 over its area or volume, if it has any.
struct Placed<const D: usize> {
    body: Body<D>,
    columns: Range<usize>,
    density: Option<f64>,
}

impl<const D: usize> Placed<D> {
    fn new(space: &Space, body: Body<D>) -> Self {
        let (low, high) = body.extent(0);
        let columns = cells_between(space, 0, low, high);
        let flat = body.radius == 0.0 || D == 3 && solid::thin(space, &body);
        let density = match D {
            _ if flat => None,
            2 => Some(1.0 / body.measure()),
            _ => Some(1.0 / solid::volume(space, &body)),
        };
        Self { body, columns, density }
    }
}

/// Some columns (cells of equal x) of all grids.
struct Band<'a> {
    first: usize,
    columns: usize,
    grids: Vec<&'a mut [f64]>,
}

fn split<'a>(grids: &'a mut [f64], space: &Space, columns: usize) -> Vec<std::sync::Mutex<Band<'a>>> {
    let cells = space.cells() / space.shape[0];
    let firsts = (0..space.shape[0]).step_by(columns);
    let mut bands: Vec<Band<'a>> =
        firsts.map(|first| Band { first, columns: columns.min(space.shape[0] - first), grids: Vec::new() }).collect();
    for grid in grids.chunks_mut(space.cells()) {
        for (band, part) in bands.iter_mut().zip(grid.chunks_mut(columns * cells)) {
            band.grids.push(part);
        }
    }
    bands.into_iter().map(std::sync::Mutex::new).collect()
}

/// Buffers of a thread.
#[derive(Debug, Default)]
struct Brush {
    outline: outline::Outline,
    patch: plane::Patch,
    densities: Vec<f64>,
}

impl Band<'_> {
    fn paint<const D: usize>(&mut self, space: &Space, brush: &mut Brush, placed: &Placed<D>, amounts: &[f64]) {
        let Placed { body, columns, density } = placed;
        let columns = columns.start.max(self.first)..columns.end.min(self.first + self.columns);
        if columns.is_empty() {
            return;
        }
        let Some(density) = density else {
            return segment::divide(space, body, |cell, share| {
                if columns.contains(&(cell * space.shape[0] / space.cells())) {
                    self.add(space, cell, share, amounts);
                }
            });
        };
        brush.densities.clear();
        brush.densities.extend(amounts.iter().map(|amount| amount * density));
        if D == 2 {
            brush.outline.draw(body);
            let (low, high) = body.extent(1);
            let rows = cells_between(space, 1, low, high);
            brush.patch.measure(space, columns, rows, &brush.outline);
            for (grid, density) in self.grids.iter_mut().zip(&brush.densities) {
                brush.patch.deposit(grid, self.first, space.shape[1], *density);
            }
        } else {
            let first = self.first * space.cells() / space.shape[0];
            solid::fill(space, body, columns, |cell, volume| {
                for (grid, density) in self.grids.iter_mut().zip(&brush.densities) {
                    grid[cell - first] += density * volume;
                }
            });
        }
    }

    fn add(&mut self, space: &Space, cell: usize, share: f64, amounts: &[f64]) {
        let first = self.first * space.cells() / space.shape[0];
        for (grid, amount) in self.grids.iter_mut().zip(amounts) {
            grid[cell - first] += amount * share;
        }
    }
}

/// Cells on `axis` that have something between `low` and `high`.
fn cells_between(space: &Space, axis: usize, low: f64, high: f64) -> Range<usize> {
    if high < space.lower[axis] || low > space.upper[axis] {
        return 0..0;
    }
    space.cell(axis, low.max(space.lower[axis]))..space.cell(axis, high.min(space.upper[axis])) + 1
}

#[cfg(test)]
mod tests;
