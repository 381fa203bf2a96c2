//! HDBSCAN*: density-based clusters at every scale at once.

use super::NOISE;
use super::condense::{self, Edge};
use crate::simd::wide;
use crate::{Control, Error, Result};

/// Coordinates beyond this have no finite squared distance; such points are noise.
const FARTHEST: f64 = 1e150;

/// Points as one slice per axis, all of one length.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// First coordinate of every point.
    pub x: &'a [f64],
    /// Second coordinate of every point.
    pub y: &'a [f64],
    /// Third coordinate of every point.
    pub z: &'a [f64],
}

/// What a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hdbscan {
    /// Fewest points of a cluster, at least 2.
    pub min_cluster_size: usize,
    /// A point is as dense as the ball up to its `min_samples`-th neighbour, at least 1; capped at n - 1.
    pub min_samples: usize,
}

/// Buffers reused from one call to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    rows: Vec<u32>,
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    core: Vec<f64>,
    distances: Vec<f64>,
    nearest: Vec<u32>,
    done: Vec<bool>,
    edges: Vec<Edge>,
    found: Vec<u32>,
    numbers: Vec<i32>,
    condense: condense::Scratch,
}

/// Labels every point with its cluster, 0, 1, … by first appearance, or [`NOISE`].
///
/// # Errors
/// [`Error::Argument`] for slices of unequal length, `min_cluster_size` below 2 or `min_samples` of 0;
/// [`Error::Cancelled`].
pub fn hdbscan(
    points: Points<'_>,
    options: Hdbscan,
    scratch: &mut Scratch,
    control: &Control,
    labels: &mut Vec<i32>,
) -> Result<()> {
    options.check()?;
    points.check()?;
    labels.clear();
    labels.resize(points.x.len(), NOISE);
    scratch.load(points);
    if scratch.rows.len() < 2 {
        return Ok(());
    }
    let neighbour = options.min_samples.min(scratch.rows.len() - 1);
    scratch.core_distances(neighbour, control)?;
    scratch.spanning_tree(control)?;
    scratch.found.clear();
    scratch.found.resize(scratch.rows.len(), 0);
    let Scratch { edges, found, condense, .. } = scratch;
    condense::select(edges, options.min_cluster_size, condense, found);
    scratch.number(labels);
    Ok(())
}

impl Hdbscan {
    fn check(&self) -> Result<()> {
        if self.min_cluster_size < 2 {
            return Err(Error::argument("min_cluster_size", "at least 2", self.min_cluster_size));
        }
        if self.min_samples == 0 {
            return Err(Error::argument("min_samples", "at least 1", 0));
        }
        Ok(())
    }
}

impl Points<'_> {
    fn check(&self) -> Result<()> {
        let n = self.x.len();
        if self.y.len() != n || self.z.len() != n {
            let found = format!("{n}, {} and {}", self.y.len(), self.z.len());
            return Err(Error::argument("points", "as many x as y and z", found));
        }
        if u32::try_from(n).is_err() {
            return Err(Error::argument("points", "fewer than 2^32 points", n));
        }
        Ok(())
    }
}

impl Scratch {
    /// Copies the points that take part.
    fn load(&mut self, points: Points<'_>) {
        self.rows.clear();
        self.x.clear();
        self.y.clear();
        self.z.clear();
        for (row, ((&x, &y), &z)) in points.x.iter().zip(points.y).zip(points.z).enumerate() {
            if x.abs().max(y.abs()).max(z.abs()) <= FARTHEST && !(x + y + z).is_nan() {
                self.rows.push(row as u32);
                self.x.push(x);
                self.y.push(y);
                self.z.push(z);
            }
        }
    }

    fn core_distances(&mut self, neighbour: usize, control: &Control) -> Result<()> {
        self.core.clear();
        let n = self.rows.len();
        self.distances.clear();
        self.distances.resize(n, 0.0);
        for i in 0..n {
            control.check()?;
            let p = [self.x[i], self.y[i], self.z[i]];
            squared_distances(p, &self.x, &self.y, &self.z, &mut self.distances);
            let (_, &mut kth, _) =
                self.distances.select_nth_unstable_by(neighbour, f64::total_cmp);
            self.core.push(kth);
        }
        Ok(())
    }

    fn spanning_tree(&mut self, control: &Control) -> Result<()> {
        let n = self.rows.len();
        self.edges.clear();
        self.done.clear();
        self.done.resize(n, false);
        self.nearest.clear();
        self.nearest.resize(n, 0);
        self.distances.clear();
        self.distances.resize(n, f64::INFINITY);
        let mut at = 0;
        for _ in 1..n {
            control.check()?;
            self.done[at] = true;
            let mut best = (f64::INFINITY, at);
            for j in 0..n {
                if self.done[j] {
                    continue;
                }
                let (dx, dy, dz) =
                    (self.x[j] - self.x[at], self.y[j] - self.y[at], self.z[j] - self.z[at]);
                let d = (dx * dx + dy * dy + dz * dz).max(self.core[at]).max(self.core[j]);
                if d < self.distances[j] {
                    self.distances[j] = d;
                    self.nearest[j] = at as u32;
                }
                if self.distances[j] < best.0 {
                    best = (self.distances[j], j);
                }
            }
            let (squared, b) = best;
            self.edges.push(Edge { squared, a: self.nearest[b], b: b as u32 });
            at = b;
        }
        self.edges.sort_by(|p, q| p.squared.total_cmp(&q.squared));
        Ok(())
    }

    /// Numbers the clusters in the order in which the rows show them.
    fn number(&mut self, labels: &mut [i32]) {
        self.numbers.clear();
        self.numbers.resize(self.rows.len(), NOISE);
        let mut next = 0;
        for (&row, &found) in self.rows.iter().zip(&self.found) {
            let Some(number) = self.numbers.get_mut(found as usize) else { continue };
            if *number == NOISE {
                *number = next;
                next += 1;
            }
            labels[row as usize] = *number;
        }
    }
}

wide! {
    /// Squared distances of all points from `p`.
    fn squared_distances(p: [f64; 3], x: &[f64], y: &[f64], z: &[f64], out: &mut [f64]) {
        for (((out, x), y), z) in out.iter_mut().zip(x).zip(y).zip(z) {
            let (dx, dy, dz) = (x - p[0], y - p[1], z - p[2]);
            *out = dx * dx + dy * dy + dz * dz;
        }
    }
}
