//! HDBSCAN*: density-based clusters at every scale at once.

use super::blocks::Blocks;
use super::condense::{self, Edge};
use super::{NOISE, core_distance, spanning_tree};
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
    points: Blocks,
    core_distance: core_distance::Scratch,
    core: Vec<f64>,
    spanning_tree: spanning_tree::Scratch,
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
    scratch.points.load(points.usable());
    let n = scratch.points.len();
    if n < 2 {
        return Ok(());
    }
    let neighbour = options.min_samples.min(n - 1);
    core_distance::core_distances(
        &scratch.points,
        neighbour,
        &mut scratch.core_distance,
        control,
        &mut scratch.core,
    )?;
    spanning_tree::spanning_tree(
        &scratch.points,
        &scratch.core,
        &mut scratch.spanning_tree,
        control,
        &mut scratch.edges,
    )?;
    scratch.found.clear();
    scratch.found.resize(n, 0);
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
    /// The points that take part, with their rows.
    fn usable(&self) -> impl Iterator<Item = (u32, [f64; 3])> {
        let points = self.x.iter().zip(self.y).zip(self.z).map(|((&x, &y), &z)| [x, y, z]);
        let usable = |p: &[f64; 3]| p.iter().all(|v| v.abs() <= FARTHEST);
        (0_u32..).zip(points).filter(move |(_, p)| usable(p))
    }

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
    /// Numbers the clusters in the order in which the rows show them.
    fn number(&mut self, labels: &mut [i32]) {
        for (&row, &found) in self.points.rows.iter().zip(&self.found) {
            labels[row as usize] = i32::try_from(found).unwrap_or(NOISE);
        }
        self.numbers.clear();
        self.numbers.resize(self.points.len(), NOISE);
        let mut next = 0;
        for label in labels {
            let Some(number) = usize::try_from(*label).ok().and_then(|i| self.numbers.get_mut(i))
            else {
                continue;
            };
            if *number == NOISE {
                *number = next;
                next += 1;
            }
            *label = *number;
        }
    }
}
