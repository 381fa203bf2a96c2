//! Tracers that are followed while lines come in.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::Result;
use crate::pool::Workers;
use crate::tracker::associate::{Member, associate};
use crate::tracker::blur::Blur;
use crate::tracker::follow::{Follower, Live, MANY, Scene};
use crate::tracker::grid::{Grid, MOST_OWN};
use crate::tracker::line::{Line, Origin};
use crate::tracker::locations::{LOCATION, Times, View, block_locations, reach};
use crate::tracker::split::company;
use crate::tracker::track::{Track, WORTH};

use super::fitted::Fitted;
use super::names::Names;
use super::tail::{HISTORY, Tail};
use super::{Here, News};

/// Blocks, ms, and parts of the lag after which the last blocks are smoothed anew: the shorter of the times, but not before
/// there are so many blocks.
const STRIDE: usize = 4;
const OFTEN: f64 = 20.0;
const PARTS: f64 = 8.0;
/// Newest blocks whose lines are shared anew.
const FRESH: usize = 24;
/// Time in ms for which a block may have more lines than [`MOST_OWN`] of the faintest tracer, so that the blocks that are
/// held are long enough to tell how it is pushed; longer ones would blur a bounce.
const BRIEF: f64 = 1.0;
/// Most blocks that are not told yet, where nobody says for how long, and most lines of them in any case.
const LONGEST: usize = 400;
const MOST: usize = 2_000_000;
/// Blocks for which a tracer goes along with another one.
const COMPANY: usize = 64;
/// Variance of a predicted place over that of its lines from which on a tracer cannot be followed.
const LOOSE: f64 = 100.0;
/// Blocks over which the rate is told.
const RATE: usize = 64;

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

    /// Lines per ms of late.
    pub(super) fn rate(&self) -> f64 {
        let last = self.grid.len() - 1;
        let first = last.saturating_sub(RATE);
        let lines = self.grid.edges[last] - self.grid.edges[first];
        let (from, to) = (self.lines[self.grid.edges[first]].time, self.lines[self.grid.edges[last]].time);
        if to > from { lines as f64 / (to - from) } else { self.lines.len() as f64 / self.whole().max(1e-9) }
    }

    fn whole(&self) -> f64 {
        self.lines[self.lines.len() - 1].time - self.lines[0].time
    }

    /// The time up to which lines have been used, counted from the epoch.
    pub(super) fn closed(&self) -> f64 {
        self.lines[self.lines.len() - 1].time
    }

    /// The size of the next blocks.
    fn fit_blocks(&mut self) {
        let rate = self.rate();
        let living = self.follower.living.iter();
        let shortest = living.clone().map(|live| live.memory(rate)).fold(f64::INFINITY, f64::min);
        let faintest = living.map(|live| live.track.activity).fold(1.0, f64::min);
        if shortest.is_finite() {
            let most = MOST_OWN.max(BRIEF * faintest * rate);
            (self.count, self.span) = Grid::size(shortest, faintest, most, rate);
        } else if self.count == 0 {
            (self.count, self.span) = Grid::size(f64::INFINITY, self.activity, MOST_OWN, rate);
        }
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

    /// Tells the filtered locations of a block.
    fn filter(&mut self, block: usize, news: &mut News) {
        let Self { lines, grid, origin, even, done, follower, tails, names, wish, .. } = self;
        let (view, before) = (View { lines, grid, origin }, news.filtered.len());
        let own = grid.block(lines, block);
        let (first, last) = (own[0].time, own[own.len() - 1].time);
        for live in follower.living.iter_mut().filter(|live| !live.track.states.is_empty()) {
            let tail = match tails.entry(live.track.label) {
                Entry::Vacant(entry) => {
                    live.fit();
                    entry.insert(Tail::new(&live.track, grid, *done))
                }
                Entry::Occupied(entry) => {
                    let tail = entry.into_mut();
                    if let Some(state) = tail.filter(&mut live.track, live.noise, grid, *done)
                        && let Some(last) = live.track.states.last_mut()
                    {
                        *last = state;
                    }
                    tail
                }
            };
            if live.track.worth() > WORTH {
                let (at, whole) = (live.track.states.len() - 1, (tail.shown.max(2.0 * first - last), last));
                let (name, from) = (names.name(&live.track, grid, *even), news.filtered.len());
                block_locations(&live.track, at, view, &wish.times, whole, &mut tail.shown, &mut news.filtered);
                call(&mut news.filtered[from..], name);
            }
        }
        in_order(&mut news.filtered, before);
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

    /// The first block that is told later.
    fn leaving(&self) -> usize {
        let end = self.grid.len();
        if self.wish.lag.is_none() && !self.settled && end < LONGEST {
            return self.done;
        }
        let time = self.lines[self.lines.len() - 1].time - self.lag();
        let settled = self.grid.times.partition_point(|&other| other <= time);
        let longest = if self.wish.lag.is_none() { end.saturating_sub(LONGEST) } else { 0 };
        let most = self.grid.edges.partition_point(|&edge| edge + MOST < self.lines.len());
        settled.max(longest).max(most).max(self.done).min(end)
    }

    /// Time after which a location is told for good.
    pub(super) fn lag(&self) -> f64 {
        let rate = self.rate();
        let own = || self.follower.living.iter().map(|live| Tail::lag(&live.track, rate)).fold(0.0, f64::max);
        let oldest = self.grid.times[self.grid.len().saturating_sub(LONGEST)];
        self.wish.lag.unwrap_or_else(|| own().min((self.closed() - oldest).max(OFTEN)))
    }

    /// Shares the lines of some blocks among all tracers as they are known by now.
    fn share(&mut self, blocks: impl Iterator<Item = usize>, leaving: usize) {
        for block in blocks {
            let tracks: Vec<&Track> = self.follower.all().filter(|track| track.state(block).is_some()).collect();
            let members: Vec<Member<'_>> = tracks.iter().filter_map(|track| track.member(block)).collect();
            let labels: Vec<usize> = tracks.iter().map(|track| track.label).collect();
            let own = self.grid.block(&self.lines, block);
            let (tails, last) = (&mut self.tails, block < leaving);
            let sums = associate(own, self.grid.times[block], &members, |_, shares| {
                let total = shares.all - shares.background;
                for one in shares.near.iter().filter(|_| last) {
                    if let Some(tail) = tails.get_mut(&labels[one.member]) {
                        tail.see(one.expected, 1.0 - (total - one.own()) / shares.all);
                    }
                }
            });
            let lines = own.len();
            let mut found: BTreeMap<usize, _> = labels.into_iter().zip(sums).collect();
            for track in self.follower.all_mut() {
                let Some(sum) = found.remove(&track.label) else { continue };
                let at = block - track.first;
                (track.lines[at], track.counts[at], track.evidence[at]) = (sum.information, sum.count, sum.evidence);
                if last && let Some(tail) = self.tails.get_mut(&track.label) {
                    tail.seen(lines);
                }
            }
        }
    }

    /// Tells the locations of the blocks before one, in order of time.
    fn tell(&mut self, leaving: usize, news: &mut News) {
        let Self { lines, grid, origin, even, done, follower, tails, names, wish, .. } = self;
        let (view, before) = (View { lines, grid, origin }, news.smoothed.len());
        let sure = follower.living.iter().map(|live| (&live.track, live.track.first + live.sure));
        let gone = follower.ended.iter().map(|track| (track, track.end()));
        for (track, end) in sure.chain(gone).filter(|(track, _)| track.worth() > WORTH) {
            let Some(tail) = tails.get_mut(&track.label) else { continue };
            let blocks = (*done).max(track.first)..leaving.min(end);
            if blocks.is_empty() {
                continue;
            }
            let (name, from) = if tail.told.is_finite() {
                (names.get(track).unwrap_or_default(), news.smoothed.len())
            } else {
                let name = names.name(track, grid, *even);
                tail.told = names.since(track);
                (name, news.smoothed.len())
            };
            news.fitted.push(Fitted::over(track, blocks.clone(), name));
            for block in blocks {
                let at = block - track.first;
                let whole = reach(track, at, view);
                block_locations(track, at, view, &wish.times, whole, &mut tail.told, &mut news.smoothed);
            }
            call(&mut news.smoothed[from..], name);
        }
        in_order(&mut news.smoothed, before);
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

    /// The tracers that are there.
    pub(super) fn here(&self) -> Vec<Here> {
        let rate = self.rate();
        let living = self.follower.living.iter().filter(|live| live.track.worth() > WORTH);
        let named = living.filter_map(|live| Some((live, self.names.get(&live.track)?)));
        let mut found: Vec<Here> = named.map(|(live, name)| Here::new(live, name, &self.origin, rate)).collect();
        found.sort_by_key(|here| here.label);
        found
    }
}

/// Gives locations the number of their tracer.
fn call(locations: &mut [f64], name: usize) {
    let (rows, _) = locations.as_chunks_mut::<LOCATION>();
    for row in rows {
        row[LOCATION - 1] = name as f64;
    }
}

/// Puts the locations from a number on in order of time and label.
fn in_order(locations: &mut [f64], from: usize) {
    let (rows, _) = locations[from..].as_chunks_mut::<LOCATION>();
    rows.sort_by(|one, other| one[0].total_cmp(&other[0]).then(one[LOCATION - 1].total_cmp(&other[LOCATION - 1])));
}
