//! Minimum spanning tree of the mutual reachability graph.

use super::blocks::{BLOCK, Blocks, Bounds};
use super::condense::{Edge, find};
use crate::simd::wide;
use crate::{Control, Result};

const NONE: u32 = u32::MAX;

/// The component of a block whose points are of several.
const MIXED: f64 = -1.0;

/// Buffers reused from one call to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    near: Vec<f64>,
    far: Vec<f64>,
    /// Densest point of each block, and its squared core distance.
    densest: Vec<(usize, f64)>,
    /// A neighbour of each point that is denser and no farther than the point's core distance.
    denser: Vec<u32>,
    keys: Vec<u64>,
    /// The points, densest first.
    order: Vec<u32>,
    /// Component of each point; small whole numbers, as floats to share vectors with the distances.
    component: Vec<f64>,
    block_component: Vec<f64>,
    candidates: Vec<u32>,
    targets: Targets,
    weights: Vec<f64>,
    parent: Vec<u32>,
    size: Vec<u32>,
    best: Vec<Edge>,
    bridges: Vec<Edge>,
    merged: Vec<Edge>,
}

/// The n - 1 edges of a minimum spanning tree under max(d(p, q), core(p), core(q)), ascending.
///
/// `core` holds the squared core distances, filled up to whole blocks with infinity. Two steps:
///
/// 1. An edge of p is never lighter than core(p). So if a neighbour q has d(p, q) <= core(p) and comes before p in the
///    order of (core distance, index), the edge (p, q) of weight core(p) is a lightest edge of p and belongs to a
///    minimum spanning tree; the order excludes cycles. This leaves one component per local minimum of the core
///    distance.
/// 2. Borůvka rounds join these components: each but the largest takes its lightest outgoing edge. Points and blocks
///    whose core distance or separation is no better than the best edge so far are passed over.
pub(super) fn spanning_tree(
    points: &Blocks,
    core: &[f64],
    scratch: &mut Scratch,
    control: &Control,
    edges: &mut Vec<Edge>,
) -> Result<()> {
    scratch.link(points, core, control)?;
    let mut components = scratch.grow(points, core, edges);
    while components > 1 {
        components = scratch.round(points, core, control)?;
    }
    scratch.merge(edges);
    Ok(())
}

impl Scratch {
    /// Finds the denser neighbour of every point that has one.
    fn link(&mut self, points: &Blocks, core: &[f64], control: &Control) -> Result<()> {
        self.densest.clear();
        for block in 0..points.blocks() {
            let range = points.range(block);
            let densest = range.min_by(|&p, &q| core[p].total_cmp(&core[q])).unwrap_or(0);
            self.densest.push((densest, core[densest]));
        }
        self.denser.clear();
        self.denser.resize(points.len(), NONE);
        for block in 0..points.blocks() {
            control.check()?;
            let densest = self.densest[block].0;
            let at = points.at(densest);
            let mut widest = -1.0_f64;
            for p in points.range(block) {
                if p != densest && squared_distance(points.at(p), at) <= core[p] {
                    self.denser[p] = densest as u32;
                } else {
                    widest = widest.max(core[p]);
                }
            }
            points.boxes.reach(&points.boxes.get(block), &mut self.near, &mut self.far);
            self.candidates.clear();
            self.candidates.push(block as u32);
            let reached =
                |&other: &usize| other != block && self.near[other] <= widest && self.densest[other].1 <= widest;
            let reached = (0..points.blocks()).filter(reached).map(|other| other as u32);
            self.candidates.extend(reached);
            for p in points.range(block) {
                if self.denser[p] == NONE {
                    self.denser[p] = denser(points, core, &self.candidates, p).unwrap_or(NONE);
                }
            }
        }
        Ok(())
    }

    /// Orders the points by core distance and index.
    fn sort(&mut self, core: &[f64]) {
        // The index takes the place of the last digits of the number, so that one word is compared and moved.
        let mask = core.len().next_power_of_two() as u64 - 1;
        self.keys.clear();
        self.keys.extend(core.iter().zip(0..).map(|(c, i)| (c.to_bits() & !mask) | i));
        self.keys.sort_unstable();
        self.order.clear();
        self.order.extend(self.keys.iter().map(|key| (key & mask) as u32));
        let digits = |p: u32| core[p as usize].to_bits();
        for alike in self.order.chunk_by_mut(|&p, &q| digits(p) & !mask == digits(q) & !mask) {
            alike.sort_unstable_by_key(|&p| (digits(p), p));
        }
    }

    /// Turns the links into edges, ascending, and numbers the components; returns how many there are.
    fn grow(&mut self, points: &Blocks, core: &[f64], edges: &mut Vec<Edge>) -> usize {
        let n = points.len();
        self.sort(&core[..n]);
        edges.clear();
        self.component.clear();
        self.component.resize(core.len(), MIXED);
        self.size.clear();
        for &p in &self.order {
            let link = self.denser[p as usize];
            let component = if link == NONE {
                self.size.push(0);
                self.size.len() as f64 - 1.0
            } else {
                edges.push(Edge { squared: core[p as usize], a: p, b: link });
                self.component[link as usize]
            };
            self.component[p as usize] = component;
            self.size[component as usize] += 1;
        }
        self.bridges.clear();
        self.size.len()
    }

    /// One Borůvka round; returns how many components are left.
    fn round(&mut self, points: &Blocks, core: &[f64], control: &Control) -> Result<usize> {
        self.block_component.clear();
        for block in 0..points.blocks() {
            let members = &self.component[points.range(block)];
            let first = members.first().copied().unwrap_or(MIXED);
            let uniform = members.iter().all(|c| *c == first);
            self.block_component.push(if uniform { first } else { MIXED });
        }
        let largest = (0..self.size.len()).max_by_key(|&c| self.size[c]).unwrap_or(0);
        self.start(points, core);
        for block in 0..points.blocks() {
            control.check()?;
            if self.block_component[block] != largest as f64 {
                self.lighten(points, core, block, largest as f64);
            }
        }
        self.best[largest].squared = f64::INFINITY;
        self.join();
        Ok(self.size.len())
    }

    /// Gives every component an edge to start from, wherever it ends in the order of the points.
    fn start(&mut self, points: &Blocks, core: &[f64]) {
        self.best.clear();
        self.best.resize(self.size.len(), Edge { squared: f64::INFINITY, a: 0, b: 0 });
        for q in 1..points.len() {
            let p = q - 1;
            if self.component[p] == self.component[q] {
                continue;
            }
            let squared = squared_distance(points.at(p), points.at(q)).max(core[p]).max(core[q]);
            for c in [self.component[p], self.component[q]] {
                let best = &mut self.best[c as usize];
                if squared < best.squared {
                    *best = Edge { squared, a: p as u32, b: q as u32 };
                }
            }
        }
    }

    /// Looks for lighter edges from the points of a block to other components.
    fn lighten(&mut self, points: &Blocks, core: &[f64], block: usize, largest: f64) {
        let mut limit = 0.0_f64;
        for p in points.range(block) {
            let c = self.component[p];
            if c != largest && core[p] < self.best[c as usize].squared {
                limit = limit.max(self.best[c as usize].squared);
            }
        }
        if limit == 0.0 {
            return;
        }
        let bounds = points.boxes.get(block);
        points.boxes.reach(&bounds, &mut self.near, &mut self.far);
        let own = self.block_component[block];
        self.candidates.clear();
        self.candidates.extend((0..points.blocks() as u32).filter(|&other| {
            let block = other as usize;
            let reached = self.near[block] < limit && self.densest[block].1 < limit;
            reached && (own == MIXED || self.block_component[block] != own)
        }));
        let Self { targets, candidates, component, .. } = self;
        targets.points.resize(candidates.len() * BLOCK, 0);
        let found = reachable(points, core, component, candidates, &bounds, limit, own, &mut targets.points);
        targets.points.truncate(found);
        targets.gather(points, core, component);
        for p in points.range(block) {
            let c = self.component[p];
            if c == largest || core[p] >= self.best[c as usize].squared {
                continue;
            }
            let best = &mut self.best[c as usize];
            if lightest(points.at(p), targets, c, best.squared, &mut self.weights) {
                for (weight, &q) in self.weights.iter().zip(&targets.points) {
                    let squared = weight.max(core[p]);
                    if squared < best.squared {
                        *best = Edge { squared, a: p as u32, b: q };
                    }
                }
            }
        }
    }

    /// Adds the best edge of each component and renumbers what they joined.
    fn join(&mut self) {
        let components = self.size.len();
        self.parent.clear();
        self.parent.extend(0..components as u32);
        for edge in &self.best {
            if edge.squared == f64::INFINITY {
                continue;
            }
            let a = find(&mut self.parent, self.component[edge.a as usize] as u32);
            let b = find(&mut self.parent, self.component[edge.b as usize] as u32);
            if a != b {
                self.parent[a as usize] = b;
                self.bridges.push(*edge);
            }
        }
        let mut name = vec![NONE; components];
        let mut left = 0;
        for c in 0..components {
            let root = find(&mut self.parent, c as u32) as usize;
            if name[root] == NONE {
                name[root] = left;
                left += 1;
            }
        }
        let mut size = vec![0; left as usize];
        for component in self.component.iter_mut().filter(|c| **c != MIXED) {
            let new = name[find(&mut self.parent, *component as u32) as usize];
            size[new as usize] += 1;
            *component = f64::from(new);
        }
        self.size = size;
    }

    /// Merges the bridges into the ascending `edges`, behind edges of the same weight.
    fn merge(&mut self, edges: &mut Vec<Edge>) {
        self.bridges.sort_by(|p, q| p.squared.total_cmp(&q.squared));
        self.merged.clear();
        let mut bridges = self.bridges.iter().copied().peekable();
        for &edge in edges.iter() {
            while let Some(bridge) = bridges.next_if(|bridge| bridge.squared < edge.squared) {
                self.merged.push(bridge);
            }
            self.merged.push(edge);
        }
        self.merged.extend(bridges);
        std::mem::swap(edges, &mut self.merged);
    }
}

fn squared_distance(p: [f64; 3], q: [f64; 3]) -> f64 {
    let (x, y, z) = (p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    x * x + y * y + z * z
}

wide! {
    /// A point of some blocks that is within the core distance of `p` and comes before it in the order of density.
    fn denser(points: &Blocks, core: &[f64], blocks: &[u32], p: usize) -> Option<u32> {
        let [x, y, z] = points.axes.each_ref().map(|axis| axis.as_chunks::<BLOCK>().0);
        let cores = core.as_chunks::<BLOCK>().0;
        let (at, ball) = (points.at(p), core[p]);
        let mut hits = [0_u64; BLOCK];
        for &block in blocks {
            let start = block as usize * BLOCK;
            let (x, y, z) = (&x[block as usize], &y[block as usize], &z[block as usize]);
            let core = &cores[block as usize];
            for i in 0..BLOCK {
                let (dx, dy, dz) = (x[i] - at[0], y[i] - at[1], z[i] - at[2]);
                let squared = dx * dx + dy * dy + dz * dz;
                let tied = u64::from(core[i] == ball) & u64::from(start + i < p);
                hits[i] = (u64::from(core[i] < ball) | tied) & u64::from(squared <= ball);
            }
            if hits.iter().sum::<u64>() > 0 {
                return hits.iter().zip(start as u32..).find(|(hit, _)| **hit > 0).map(|(_, q)| q);
            }
        }
        None
    }
}

/// Points that may be ends of lighter edges.
#[derive(Debug, Default)]
struct Targets {
    points: Vec<u32>,
    axes: [Vec<f64>; 3],
    core: Vec<f64>,
    component: Vec<f64>,
}

impl Targets {
    /// Copies what belongs to the points, filled up to whole vectors with points at infinity.
    fn gather(&mut self, points: &Blocks, core: &[f64], component: &[f64]) {
        let Self { points: chosen, axes, core: cores, component: components } = self;
        let [x, y, z] = axes;
        let sources = points.axes.iter().map(Vec::as_slice).chain([core]);
        for (copy, source) in [x, y, z, cores].into_iter().zip(sources) {
            copy.clear();
            copy.extend(chosen.iter().map(|&q| source[q as usize]));
            copy.resize(chosen.len().next_multiple_of(8), f64::INFINITY);
        }
        components.clear();
        components.extend(chosen.iter().map(|&q| component[q as usize]));
        components.resize(chosen.len().next_multiple_of(8), MIXED);
    }
}

wide! {
    /// Lists the points of some blocks that are not of component `own` and that an edge shorter than `limit` from a
    /// point inside `bounds` can reach; returns how many there are.
    fn reachable(
        points: &Blocks,
        core: &[f64],
        component: &[f64],
        blocks: &[u32],
        bounds: &Bounds,
        limit: f64,
        own: f64,
        list: &mut [u32],
    ) -> usize {
        let [x, y, z] = points.axes.each_ref().map(|axis| axis.as_chunks::<BLOCK>().0);
        let (cores, components) = (core.as_chunks::<BLOCK>().0, component.as_chunks::<BLOCK>().0);
        let Bounds { low, high } = bounds;
        let mut len = 0;
        let mut keep = [0_u64; BLOCK];
        for &block in blocks {
            let at = block as usize;
            let (x, y, z, core, component) = (&x[at], &y[at], &z[at], &cores[at], &components[at]);
            for i in 0..BLOCK {
                let gap = |v: f64, k: usize| {
                    let gap = if low[k] > v { low[k] - v } else { v - high[k] };
                    if gap > 0.0 { gap } else { 0.0 }
                };
                let (x, y, z) = (gap(x[i], 0), gap(y[i], 1), gap(z[i], 2));
                let near = u64::from(x * x + y * y + z * z < limit);
                keep[i] = near & u64::from(core[i] < limit) & u64::from(component[i] != own);
            }
            for (q, keep) in (block * BLOCK as u32..).zip(keep) {
                list[len] = q;
                len += keep as usize;
            }
        }
        len
    }
}

wide! {
    /// The weights of the edges from `p` of component `own` to the targets as far as it is not `p` that determines
    /// them; whether one is below `limit`.
    fn lightest(
        p: [f64; 3],
        targets: &Targets,
        own: f64,
        limit: f64,
        weights: &mut Vec<f64>,
    ) -> bool {
        let [x, y, z] = &targets.axes;
        weights.resize(x.len(), 0.0);
        let rest = targets.core.iter().zip(&targets.component);
        let mut better = 0_u64;
        for (((weight, x), (y, z)), (q, component)) in
            weights.iter_mut().zip(x).zip(y.iter().zip(z)).zip(rest)
        {
            let (dx, dy, dz) = (x - p[0], y - p[1], z - p[2]);
            let squared = dx * dx + dy * dy + dz * dz;
            let squared = if squared > *q { squared } else { *q };
            *weight = if *component == own { f64::INFINITY } else { squared };
            better += u64::from(*weight < limit);
        }
        better != 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::core_distance::{
        self,
        tests::{blocks, clouds, squared},
    };
    use super::*;

    /// Weights of a minimum spanning tree, from all edges in ascending order (Kruskal).
    fn kruskal(points: &Blocks, core: &[f64]) -> Vec<f64> {
        let n = points.len();
        let mut edges: Vec<(f64, u32, u32)> = (0..n)
            .flat_map(|p| (0..p).map(move |q| (p, q)))
            .map(|(p, q)| {
                let squared = squared(points.at(p), points.at(q)).max(core[p]).max(core[q]);
                (squared, p as u32, q as u32)
            })
            .collect();
        edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut parent: Vec<u32> = (0..n as u32).collect();
        edges.retain(|&(_, p, q)| join(&mut parent, p, q));
        edges.into_iter().map(|(squared, _, _)| squared).collect()
    }

    fn join(parent: &mut [u32], p: u32, q: u32) -> bool {
        let (p, q) = (find(parent, p), find(parent, q));
        parent[p as usize] = q;
        p != q
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_spanning_tree_of_least_weight(cloud in clouds(250), neighbour in 1_usize..40) {
            let neighbour = neighbour.min(cloud.len() - 1);
            let points = blocks(&cloud);
            let (control, mut core, mut edges) = (Control::new(), Vec::new(), Vec::new());
            let mut scratch = core_distance::Scratch::default();
            core_distance::core_distances(&points, neighbour, &mut scratch, &control, &mut core).unwrap();
            spanning_tree(&points, &core, &mut Scratch::default(), &control, &mut edges).unwrap();
            let weights: Vec<f64> = edges.iter().map(|edge| edge.squared).collect();
            prop_assert_eq!(weights, kruskal(&points, &core));
            let mut parent: Vec<u32> = (0..points.len() as u32).collect();
            for edge in &edges {
                let (p, q) = (edge.a as usize, edge.b as usize);
                let squared = squared(points.at(p), points.at(q)).max(core[p]).max(core[q]);
                prop_assert_eq!(edge.squared, squared);
                prop_assert!(join(&mut parent, edge.a, edge.b));
            }
        }
    }
}
