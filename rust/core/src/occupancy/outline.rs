//! Outlines of discs and of the ways of discs, as pieces y(x).

use super::bodies::{Body, Kind};
use crate::simd::wide;

/// Below this square of half a chord over the radius, the area beyond the chord is a series.
const SHALLOW: f64 = 1.0 / 16.0;

/// Coefficients of the series: 2 (2k)! / (4^k k!² (2k + 3)).
const SERIES: [f64; 11] = [
    0.666_666_666_666_666_6,
    0.2,
    0.107_142_857_142_857_14,
    0.069_444_444_444_444_45,
    0.049_715_909_090_909_09,
    0.037_860_576_923_076_92,
    0.030_078_125,
    0.024_643_841_911_764_705,
    0.020_671_643_708_881_58,
    0.017_663_864_862_351_192,
    0.015_321_482_782_778_532,
];

/// A piece of the outline on which y neither rises and falls nor has two values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) x0: f64,
    pub(super) x1: f64,
    /// 1 if the body is above, -1 if it is below.
    pub(super) side: f64,
    curve: Curve,
}

#[derive(Debug, Clone, Copy)]
enum Curve {
    Line {
        y0: f64,
        y1: f64,
    },
    /// A quarter of a circle: `right` and `up` are 1 or -1.
    Arc {
        centre: [f64; 2],
        radius: f64,
        right: f64,
        up: f64,
    },
}

impl Piece {
    pub(super) fn y(&self, x: f64) -> f64 {
        match self.curve {
            Curve::Line { y0, y1 } => y0 + (x - self.x0) / (self.x1 - self.x0) * (y1 - y0),
            Curve::Arc { centre, radius, up, .. } => centre[1] + up * leg(radius, x - centre[0]),
        }
    }

    /// Inverse of [`y`](Self::y).
    fn x(&self, y: f64) -> f64 {
        match self.curve {
            Curve::Line { y0, y1 } => self.x0 + (y - y0) / (y1 - y0) * (self.x1 - self.x0),
            Curve::Arc { centre, radius, right, .. } => centre[0] + right * leg(radius, y - centre[1]),
        }
    }

    /// 1 for an arc that is below its chords, -1 for one above them, 0 for a line.
    pub(super) fn hollow(&self) -> f64 {
        match self.curve {
            Curve::Line { .. } => 0.0,
            Curve::Arc { up, .. } => -up,
        }
    }

    /// Replaces each x by [`y`](Self::y).
    pub(super) fn replace_by_y(&self, values: &mut [f64]) {
        match self.curve {
            Curve::Line { .. } => values.iter_mut().for_each(|x| *x = self.y(*x)),
            Curve::Arc { centre, radius, up, .. } => legs(values, radius, centre[0], centre[1], up),
        }
    }

    /// Replaces each y by [`x`](Self::x).
    pub(super) fn replace_by_x(&self, values: &mut [f64]) {
        match self.curve {
            Curve::Line { .. } => values.iter_mut().for_each(|y| *y = self.x(*y)),
            Curve::Arc { centre, radius, right, .. } => legs(values, radius, centre[1], centre[0], right),
        }
    }
}

wide! {
    /// Replaces one coordinate of points of a circle by the other one.
    fn legs(values: &mut [f64], radius: f64, from: f64, to: f64, side: f64) {
        for value in values {
            *value = to + side * leg(radius, *value - from);
        }
    }
}

wide! {
    /// Replaces squares of chords by the areas between them and the circle.
    fn shallow(values: &mut [f64], radius: f64) {
        let (scale, unit) = (radius * radius, 1.0 / (4.0 * radius * radius));
        for value in values {
            let half = *value * unit;
            let sum = SERIES.iter().rev().fold(0.0, |sum, term| sum * half + term);
            *value = if half < SHALLOW { scale * sum * half * half.sqrt() } else { -half };
        }
    }
}

/// Replaces squares of chords of a circle by the areas between them and the circle.
pub(super) fn segments(values: &mut [f64], radius: f64) {
    shallow(values, radius);
    for value in values.iter_mut().filter(|value| **value < 0.0) {
        let half = (-*value).min(1.0);
        *value = radius * radius * (libm::asin(half.sqrt()) - (half * (1.0 - half)).sqrt());
    }
}

/// The other leg of a right-angled triangle.
fn leg(hypotenuse: f64, leg: f64) -> f64 {
    ((hypotenuse - leg) * (hypotenuse + leg)).max(0.0).sqrt()
}

#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) radius: f64,
    /// Where the pieces are seen from.
    pub(super) origin: [f64; 2],
    /// Greatest y.
    pub(super) highest: f64,
    /// Greatest extent.
    pub(super) size: f64,
    pub(super) pieces: Vec<Piece>,
}

/// Which directions of a circle belong to the outline.
#[derive(Clone, Copy)]
enum Half {
    All,
    /// Those with a positive component along the vector.
    Along([f64; 2]),
}

impl Outline {
    /// Replaces the outline by that of `body`, whose first two axes count.
    pub(super) fn draw<const D: usize>(&mut self, body: &Body<D>) {
        self.pieces.clear();
        self.radius = body.radius;
        self.origin = [body.from[0], body.from[1]];
        let (p, q, r) = ([0.0; 2], [0, 1].map(|axis| body.to[axis] - body.from[axis]), body.radius);
        self.highest = q[1].max(0.0) + r;
        self.size = body.length() + 2.0 * r;
        if body.kind == Kind::Start {
            return self.circle(p, r, Half::All, 1.0);
        }
        let length = q[0].hypot(q[1]);
        let d = [q[0] / length, q[1] / length];
        let back = [-d[0], -d[1]];
        self.circle(p, r, Half::Along(back), 1.0);
        match body.kind {
            Kind::WayButEnd => self.circle(q, r, Half::Along(back), -1.0),
            _ => self.circle(q, r, Half::Along(d), 1.0),
        }
        self.wall(p, q, r, [-d[1], d[0]]);
        self.wall(p, q, r, [d[1], -d[0]]);
    }

    /// The straight side at distance `r` in the direction `normal`.
    fn wall(&mut self, p: [f64; 2], q: [f64; 2], r: f64, normal: [f64; 2]) {
        let at = |c: [f64; 2]| [c[0] + r * normal[0], c[1] + r * normal[1]];
        let (mut a, mut b) = (at(p), at(q));
        if a[0] > b[0] {
            (a, b) = (b, a);
        }
        if a[0] < b[0] {
            let curve = Curve::Line { y0: a[1], y1: b[1] };
            self.pieces.push(Piece { x0: a[0], x1: b[0], side: -normal[1].signum(), curve });
        }
    }

    /// Quarters of a circle; the body is inside (`inside` 1) or outside (-1).
    fn circle(&mut self, centre: [f64; 2], radius: f64, half: Half, inside: f64) {
        for (right, up) in [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)] {
            let Some((x0, x1)) = quarter(right, up, half) else { continue };
            let (x0, x1) = (centre[0] + radius * x0, centre[0] + radius * x1);
            if x0 < x1 {
                let curve = Curve::Arc { centre, radius, right, up };
                self.pieces.push(Piece { x0, x1, side: -up * inside, curve });
            }
        }
    }
}

/// The x of the directions of a quadrant that belong to `half`.
fn quarter(right: f64, up: f64, half: Half) -> Option<(f64, f64)> {
    let whole = (f64::min(right, 0.0), f64::max(right, 0.0));
    let Half::Along(d) = half else { return Some(whole) };
    for end in [[-d[1], d[0]], [d[1], -d[0]]] {
        if end[0] * right > 0.0 && end[1] * up > 0.0 {
            let outer = right * d[0] > 0.0;
            return Some(if outer == (right > 0.0) { (end[0], whole.1) } else { (whole.0, end[0]) });
        }
    }
    (right * d[0] + up * d[1] > 0.0).then_some(whole)
}
