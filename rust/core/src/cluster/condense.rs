//! From a minimum spanning tree to the clusters of greatest excess of mass.

/// No cluster, or no parent.
const NONE: u32 = u32::MAX;

/// Below this distance points count as one: keeps 1/distance and its sums finite.
const SHORTEST: f64 = 1e-150;

/// An edge of the minimum spanning tree of the mutual reachability graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// Squared mutual reachability distance.
    pub(super) squared: f64,
    /// One end.
    pub(super) a: u32,
    /// The other end.
    pub(super) b: u32,
}

/// A node of the condensed tree: a component that holds at least `min_cluster_size` points.
#[derive(Debug)]
struct Cluster {
    /// Squared distance at which it falls apart (into children or into noise).
    formed: f64,
    /// Sum over its points of the density 1/distance at which each leaves it.
    density_sum: f64,
    /// Sum of the best stabilities that its children offer.
    children: f64,
    parent: u32,
    selected: bool,
}

/// Buffers reused from one tree to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    parent: Vec<u32>,
    size: Vec<u32>,
    /// Each component is a ring of points.
    next: Vec<u32>,
    /// Cluster of the component with this root.
    cluster: Vec<u32>,
    /// Deepest cluster that each point belongs to.
    joined: Vec<u32>,
    clusters: Vec<Cluster>,
}

/// Labels the `labels.len()` points of the spanning tree `edges`, which must ascend in `squared`.
///
/// Walks the tree from dense to sparse, all edges of one length at a time. Components of at least
/// `min_cluster_size` points are clusters; one that meets another of them ends there, with the stability
/// Σ (1/d - 1/D) over its points (d where the point leaves it, D where it ends), and is kept unless the clusters
/// inside it are together more stable (Campello, Moulavi & Sander 2013, sections 4-5). The root is never kept.
/// Labels are cluster numbers in no particular order, `u32::MAX` for noise. O(n).
pub(super) fn select(edges: &[Edge], min_cluster_size: usize, scratch: &mut Scratch, labels: &mut [u32]) {
    scratch.reset(labels.len());
    let min_size = u32::try_from(min_cluster_size).unwrap_or(NONE);
    let mut rest = edges;
    while let Some(first) = rest.first() {
        let ties = rest.iter().take_while(|e| e.squared == first.squared).count().max(1);
        let (level, after) = rest.split_at(ties);
        let density = 1.0 / first.squared.sqrt().max(SHORTEST);
        for edge in level {
            scratch.merge(edge, density);
        }
        for edge in level {
            let root = find(&mut scratch.parent, edge.a);
            scratch.found(root, first.squared, density, min_size);
        }
        rest = after;
    }
    scratch.write(labels);
}

impl Scratch {
    fn reset(&mut self, n: usize) {
        let ids = || 0..n as u32;
        self.parent.clear();
        self.parent.extend(ids());
        self.next.clear();
        self.next.extend(ids());
        self.size.clear();
        self.size.resize(n, 1);
        self.cluster.clear();
        self.cluster.resize(n, NONE);
        self.joined.clear();
        self.joined.resize(n, NONE);
        self.clusters.clear();
    }

    /// Joins the components at both ends of `edge`.
    fn merge(&mut self, edge: &Edge, density: f64) {
        let a = find(&mut self.parent, edge.a) as usize;
        let b = find(&mut self.parent, edge.b) as usize;
        if a == b {
            return;
        }
        let (small, large) = if self.size[a] < self.size[b] { (a, b) } else { (b, a) };
        let cluster = match (self.cluster[large], self.cluster[small]) {
            (NONE, NONE) => NONE,
            (cluster, NONE) => self.adopt(small as u32, cluster, density),
            (NONE, cluster) => self.adopt(large as u32, cluster, density),
            (one, other) => {
                let sizes = (self.size[large], self.size[small]);
                self.split((one, other), sizes, edge.squared, density)
            }
        };
        self.parent[small] = large as u32;
        self.size[large] += self.size[small];
        self.cluster[large] = cluster;
        self.next.swap(large, small);
    }

    /// Makes the component of `root` a leaf cluster if it has become large enough.
    fn found(&mut self, root: u32, squared: f64, density: f64, min_size: u32) {
        let points = self.size[root as usize];
        if self.cluster[root as usize] == NONE && points >= min_size {
            let cluster = self.open(squared);
            self.cluster[root as usize] = self.adopt(root, cluster, density);
        }
    }

    /// Puts every point of a component without a cluster into one that it leaves at `density`.
    fn adopt(&mut self, root: u32, cluster: u32, density: f64) -> u32 {
        let mut at = root;
        loop {
            self.joined[at as usize] = cluster;
            at = self.next[at as usize];
            if at == root {
                break;
            }
        }
        let points = f64::from(self.size[root as usize]);
        self.clusters[cluster as usize].density_sum += points * density;
        cluster
    }

    fn open(&mut self, squared: f64) -> u32 {
        self.clusters.push(Cluster { formed: squared, density_sum: 0.0, children: 0.0, parent: NONE, selected: false });
        self.clusters.len() as u32 - 1
    }

    /// The cluster that falls apart into `pair` at `squared`, or into more if one of them formed there.
    fn split(&mut self, pair: (u32, u32), sizes: (u32, u32), squared: f64, density: f64) -> u32 {
        let formed_here = |id: u32| self.clusters[id as usize].formed == squared;
        match (formed_here(pair.0), formed_here(pair.1)) {
            (false, false) => {
                let parent = self.open(squared);
                self.close(pair.0, parent, sizes.0, density);
                self.close(pair.1, parent, sizes.1, density);
                parent
            }
            (true, false) => self.close(pair.1, pair.0, sizes.1, density),
            (false, true) => self.close(pair.0, pair.1, sizes.0, density),
            (true, true) => self.unite(pair.0.min(pair.1), pair.0.max(pair.1)),
        }
    }

    /// Ends a cluster in its parent: its stability against that of its children.
    fn close(&mut self, id: u32, parent: u32, size: u32, density: f64) -> u32 {
        let points = f64::from(size);
        let cluster = &mut self.clusters[id as usize];
        let stability = cluster.density_sum - points * density;
        cluster.selected = stability >= cluster.children;
        cluster.parent = parent;
        let best = stability.max(cluster.children);
        let parent_cluster = &mut self.clusters[parent as usize];
        parent_cluster.children += best;
        parent_cluster.density_sum += points * density;
        parent
    }

    /// Two clusters that formed at the same distance and touch there are one.
    fn unite(&mut self, lower: u32, upper: u32) -> u32 {
        let Cluster { density_sum, children, .. } = self.clusters[lower as usize];
        self.clusters[lower as usize].parent = upper;
        let upper_cluster = &mut self.clusters[upper as usize];
        upper_cluster.density_sum += density_sum;
        upper_cluster.children += children;
        upper
    }

    /// The topmost selected cluster around every point. Parents come after their children.
    fn write(&mut self, labels: &mut [u32]) {
        let top = &mut self.cluster;
        top.clear();
        top.resize(self.clusters.len(), NONE);
        for id in (0..self.clusters.len()).rev() {
            let Cluster { parent, selected, .. } = self.clusters[id];
            let above = top.get(parent as usize).copied().unwrap_or(NONE);
            top[id] = match above {
                NONE if selected => id as u32,
                above => above,
            };
        }
        for (label, &cluster) in labels.iter_mut().zip(&self.joined) {
            *label = top.get(cluster as usize).copied().unwrap_or(NONE);
        }
    }
}

/// The root of a point's component.
pub(super) fn find(parent: &mut [u32], mut point: u32) -> u32 {
    loop {
        let above = parent[point as usize];
        if above == point {
            return point;
        }
        let next = parent[above as usize];
        parent[point as usize] = next;
        point = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(edges: &[(f64, u32, u32)], n: usize, min_cluster_size: usize) -> Vec<u32> {
        let edges: Vec<Edge> = edges.iter().map(|&(d, a, b)| Edge { squared: d * d, a, b }).collect();
        let mut labels = vec![0; n];
        select(&edges, min_cluster_size, &mut Scratch::default(), &mut labels);
        labels
    }

    /// Points 0-2 and 3-5 as close triples, 6 far away from both.
    const TRIPLES: [(f64, u32, u32); 6] =
        [(1.0, 0, 1), (1.0, 1, 2), (1.0, 3, 4), (1.0, 4, 5), (5.0, 2, 3), (9.0, 5, 6)];

    #[test]
    fn two_dense_groups_are_two_clusters() {
        let found = labels(&TRIPLES, 7, 3);
        assert_eq!(found[..3], [found[0]; 3]);
        assert_eq!(found[3..6], [found[3]; 3]);
        assert!(found[0] != found[3] && found[0] != NONE && found[3] != NONE);
        assert_eq!(found[6], NONE);
    }

    #[test]
    fn the_root_is_no_cluster() {
        assert_eq!(labels(&TRIPLES, 7, 4), [NONE; 7]);
        assert_eq!(labels(&TRIPLES, 7, 8), [NONE; 7]);
        assert_eq!(labels(&[], 1, 2), [NONE]);
    }

    /// Pairs 01 and 23 a distance `apart` from each other, and a triple 456 far away.
    fn pairs(apart: f64) -> Vec<u32> {
        let triple = [(1.0, 4, 5), (1.0, 5, 6)];
        let pairs = [(1.0, 0, 1), (1.0, 2, 3), (apart, 1, 2), (20.0, 3, 4)];
        labels(&[triple.as_slice(), &pairs].concat(), 7, 2)
    }

    #[test]
    fn the_more_stable_of_whole_and_parts_is_kept() {
        // Parts: 4 (1/1 - 1/apart) in all; whole: 4 (1/apart - 1/20). The whole wins below 40 / 21.
        let near = pairs(1.8);
        assert_eq!(near[..4], [near[0]; 4]);
        let far = pairs(2.0);
        assert_eq!(far[0], far[1]);
        assert_eq!(far[2], far[3]);
        assert_ne!(far[1], far[2]);
    }

    #[test]
    fn edges_of_one_length_are_one_split() {
        // Three pairs meet at one distance: three clusters, in whatever order their edges come.
        let dense = [(1.0, 0, 1), (1.0, 2, 3), (1.0, 4, 5)];
        for bridges in [[(4.0, 1, 2), (4.0, 3, 4)], [(4.0, 3, 4), (4.0, 1, 2)], [(4.0, 0, 4), (4.0, 2, 5)]] {
            let found = labels(&[dense.as_slice(), &bridges].concat(), 6, 2);
            assert!(found[0] == found[1] && found[2] == found[3] && found[4] == found[5]);
            assert!(found[0] != found[2] && found[2] != found[4] && found[0] != found[4]);
            assert!(!found.contains(&NONE));
        }
    }

    #[test]
    fn distances_of_zero_are_dense_and_finite() {
        let found = labels(&[(0.0, 0, 1), (0.0, 1, 2), (0.0, 3, 4), (1e-200, 2, 3), (1.0, 4, 5)], 6, 2);
        assert_eq!(found.len(), 6);
        assert_eq!(labels(&[(0.0, 0, 1), (0.0, 1, 2), (0.0, 2, 3)], 4, 2), [NONE; 4]);
    }
}
