//! How large blocks are and when they are told for good.

use crate::tracker::grid::{Grid, MOST_OWN};
use crate::tracker::stream::lag::lag;

use super::{OFTEN, Running};

/// Time in ms for which a block may have more lines than [`MOST_OWN`] of the faintest tracer, so that the blocks that are
/// held are long enough to tell how it is pushed; longer ones would blur a bounce.
const BRIEF: f64 = 1.0;
/// Most blocks that are not told yet, where nobody says for how long, and most lines of them in any case.
const LONGEST: usize = 400;
const MOST: usize = 2_000_000;
/// Blocks over which the rate is told.
const RATE: usize = 64;

impl Running {
    /// Lines per ms of late.
    pub(in crate::tracker::stream) fn rate(&self) -> f64 {
        let last = self.grid.len() - 1;
        let first = last.saturating_sub(RATE);
        let lines = self.grid.edges[last] - self.grid.edges[first];
        let (from, to) = (self.lines[self.grid.edges[first]].time, self.lines[self.grid.edges[last]].time);
        if to > from { lines as f64 / (to - from) } else { self.lines.len() as f64 / self.whole().max(1e-9) }
    }

    fn whole(&self) -> f64 {
        self.lines[self.lines.len() - 1].time - self.lines[0].time
    }

    /// The size of the next blocks.
    pub(super) fn fit_blocks(&mut self) {
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

    /// The first block that is told later.
    pub(super) fn leaving(&self) -> usize {
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
    pub(in crate::tracker::stream) fn lag(&self) -> f64 {
        let rate = self.rate();
        let own = || self.follower.living.iter().map(|live| lag(&live.track, rate)).fold(0.0, f64::max);
        let oldest = self.grid.times[self.grid.len().saturating_sub(LONGEST)];
        self.wish.lag.unwrap_or_else(|| own().min((self.closed() - oldest).max(OFTEN)))
    }
}
