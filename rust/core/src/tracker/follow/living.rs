//! A tracer that is being followed: what is predicted of it, what it has learnt, and whether it is still there.

use crate::tracker::associate::{Member, Sums, ring_area};
use crate::tracker::births::Birth;
use crate::tracker::blur::{Blur, Widths};
use crate::tracker::grid::Grid;
use crate::tracker::motion::{Order, State};
use crate::tracker::smoother::{Nodes, Push, SEARCH, likeliest_noise};
use crate::tracker::track::{LEARN, Track};

/// Blocks over which the process noise is found.
pub(in crate::tracker) const MEMORY: usize = 150;
/// The noise that a tracer is followed with, in those that are likeliest, so that it is not lost at a turn.
pub(in crate::tracker) const CAREFUL: f64 = 3.0;
/// Lines and blocks over which a tracer's own blur and activity are averaged.
const SETTLED: f64 = 400.0;

/// A tracer that is being followed.
pub(in crate::tracker) struct Live {
    pub(in crate::tracker) track: Track,
    pub(in crate::tracker) state: State,
    pub(in crate::tracker) time: f64,
    /// Evidence for its absence since it was last there for sure, and its blocks by then.
    pub(super) doubt: f64,
    pub(in crate::tracker) sure: usize,
    /// What a block is usually worth; how much less than that the last ones were, and the blocks before them.
    pub(super) usual: f64,
    pub(super) missing: f64,
    pub(super) fine: usize,
    widths: Widths,
    pub(in crate::tracker) noise: f64,
    /// Whether its surroundings and its push are found elsewhere.
    fitted: bool,
}

impl Live {
    /// Follows a tracer from its birth; `block` is the first one it is looked for in.
    pub(in crate::tracker) fn new(birth: &Birth, label: usize, block: usize) -> Self {
        // The noise with which a tracer is known as well as the birth knows it.
        let noise = birth.blur.mean() / (birth.rate * birth.span.powi(3)).max(1e-12);
        let track = Track {
            label,
            first: block,
            start: birth.state,
            states: Vec::new(),
            lines: Vec::new(),
            counts: Vec::new(),
            evidence: Vec::new(),
            forgotten: 0.0,
            push: Push::plain(Order::Velocity, noise),
            blur: birth.blur,
            activity: birth.activity,
            background: birth.background,
        };
        Self {
            track,
            state: birth.state,
            time: birth.time,
            doubt: 0.0,
            sure: 0,
            usual: 0.0,
            missing: 0.0,
            fine: 0,
            widths: Widths::default(),
            noise,
            fitted: false,
        }
    }

    /// Goes on with a track whose surroundings and push are known.
    pub(in crate::tracker) fn again(track: Track, grid: &Grid) -> Self {
        let blocks = track.states.len();
        let usual = track.worth() / blocks as f64;
        let mut live = Self {
            state: track.states[blocks - 1],
            time: grid.times[track.end() - 1],
            doubt: 0.0,
            sure: blocks,
            usual,
            missing: 0.0,
            fine: blocks,
            widths: Widths::default(),
            noise: track.push.noise,
            fitted: true,
            track,
        };
        live.find_noise(&grid.times);
        live
    }

    /// Has its surroundings and its push found elsewhere from now on.
    pub(in crate::tracker) fn fit(&mut self) {
        self.fitted = true;
    }

    /// Goes on from what its track says by now.
    pub(in crate::tracker) fn follow_on(&mut self) {
        if let Some(state) = self.track.states.last() {
            self.state = *state;
        }
    }

    /// Is gone.
    pub(in crate::tracker) fn give_up(&mut self) {
        self.doubt = f64::INFINITY;
    }

    /// Forgets its first blocks, if there are any before one that all count from then on.
    pub(in crate::tracker) fn forget(&mut self, blocks: usize) {
        let less = self.track.forget(blocks);
        self.sure = self.sure.saturating_sub(less);
        self.fine = self.fine.saturating_sub(less);
    }

    /// The most that the trace of the covariance of its place may be at a time.
    pub(in crate::tracker) fn spread_at(&self, time: f64) -> f64 {
        self.state.after(time - self.time, CAREFUL * self.noise).spread(0.0)
    }

    /// The time over which its lines tell its place, at a rate of all lines.
    pub(in crate::tracker) fn memory(&self, rate: f64) -> f64 {
        (self.track.blur.narrow / (self.track.activity * rate * self.noise).max(1e-30)).powf(0.25)
    }

    pub(super) fn member<'a>(&'a self, state: &'a State, predicted: bool) -> Member<'a> {
        let Track { blur, activity, background, .. } = &self.track;
        Member { state, blur, activity: *activity, background: *background, predicted }
    }

    /// Continues to follow a track from its last state; `time` is its moment.
    pub(super) fn predict(&mut self, time: f64) {
        self.state = self.state.after(time - self.time, CAREFUL * self.noise);
        self.time = time;
        if self.track.states.is_empty() {
            self.track.start = self.state;
        }
    }

    pub(super) fn learn(&mut self, state: &State, sums: &Sums, lines: usize, times: &[f64], usual: &Blur) {
        self.state = *state;
        self.track.push_block(state, sums);
        self.doubt = (self.doubt - sums.evidence).max(0.0);
        if self.doubt == 0.0 {
            self.sure = self.track.states.len();
        }
        self.missing = (self.missing + 0.6 * self.usual - sums.evidence).max(0.0);
        if self.missing == 0.0 {
            self.fine = self.track.states.len();
        }
        let age = self.track.states.len() as f64;
        self.usual += (sums.evidence - self.usual) / age.min(LEARN as f64);
        if !self.fitted {
            self.surroundings(age, sums, lines, usual);
        }
        if self.track.states.len().is_multiple_of(LEARN) {
            self.find_noise(times);
        }
    }

    fn surroundings(&mut self, age: f64, sums: &Sums, lines: usize, usual: &Blur) {
        let gain = 1.0 / (age + 10.0).min(SETTLED);
        self.track.activity += gain * (sums.count / lines as f64 - self.track.activity);
        self.track.activity = self.track.activity.clamp(1e-5, 1.0);
        let found = (sums.ring + 0.05) / lines as f64 / ring_area(&self.track.blur);
        self.track.background += gain * (found - self.track.background);
        self.widths.join(&sums.widths);
        if self.widths.weights[0] > SETTLED {
            let fresh = self.widths.blur(&self.track.blur).narrow;
            let mean = 0.5 * (fresh + self.track.blur.narrow);
            self.track.blur = Blur::plain(usual.near(mean));
            self.widths = Widths::default();
        }
    }

    /// The likeliest noise over the last blocks.
    fn find_noise(&mut self, times: &[f64]) {
        let count = self.track.states.len();
        let from = count.saturating_sub(MEMORY);
        let first = self.track.first + from;
        let nodes = Nodes { times: &times[first..first + count - from], lines: &self.track.lines[from..] };
        let start = if from == 0 { self.track.start } else { self.track.states[from] };
        self.noise = likeliest_noise(&start, nodes, &Push::plain(Order::Velocity, self.noise), SEARCH).noise;
        if self.fitted {
            return;
        }
        // Smoothed with the noise of a calm stretch, the track would leave its lines at the turns of the others.
        let before = if count == LEARN { 0.0 } else { self.track.push.noise };
        self.track.push.noise = self.noise.max(before);
    }
}
