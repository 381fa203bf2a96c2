//! Lines as the tracker sees them: about a common origin, in order of time.

use crate::Rows;
use crate::lines::finite;

use super::algebra::{Vec3, dot};

/// Longest coordinate in mm that a line may have, and latest time in ms: beyond, times are not told apart to 0.1 ms.
const LARGEST: f64 = 1e70;
const LATEST: f64 = 1e15;

/// Lines from which the field of view is found.
const SAMPLE: usize = 10_000;
/// Share of the ends of lines along an axis that are below the upper end of the field of view.
const MOST: f64 = 0.95;
/// Most lines at either end that may be far in time from all others, and how many times longer than these are.
const STRAYS: usize = 16;
const FAR: f64 = 100.0;
/// Lines of the same time from which on a clock is coarse, on average.
const TIES: usize = 2;
/// Stretches of lines from which the rate is found.
const STRETCHES: usize = 100;

/// A line of response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// In ms after the first line.
    pub(super) time: f64,
    /// Its first point.
    pub(super) point: Vec3,
    /// Of length 1.
    pub(super) direction: Vec3,
    /// From the first to the second point.
    pub(super) length: f64,
}

impl Line {
    /// Of a usable row, counted from an origin.
    pub(super) fn new(row: &[f64; 7], origin: &Origin) -> Self {
        let mut line = two_points(row);
        line.settle(origin);
        line
    }

    /// Whether a row of finite numbers is a line.
    pub(super) fn is_one(row: &[f64; 7]) -> bool {
        row[0].abs() <= LATEST
            && row[1..].iter().all(|x| x.abs() <= LARGEST)
            && (0..3).any(|k| row[1 + k] != row[4 + k])
    }

    /// Turns the second point into direction and length, and counts from an origin and an epoch.
    fn settle(&mut self, origin: &Origin) {
        let way: Vec3 = std::array::from_fn(|k| self.direction[k] - self.point[k]);
        self.length = dot(&way, &way).sqrt();
        self.direction = way.map(|x| x / self.length);
        self.point = std::array::from_fn(|k| self.point[k] - origin.point[k]);
        self.time -= origin.time;
    }

    /// What is left of `x - point` across the line, and its squared length.
    pub(super) fn across(&self, x: &Vec3) -> f64 {
        let way = [x[0] - self.point[0], x[1] - self.point[1], x[2] - self.point[2]];
        let along = dot(&way, &self.direction);
        (dot(&way, &way) - along * along).max(0.0)
    }
}

/// Where places and times are counted from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origin {
    pub(super) point: Vec3,
    pub(super) time: f64,
}

/// Usable lines in order of time, and where they are counted from.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) all: Vec<Line>,
    pub(super) origin: Origin,
    /// Lines per mm² across them if they were spread evenly over the field of view, as a share of all.
    pub(super) even: f64,
    /// How many were left out.
    pub(super) unused: usize,
    /// The tick of a coarse clock, ms.
    pub(super) tick: Option<f64>,
}

impl Lines {
    /// Leaves out lines that are not finite, have no length or a time far from all others; spreads those of a coarse
    /// clock over its ticks.
    pub(super) fn new(rows: Rows<'_>) -> Self {
        // There may be many: they become lines where they are, at first with their second point as direction.
        let mut all = Vec::with_capacity(rows.len());
        all.extend(rows.iter().filter_map(finite).filter(|row| Line::is_one(row)).map(two_points));
        if !all.is_sorted_by(|a: &Line, b| a.time <= b.time) {
            all.sort_by(|a, b| a.time.total_cmp(&b.time));
        }
        let unstrayed = without_strays(&all);
        all.truncate(unstrayed.end);
        all.drain(..unstrayed.start);
        let tick = spread_ticks(&mut all);
        let axes: [Axis; 3] = std::array::from_fn(|k| Axis::new(&all, k));
        let time = all.first().map_or(0.0, |line| line.time);
        let origin = Origin { point: axes.each_ref().map(|axis| axis.middle), time };
        for line in &mut all {
            line.settle(&origin);
        }
        let even = evenly(&axes);
        let unused = rows.len() - all.len();
        Self { all, origin, even, unused, tick }
    }
}

impl Lines {
    /// Lines per ms while there are any: the median over stretches.
    pub(super) fn rate(&self) -> f64 {
        let step = (self.all.len() / STRETCHES).max(1);
        let mut times: Vec<f64> =
            self.all.windows(step + 1).step_by(step).map(|part| part[step].time - part[0].time).collect();
        times.sort_by(f64::total_cmp);
        let middle = times.get(times.len() / 2).copied().unwrap_or(0.0);
        step as f64 / middle.max(1e-9)
    }
}

/// Spreads lines of a clock so coarse that many have the same time evenly over its tick, which it returns.
fn spread_ticks(lines: &mut [Line]) -> Option<f64> {
    let ticks = lines.chunk_by(|a, b| a.time == b.time);
    let starts: Vec<usize> = ticks.scan(0, |end, run| Some(std::mem::replace(end, *end + run.len()))).collect();
    if starts.len() * TIES > lines.len() || starts.len() < 2 {
        return None;
    }
    let mut steps: Vec<f64> = starts.windows(2).map(|pair| lines[pair[1]].time - lines[pair[0]].time).collect();
    steps.sort_by(f64::total_cmp);
    let tick = steps[steps.len() / 2];
    for (number, &first) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(lines.len());
        let step = starts.get(number + 1).map_or(tick, |&next| tick.min(lines[next].time - lines[first].time));
        for (at, line) in lines[first..end].iter_mut().enumerate() {
            line.time += step * (at as f64 + 0.5) / (end - first) as f64;
        }
    }
    Some(tick)
}

/// The lines but for a few first and last ones whose times are much further from the others than these last.
fn without_strays(lines: &[Line]) -> std::ops::Range<usize> {
    let span = |first: usize, last: usize| lines[last].time - lines[first].time;
    let few = STRAYS.min(lines.len() / 2);
    let apart = |gap: f64, rest: f64| gap > FAR * rest && rest > 0.0;
    let end = (lines.len() - few..lines.len()).find(|&i| apart(span(i - 1, i), span(few, i - 1)));
    let end = end.unwrap_or(lines.len());
    let start = (1..=few).rev().find(|&i| apart(span(i - 1, i), span(i, end - 1)));
    start.unwrap_or(0)..end
}

/// A line whose direction is still its second point.
fn two_points(row: &[f64; 7]) -> Line {
    let point = |first: usize| std::array::from_fn(|k| row[first + k]);
    Line { time: row[0], point: point(1), direction: point(4), length: 0.0 }
}

/// Where the ends of lines are along an axis: their median, and how far most of them are from each other. A few lines far
/// away change neither.
struct Axis {
    middle: f64,
    spread: f64,
}

impl Axis {
    fn new(lines: &[Line], k: usize) -> Self {
        let step = lines.len().div_ceil(SAMPLE).max(1);
        let mut places: Vec<f64> =
            lines.iter().step_by(step).flat_map(|line| [line.point[k], line.direction[k]]).collect();
        places.sort_by(f64::total_cmp);
        let at = |share: f64| places.get((share * (places.len() as f64 - 1.0)) as usize).copied().unwrap_or(0.0);
        Self { middle: f64::midpoint(at(MOST), at(1.0 - MOST)), spread: at(MOST) - at(1.0 - MOST) }
    }
}

/// One over the area that lines may pass: that of the two axes along which their ends spread least.
fn evenly(axes: &[Axis; 3]) -> f64 {
    let mut spreads = axes.each_ref().map(|axis| axis.spread);
    spreads.sort_by(f64::total_cmp);
    1.0 / (spreads[0] * spreads[1]).max(1e-12)
}
