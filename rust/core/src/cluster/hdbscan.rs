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
/// HDBSCAN* (Campello, Moulavi & Sander, PAKDD 2013; arXiv 1705.07321), exact: with core(p) the distance from p to its
/// `min_samples`-th nearest other point, points are nodes of a graph with edges of length max(d(p, q), core(p),
/// core(q)). Removing the edges of its minimum spanning tree from the longest on breaks it into ever smaller
/// components. A component is a cluster while it has at least `min_cluster_size` points and no two of its parts do. Of
/// nested clusters those of the greatest sum of Σ (1/d - 1/D) over their points are kept (d where the point leaves the
/// cluster, D where the cluster leaves its parent), never the one that all points make.
///
/// Edges of one length are removed at once. A point whose own core distance is the length at which two clusters part is
/// on the rim of both and goes with a denser neighbour. Other implementations remove such edges one by one, in the
/// order in which a sort leaves them, and so may see clusters that appear and vanish at the same length.
///
/// A point with a coordinate that is not finite or beyond ±1e150 is noise and takes no part. Fewer than
/// `min_cluster_size` points, or all in one place: noise. Points are ordered by space, which makes this about
/// O(n log n + n k) where they fill space evenly, with a small part that grows as (n/32)²; memory is O(n).
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
    core_distance::core_distances(&scratch.points, neighbour, &mut scratch.core_distance, control, &mut scratch.core)?;
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
            let Some(number) = usize::try_from(*label).ok().and_then(|i| self.numbers.get_mut(i)) else {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::core_distance::tests::clouds;
    use super::*;

    fn labels(cloud: &[[f64; 3]], min_cluster_size: usize, min_samples: usize) -> Vec<i32> {
        run(cloud, Hdbscan { min_cluster_size, min_samples }, &Control::new()).unwrap()
    }

    fn run(cloud: &[[f64; 3]], options: Hdbscan, control: &Control) -> Result<Vec<i32>> {
        let axis = |k: usize| cloud.iter().map(|p| p[k]).collect::<Vec<_>>();
        let (x, y, z, mut labels) = (axis(0), axis(1), axis(2), Vec::new());
        let points = Points { x: &x, y: &y, z: &z };
        hdbscan(points, options, &mut Scratch::default(), control, &mut labels)?;
        Ok(labels)
    }

    /// Two grids of 27 points, 100 apart, and one point far from both.
    fn grids() -> Vec<[f64; 3]> {
        let grid = |x: f64| (0..27).map(move |i| [x + f64::from(i % 3), f64::from(i / 3 % 3), f64::from(i / 9)]);
        grid(100.0).chain([[50.0, 400.0, 0.0]]).chain(grid(0.0)).collect()
    }

    #[test]
    fn two_groups_and_a_stray_point() {
        let expected = [vec![0; 27], vec![NOISE], vec![1; 27]].concat();
        assert_eq!(labels(&grids(), 10, 5), expected);
    }

    #[test]
    fn few_or_equal_points_are_noise() {
        for n in 0..4 {
            assert_eq!(labels(&grids()[..n], 2, 1).len(), n);
            assert_eq!(labels(&vec![[1.0; 3]; n], 2, 10), vec![NOISE; n]);
        }
        assert_eq!(labels(&vec![[5.0; 3]; 500], 5, 5), [NOISE; 500]);
    }

    #[test]
    fn points_that_are_not_finite_take_no_part() {
        let mut cloud = grids();
        for (i, v) in [f64::NAN, f64::INFINITY, 1e200].into_iter().enumerate() {
            let mut bad = [0.0; 3];
            bad[i] = v;
            cloud.insert(10 * i, bad);
        }
        let mut found = labels(&cloud, 10, 5);
        for i in [20, 10, 0] {
            assert_eq!(found.remove(i), NOISE);
        }
        assert_eq!(found, labels(&grids(), 10, 5));
        assert_eq!(labels(&[[f64::NAN; 3]; 5], 2, 2), [NOISE; 5]);
    }

    #[test]
    fn bad_options_are_refused_and_cancelling_works() {
        let control = Control::new();
        let refused = |options| run(&grids(), options, &control).unwrap_err().to_string();
        assert!(refused(Hdbscan { min_cluster_size: 1, min_samples: 1 }).starts_with("`min_cluster_size`"));
        assert!(refused(Hdbscan { min_cluster_size: 2, min_samples: 0 }).starts_with("`min_samples`"));
        control.cancel();
        let options = Hdbscan { min_cluster_size: 5, min_samples: 5 };
        assert_eq!(run(&grids(), options, &control), Err(Error::Cancelled));
        let points = Points { x: &[1.0], y: &[], z: &[1.0] };
        let scratch = &mut Scratch::default();
        assert!(hdbscan(points, options, scratch, &Control::new(), &mut Vec::new()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scratch_does_not_carry_over(first in clouds(120), second in clouds(120), size in 2_usize..12) {
            let options = Hdbscan { min_cluster_size: size, min_samples: size };
            let (mut scratch, mut found) = (Scratch::default(), Vec::new());
            for cloud in [&first, &second] {
                let axis = |k: usize| cloud.iter().map(|p| p[k]).collect::<Vec<_>>();
                let (x, y, z) = (axis(0), axis(1), axis(2));
                let points = Points { x: &x, y: &y, z: &z };
                hdbscan(points, options, &mut scratch, &Control::new(), &mut found).unwrap();
                prop_assert_eq!(&found, &labels(cloud, size, size));
            }
        }

        #[test]
        fn clusters_are_large_enough_and_numbered_in_order(cloud in clouds(200), size in 2_usize..12) {
            let found = labels(&cloud, size, size);
            let mut seen = 0;
            for label in &found {
                prop_assert!(*label <= seen);
                seen = seen.max(label + 1);
            }
            for cluster in 0..seen {
                prop_assert!(found.iter().filter(|l| **l == cluster).count() >= size);
            }
        }
    }
}
