//! Volumes of balls and of the ways of balls in voxels.

use std::ops::Range;

use super::bodies::{Body, Kind};
use super::cells_between;
use crate::grid::Space;

/// Nodes of Gauss and Legendre on [-1, 1], of weight 1.
const NODES: [f64; 2] = [-0.577_350_269_189_625_8, 0.577_350_269_189_625_8];

/// How often a rectangle that the surface passes upright is cut in four, at least and at most.
const DEPTHS: std::ops::RangeInclusive<u32> = 3..=10;

/// Such rectangles are cut until they are not wider than this times the radius.
const FINE: f64 = 0.12;

/// Patches wider than this times the radius are cut too.
const COARSE: f64 = 0.2;

/// A body of more columns of voxels is as large as its formula says.
const MOST_COLUMNS: f64 = 1e7;

/// A rectangle in x and y: its centre and half its edges.
#[derive(Debug, Clone, Copy)]
struct Patch {
    centre: [f64; 2],
    half: [f64; 2],
}

/// The volume that [`fill`] finds in an endless grid.
pub(super) fn volume<const D: usize>(space: &Space, body: &Body<D>) -> f64 {
    let (mut found, depth) = (0.0, depth(space, body));
    let [xs, ys] = [0, 1].map(|axis| {
        let (low, high) = body.extent(axis);
        // An endless grid: numbers of cells may be negative.
        let number = |x: f64| ((x - space.lower[axis]) / space.size[axis]).floor();
        (number(low), number(high) - number(low) + 1.0)
    });
    if xs.1 * ys.1 > MOST_COLUMNS {
        return body.measure();
    }
    for x in 0..xs.1 as usize {
        for y in 0..ys.1 as usize {
            let patch = patch(space, [xs.0 + x as f64, ys.0 + y as f64]);
            integrate(body, patch, depth, &mut |weight, low, high| found += weight * (high - low));
        }
    }
    found
}

/// Calls `add` with each voxel of some columns (cells of equal x) and the volume of `body` in it.
pub(super) fn fill<const D: usize>(
    space: &Space,
    body: &Body<D>,
    columns: Range<usize>,
    mut add: impl FnMut(usize, f64),
) {
    let (low, high) = body.extent(1);
    let (rows, depth) = (cells_between(space, 1, low, high), depth(space, body));
    for x in columns {
        for y in rows.clone() {
            let first = (x * space.shape[1] + y) * space.shape[2];
            let patch = patch(space, [x as f64, y as f64]);
            integrate(body, patch, depth, &mut |weight, low, high| {
                pile(space, low, high, |z, length| add(first + z, weight * length));
            });
        }
    }
}

/// How often rectangles that the surface passes upright are cut.
fn depth<const D: usize>(space: &Space, body: &Body<D>) -> u32 {
    let reach = space.size[0].hypot(space.size[1]) / 2.0;
    let halvings = (reach / (FINE * body.radius)).log2().ceil();
    // A negative number becomes 0.
    (halvings as u32).clamp(*DEPTHS.start(), *DEPTHS.end())
}

/// Whether a body is too thin to be measured.
pub(super) fn thin<const D: usize>(space: &Space, body: &Body<D>) -> bool {
    let smallest = FINE * f64::from(1_u32 << DEPTHS.end());
    body.radius * smallest < space.size[0].hypot(space.size[1]) / 2.0
}

/// Cuts a stretch along z at the faces of voxels.
fn pile(space: &Space, low: f64, high: f64, mut add: impl FnMut(usize, f64)) {
    let voxels = cells_between(space, 2, low, high);
    for z in voxels {
        let bottom = space.lower[2] + space.size[2] * z as f64;
        let length = high.min(bottom + space.size[2]) - low.max(bottom);
        if length > 0.0 {
            add(z, length);
        }
    }
}

fn patch(space: &Space, cell: [f64; 2]) -> Patch {
    let half = [space.size[0] / 2.0, space.size[1] / 2.0];
    Patch { centre: [0, 1].map(|axis| space.lower[axis] + (2.0 * cell[axis] + 1.0) * half[axis]), half }
}

/// Calls `add` with the weights of nodes in the patch and the stretches along z of `body` there.
fn integrate<const D: usize>(body: &Body<D>, patch: Patch, depth: u32, add: &mut impl FnMut(f64, f64, f64)) {
    let distance = distance(body, patch.centre);
    let reach = patch.half[0].hypot(patch.half[1]);
    if distance >= body.radius + reach {
        return;
    }
    if depth > 0 && (distance > body.radius - reach || reach > COARSE * body.radius) {
        let half = patch.half.map(|edge| edge / 2.0);
        for (x, y) in [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)] {
            let centre = [patch.centre[0] + x * half[0], patch.centre[1] + y * half[1]];
            integrate(body, Patch { centre, half }, depth - 1, add);
        }
        return;
    }
    let area = patch.half[0] * patch.half[1];
    for u in NODES {
        for v in NODES {
            let at = [patch.centre[0] + u * patch.half[0], patch.centre[1] + v * patch.half[1]];
            stretches(body, at, |low, high| add(area, low, high));
        }
    }
}

/// Distance of a point in the plane from the way of the centre, seen along z.
fn distance<const D: usize>(body: &Body<D>, at: [f64; 2]) -> f64 {
    let d = [body.to[0] - body.from[0], body.to[1] - body.from[1]];
    let w = [at[0] - body.from[0], at[1] - body.from[1]];
    let square = d[0] * d[0] + d[1] * d[1];
    let s = if square > 0.0 { ((w[0] * d[0] + w[1] * d[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
    (w[0] - s * d[0]).hypot(w[1] - s * d[1])
}

/// The stretches of `body` on the upright line at (x, y): at most two.
fn stretches<const D: usize>(body: &Body<D>, at: [f64; 2], mut add: impl FnMut(f64, f64)) {
    let end = ball(&body.to, body.radius, at);
    let parts = [ball(&body.from, body.radius, at), end, tube(body, at)];
    let hits = parts.iter().flatten();
    let Some((low, high)) = hits.copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return };
    match end {
        Some((from, to)) if body.kind == Kind::WayButEnd => {
            add(low, from.max(low));
            add(to.min(high), high);
        }
        _ => add(low, high),
    }
}

fn ball<const D: usize>(centre: &[f64; D], radius: f64, at: [f64; 2]) -> Option<(f64, f64)> {
    let square = radius * radius - (at[0] - centre[0]).powi(2) - (at[1] - centre[1]).powi(2);
    let z = centre[D - 1];
    (square > 0.0).then(|| (z - square.sqrt(), z + square.sqrt()))
}

/// The tube between the two balls.
fn tube<const D: usize>(body: &Body<D>, at: [f64; 2]) -> Option<(f64, f64)> {
    let length = body.length();
    if length == 0.0 {
        return None;
    }
    let u = [0, 1, D - 1].map(|axis| (body.to[axis] - body.from[axis]) / length);
    let w = [at[0] - body.from[0], at[1] - body.from[1]];
    let along = w[0] * u[0] + w[1] * u[1];
    // With z from the first centre: the distance along the axis is along + z u_z, its square at most that of the
    // point less that of the radius.
    let flat = 1.0 - u[2] * u[2];
    let wide = w[0] * w[0] + w[1] * w[1] - along * along - body.radius * body.radius;
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    if flat > 0.0 {
        let half = along * u[2];
        let root = half * half - flat * wide;
        if root <= 0.0 {
            return None;
        }
        (low, high) = ((half - root.sqrt()) / flat, (half + root.sqrt()) / flat);
    } else if wide >= 0.0 {
        return None;
    }
    if u[2] == 0.0 {
        if !(0.0..=length).contains(&along) {
            return None;
        }
    } else {
        let (a, b) = (-along / u[2], (length - along) / u[2]);
        (low, high) = (low.max(a.min(b)), high.min(a.max(b)));
    }
    let z = body.from[D - 1];
    (low < high).then_some((z + low, z + high))
}
