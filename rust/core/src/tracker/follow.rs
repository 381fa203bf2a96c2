//! The first pass: tracers are found, followed from block to block by what is predicted of them, and lost.

use std::collections::VecDeque;

use crate::Result;
use crate::pool::Workers;

use super::associate::{Member, Shares, Sums, associate, ring_area};
use super::births::{self, Birth};
use super::blur::{Blur, Widths};
use super::grid::Grid;
use super::line::Line;
use super::motion::{Information, Order, State};
use super::smoother::{Nodes, Push, SEARCH, likeliest_noise};
use super::track::{LEARN, LOST, Track, WORTH};

/// The most tracers at a time where nobody says how many there are.
pub(super) const MANY: usize = 512;
/// Lines that no tracer explains, among which the next one is looked for.
const WINDOW: usize = 6400;
/// New ones of these after which it is looked for again: at first, as soon as there are some of its own; and at last if
/// none is found.
const SOON: usize = 200;
const SOME: f64 = 20.0;
const SELDOM: usize = 6400;
/// Logarithmic likelihood that a sudden change of velocity has to be worth, and how long ago it may have been, in blocks
/// before the first that was worth less.
const TURN: f64 = 20.0;
const SINCE: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// How far from a tracer that is followed another one is born at least, in standard deviations of its lines.
const ASIDE: f64 = 2.5;
/// Blocks over which the process noise is found.
const MEMORY: usize = 150;
/// The noise that a tracer is followed with, in those that are likeliest, so that it is not lost at a turn.
pub(super) const CAREFUL: f64 = 3.0;
/// Lines and blocks over which a tracer's own blur and activity are averaged.
const SETTLED: f64 = 400.0;

/// A tracer that is being followed.
pub(super) struct Live {
    pub(super) track: Track,
    state: State,
    time: f64,
    /// Evidence for its absence since it was last there for sure, and its blocks by then.
    doubt: f64,
    sure: usize,
    /// What a block is usually worth; how much less than that the last ones were, and the blocks before them.
    usual: f64,
    missing: f64,
    fine: usize,
    widths: Widths,
    noise: f64,
}

impl Live {
    /// Follows a tracer from its birth; `block` is the first one it is looked for in.
    pub(super) fn new(birth: &Birth, label: usize, block: usize) -> Self {
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
        }
    }

    fn member<'a>(&'a self, state: &'a State, predicted: bool) -> Member<'a> {
        let Track { blur, activity, background, .. } = &self.track;
        Member { state, blur, activity: *activity, background: *background, predicted }
    }

    /// Continues to follow a track from its last state; `time` is its moment.
    fn predict(&mut self, time: f64) {
        self.state = self.state.after(time - self.time, CAREFUL * self.noise);
        self.time = time;
        if self.track.states.is_empty() {
            self.track.start = self.state;
        }
    }

    fn learn(&mut self, state: &State, sums: &Sums, lines: usize, times: &[f64], usual: &Blur) {
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
        if self.track.states.len().is_multiple_of(LEARN) {
            self.find_noise(times);
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
        // Smoothed with the noise of a calm stretch, the track would leave its lines at the turns of the others.
        let before = if count == LEARN { 0.0 } else { self.track.push.noise };
        self.track.push.noise = self.noise.max(before);
    }
}

/// What tracers are looked for in.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) lines: &'a [Line],
    /// As of all [`super::line::Lines`].
    pub(super) even: f64,
    pub(super) grid: &'a Grid,
    /// The blur that tracers usually have.
    pub(super) usual: &'a Blur,
    /// The share of the lines that is about a tracer's.
    pub(super) activity: f64,
    /// Tracers that are known already.
    pub(super) known: &'a [Track],
}

impl<'a> Scene<'a> {
    fn own(&self, block: usize) -> &'a [Line] {
        self.grid.block(self.lines, block)
    }

    fn known(&self, block: usize) -> impl Iterator<Item = Member<'a>> {
        self.known.iter().filter_map(move |track| track.member(block))
    }
}

/// Follows at most `most` tracers at a time through all blocks.
pub(super) fn follow(scene: Scene<'_>, most: usize, workers: Workers<'_>) -> Result<Vec<Track>> {
    let mut living: Vec<Live> = Vec::new();
    let mut ended: Vec<Track> = Vec::new();
    let mut free: VecDeque<Line> = VecDeque::with_capacity(WINDOW);
    let soon = ((SOME / scene.activity) as usize).clamp(SOON, SELDOM);
    let (mut waiting, mut pause, mut labels, mut present) = (0, soon, 0, 0);
    for block in 0..scene.grid.len() {
        workers.control.check()?;
        step(scene, &mut living, block, |line, shares| {
            if shares.nobody() > 0.5 {
                if free.len() == WINDOW {
                    free.pop_front();
                }
                free.push_back(*line);
                waiting += 1;
            }
        });
        for number in 0..living.len() {
            turn(scene, &mut living, number);
        }
        bury(&mut living, &mut ended);
        let before = std::mem::replace(&mut present, living.len() + scene.known(block).count());
        if present < before {
            pause = soon;
        }
        let room = most.saturating_sub(present);
        let full = room == 0;
        if full || waiting < pause {
            waiting = if full { 0 } else { waiting };
            continue;
        }
        waiting = 0;
        pause = (2 * pause).min(SELDOM);
        let known = |birth: &Birth| followed(birth, &living);
        for birth in births::find(free.make_contiguous(), scene.even, scene.usual, room, known, workers)? {
            if followed(&birth, &living) {
                continue;
            }
            free.retain(|line| !birth.explains(line));
            let others: Vec<&Track> = living.iter().map(|live| &live.track).chain(&ended).collect();
            let live = caught_up(scene, &others, &birth, labels, block);
            living.push(live);
            labels += 1;
            present += 1;
            pause = soon;
        }
        bury(&mut living, &mut ended);
    }
    ended.extend(living.into_iter().map(|live| live.track));
    ended.retain(|track| track.worth() > WORTH);
    Ok(ended)
}

/// Follows a tracer from the end of the lines that it was born from up to a block, or to where it is lost, among the
/// others as they were.
fn caught_up(scene: Scene<'_>, others: &[&Track], birth: &Birth, label: usize, last: usize) -> Live {
    let times = &scene.grid.times;
    let first = times[..=last].partition_point(|&time| time < birth.time + 0.5 * birth.span);
    let mut live = Live::new(birth, label, first);
    for block in first..=last {
        live.predict(times[block]);
        let Some(sums) = one_of(scene, others.iter().copied(), &live, &live.state, block) else { break };
        let state = better(&live.state, &sums.information);
        live.learn(&state, &sums, scene.own(block).len(), times, scene.usual);
        if live.doubt >= LOST {
            break;
        }
    }
    live
}

/// What the lines of a block are for a tracer in a state, among others.
fn one_of<'a>(
    scene: Scene<'a>,
    others: impl Iterator<Item = &'a Track>,
    live: &Live,
    state: &State,
    block: usize,
) -> Option<Sums> {
    let mut members: Vec<Member<'_>> = others.filter_map(|other| other.member(block)).collect();
    members.extend(scene.known(block));
    members.push(live.member(state, true));
    associate(scene.own(block), scene.grid.times[block], &members, |_, _| ()).pop()
}

/// Takes all tracers through one block.
fn step(scene: Scene<'_>, living: &mut [Live], block: usize, rest: impl FnMut(&Line, &Shares<'_>)) {
    let time = scene.grid.times[block];
    for live in &mut *living {
        live.predict(time);
    }
    let first = shared(scene, living, None, block, |_, _| ());
    let learnt = |sums: &[Sums]| -> Vec<State> {
        living.iter().zip(sums).map(|(live, sums)| better(&live.state, &sums.information)).collect()
    };
    let states = learnt(&first);
    let mut second = shared(scene, living, Some(&states), block, rest);
    let states = learnt(&second);
    for (sums, predicted) in second.iter_mut().zip(&first) {
        sums.evidence = predicted.evidence;
    }
    for ((live, sums), state) in living.iter_mut().zip(&second).zip(states) {
        live.learn(&state, sums, scene.own(block).len(), &scene.grid.times, scene.usual);
    }
}

/// Looks whether a tracer that explains less than usual has suddenly changed its velocity some blocks ago.
fn turn(scene: Scene<'_>, living: &mut [Live], number: usize) {
    let live = &living[number];
    let count = live.track.states.len();
    let striking = live.missing > 2.0 * live.usual || live.doubt > LOST;
    if live.missing < TURN || !striking || live.fine < 2 {
        return;
    }
    let best = SINCE
        .iter()
        .filter(|&&since| since < live.fine)
        .map(|since| replay(scene, living, number, live.fine - since))
        .max_by(|one, other| one.gain.total_cmp(&other.gain));
    let live = &mut living[number];
    live.missing = 0.0;
    live.fine = count;
    let Some(best) = best.filter(|best| best.gain > TURN) else { return };
    live.track.keep(best.from);
    for (state, sums) in &best.blocks {
        live.track.push_block(state, sums);
    }
    live.track.push.jumps.push((best.from, best.variance));
    if let Some(state) = live.track.states.last() {
        live.state = *state;
    }
    (live.doubt, live.sure) = (0.0, count);
}

/// What became of a tracer if its velocity jumped before a block.
struct Replay {
    from: usize,
    variance: f64,
    blocks: Vec<(State, Sums)>,
    gain: f64,
}

fn replay(scene: Scene<'_>, living: &[Live], number: usize, from: usize) -> Replay {
    let grid = scene.grid;
    let live = &living[number];
    let mut state = live.track.states[from - 1];
    let first = live.track.first + from;
    let step = (grid.times[first] - grid.times[first - 1]).max(1e-9);
    let speed: f64 = state.mean[3..].iter().map(|v| v * v).sum();
    let variance = 4.0 * speed + live.track.blur.narrow / (4.0 * step).powi(2);
    for k in 3..6 {
        state.covariance[k][k] += variance;
    }
    let mut blocks = Vec::new();
    let mut gain = 0.0;
    for at in from..live.track.states.len() {
        let block = live.track.first + at;
        state = state.after(grid.times[block] - grid.times[block - 1], CAREFUL * live.noise);
        let others = living.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, other)| &other.track);
        let Some(sums) = one_of(scene, others, live, &state, block) else { break };
        state = better(&state, &sums.information);
        gain += sums.evidence - live.track.evidence[at];
        blocks.push((state, sums));
    }
    Replay { from, variance, blocks, gain }
}

fn better(state: &State, lines: &Information) -> State {
    state.knowing(lines).unwrap_or(*state)
}

fn shared(
    scene: Scene<'_>,
    living: &[Live],
    states: Option<&[State]>,
    block: usize,
    rest: impl FnMut(&Line, &Shares<'_>),
) -> Vec<Sums> {
    let members: Vec<Member<'_>> = living
        .iter()
        .enumerate()
        .map(|(number, live)| live.member(states.map_or(&live.state, |states| &states[number]), states.is_none()))
        .chain(scene.known(block))
        .collect();
    associate(scene.own(block), scene.grid.times[block], &members, rest)
}

/// Ends those tracers that are gone, after the last block in which they were there for sure.
fn bury(living: &mut Vec<Live>, ended: &mut Vec<Track>) {
    let mut at = 0;
    while at < living.len() {
        if living[at].doubt < LOST {
            at += 1;
            continue;
        }
        let mut gone = living.remove(at);
        gone.track.keep(gone.sure);
        if gone.track.worth() > WORTH {
            ended.push(gone.track);
        }
    }
}

/// Whether a birth is a tracer that is followed already.
fn followed(birth: &Birth, living: &[Live]) -> bool {
    living.iter().any(|live| same(birth, live))
}

/// Whether a birth is where a tracer is.
fn same(birth: &Birth, live: &Live) -> bool {
    let there = birth.state.at(live.time - birth.time);
    let here = live.state.position();
    let squared: f64 = (0..3).map(|k| (there[k] - here[k]).powi(2)).sum();
    squared < ASIDE * ASIDE * live.track.blur.narrow
}
