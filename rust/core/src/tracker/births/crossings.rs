//! Where lines that follow each other nearly meet.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use crate::Result;
use crate::pool::Workers;
use crate::tracker::algebra::{Vec3, dot};
use crate::tracker::line::Line;

use super::bundle::Bundle;

/// Pairs of lines that are looked at, and cells in which they meet that are told.
const PAIRS: usize = 200_000;
const PLACES: usize = 200;
/// Lines whose crossings are looked for as one piece of work.
const STRETCH: usize = 100;
/// How far lines that meet pass each other at most, and how large the cells are in which they are counted, in widths.
pub(super) const MEETING: f64 = 2.0;
const CELL: f64 = 4.0;
/// Squared sine of the angle between lines that are taken for parallel.
const PARALLEL: f64 = 1e-4;

/// Where two lines nearly meet.
pub(super) struct Crossing {
    /// A line between them.
    middle: usize,
    distance: f64,
    point: Vec3,
}

/// Where lines that follow each other pass at less than a distance.
pub(super) fn crossings(lines: &[Line], most: f64, workers: Workers<'_>) -> Result<Vec<Crossing>> {
    let neighbours = (PAIRS / lines.len().max(1)).max(6);
    let bundle = Bundle::new(lines);
    let some = |number: usize| {
        let (mut found, mut squares) = (Vec::new(), Vec::with_capacity(neighbours));
        for i in number * STRETCH..lines.len().min((number + 1) * STRETCH) {
            let others = i + 1..lines.len().min(i + 1 + neighbours);
            squares.resize(others.len(), 0.0);
            bundle.apart(others.clone(), &lines[i], &mut squares);
            let near = others.zip(&squares).filter(|(_, squared)| **squared < most * most);
            found.extend(near.filter_map(|(j, _)| crossing(&lines[i], &lines[j], most, usize::midpoint(i, j))));
        }
        found
    };
    Ok(workers.map(lines.len().div_ceil(STRETCH), some)?.into_iter().flatten().collect())
}

fn crossing(one: &Line, other: &Line, most: f64, middle: usize) -> Option<Crossing> {
    let (distance, s, t) = closest(one, other)?;
    let between = distance < most && (0.0..=one.length).contains(&s) && (0.0..=other.length).contains(&t);
    let point = |a| 0.5 * (one.point[a] + s * one.direction[a] + other.point[a] + t * other.direction[a]);
    between.then(|| Crossing { middle, distance, point: std::array::from_fn(point) })
}

/// The middles of the cells in which most lines meet.
pub(super) fn peaks(crossings: &[Crossing], width: f64) -> Vec<(usize, Vec3)> {
    let mut cells: HashMap<[i64; 3], (f64, f64, Vec3), Spread> = HashMap::default();
    for crossing in crossings.iter().filter(|crossing| crossing.distance < MEETING * width) {
        let cell = crossing.point.map(|x| (x / (CELL * width)).floor() as i64);
        let (count, middle, sum) = cells.entry(cell).or_default();
        *count += 1.0;
        *middle += crossing.middle as f64;
        (0..3).for_each(|k| sum[k] += crossing.point[k]);
    }
    let mut found: Vec<_> = cells.into_iter().filter(|(_, (count, ..))| *count > 1.0).collect();
    found.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.0.cmp(&b.0)));
    let middle =
        |(_, (count, middle, sum)): &(_, (f64, f64, Vec3))| ((middle / count) as usize, sum.map(|x| x / count));
    found.iter().take(PLACES).map(middle).collect()
}

/// Spreads cells over a table.
#[derive(Debug, Clone, Copy, Default)]
struct Spread(u64);

impl BuildHasher for Spread {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let number = part.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

/// How far two lines pass each other, and where along each; `None` if they are parallel.
fn closest(one: &Line, other: &Line) -> Option<(f64, f64, f64)> {
    let way: Vec3 = std::array::from_fn(|k| other.point[k] - one.point[k]);
    let cosine = dot(&one.direction, &other.direction);
    let rest = 1.0 - cosine * cosine;
    if rest < PARALLEL {
        return None;
    }
    let (first, second) = (dot(&way, &one.direction), dot(&way, &other.direction));
    let (s, t) = ((first - cosine * second) / rest, (cosine * first - second) / rest);
    let apart: Vec3 = std::array::from_fn(|k| way[k] + t * other.direction[k] - s * one.direction[k]);
    Some((dot(&apart, &apart).sqrt(), s, t))
}
