//! Consecutive lines in blocks, each with a moment: the nodes of every trajectory.

use super::line::Line;
use super::motion::Information;
use super::track::{LEARN, Track};

/// Fewest lines of a block before much is known of the tracers.
const FIRST: f64 = 40.0;
/// Fewest lines of a block, and most of the faintest tracer.
const FEWEST: f64 = 12.0;
pub(super) const MOST_OWN: f64 = 60.0;
/// Blocks in the time over which lines tell the place of a tracer.
const FINE: f64 = 4.0;

/// Blocks of lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// First line of each block, and the end.
    pub(super) edges: Vec<usize>,
    /// Mean time of each block's lines, ms.
    pub(super) times: Vec<f64>,
}

impl Grid {
    /// Blocks of at most `count` lines and at most `span` ms.
    pub(super) fn new(lines: &[Line], count: usize, span: f64) -> Self {
        let mut grid = Self { edges: vec![0], times: Vec::new() };
        let mut first = 0;
        for (i, line) in lines.iter().enumerate() {
            if i > first && (i - first >= count || line.time - lines[first].time > span) {
                grid.close(lines, first, i);
                first = i;
            }
        }
        if first < lines.len() {
            grid.close(lines, first, lines.len());
        }
        grid
    }

    /// Blocks for tracers of which no more is known than their share of the lines.
    pub(super) fn unknown(lines: &[Line], activity: f64) -> Self {
        Self::new(lines, (FEWEST / activity).max(FIRST) as usize, f64::INFINITY)
    }

    /// Blocks in which each of the tracers hardly turns; `rate` is that of all lines, 1/ms.
    pub(super) fn fitting(lines: &[Line], tracks: &[Track], rate: f64) -> Self {
        // Lines over a time T tell a place to s²/(r T), noise moves it by q T³: the time at which they are equal.
        let memory =
            |track: &Track| (track.blur.narrow / (track.activity * rate * track.push.noise).max(1e-30)).powf(0.25);
        // The noise of short tracks is that of their birth.
        let known = tracks.iter().map(|track| track.states.len()).max().unwrap_or(0).min(LEARN);
        let shortest =
            tracks.iter().filter(|track| track.states.len() >= known).map(memory).fold(f64::INFINITY, f64::min);
        let faintest = tracks.iter().map(|track| track.activity).fold(1.0, f64::min);
        let (count, span) = Self::size(shortest, faintest, MOST_OWN, rate);
        Self::new(lines, count, span)
    }

    /// Most lines of a block and most time in it, for the shortest time in which a tracer turns, and the activity of the
    /// faintest one, which has at most so many lines of its own there.
    pub(super) fn size(shortest: f64, faintest: f64, most: f64, rate: f64) -> (usize, f64) {
        let count = (shortest / FINE * rate).min(most / faintest.max(1e-3)).max(FEWEST);
        (count as usize, count / rate * 10.0)
    }

    /// Forgets the first blocks; how many lines they had.
    pub(super) fn forget(&mut self, blocks: usize) -> usize {
        let lines = self.edges[blocks];
        self.edges.drain(..blocks);
        self.times.drain(..blocks);
        self.edges.iter_mut().for_each(|edge| *edge -= lines);
        lines
    }

    /// The track on these blocks, before any line is shared anew.
    pub(super) fn moved(&self, track: &Track, from: &Self) -> Track {
        let last = track.end() - 1;
        let (first, end) = (from.edges[track.first], from.edges[last + 1]);
        let start = self.block_of(first);
        let blocks = start..self.block_of(end - 1) + 1;
        let states = blocks
            .clone()
            .map(|block| {
                let near = from.nearest(self.times[block], track.first, last);
                track.states[near - track.first].after(self.times[block] - from.times[near], 0.0)
            })
            .collect();
        let jumps = track.push.jumps.iter().map(|&(node, variance)| {
            let block = self.block_of(from.edges[track.first + node]);
            (block.saturating_sub(start).max(1), variance)
        });
        let mut moved = track.clone();
        moved.push.jumps = jumps.collect();
        moved.push.jumps.dedup_by_key(|jump| jump.0);
        moved.first = start;
        moved.states = states;
        moved.lines = vec![Information::default(); blocks.len()];
        moved.counts = vec![0.0; blocks.len()];
        moved.evidence = vec![0.0; blocks.len()];
        moved
    }

    fn block_of(&self, line: usize) -> usize {
        self.edges.partition_point(|&edge| edge <= line) - 1
    }

    fn nearest(&self, time: f64, first: usize, last: usize) -> usize {
        let after = self.times.partition_point(|&other| other < time).clamp(first, last);
        let before = after.saturating_sub(1).max(first);
        if (time - self.times[before]).abs() <= (self.times[after] - time).abs() { before } else { after }
    }

    pub(super) fn close(&mut self, lines: &[Line], first: usize, end: usize) {
        let sum: f64 = lines[first..end].iter().map(|line| line.time - lines[first].time).sum();
        self.times.push(lines[first].time + sum / (end - first) as f64);
        self.edges.push(end);
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// The lines of a block.
    pub(super) fn block<'a>(&self, lines: &'a [Line], block: usize) -> &'a [Line] {
        &lines[self.edges[block]..self.edges[block + 1]]
    }
}
