//! Tracers that are followed while lines come in.

mod pace;
mod sharing;
mod telling;

use std::collections::BTreeMap;

use crate::Result;
use crate::pool::Workers;
use crate::tracker::blur::Blur;
use crate::tracker::follow::{Follower, Live, MANY, Scene};
use crate::tracker::grid::Grid;
use crate::tracker::line::{Line, Origin};
use crate::tracker::locations::Times;
use crate::tracker::split::company;
use crate::tracker::track::Track;

use super::News;
use super::names::Names;
use super::tail::{HISTORY, Tail};

/// Blocks, ms, and parts of the lag after which the last blocks are smoothed anew: the shorter of the times, but not before
/// there are so many blocks.
const STRIDE: usize = 4;
const OFTEN: f64 = 20.0;
const PARTS: f64 = 8.0;
/// Newest blocks whose lines are shared anew.
const FRESH: usize = 24;
/// Blocks for which a tracer goes along with another one.
const COMPANY: usize = 64;
/// Variance of a predicted place over that of its lines from which on a tracer cannot be followed.
const LOOSE: f64 = 100.0;
/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) most: Option<usize>,
    pub(super) times: Times,
    /// Time after which a location is told for good, ms; as long as later lines change it, if there is none.
    pub(super) lag: Option<f64>,
}

/// Tracers and the last lines.
pub(super) struct Running {
    wish: Wish,
    lines: Vec<Line>,
    grid: Grid,
    pub(super) origin: Origin,
    even: f64,
    usual: Blur,
    activity: f64,
    follower: Follower,
    tails: BTreeMap<usize, Tail>,
    names: Names,
    /// Lines of the next block, most of them, and the most time in it.
    pending: Vec<Line>,
    count: usize,
    span: f64,
    /// Blocks that are told, those since the last ones were smoothed, and the time of that.
    done: usize,
    since: usize,
    smoothed: f64,
    /// Whether a tracer has been fitted to all that is held.
    settled: bool,
    /// Blocks since there was a tracer.
    pub(super) alone: usize,
}

/// What a running tracker starts from.
pub(super) struct Start {
    pub(super) lines: Vec<Line>,
    pub(super) grid: Grid,
    pub(super) origin: Origin,
    pub(super) even: f64,
    pub(super) usual: Blur,
    pub(super) tracks: Vec<Track>,
    /// The first label that is free.
    pub(super) labels: usize,
}

impl Running {
    pub(super) fn new(wish: Wish, start: Start) -> Self {
        let Start { lines, grid, origin, even, usual, tracks, labels } = start;
        let activity = tracks.iter().map(|track| track.activity).fold(1.0, f64::min);
        let mut follower = Follower::new(wish.most.unwrap_or(MANY), activity);
        follower.labels = tracks.len();
        let (mut tails, mut names) = (BTreeMap::new(), Names::from(labels));
        for (number, mut track) in tracks.into_iter().enumerate() {
            track.label = number;
            names.name(&track, &grid, even);
            tails.insert(track.label, Tail::new(&track, &grid, 0));
            if track.end() == grid.len() {
                follower.living.push(Live::again(track, &grid));
            } else {
                names.lose(&track);
                follower.ended.push(track);
            }
        }
        let mut new = Self {
            wish,
            lines,
            grid,
            origin,
            even,
            usual,
            activity,
            follower,
            tails,
            names,
            pending: Vec::new(),
            count: 0,
            span: 0.0,
            done: 0,
            since: 0,
            smoothed: f64::NEG_INFINITY,
            settled: false,
            alone: 0,
        };
        new.fit_blocks();
        new
    }

    /// The time up to which lines have been used, counted from the epoch.
    pub(super) fn closed(&self) -> f64 {
        self.lines[self.lines.len() - 1].time
    }

    /// Takes a line.
    pub(super) fn take(&mut self, line: Line, news: &mut News, workers: Workers<'_>) -> Result<()> {
        if let Some(first) = self.pending.first()
            && (self.pending.len() >= self.count || line.time - first.time > self.span)
        {
            self.close(news, workers)?;
        }
        let at = self.pending.partition_point(|other| other.time <= line.time);
        self.pending.insert(at, line);
        Ok(())
    }

    /// Works on the block that is complete.
    fn close(&mut self, news: &mut News, workers: Workers<'_>) -> Result<()> {
        let first = self.lines.len();
        self.lines.append(&mut self.pending);
        self.grid.close(&self.lines, first, self.lines.len());
        let block = self.grid.len() - 1;
        self.give_up(block);
        let Self { lines, even, grid, usual, activity, .. } = self;
        let scene = Scene { lines, even: *even, grid, usual, activity: *activity, known: &[] };
        let before = self.follower.ended.len();
        self.follower.block(scene, block, workers)?;
        for track in &self.follower.ended[before..] {
            self.names.lose(track);
        }
        self.filter(block, news);
        self.since += 1;
        self.alone = if self.follower.living.is_empty() { self.alone + 1 } else { 0 };
        if self.since >= STRIDE && self.grid.times[block] - self.smoothed > OFTEN.min(self.lag() / PARTS) {
            self.stride(false, news);
        }
        Ok(())
    }

    /// Gives up tracers of which it is not known any more where they are, after a gap.
    fn give_up(&mut self, block: usize) {
        let time = self.grid.times[block];
        for live in &mut self.follower.living {
            if live.spread_at(time) > LOOSE * live.track.blur.mean() {
                live.give_up();
            }
        }
    }

    /// Smooths what is not told yet, and tells what later lines do not change.
    fn stride(&mut self, all: bool, news: &mut News) {
        let end = self.grid.len();
        let leaving = if all { end } else { self.leaving() };
        self.share((self.done..leaving).chain(end.saturating_sub(FRESH + self.since).max(leaving)..end), leaving);
        for track in self.follower.all_mut() {
            if let Some(tail) = self.tails.get_mut(&track.label) {
                tail.smooth(track, &self.grid, self.done);
            }
        }
        self.tell(leaving, news);
        for track in self.follower.all_mut() {
            if let Some(tail) = self.tails.get_mut(&track.label) {
                tail.roll(track, &self.grid, self.done, leaving);
            }
        }
        self.done = self.done.max(leaving);
        self.follower.living.iter_mut().for_each(Live::follow_on);
        self.part();
        self.follower.ended.retain(|track| track.end() > self.done);
        let Self { tails, follower, .. } = self;
        tails.retain(|label, _| follower.all().any(|track| track.label == *label));
        (self.since, self.smoothed) = (0, self.grid.times[end - 1]);
        self.fit();
        self.forget();
    }

    /// Leaves out a tracer that goes along with another one.
    fn part(&mut self) {
        let living = &self.follower.living;
        let gone = (0..living.len()).find(|&at| {
            living
                .iter()
                .enumerate()
                .any(|(other, live)| other != at && company([&living[at].track, &live.track], [at, other], COMPANY))
        });
        if let Some(at) = gone {
            self.follower.living.remove(at);
        }
    }

    /// Fits the tracer that is due for longest: one at a time, so that nothing waits for long.
    fn fit(&mut self) {
        let Self { tails, follower, grid, usual, done, .. } = self;
        let due = |live: &&mut Live| tails.get(&live.track.label).and_then(Tail::due);
        let Some(live) = follower.living.iter_mut().filter(|live| due(live).is_some()).max_by_key(|live| due(live))
        else {
            return;
        };
        if let Some(tail) = tails.get_mut(&live.track.label) {
            tail.fit(&mut live.track, grid, *done, usual);
        }
        self.settled |= self.tails.values().any(Tail::is_settled);
        self.fit_blocks();
    }

    /// Forgets blocks that are told and of which nothing more is learnt.
    fn forget(&mut self) {
        if self.done < 2 * HISTORY {
            return;
        }
        let blocks = self.done - HISTORY;
        let lines = self.grid.forget(blocks);
        self.lines.drain(..lines);
        self.done -= blocks;
        let follower = &self.follower;
        self.names.forget(blocks, self.grid.len() + blocks, |label| follower.all().any(|track| track.label == label));
        self.follower.forget(blocks);
    }

    /// Works on what is left, and tells all.
    pub(super) fn finish(&mut self, news: &mut News, workers: Workers<'_>) -> Result<()> {
        if !self.pending.is_empty() {
            self.close(news, workers)?;
        }
        self.stride(true, news);
        Ok(())
    }

    /// The first number that is free.
    pub(super) fn names(&self) -> usize {
        self.names.next()
    }
}
