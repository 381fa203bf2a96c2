//! Where pairs of lines pass each other, eight pairs at a time.

use super::line::{Line, Vector};
use crate::simd::wide;

/// Pairs per batch.
const LANES: usize = 8;

/// Pairs with `1 - cos²(angle)` up to this are parallel: twice the rounding error of that difference.
pub(super) const PARALLEL: f64 = 16.0 * f64::EPSILON;

type Lanes = [f64; LANES];

/// What is asked of a pair: pass within a squared distance, with the middle strictly inside a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Squared distance in mm², exclusive.
    pub(super) squared_distance: f64,
    /// `[xmin, xmax, ymin, ymax, zmin, zmax]` in mm, exclusive.
    pub(super) bounds: [f64; 6],
}

/// A batch of pairs, waiting to be tested together.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    first: Side,
    second: Side,
    middle: [Lanes; 3],
    close: [bool; LANES],
    time: Lanes,
    rows: [[u32; 2]; LANES],
    len: usize,
}

/// One line of every pair.
#[derive(Debug, Default)]
struct Side {
    point: [Lanes; 3],
    direction: [Lanes; 3],
    squared_length: Lanes,
}

/// The middle of the shortest segment between two lines, at the mean of their times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    pub(super) time: f64,
    pub(super) point: Vector,
    pub(super) rows: [u32; 2],
}

impl Pairs {
    /// Adds a pair; a full batch is tested and those that meet go to `found`, in the order in which they were added.
    #[inline]
    pub(super) fn push(&mut self, p: &Line, q: &Line, limits: &Limits, found: impl FnMut(Meeting)) {
        let lane = self.len % LANES;
        self.first.set(lane, p);
        self.second.set(lane, q);
        self.time[lane] = f64::midpoint(p.time, q.time);
        self.rows[lane] = [p.row as u32, q.row as u32];
        self.len = lane + 1;
        if self.len == LANES {
            self.flush(limits, found);
        }
    }

    /// Tests the pairs that still wait.
    #[inline]
    pub(super) fn flush(&mut self, limits: &Limits, mut found: impl FnMut(Meeting)) {
        meet(&self.first, &self.second, limits, &mut self.middle, &mut self.close);
        let [x, y, z] = &self.middle;
        for lane in 0..self.len {
            if self.close[lane] {
                found(Meeting { time: self.time[lane], point: [x[lane], y[lane], z[lane]], rows: self.rows[lane] });
            }
        }
        self.len = 0;
    }
}

impl Side {
    #[inline]
    fn set(&mut self, lane: usize, line: &Line) {
        for axis in 0..3 {
            self.point[axis][lane] = line.point[axis];
            self.direction[axis][lane] = line.direction[axis];
        }
        self.squared_length[lane] = line.squared_length;
    }
}

wide! {
    /// The formula of [`super::cutpoints::Cutpoints`] for all lanes.
    fn meet(first: &Side, second: &Side, limits: &Limits, middle: &mut [Lanes; 3], close: &mut [bool; LANES]) {
        let [xmin, xmax, ymin, ymax, zmin, zmax] = limits.bounds;
        for lane in 0..LANES {
            let p = [first.point[0][lane], first.point[1][lane], first.point[2][lane]];
            let u = [first.direction[0][lane], first.direction[1][lane], first.direction[2][lane]];
            let q = [second.point[0][lane], second.point[1][lane], second.point[2][lane]];
            let r = [second.direction[0][lane], second.direction[1][lane], second.direction[2][lane]];
            let w = [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
            let (a, c) = (first.squared_length[lane], second.squared_length[lane]);
            let b = u[0] * r[0] + u[1] * r[1] + u[2] * r[2];
            let d = u[0] * w[0] + u[1] * w[1] + u[2] * w[2];
            let e = r[0] * w[0] + r[1] * w[1] + r[2] * w[2];
            let determinant = b * b - a * c;
            let s = (b * e - c * d) / determinant;
            let t = (a * e - b * d) / determinant;
            let on_p = [p[0] + s * u[0], p[1] + s * u[1], p[2] + s * u[2]];
            let on_q = [q[0] + t * r[0], q[1] + t * r[1], q[2] + t * r[2]];
            let gap = [on_p[0] - on_q[0], on_p[1] - on_q[1], on_p[2] - on_q[2]];
            let squared = gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2];
            let [x, y, z] = [0.5 * (on_p[0] + on_q[0]), 0.5 * (on_p[1] + on_q[1]), 0.5 * (on_p[2] + on_q[2])];
            (middle[0][lane], middle[1][lane], middle[2][lane]) = (x, y, z);
            let crossing = -determinant > PARALLEL * (a * c) && squared < limits.squared_distance;
            close[lane] = crossing && xmin < x && x < xmax && ymin < y && y < ymax && zmin < z && z < zmax;
        }
    }
}
