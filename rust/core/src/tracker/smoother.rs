//! Kalman filter forward and smoother back over the nodes of a trajectory, the process noise that makes the lines most
//! likely, and sudden changes of velocity.
//!
//! The way back carries the slope and the curvature of the later lines' likelihood at a node, `λ` and `Λ`, which need
//! no inverse: the smoothed state is `m + P λ` with covariance `P - P Λ P`. The same two tell how the likelihood
//! changes with the noise, `½ Σ (λᵀ Q λ - tr Λ Q)`, and what a jump before the node would be worth.
//!
//! Sources: G. J. Bierman, Automatica 9 (1973) 503, for the way back; S. J. Koopman and N. Shephard, Biometrika 79
//! (1992) 823, for the slope; A. C. Harvey and S. J. Koopman, Journal of Business & Economic Statistics 10 (1992) 377,
//! for the residuals that tell a sudden change from noise.

use super::algebra::{Matrix, corner, inverse, times};
use super::motion::{Information, Moments, Order, State, pattern, terms};

/// Evidence for a jump, twice the gain of logarithmic likelihood, above which it is tried: 1 in 10⁵ nodes by chance.
const STRIKING: f64 = 25.0;
/// Logarithmic likelihood that a jump has to be worth: its place and three components.
const PRICE: f64 = 12.0;
/// Rounds in which jumps are looked for.
const ROUNDS: usize = 12;
/// Process noise of free flight that is tried, as a part of the likeliest one.
const QUIETER: [f64; 3] = [1.0, 1.0 / 30.0, 1.0 / 1000.0];
/// Rounds in which the likeliest noise is looked for, and how near to it is near enough, as a logarithm.
pub(super) const SEARCH: usize = 12;
const CLOSE: f64 = 0.05;
/// Largest change of the noise in a round, as a logarithm.
const STRIDE: f64 = 4.0;
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

    /// The noise below which a trajectory is as good as free of it.
    fn least_noise(&self, order: Order) -> f64 {
        let span = self.times.last().zip(self.times.first()).map_or(0.0, |(last, first)| last - first);
        let precision: f64 = self.lines.iter().map(Information::precision).sum();
        let reach = pattern(span, order.derivatives())[0][0];
        (LEAST / (precision * reach).max(1e-300)).max(1e-30)
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

    /// The variance of the jump before each node.
    fn variances(&self, nodes: usize) -> Vec<f64> {
        let mut all = vec![0.0; nodes];
        for &(node, variance) in self.jumps.iter().filter(|jump| (1..nodes).contains(&jump.0)) {
            all[node] += variance;
        }
        all
    }
}

/// A smoothed trajectory.
#[derive(Debug, Clone, Default)]
pub(super) struct Smoothed {
    pub(super) states: Vec<State>,
    /// Logarithm of the likelihood of the lines, up to what does not depend on the push.
    pub(super) likelihood: f64,
    /// Twice the gain of logarithmic likelihood of the best jump of velocity before each node, and its square.
    striking: Vec<(f64, f64)>,
    /// `Σ λᵀ Q λ` and `Σ tr Λ Q` for noise of density 1: equal where the noise is likeliest.
    pull: f64,
    known: f64,
}

/// Smooths a trajectory from `start`, a guess of its state at the first node.
pub(super) fn smooth(start: &State, nodes: Nodes<'_>, push: &Push) -> Option<Smoothed> {
    match push.order {
        Order::Velocity => there_and_back(start.moments::<6>(0.0), nodes, push),
        Order::Acceleration => {
            let step = (1..nodes.times.len()).map(|node| nodes.step(node)).fold(f64::INFINITY, f64::min);
            let slack = if step.is_finite() && step > 0.0 { step } else { 1.0 };
            there_and_back(start.moments::<9>(start.covariance[3][3].sqrt() / slack), nodes, push)
        }
    }
}

struct Filtered<const N: usize> {
    /// The mean before the lines of the node.
    expected: [f64; N],
    after: Moments<N>,
}

fn there_and_back<const N: usize>(start: Moments<N>, nodes: Nodes<'_>, push: &Push) -> Option<Smoothed> {
    let jumps = push.variances(nodes.times.len());
    let (filtered, likelihood) = there(start, nodes, push.noise, &jumps)?;
    Some(back(&filtered, nodes, likelihood))
}

fn there<const N: usize>(
    start: Moments<N>,
    nodes: Nodes<'_>,
    noise: f64,
    jumps: &[f64],
) -> Option<(Vec<Filtered<N>>, f64)> {
    let mut found: Vec<Filtered<N>> = Vec::with_capacity(nodes.times.len());
    let mut likelihood = 0.0;
    for (node, lines) in nodes.lines.iter().enumerate() {
        let before = match found.last() {
            None => start,
            Some(last) => last.after.pushed(nodes.step(node), noise, jumps[node]),
        };
        let (after, gain) = before.knowing(lines)?;
        likelihood += gain;
        found.push(Filtered { expected: before.mean, after });
    }
    Some((found, likelihood))
}

fn back<const N: usize>(filtered: &[Filtered<N>], nodes: Nodes<'_>, likelihood: f64) -> Smoothed {
    let mut found = Smoothed { likelihood, ..Smoothed::default() };
    let (mut slope, mut curvature) = ([0.0; N], [[0.0; N]; N]);
    for (node, own) in filtered.iter().enumerate().rev() {
        found.states.push(smoothed(&own.after, &slope, &curvature));
        (slope, curvature) = before_lines(own, &nodes.lines[node], &slope, &curvature);
        if node == 0 {
            found.striking.push((0.0, 0.0));
            break;
        }
        found.striking.push(best_jump(&slope, &curvature));
        let step = nodes.step(node);
        let (pull, known) = change(&slope, &curvature, step);
        found.pull += pull;
        found.known += known;
        before_step(&mut slope, &mut curvature, step);
    }
    found.states.reverse();
    found.striking.reverse();
    found
}

fn smoothed<const N: usize>(own: &Moments<N>, slope: &[f64; N], curvature: &Matrix<N>) -> State {
    let p = &own.covariance;
    let step = times(p, slope);
    let half: [[f64; N]; 6] = std::array::from_fn(|i| {
        let mut row = [0.0; N];
        for k in 0..N {
            for (sum, value) in row.iter_mut().zip(&curvature[k]) {
                *sum += p[i][k] * value;
            }
        }
        row
    });
    let mut covariance: Matrix<6> = corner(p);
    for i in 0..6 {
        for j in 0..=i {
            let less: f64 = half[i].iter().zip(&p[j]).map(|(x, y)| x * y).sum();
            covariance[i][j] -= less;
            covariance[j][i] = covariance[i][j];
        }
    }
    State { mean: std::array::from_fn(|i| own.mean[i] + step[i]), covariance }
}

/// Slope and curvature before the lines of a node: `(I - J P)(j - J m + λ)` and `(I - J P) Λ (I - P J) + J - J P J`,
/// where `J` and `j` are what the lines say, and `m` is what was expected.
fn before_lines<const N: usize>(
    own: &Filtered<N>,
    lines: &Information,
    slope: &[f64; N],
    curvature: &Matrix<N>,
) -> ([f64; N], Matrix<N>) {
    let (matrix, vector) = lines.joined();
    let p = &own.after.covariance;
    // J P, of which only six rows are not zero.
    let mut weighed = [[0.0; N]; 6];
    for (row, out) in matrix.iter().zip(&mut weighed) {
        for (x, other) in row.iter().zip(p) {
            for (sum, y) in out.iter_mut().zip(other) {
                *sum += x * y;
            }
        }
    }
    let mut total = *slope;
    for i in 0..6 {
        let known: f64 = (0..6).map(|j| matrix[i][j] * own.expected[j]).sum();
        total[i] += vector[i] - known;
    }
    let mut before = total;
    for i in 0..6 {
        before[i] -= (0..N).map(|j| weighed[i][j] * total[j]).sum::<f64>();
    }
    let mut once = *curvature;
    for i in 0..6 {
        for k in 0..N {
            for (value, other) in once[i].iter_mut().zip(&curvature[k]) {
                *value -= weighed[i][k] * other;
            }
        }
    }
    let mut twice = once;
    for (row, out) in once.iter().zip(&mut twice) {
        for j in 0..6 {
            out[j] -= row.iter().zip(&weighed[j]).map(|(x, y)| x * y).sum::<f64>();
        }
    }
    for i in 0..6 {
        for j in 0..6 {
            twice[i][j] += matrix[i][j] - (0..6).map(|k| weighed[i][k] * matrix[k][j]).sum::<f64>();
        }
    }
    for i in 0..N {
        for j in 0..i {
            let mean = 0.5 * (twice[i][j] + twice[j][i]);
            (twice[i][j], twice[j][i]) = (mean, mean);
        }
    }
    (before, twice)
}

/// Slope and curvature a step earlier: the transposed transition takes the place of a position's derivatives.
fn before_step<const N: usize>(slope: &mut [f64; N], curvature: &mut Matrix<N>, step: f64) {
    let terms = terms(step);
    for i in (0..N / 3).rev() {
        for j in 0..i {
            for k in 0..3 {
                slope[3 * i + k] += terms[i - j] * slope[3 * j + k];
                for column in 0..N {
                    curvature[3 * i + k][column] += terms[i - j] * curvature[3 * j + k][column];
                }
            }
        }
    }
    for row in curvature.iter_mut() {
        for i in (0..N / 3).rev() {
            for j in 0..i {
                for k in 0..3 {
                    row[3 * i + k] += terms[i - j] * row[3 * j + k];
                }
            }
        }
    }
}

/// `λᵀ Q λ` and `tr Λ Q` for noise of density 1 over a step.
fn change<const N: usize>(slope: &[f64; N], curvature: &Matrix<N>, step: f64) -> (f64, f64) {
    let noise = pattern(step, N / 3);
    let (mut pull, mut known) = (0.0, 0.0);
    for i in 0..N / 3 {
        for j in 0..N / 3 {
            for k in 0..3 {
                pull += noise[i][j] * slope[3 * i + k] * slope[3 * j + k];
                known += noise[i][j] * curvature[3 * i + k][3 * j + k];
            }
        }
    }
    (pull, known)
}

/// Twice the gain of logarithmic likelihood of the best jump of velocity just before a node, and its square.
fn best_jump<const N: usize>(slope: &[f64; N], curvature: &Matrix<N>) -> (f64, f64) {
    let block: Matrix<3> = std::array::from_fn(|i| std::array::from_fn(|j| curvature[3 + i][3 + j]));
    let Some((covariance, _)) = inverse(&block) else { return (0.0, 0.0) };
    let jump = times(&covariance, &[slope[3], slope[4], slope[5]]);
    let striking = (0..3).map(|k| jump[k] * slope[3 + k]).sum();
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
        add_jumps(start, nodes, &mut tried);
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
    let found = smooth(start, nodes, &push)?;
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

/// Adds jumps until none is striking.
fn add_jumps(start: &State, nodes: Nodes<'_>, push: &mut Push) {
    for _ in 0..ROUNDS {
        let Some(found) = smooth(start, nodes, push) else { break };
        let fresh = peaks(&found.striking, push);
        if fresh.is_empty() {
            break;
        }
        push.jumps.extend(fresh);
        push.jumps.sort_by_key(|jump| jump.0);
    }
}

/// Nodes whose jump is striking, the most striking among those whose evidence is the same lines.
fn peaks(striking: &[(f64, f64)], push: &Push) -> Vec<(usize, f64)> {
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
    let (mut low, mut high): (Option<(f64, f64)>, Option<(f64, f64)>) = (None, None);
    let mut last: Option<(f64, f64)> = None;
    for _ in 0..rounds {
        let tried = Push { noise: level.exp(), ..push.clone() };
        let Some(found) = smooth(start, nodes, &tried) else { break };
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
