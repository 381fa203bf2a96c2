//! Forward and back over the nodes of a trajectory: its smoothed states, the process noise that makes the lines most
//! likely, and sudden changes of velocity.
//!
//! Forward goes what is known, as precision; each kick between nodes remembers what it was, given the state after it,
//! and these memories undo the kicks on the way back. The likelihood's slope comes with it: it is 0 for the noise whose
//! kicks are as large as they are expected to be.
//!
//! Sources: P. Dyer et al., Journal of Optimization Theory and Applications 3 (1969) 444, for the way back;
//! S. J. Koopman and N. Shephard, Biometrika 79 (1992) 823, for the slope; A. C. Harvey and S. J. Koopman, Journal of
//! Business & Economic Statistics 10 (1992) 377, for the residuals that tell a sudden change from noise.

use super::algebra::{Matrix, corner, inverse, times};
use super::knowledge::{Estimate, Kick, Knowledge};
use super::motion::{Information, Order, State, reach};

/// Evidence for a jump, twice the gain of logarithmic likelihood, above which it is tried: 1 in 10⁵ nodes by chance.
const STRIKING: f64 = 25.0;
/// Logarithmic likelihood that a jump has to be worth: its place and three components.
pub(super) const PRICE: f64 = 12.0;
/// Rounds in which jumps are looked for.
const ROUNDS: usize = 12;
/// What may still be lacking after the first of them, as a part: sudden turns leave at most 0.35, curves mostly more than
/// this.
const REGAINED: f64 = 0.5;
/// Process noise of free flight that is tried, as a part of the likeliest one.
const QUIETER: [f64; 3] = [1.0, 1.0 / 30.0, 1.0 / 1000.0];
/// Rounds in which the likeliest noise is looked for, and how near to it is near enough, as a logarithm.
pub(super) const SEARCH: usize = 12;
const CLOSE: f64 = 0.01;
/// Largest change of the noise in a round, as a logarithm.
const STRIDE: f64 = 4.0;
/// Steps in which an acceleration of which nothing is known changes the velocity by about what nothing is known of that.
const CALM: f64 = 50.0;
/// Shortest time between nodes, ms.
const SHORTEST: f64 = 1e-9;
/// Part of the error of a place to which the least noise moves it over a whole trajectory.
const LEAST: f64 = 0.01;

/// Nodes of a trajectory: moments, what the lines about them say, and how hard the tracer is pushed before each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes<'a> {
    pub(super) times: &'a [f64],
    pub(super) lines: &'a [Information],
}

impl Nodes<'_> {
    fn step(&self, node: usize) -> f64 {
        if node == 0 { 0.0 } else { self.times[node] - self.times[node - 1] }
    }

    /// The mean time between two.
    fn mean_step(&self) -> f64 {
        let span = self.times.last().zip(self.times.first()).map_or(0.0, |(last, first)| last - first);
        if span > 0.0 { span / (self.times.len() - 1) as f64 } else { 1.0 }
    }

    /// The noise below which a trajectory is as good as free of it.
    fn least_noise(&self, order: Order) -> f64 {
        let span = self.times.last().zip(self.times.first()).map_or(0.0, |(last, first)| last - first);
        let precision: f64 = self.lines.iter().map(Information::precision).sum();
        (LEAST / (precision * reach(span, order)).max(1e-300)).max(1e-30)
    }
}

/// How hard a tracer is pushed: by noise of one density, and by jumps of velocity before some nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Push {
    /// What the noise drives.
    pub(super) order: Order,
    /// mm²/ms³, or mm²/ms⁵ where it drives the acceleration.
    pub(super) noise: f64,
    /// Node, and the variance of the jump of each component, (mm/ms)².
    pub(super) jumps: Vec<(usize, f64)>,
}

impl Push {
    pub(super) fn plain(order: Order, noise: f64) -> Self {
        Self { order, noise, jumps: Vec::new() }
    }

    /// The same for the nodes from one on.
    pub(super) fn from(&self, node: usize) -> Self {
        let jumps = self.jumps.iter().filter(|jump| jump.0 > node).map(|jump| (jump.0 - node, jump.1)).collect();
        Self { jumps, ..*self }
    }

    /// The variance of the jump before a node.
    pub(super) fn jump(&self, node: usize) -> f64 {
        self.jumps.iter().filter(|jump| jump.0 == node).map(|jump| jump.1).sum()
    }

    /// The variance of the jump before each node.
    fn variances(&self, nodes: usize) -> Vec<f64> {
        let mut all = vec![0.0; nodes];
        for &(node, variance) in self.jumps.iter().filter(|jump| (1..nodes).contains(&jump.0)) {
            all[node] += variance;
        }
        all
    }
}

/// What is wanted of each node.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    states: bool,
    jumps: bool,
}

const STATES: Wanted = Wanted { states: true, jumps: false };
const JUMPS: Wanted = Wanted { states: false, jumps: true };
const NOTHING: Wanted = Wanted { states: false, jumps: false };

/// A smoothed trajectory; what was not wanted is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Smoothed {
    pub(super) states: Vec<State>,
    /// Logarithm of the likelihood of the lines, up to what does not depend on the push.
    pub(super) likelihood: f64,
    /// Twice the gain of logarithmic likelihood of the best jump of velocity before each node, and its square.
    pub(super) striking: Vec<(f64, f64)>,
    /// Squares of the kicks of the noise over their variance, and what is known of these kicks: equal where the noise is
    /// likeliest.
    pull: f64,
    known: f64,
}

/// Smooths a trajectory from `start`, a guess of its state at the first node.
pub(super) fn smooth(start: &State, nodes: Nodes<'_>, push: &Push) -> Option<Smoothed> {
    smoothed(start, nodes, push, STATES)
}

fn smoothed(start: &State, nodes: Nodes<'_>, push: &Push, wanted: Wanted) -> Option<Smoothed> {
    smoothed_from(&Known::loose(start, push.order, nodes.mean_step()), nodes, push, wanted).map(|(found, _)| found)
}

/// Smooths a trajectory from what is known at its first node before the lines there, with the jumps that are striking;
/// and what is known at its last node.
pub(super) fn smooth_on(start: &Known, nodes: Nodes<'_>, push: &Push) -> Option<(Smoothed, Known)> {
    smoothed_from(start, nodes, push, Wanted { states: true, jumps: true })
}

fn smoothed_from(start: &Known, nodes: Nodes<'_>, push: &Push, wanted: Wanted) -> Option<(Smoothed, Known)> {
    match start {
        Known::Velocity(start) => {
            there_and_back(start, nodes, push, wanted).map(|(found, end)| (found, Known::Velocity(end)))
        }
        Known::Acceleration(start) => {
            there_and_back(start, nodes, push, wanted).map(|(found, end)| (found, Known::Acceleration(end)))
        }
    }
}

/// What is known of a tracer, in the quantities of its order.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "both are small, there is one for a tracer, and a box would be slower")]
pub(super) enum Known {
    Velocity(Knowledge<6>),
    Acceleration(Knowledge<9>),
}

impl Known {
    /// A state as knowledge; `step` is the time between nodes.
    pub(super) fn loose(start: &State, order: Order, step: f64) -> Self {
        match order {
            Order::Velocity => Self::Velocity(known(start, 1.0)),
            Order::Acceleration => Self::Acceleration(known(start, CALM * step)),
        }
    }

    /// A state with its covariance as knowledge of position and velocity.
    pub(super) fn of(state: &State) -> Option<Self> {
        let (matrix, _) = inverse(&state.covariance)?;
        Some(Self::Velocity(Knowledge { matrix, vector: times(&matrix, &state.mean) }))
    }

    pub(super) fn learn(&mut self, lines: &Information) {
        match self {
            Self::Velocity(known) => known.learn(lines),
            Self::Acceleration(known) => known.learn(lines),
        }
    }

    /// The same a time later, pushed meanwhile; `None` if nothing is known that could be pushed.
    pub(super) fn pushed(mut self, step: f64, noise: f64, jump: f64) -> Option<Self> {
        match &mut self {
            Self::Velocity(known) => drop(over(known, step, noise, jump, false)?),
            Self::Acceleration(known) => drop(over(known, step, noise, jump, false)?),
        }
        Some(self)
    }

    /// `None` if it has no covariance.
    pub(super) fn state(&self) -> Option<State> {
        match self {
            Self::Velocity(known) => known.estimate().map(|(estimate, _)| state(&estimate)),
            Self::Acceleration(known) => known.estimate().map(|(estimate, _)| state(&estimate)),
        }
    }
}

/// A state as knowledge; an acceleration is known as far as the velocity does not change by more than its error in a
/// time.
fn known<const N: usize>(start: &State, time: f64) -> Knowledge<N> {
    let mut found = Knowledge { matrix: [[0.0; N]; N], vector: [0.0; N] };
    for k in 0..N {
        let variance = if k < 6 { start.covariance[k][k] } else { start.covariance[k - 3][k - 3] / (time * time) };
        found.matrix[k][k] = 1.0 / variance;
        found.vector[k] = if k < 6 { start.mean[k] / variance } else { 0.0 };
    }
    found
}

/// What came between a node and the one before it.
struct Between<const N: usize> {
    noise: Kick<N>,
    jump: Vec<Kick<N>>,
    /// What was known after both.
    then: Option<Knowledge<N>>,
}

fn there_and_back<const N: usize>(
    start: &Knowledge<N>,
    nodes: Nodes<'_>,
    push: &Push,
    wanted: Wanted,
) -> Option<(Smoothed, Knowledge<N>)> {
    let jumps = push.variances(nodes.times.len());
    let mut between: Vec<Between<N>> = Vec::with_capacity(nodes.times.len());
    let mut known = *start;
    let mut likelihood = prior(start);
    for (node, lines) in nodes.lines.iter().enumerate() {
        if node > 0 {
            let (came, gain) = over(&mut known, nodes.step(node), push.noise, jumps[node], wanted.jumps)?;
            likelihood += gain;
            between.push(came);
        }
        known.learn(lines);
    }
    let (end, gain) = known.estimate()?;
    Some((back(end, &between, nodes, wanted, likelihood + gain), known))
}

/// Takes what is known over a step between nodes, on which there may be a jump of a variance: what came, and the part of
/// the logarithm of the likelihood.
fn over<const N: usize>(
    known: &mut Knowledge<N>,
    step: f64,
    noise: f64,
    jump: f64,
    remember: bool,
) -> Option<(Between<N>, f64)> {
    known.advance(0.5 * step);
    let (noise, mut gained) = known.kick(N - 3, noise * step.max(SHORTEST))?;
    let mut kicks = Vec::new();
    if jump > 0.0 {
        // It may have come at any time of the step, not just half-way.
        for (row, variance) in [(3, jump), (0, jump * step * step / 12.0)] {
            let (kick, gain) = known.kick(row, variance.max(f64::MIN_POSITIVE))?;
            gained += gain;
            kicks.push(kick);
        }
    }
    let between = Between { noise, jump: kicks, then: remember.then_some(*known) };
    known.advance(0.5 * step);
    Some((between, gained))
}

/// The part of the logarithm of the likelihood that comes from what was known before the first line.
fn prior<const N: usize>(start: &Knowledge<N>) -> f64 {
    (0..N).map(|k| 0.5 * (start.matrix[k][k].ln() - start.vector[k] * start.vector[k] / start.matrix[k][k])).sum()
}

fn back<const N: usize>(
    mut estimate: Estimate<N>,
    between: &[Between<N>],
    nodes: Nodes<'_>,
    wanted: Wanted,
    likelihood: f64,
) -> Smoothed {
    let mut found = Smoothed { likelihood, ..Smoothed::default() };
    let keep = |states: &mut Vec<State>, estimate: &Estimate<N>| {
        if wanted.states {
            states.push(state(estimate));
        }
    };
    keep(&mut found.states, &estimate);
    for (node, between) in between.iter().enumerate().rev() {
        let step = nodes.step(node + 1);
        estimate.retreat(0.5 * step);
        if let Some(then) = &between.then {
            found.striking.push(best_jump(then, &estimate));
        }
        for jump in between.jump.iter().rev() {
            estimate.before(jump);
        }
        let (pull, unknown) = estimate.before(&between.noise);
        found.pull += pull;
        found.known += 3.0 - unknown;
        estimate.retreat(0.5 * step);
        keep(&mut found.states, &estimate);
    }
    found.striking.push((0.0, 0.0));
    found.states.reverse();
    found.striking.reverse();
    found
}

fn state<const N: usize>(estimate: &Estimate<N>) -> State {
    let Estimate { mean, covariance } = estimate;
    State {
        mean: std::array::from_fn(|i| mean[i]),
        covariance: corner(covariance),
        acceleration: std::array::from_fn(|k| mean.get(6 + k).copied().unwrap_or(0.0)),
    }
}

/// Twice the gain of logarithmic likelihood of the best jump of velocity at a moment, and its square, from what was known
/// there and what is: the slope of the later lines' likelihood is `Λ x - j`, its curvature `Λ - Λ P Λ`.
fn best_jump<const N: usize>(then: &Knowledge<N>, now: &Estimate<N>) -> (f64, f64) {
    let rows: [[f64; N]; 3] = std::array::from_fn(|k| then.matrix[3 + k]);
    let slope: [f64; 3] =
        std::array::from_fn(|k| rows[k].iter().zip(&now.mean).map(|(x, y)| x * y).sum::<f64>() - then.vector[3 + k]);
    let mut crossed = [[0.0; N]; 3];
    for (out, weights) in crossed.iter_mut().zip(&rows) {
        for (weight, values) in weights.iter().zip(&now.covariance) {
            for (sum, value) in out.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
    }
    let block: Matrix<3> = std::array::from_fn(|i| {
        std::array::from_fn(|j| rows[i][3 + j] - crossed[i].iter().zip(&rows[j]).map(|(x, y)| x * y).sum::<f64>())
    });
    let Some((covariance, _)) = inverse(&block) else { return (0.0, 0.0) };
    let jump = times(&covariance, &slope);
    let striking = (0..3).map(|k| jump[k] * slope[k]).sum();
    (striking, jump.iter().map(|x| x * x).sum())
}

/// The push that makes the lines most likely: what the noise drives, how strong it is, and jumps where they are worth
/// their price.
pub(super) fn likeliest_push(start: &State, nodes: Nodes<'_>, guess: &Push) -> Push {
    let (velocity, acceleration) = guesses(nodes, guess);
    let plain = likelier(settled(start, nodes, &velocity), settled(start, nodes, &acceleration));
    let Some(plain) = plain else { return guess.clone() };
    let mut best = (plain.1.likelihood, plain.0.clone());
    for part in QUIETER {
        let mut tried = Push { noise: plain.0.noise * part, ..plain.0.clone() };
        add_jumps(start, nodes, &mut tried, best.0);
        if tried.jumps.is_empty() {
            continue;
        }
        let Some((tried, found)) = settled(start, nodes, &tried) else { continue };
        let worth = found.likelihood - PRICE * tried.jumps.len() as f64;
        if worth > best.0 {
            best = (worth, tried);
        }
    }
    best.1
}

type Settled = (Push, Smoothed);

fn likelier(one: Option<Settled>, other: Option<Settled>) -> Option<Settled> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.1.likelihood > one.1.likelihood { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn settled(start: &State, nodes: Nodes<'_>, push: &Push) -> Option<Settled> {
    let push = likeliest_noise(start, nodes, push, SEARCH);
    let found = smoothed(start, nodes, &push, NOTHING)?;
    Some((push, found))
}

/// First guesses for either order, without jumps: noise that is felt after the same time.
fn guesses(nodes: Nodes<'_>, push: &Push) -> (Push, Push) {
    let span = nodes.times.last().zip(nodes.times.first()).map_or(1.0, |(last, first)| (last - first).max(1e-9));
    let density = nodes.lines.iter().map(Information::precision).sum::<f64>() / span;
    // A place is known from the lines over a time T to 1 / (density T), and noise moves it by Q(T).
    let memory = |noise: f64, power: i32| (1.0 / (density * noise).max(1e-300)).powf(1.0 / f64::from(power));
    match push.order {
        Order::Velocity => {
            let time = memory(push.noise, 4);
            (Push::plain(Order::Velocity, push.noise), Push::plain(Order::Acceleration, push.noise / (time * time)))
        }
        Order::Acceleration => {
            let time = memory(push.noise, 6);
            (Push::plain(Order::Velocity, push.noise * time * time), Push::plain(Order::Acceleration, push.noise))
        }
    }
}

/// Adds jumps until none is striking; none at all where the first ones regain too little of what the likelihood lacks of
/// `best` for want of noise: then the noise was for something else.
fn add_jumps(start: &State, nodes: Nodes<'_>, push: &mut Push, best: f64) {
    let mut before = 0.0;
    for round in 0..ROUNDS {
        let Some(found) = smoothed(start, nodes, push, JUMPS) else { break };
        let lacking = best - found.likelihood + PRICE * push.jumps.len() as f64;
        if round == 1 && before > 0.0 && lacking > REGAINED * before {
            push.jumps.clear();
            break;
        }
        before = lacking;
        let fresh = peaks(&found.striking, push);
        if fresh.is_empty() {
            break;
        }
        push.jumps.extend(fresh);
        push.jumps.sort_by_key(|jump| jump.0);
    }
}

/// Nodes whose jump is striking, the most striking among those whose evidence is the same lines.
pub(super) fn peaks(striking: &[(f64, f64)], push: &Push) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let mut node = 1;
    while node < striking.len() {
        if striking[node].0 <= STRIKING {
            node += 1;
            continue;
        }
        let end = (node..striking.len()).find(|&other| striking[other].0 <= STRIKING / 2.0);
        let run = node..end.unwrap_or(striking.len());
        let most = run.clone().max_by(|&a, &b| striking[a].0.total_cmp(&striking[b].0));
        if let Some(most) = most
            && push.jumps.iter().all(|jump| jump.0 != most)
        {
            found.push((most, striking[most].1));
        }
        node = run.end + 1;
    }
    found
}

/// The same jumps with the noise that makes the lines most likely: where the slope of the likelihood is zero, found by
/// secants within a bracket.
pub(super) fn likeliest_noise(start: &State, nodes: Nodes<'_>, push: &Push, rounds: usize) -> Push {
    let least = nodes.least_noise(push.order).ln();
    let mut level = push.noise.max(1e-30).ln().max(least);
    let [mut low, mut high, mut last]: [Option<(f64, f64)>; 3] = [None; 3];
    for _ in 0..rounds {
        let tried = Push { noise: level.exp(), ..push.clone() };
        let Some(found) = smoothed(start, nodes, &tried, NOTHING) else { break };
        let slope = (found.pull.max(1e-300) / found.known.max(1e-300)).ln();
        let here = (level, slope);
        if slope > 0.0 {
            low = Some(here);
        } else {
            high = Some(here);
        }
        let secant = last.map(|(x, y): (f64, f64)| (slope - y) / (level - x));
        let newton = match secant {
            Some(bend) if bend < -1e-3 => -slope / bend,
            _ => 3.0 * slope,
        };
        let mut next = level + newton.clamp(-STRIDE, STRIDE);
        if let (Some((x, _)), Some((y, _))) = (low, high)
            && !(x < next && next < y)
        {
            next = 0.5 * (x + y);
        }
        next = next.max(least);
        last = Some(here);
        if (next - level).abs() < CLOSE {
            level = next;
            break;
        }
        level = next;
    }
    Push { noise: level.exp(), ..push.clone() }
}

#[cfg(test)]
mod tests;
