//! The first pass: tracers are found, followed from block to block by what is predicted of them, and lost.

mod living;
mod turn;

use std::collections::VecDeque;

use crate::Result;
use crate::pool::Workers;

use super::associate::{Member, Shares, Sums, associate};
use super::births::{self, Birth};
use super::blur::Blur;
use super::grid::Grid;
use super::line::Line;
use super::motion::{Information, State};
use super::track::{LOST, Track, WORTH};
pub(super) use living::{CAREFUL, Live};

/// The most tracers at a time where nobody says how many there are.
pub(super) const MANY: usize = 512;
/// Lines that no tracer explains, among which the next one is looked for.
const WINDOW: usize = 6400;
/// New ones of these after which it is looked for again: at first, as soon as there are some of its own; and at last if
/// none is found.
const SOON: usize = 200;
const SOME: f64 = 20.0;
const SELDOM: usize = 6400;
/// How far from a tracer that is followed another one is born at least, in standard deviations of its lines.
const ASIDE: f64 = 2.5;
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
    let mut follower = Follower::new(most, scene.activity);
    for block in 0..scene.grid.len() {
        follower.block(scene, block, workers)?;
    }
    let Follower { living, mut ended, .. } = follower;
    ended.extend(living.into_iter().map(|live| live.track));
    ended.retain(|track| track.worth() > WORTH);
    Ok(ended)
}

/// Who is being followed, and where the next one is looked for.
pub(super) struct Follower {
    most: usize,
    pub(super) living: Vec<Live>,
    /// Those that were lost.
    pub(super) ended: Vec<Track>,
    /// Lines that nobody explains, how many of them are new, and how many are waited for.
    free: VecDeque<Line>,
    waiting: usize,
    pause: usize,
    soon: usize,
    /// The next label.
    pub(super) labels: usize,
    present: usize,
}

impl Follower {
    /// Looks for at most `most` tracers at a time, with about this share of the lines each.
    pub(super) fn new(most: usize, activity: f64) -> Self {
        let soon = ((SOME / activity) as usize).clamp(SOON, SELDOM);
        Self {
            most,
            living: Vec::new(),
            ended: Vec::new(),
            free: VecDeque::with_capacity(WINDOW),
            waiting: 0,
            pause: soon,
            soon,
            labels: 0,
            present: 0,
        }
    }

    /// The tracks of all, the lost ones last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Track> {
        self.living.iter().map(|live| &live.track).chain(&self.ended)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.living.iter_mut().map(|live| &mut live.track).chain(&mut self.ended)
    }

    /// Forgets the first blocks.
    pub(super) fn forget(&mut self, blocks: usize) {
        self.living.iter_mut().for_each(|live| live.forget(blocks));
        for track in &mut self.ended {
            track.forget(blocks);
        }
    }

    /// Takes everybody through a block, and looks for others.
    pub(super) fn block(&mut self, scene: Scene<'_>, block: usize, workers: Workers<'_>) -> Result<()> {
        workers.control.check()?;
        let (free, waiting) = (&mut self.free, &mut self.waiting);
        step(scene, &mut self.living, block, |line, shares| {
            if shares.nobody() > 0.5 {
                if free.len() == WINDOW {
                    free.pop_front();
                }
                free.push_back(*line);
                *waiting += 1;
            }
        });
        for number in 0..self.living.len() {
            turn::turn(scene, &mut self.living, number);
        }
        self.bury();
        let present = self.living.len() + scene.known(block).count();
        if present < std::mem::replace(&mut self.present, present) {
            self.pause = self.soon;
        }
        let room = self.most.saturating_sub(present);
        if room == 0 {
            self.waiting = 0;
        } else if self.waiting >= self.pause {
            self.waiting = 0;
            self.look(scene, block, room, workers)?;
        }
        Ok(())
    }

    /// Looks for others among the lines that nobody explains.
    fn look(&mut self, scene: Scene<'_>, block: usize, room: usize, workers: Workers<'_>) -> Result<()> {
        self.pause = (2 * self.pause).min(SELDOM);
        let known = |birth: &Birth| followed(birth, &self.living);
        for birth in births::find(self.free.make_contiguous(), scene.even, scene.usual, room, known, workers)? {
            if followed(&birth, &self.living) {
                continue;
            }
            self.free.retain(|line| !birth.explains(line));
            let others: Vec<&Track> = self.all().collect();
            let live = caught_up(scene, &others, &birth, self.labels, block);
            self.living.push(live);
            self.labels += 1;
            self.present += 1;
            self.pause = self.soon;
        }
        self.bury();
        Ok(())
    }

    /// Ends those tracers that are gone, after the last block in which they were there for sure.
    fn bury(&mut self) {
        let mut at = 0;
        while at < self.living.len() {
            if self.living[at].doubt < LOST {
                at += 1;
                continue;
            }
            let mut gone = self.living.remove(at);
            gone.track.keep(gone.sure);
            if gone.track.worth() > WORTH {
                self.ended.push(gone.track);
            }
        }
    }
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
