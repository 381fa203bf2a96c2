//! Where tracers were at which times.

use crate::{Error, Result};

use super::bounce::own_side;
use super::grid::Grid;
use super::line::{Line, Origin};
use super::track::Track;

/// A tracer's own lines for a location.
const OWN: f64 = 12.0;
/// Most locations for each line, where they are asked for at a spacing.
const DENSE: f64 = 10.0;
/// Locations for each line of a block from which on it has none, as there are next to no lines for them.
const SPARSE: f64 = 100.0;
/// Largest variance of a location, in those of the tracer's lines: beyond, they do not tell where it is.
const LOOSE: f64 = 400.0;

/// The times at which locations are given.
#[derive(Debug, Clone, PartialEq)]
pub enum Times {
    /// As often as a tracer has a few lines of its own.
    Rate,
    /// Multiples of a time in ms.
    Every(f64),
    /// These, in ms, in order.
    At(Vec<f64>),
}

impl Times {
    /// Refuses what no lines have locations for; `rate` is that of all lines, 1/ms.
    pub(super) fn check(&self, rate: f64) -> Result<()> {
        match self {
            Self::Every(step) if !(step.is_finite() && *step > 0.0) => {
                Err(Error::argument("every", "a time above 0 ms", step))
            }
            Self::Every(step) if DENSE * rate * step < 1.0 => {
                let least = format!("at least {:.1e} ms, a tenth of the mean time between lines", 1.0 / (DENSE * rate));
                Err(Error::argument("every", least, step))
            }
            Self::At(all) if !(all.iter().all(|time| time.is_finite()) && all.is_sorted()) => {
                Err(Error::argument("every", "finite times in order", "others"))
            }
            _ => Ok(()),
        }
    }
}

/// Columns of a location: time, position, velocity, the covariance of the position as xx, xy, xz, yy, yz, zz, lines per
/// ms, and the number of the tracer.
pub const LOCATION: usize = 15;

/// What locations are told from.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) lines: &'a [Line],
    pub(super) grid: &'a Grid,
    pub(super) origin: &'a Origin,
}

/// Locations of a tracer, in order of time.
///
/// There is none where there were no lines for longer than those of a block take, or where they do not tell the place.
pub(super) fn locations(track: &Track, view: View<'_>, times: &Times, out: &mut Vec<f64>) {
    let mut last = f64::NEG_INFINITY;
    for at in 0..track.states.len() {
        let whole = reach(track, at, view);
        block_locations(track, at, view, times, whole, &mut last, out);
    }
}

/// Those of a block, within a time and after the `last` one.
pub(super) fn block_locations(
    track: &Track,
    at: usize,
    view: View<'_>,
    times: &Times,
    (start, end): (f64, f64),
    last: &mut f64,
    out: &mut Vec<f64>,
) {
    let View { lines, grid, origin } = view;
    let own = grid.block(lines, track.first + at);
    let mut tell = |time: f64| {
        if time > *last {
            *last = time;
            location(track, at, time, view, out);
        }
    };
    match times {
        Times::Rate => {
            let parts = (track.counts[at] / OWN).round().max(1.0) as usize;
            let (first, whole) = (own[0].time, own[own.len() - 1].time - own[0].time);
            if parts == 1 {
                tell(grid.times[track.first + at]);
            } else {
                (0..parts).for_each(|part| tell(first + (part as f64 + 0.5) / parts as f64 * whole));
            }
        }
        Times::Every(step) => {
            let first = ((start + origin.time) / step).ceil();
            // Counted, as a number above 2⁵³ plus 1 is the same number.
            let count = ((end + origin.time) / step - first).floor() as i64;
            if count as f64 > SPARSE * own.len() as f64 {
                return;
            }
            (0..=count).for_each(|number| tell((first + number as f64) * step - origin.time));
        }
        Times::At(all) => {
            let first = all.partition_point(|time| time - origin.time < start);
            all[first..].iter().map(|time| time - origin.time).take_while(|time| *time <= end).for_each(&mut tell);
        }
    }
}

/// From when to when the state of a block is the nearest.
pub(super) fn reach(track: &Track, at: usize, view: View<'_>) -> (f64, f64) {
    let View { lines, grid, .. } = view;
    let block = track.first + at;
    let own = grid.block(lines, block);
    let (first, last) = (own[0].time, own[own.len() - 1].time);
    let slack = last - first;
    let start = if at == 0 { first } else { 0.5 * (grid.times[block - 1] + grid.times[block]) };
    let end = if block + 1 == track.end() { last } else { 0.5 * (grid.times[block] + grid.times[block + 1]) };
    (start.max(first - slack), end.min(last + slack))
}

fn location(track: &Track, at: usize, time: f64, view: View<'_>, out: &mut Vec<f64>) {
    let View { grid, origin, .. } = view;
    let block = track.first + at;
    let side = own_side(track, grid, at, time);
    let state = track.states[side].after(time - grid.times[track.first + side], 0.0);
    let span = span(grid, block);
    let p = &state.covariance;
    let spread = p[0][0] + p[1][1] + p[2][2];
    if spread.is_nan() || spread > LOOSE * track.blur.narrow {
        return;
    }
    out.push(time + origin.time);
    out.extend((0..3).map(|k| state.mean[k] + origin.point[k]));
    out.extend_from_slice(&state.mean[3..]);
    out.extend([p[0][0], p[0][1], p[0][2], p[1][1], p[1][2], p[2][2]]);
    out.push(if span > 0.0 { track.counts[at] / span } else { f64::NAN });
    out.push(track.label as f64);
}

/// The time that a block of lines stands for: to the middle between it and each of its neighbours, ms.
fn span(grid: &Grid, block: usize) -> f64 {
    let first = block.saturating_sub(1);
    let last = (block + 1).min(grid.len() - 1);
    (grid.times[last] - grid.times[first]) / (last - first).max(1) as f64
}
