//! Grids: lines through them, their peaks, and what bodies leave in them.

use lumentrace::Control;
use lumentrace::grid::traverse as through;
use lumentrace::grid::{Space, peaks as feature};
use lumentrace::occupancy::{Bodies, spread};

use crate::made::Made;

/// Cells that a caller has the memory for.
const MOST: usize = 4096;

fn space(made: &mut Made<'_>) -> Option<Space> {
    let shape = made.shape(8);
    let [lower, upper] = made.limits();
    Space::new(shape, lower, upper).ok().filter(|space| space.cells() <= MOST)
}

pub(crate) fn traverse(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let Some(space) = space(&mut made) else { return };
    let mut counts = made.nearly(space.cells(), |_| 0.0);
    let threads = made.threads();
    let lines = made.table(40, 7);
    let Some(lines) = lines.rows() else { return };
    if through::traverse(&space, lines, &mut counts, threads, &Control::new()).is_ok() {
        assert!(counts.iter().all(|count| *count <= lines.len() as f64));
    }
    let mut marks = through::Marks::default();
    let _ = marks.add(&space, lines, &Control::new());
    marks.reset(&space);
    assert_eq!(marks.counts().len(), space.cells());
}

pub(crate) fn peaks(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let peaks = feature::Peaks { w: made.count(), r: made.number(), lld_counts: made.number() };
    let mut out = Vec::new();
    if made.yes() {
        let Some(space) = space(&mut made) else { return };
        let values = made.nearly(space.cells(), Made::number);
        let _ = peaks.find(&values, &space, 0.0, &mut out);
    } else {
        let shape: [usize; 3] = made.shape(8);
        let cells = shape.iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
        // A grid of a billion cells is refused or takes gigabytes, as its caller asked for.
        let shape = if cells.is_some_and(|cells| (MOST..1 << 31).contains(&cells)) { [8; 3] } else { shape };
        let limits = [0, 1, 2].map(|_| made.yes().then(|| made.numbers()));
        let lines = made.table(40, 7);
        let Some(lines) = lines.rows() else { return };
        let _ = peaks.of_lines(lines, shape, limits, &mut feature::Scratch::default(), &Control::new(), &mut out);
    }
    assert!(out.len().is_multiple_of(feature::COLUMNS));
}

pub(crate) fn occupancy(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let Some(space) = space(&mut made) else { return };
    let (grids, threads) = (made.upto(2), made.threads());
    let flat = made.yes();
    let mut bodies = made.table(12, if flat { 6 } else { 8 });
    for row in bodies.values.chunks_mut(bodies.width) {
        if let Some(kind) = row.last_mut() {
            *kind = if *kind > -100.0 && *kind < 100.0 { kind.abs() % 3.0 } else { *kind };
        }
    }
    let Some(rows) = bodies.rows() else { return };
    let amounts = made.nearly(rows.len() * grids, Made::number);
    let mut cells = made.nearly(space.cells() * grids, |_| 0.0);
    if flat {
        let Ok(bodies) = Bodies::new(rows) else { return };
        let _ = spread::<2>(&space, bodies, &amounts, &mut cells, threads, &Control::new());
    } else {
        let Ok(bodies) = Bodies::new(rows) else { return };
        let _ = spread::<3>(&space, bodies, &amounts, &mut cells, threads, &Control::new());
    }
}
