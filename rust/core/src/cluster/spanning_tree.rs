//! Minimum spanning tree of the mutual reachability graph.

use super::blocks::{BLOCK, Blocks};
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
    /// Densest point of each block.
    densest: Vec<u32>,
    /// A neighbour of each point that is denser and no farther than the point's core distance.
    denser: Vec<u32>,
    order: Vec<(u64, u32)>,
    /// Component of each point; small whole numbers, as floats to share vectors with the distances.
    component: Vec<f64>,
    block_component: Vec<f64>,
    candidates: Vec<u32>,
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
            self.densest.push(densest as u32);
        }
        self.denser.clear();
        self.denser.resize(points.len(), NONE);
        for block in 0..points.blocks() {
            control.check()?;
            let densest = self.densest[block] as usize;
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
            self.candidates.extend((0..points.blocks()).filter(|&other| {
                other != block
                    && self.near[other] <= widest
                    && core[self.densest[other] as usize] <= widest
            }).map(|other| other as u32));
            for p in points.range(block).filter(|&p| self.denser[p] == NONE).collect::<Vec<_>>() {
                self.denser[p] = self.search(points, core, p).unwrap_or(NONE);
            }
        }
        Ok(())
    }

    fn search(&self, points: &Blocks, core: &[f64], p: usize) -> Option<u32> {
        let (at, ball) = (points.at(p), core[p]);
        let [x, y, z] = &points.axes;
        for &block in &self.candidates {
            if core[self.densest[block as usize] as usize] > ball {
                continue;
            }
            let start = block as usize * BLOCK;
            let end = start + BLOCK;
            let middle = p.clamp(start, end);
            // Of equally dense points the earlier one counts as denser.
            for (range, limit) in [(start..middle, ball), (middle..end, ball.next_down())] {
                let (x, y, z) = (&x[range.clone()], &y[range.clone()], &z[range.clone()]);
                if any_within(at, x, y, z, &core[range.clone()], ball, limit) {
                    let hit = |&q: &usize| {
                        core[q] <= limit && squared_distance(points.at(q), at) <= ball
                    };
                    return range.clone().find(hit).map(|q| q as u32);
                }
            }
        }
        None
    }

    /// Turns the links into edges, ascending, and numbers the components; returns how many there are.
    fn grow(&mut self, points: &Blocks, core: &[f64], edges: &mut Vec<Edge>) -> usize {
        let n = points.len();
        self.order.clear();
        self.order.extend(core[..n].iter().zip(0..).map(|(c, i)| (c.to_bits(), i)));
        self.order.sort_unstable();
        edges.clear();
        self.component.clear();
        self.component.resize(core.len(), MIXED);
        self.size.clear();
        for &(_, p) in &self.order {
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
        let components = self.size.len();
        let largest = (0..components).max_by_key(|&c| self.size[c]).unwrap_or(0) as f64;
        self.best.clear();
        self.best.resize(components, Edge { squared: f64::INFINITY, a: 0, b: 0 });
        self.block_component.clear();
        for block in 0..points.blocks() {
            let members = &self.component[points.range(block)];
            let first = members.first().copied().unwrap_or(MIXED);
            let uniform = members.iter().all(|c| *c == first);
            self.block_component.push(if uniform { first } else { MIXED });
        }
        for block in 0..points.blocks() {
            control.check()?;
            if self.block_component[block] != largest {
                self.lighten(points, core, block, largest);
            }
        }
        self.join();
        Ok(self.size.len())
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
        points.boxes.reach(&points.boxes.get(block), &mut self.near, &mut self.far);
        let own = self.block_component[block];
        self.candidates.clear();
        self.candidates.extend((0..points.blocks()).filter(|&other| {
            self.near[other] < limit
                && core[self.densest[other] as usize] < limit
                && (own == MIXED || self.block_component[other] != own)
        }).map(|other| other as u32));
        let [x, y, z] = &points.axes;
        for p in points.range(block) {
            let c = self.component[p];
            if c == largest {
                continue;
            }
            let best = &mut self.best[c as usize];
            let at = points.at(p);
            for &other in &self.candidates {
                let block = other as usize;
                if core[p] >= best.squared {
                    break;
                }
                if self.near[block] >= best.squared
                    || core[self.densest[block] as usize] >= best.squared
                    || self.block_component[block] == c
                {
                    continue;
                }
                let range = block * BLOCK..(block + 1) * BLOCK;
                let (x, y, z) = (&x[range.clone()], &y[range.clone()], &z[range.clone()]);
                let (cores, components) = (&core[range.clone()], &self.component[range.clone()]);
                let least = lightest(at, x, y, z, cores, components, c).max(core[p]);
                if least < best.squared {
                    let hit = |&q: &usize| {
                        self.component[q] != c
                            && squared_distance(points.at(q), at).max(core[q]).max(core[p]) <= least
                    };
                    if let Some(q) = range.clone().find(hit) {
                        *best = Edge { squared: least, a: p as u32, b: q as u32 };
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
    /// Whether any of the points has a core distance up to `limit` and is within `ball` of `p`.
    fn any_within(
        p: [f64; 3], x: &[f64], y: &[f64], z: &[f64], core: &[f64], ball: f64, limit: f64,
    ) -> bool {
        let mut hits = 0_u64;
        for (((x, y), z), core) in x.iter().zip(y).zip(z).zip(core) {
            let (dx, dy, dz) = (x - p[0], y - p[1], z - p[2]);
            let squared = dx * dx + dy * dy + dz * dz;
            hits |= u64::from(squared <= ball) & u64::from(*core <= limit);
        }
        hits != 0
    }
}

wide! {
    /// Least max(d², core) from `p` to the points outside the component `own`.
    fn lightest(
        p: [f64; 3], x: &[f64], y: &[f64], z: &[f64], core: &[f64], component: &[f64], own: f64,
    ) -> f64 {
        let mut least = [f64::INFINITY; 8];
        let (x, y, z) = (x.as_chunks::<8>().0, y.as_chunks::<8>().0, z.as_chunks::<8>().0);
        let (core, component) = (core.as_chunks::<8>().0, component.as_chunks::<8>().0);
        for ((((x, y), z), core), component) in x.iter().zip(y).zip(z).zip(core).zip(component) {
            for i in 0..8 {
                let (dx, dy, dz) = (x[i] - p[0], y[i] - p[1], z[i] - p[2]);
                let squared = dx * dx + dy * dy + dz * dz;
                let weight = if squared > core[i] { squared } else { core[i] };
                let weight = if component[i] == own { f64::INFINITY } else { weight };
                least[i] = if weight < least[i] { weight } else { least[i] };
            }
        }
        least.iter().fold(f64::INFINITY, |a, b| if *b < a { *b } else { a })
    }
}
