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

mod push;

use super::algebra::{Matrix, corner, inverse, times};
use super::knowledge::{Estimate, Kick, Knowledge};
use super::motion::{Information, Order, State};
pub(super) use push::{PRICE, Push, SEARCH, likeliest_noise, likeliest_push, peaks};

/// Steps in which an acceleration of which nothing is known changes the velocity by about what nothing is known of that.
const CALM: f64 = 50.0;
/// Shortest time between nodes, ms.
const SHORTEST: f64 = 1e-9;
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

#[cfg(test)]
mod tests;
