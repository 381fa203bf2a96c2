//! The last blocks of one tracer, smoothed until later lines change them no more.

use crate::tracker::algebra::{Vec3, corner, dot, inverse, plus, times};
use crate::tracker::blur::Blur;
use crate::tracker::grid::Grid;
use crate::tracker::motion::{Information, Order, State};
use crate::tracker::profile::{Around, Profile};
use crate::tracker::refine::loose;
use crate::tracker::smoother::{Known, Nodes, PRICE, Push, Smoothed, likeliest_push, peaks, smooth_on};
use crate::tracker::track::Track;

/// Own lines that tell what is around a tracer, and the part of them that is remembered from one look to the next.
const TELLING: f64 = 300.0;
const REMEMBERED: f64 = 0.5;
/// Blocks of a tracer at which it is first fitted, after which it is fitted again at most, and those that tell it.
const FIRST: usize = 32;
const REFIT: usize = 128;
pub(super) const HISTORY: usize = 256;
/// Blocks over which it is remembered how wild a tracer was.
const REMEMBER: f64 = 2000.0;
/// Squared difference of the two filters from which on there was a jump that only one of them has seen.
const DIFFERENT: f64 = 9.0;
/// Nodes from a jump within which another one may be the same one in a better place.
const NEAR: usize = 3;
/// Newest nodes of which it is not asked whether a velocity jumped before them.
const FRESH: usize = 3;

/// What is known of a tracer in the blocks that are not told yet.
pub(super) struct Tail {
    /// Before the lines of the first of these blocks, and after those of the last one.
    before: Option<Known>,
    front: Known,
    /// The same with the noise that also makes jumps likely.
    wary: Known,
    wild: f64,
    /// Jumps that are taken into account: the time of the node after each, and its variance.
    turns: Vec<(f64, f64)>,
    /// Its blocks so far, and the number of them at which it is fitted again.
    age: usize,
    due: usize,
    profile: Profile,
    /// Lines that the profile is of.
    seen: f64,
    /// Times of the last location from the lines up to it, and of the last one that is told for good.
    pub(super) shown: f64,
    pub(super) told: f64,
}

fn step(grid: &Grid, block: usize) -> f64 {
    grid.times[block] - grid.times[block - 1]
}

/// Next to nothing, at a block of a track's own.
fn start(track: &Track, grid: &Grid, at: usize) -> Known {
    let spacing = (grid.times[grid.len() - 1] - grid.times[0]) / grid.len() as f64;
    Known::loose(&loose(&track.states[at]), track.push.order, spacing)
}

/// What is known before the lines of a block of a track.
fn forward(track: &Track, grid: &Grid, until: usize) -> Option<Known> {
    let mut known = start(track, grid, 0);
    for at in 0..until - track.first {
        known.learn(&track.lines[at]);
        let next = track.first + at + 1;
        if next < grid.len() {
            known = known.pushed(step(grid, next), track.push.noise, track.push.jump(at + 1))?;
        }
    }
    Some(known)
}

/// What is known after the lines of its last block.
fn front(track: &Track, grid: &Grid) -> Known {
    let last = track.states.len() - 1;
    let mut known = forward(track, grid, track.end() - 1).unwrap_or_else(|| start(track, grid, last));
    known.learn(&track.lines[last]);
    known
}

/// What is known of an evenly moving tracer after the last lines of a track.
fn wary(track: &Track) -> Known {
    let state = &track.states[track.states.len() - 1];
    Known::of(state).unwrap_or_else(|| Known::loose(&loose(state), Order::Velocity, 1.0))
}

/// Squared difference of two estimates of a place, in the covariance that it has if the first one is right.
fn differ(calm: &State, wary: &State) -> f64 {
    let off: Vec3 = std::array::from_fn(|k| wary.mean[k] - calm.mean[k]);
    let spread = plus(&corner::<3, 6>(&wary.covariance), &corner::<3, 6>(&calm.covariance), -1.0);
    inverse(&spread).map_or(0.0, |(precision, _)| dot(&times(&precision, &off), &off))
}

/// What is known a time later, with the lines that are then.
fn after(known: &Known, step: f64, noise: f64, lines: &Information) -> Option<Known> {
    let mut known = known.pushed(step, noise, 0.0)?;
    known.learn(lines);
    Some(known)
}

/// The jumps of a track from a block on: the time of the node after each, and its variance.
fn turns(track: &Track, grid: &Grid, from: usize) -> impl Iterator<Item = (f64, f64)> {
    let jumps = track.push.jumps.iter().filter(move |jump| track.first + jump.0 >= from);
    jumps.map(|jump| (grid.times[track.first + jump.0], jump.1))
}

/// The last blocks smoothed with some jumps, and what is known at the end.
struct Tried {
    push: Push,
    found: Smoothed,
    end: Known,
}

impl Tried {
    fn new(known: &Known, nodes: Nodes<'_>, push: Push) -> Option<Self> {
        let (found, end) = smooth_on(known, nodes, &push)?;
        Some(Self { push, found, end })
    }

    fn worth(&self) -> f64 {
        self.found.likelihood - PRICE * self.push.jumps.len() as f64
    }
}

/// Smooths with the jumps of a push, or with striking ones as well, or with these in place of those near them: whatever is
/// worth most.
fn likeliest(known: &Known, nodes: Nodes<'_>, push: Push) -> Option<Tried> {
    let first = Tried::new(known, nodes, push)?;
    let old = first.found.striking.len().saturating_sub(FRESH);
    let fresh = peaks(&first.found.striking[..old], &first.push);
    if fresh.is_empty() {
        return Some(first);
    }
    let with = |apart: usize| {
        let far = |node: usize| fresh.iter().all(|other| node.abs_diff(other.0) > apart);
        let mut jumps: Vec<(usize, f64)> = first.push.jumps.iter().copied().filter(|jump| far(jump.0)).collect();
        jumps.extend(&fresh);
        jumps.sort_by_key(|jump| jump.0);
        Push { jumps, ..first.push }
    };
    let (moved, more) = (with(NEAR), with(0));
    let others = (moved != more).then_some(moved).into_iter().chain([more]);
    let tried: Vec<Tried> = others.filter_map(|push| Tried::new(known, nodes, push)).collect();
    tried.into_iter().chain([first]).max_by(|one, other| one.worth().total_cmp(&other.worth()))
}

impl Tail {
    /// Of a track whose blocks from `done` on are not told.
    pub(super) fn new(track: &Track, grid: &Grid, done: usize) -> Self {
        let before = (track.first < done).then(|| forward(track, grid, done.min(track.end()))).flatten();
        Self {
            before,
            front: front(track, grid),
            wary: wary(track),
            wild: 0.0,
            turns: turns(track, grid, done).collect(),
            age: track.states.len(),
            due: FIRST.max(track.states.len()),
            profile: Profile::new(&track.blur),
            seen: 0.0,
            shown: f64::NEG_INFINITY,
            told: f64::NEG_INFINITY,
        }
    }

    /// The filtered estimate after the last block of a track, which is one more than before; `noise` is that which
    /// drove its velocity of late if it never jumped.
    ///
    /// The filter whose noise leaves jumps out is the better one until a jump comes, which it does not see at once. It
    /// is trusted as long as the other one differs from it by no more than it may: the covariance of the difference of
    /// an efficient estimate and another one is that of their covariances (J. A. Hausman, Econometrica 46 (1978) 1251).
    pub(super) fn filter(&mut self, track: &mut Track, noise: f64, grid: &Grid, done: usize) -> Option<State> {
        self.age += 1;
        let at = track.states.len() - 1;
        let step = step(grid, track.first + at);
        self.wild = noise.max(self.wild * (1.0 - 1.0 / REMEMBER));
        self.wary = after(&self.wary, step, self.wild, &track.lines[at]).unwrap_or_else(|| wary(track));
        let as_before =
            self.turns.iter().copied().filter(|turn| turn.0 >= grid.times[done]).eq(turns(track, grid, done));
        match after(&self.front, step, track.push.noise, &track.lines[at]).filter(|_| as_before) {
            Some(front) => self.front = front,
            None => self.smooth(track, grid, done),
        }
        let (calm, wary) = (self.front.state()?, self.wary.state()?);
        Some(if differ(&calm, &wary) > DIFFERENT { wary } else { calm })
    }

    /// Smooths the blocks from `done` on, with a jump of the velocity where it is worth its price.
    pub(super) fn smooth(&mut self, track: &mut Track, grid: &Grid, done: usize) {
        let from = done.max(track.first);
        if from >= track.end() {
            return;
        }
        let offset = from - track.first;
        let known = match self.before {
            Some(before) if offset > 0 => before,
            _ => start(track, grid, offset),
        };
        let nodes = Nodes { times: &grid.times[from..track.end()], lines: &track.lines[offset..] };
        if let Some(best) = likeliest(&known, nodes, track.push.from(offset)) {
            let earlier = track.push.jumps.iter().filter(|jump| jump.0 <= offset).copied();
            track.push.jumps = earlier.chain(best.push.jumps.iter().map(|jump| (jump.0 + offset, jump.1))).collect();
            track.states.splice(offset.., best.found.states);
            self.front = best.end;
        } else {
            self.front = front(track, grid);
        }
        self.turns = turns(track, grid, done).collect();
    }

    /// Takes what is known before a block on to before another one.
    pub(super) fn roll(&mut self, track: &Track, grid: &Grid, from: usize, to: usize) {
        let (from, to) = (from.max(track.first), to.min(track.end()));
        if from >= to {
            return;
        }
        let mut known = match self.before {
            Some(before) if from > track.first => Some(before),
            _ => Some(start(track, grid, from - track.first)),
        };
        for block in from..to {
            known = known.and_then(|mut known| {
                let at = block - track.first;
                known.learn(&track.lines[at]);
                if block + 1 == grid.len() {
                    return Some(known);
                }
                known.pushed(step(grid, block + 1), track.push.noise, track.push.jump(at + 1))
            });
        }
        self.before = known;
    }

    /// For how many blocks it has been due to be fitted again.
    pub(super) fn due(&self) -> Option<usize> {
        self.age.checked_sub(self.due)
    }

    /// Whether it has been fitted to as much as it ever is.
    pub(super) fn is_settled(&self) -> bool {
        self.due > HISTORY
    }

    /// Counts a line around it.
    pub(super) fn see(&mut self, expected: f64, weight: f64) {
        self.profile.add(expected, weight);
    }

    pub(super) fn seen(&mut self, lines: usize) {
        self.seen += lines as f64;
    }

    /// Finds anew what is around a tracer and how it is pushed, from the blocks that are held.
    pub(super) fn fit(&mut self, track: &mut Track, grid: &Grid, done: usize, usual: &Blur) {
        self.due = if self.age < REFIT { 2 * self.due } else { self.age + REFIT };
        if track.activity * self.seen > TELLING {
            let own = track.activity * self.seen;
            let guess = Around { blur: track.blur, own, density: (track.background * self.seen).max(1e-12) };
            let found = self.profile.fit(&guess, true);
            track.blur = found.blur.like(usual);
            track.activity = (found.own / self.seen).clamp(1e-6, 1.0);
            track.background = (found.density / self.seen).max(1e-12);
            self.profile = self.profile.faded(REMEMBERED);
            self.seen *= REMEMBERED;
        }
        let order = track.push.order;
        let from = track.states.len().saturating_sub(HISTORY.max(track.end() - done));
        let nodes = Nodes { times: &grid.times[track.first + from..track.end()], lines: &track.lines[from..] };
        let push = likeliest_push(&loose(&track.states[from]), nodes, &track.push.from(from));
        let earlier = track.push.jumps.iter().filter(|jump| jump.0 <= from).copied();
        let jumps = earlier.chain(push.jumps.iter().map(|jump| (jump.0 + from, jump.1))).collect();
        track.push = Push { jumps, ..push };
        let jumps: f64 = track.push.jumps.iter().map(|jump| jump.1 / 3.0).sum();
        let span = grid.times[track.end() - 1] - grid.times[track.first];
        self.wild = self.wild.max(jumps / span.max(1e-9));
        if track.push.order != order && done > track.first {
            self.before = forward(track, grid, done.min(track.end()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Known, Nodes, Push, likeliest};
    use crate::tracker::line::Line;
    use crate::tracker::motion::{Information, Order, State};

    /// Lines along all axes through a place on the x axis.
    fn lines(x: f64) -> Information {
        let mut found = Information::default();
        for axis in 0..3 {
            let mut direction = [0.0; 3];
            direction[axis] = 1.0;
            found.add(&Line { time: 0.0, point: [x, 0.0, 0.0], direction, length: 1.0 }, 0.0, 100.0, &[0.0; 3]);
        }
        found
    }

    /// The jumps of a tracer that goes at 1 mm/ms, back from 30.5 ms on and forth again from another time on, if the first
    /// one is taken for a jump before a node.
    fn jumps(again: f64, first: usize) -> Vec<usize> {
        let times: Vec<f64> = (0..60).map(f64::from).collect();
        let place = |time: f64| time - 2.0 * (time.min(again) - 30.5).max(0.0);
        let all: Vec<Information> = times.iter().map(|&time| lines(place(time))).collect();
        let mut start = State::resting([0.0; 3]);
        (0..6).for_each(|k| start.covariance[k][k] = 1e4);
        let known = Known::loose(&start, Order::Velocity, 1.0);
        let push = Push { jumps: vec![(first, 4.0)], ..Push::plain(Order::Velocity, 1e-9) };
        let found = likeliest(&known, Nodes { times: &times, lines: &all }, push).unwrap();
        found.push.jumps.iter().map(|jump| jump.0).collect()
    }

    #[test]
    fn a_second_bounce_soon_after_another_one_is_a_jump_of_its_own() {
        assert_eq!(jumps(33.5, 31), [31, 34]);
    }

    #[test]
    fn a_jump_that_was_taken_for_a_later_one_is_moved() {
        assert_eq!(jumps(f64::INFINITY, 33), [31]);
    }
}
