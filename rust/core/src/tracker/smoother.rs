//! Kalman filter forward and Rauch-Tung-Striebel smoother back over the nodes of a trajectory, the process noise that
//! makes the lines most likely, and sudden changes of velocity.
//!
//! Sources: H. E. Rauch, F. Tung and C. T. Striebel, AIAA Journal 3 (1965) 1445; A. C. Harvey and S. J. Koopman, Journal
//! of Business & Economic Statistics 10 (1992) 377, for the residuals that tell a sudden change from noise.

use super::algebra::{Mat6, Vec6, inverse, plus, product, times, transposed};
use super::motion::{Information, Prior, State};

/// Evidence for a jump, twice the gain of logarithmic likelihood, above which it is tried: 1 in 10⁵ nodes by chance.
const STRIKING: f64 = 25.0;
/// Logarithmic likelihood that a jump has to be worth: its place and three components.
const PRICE: f64 = 12.0;
/// Rounds in which jumps are looked for.
const ROUNDS: usize = 12;
/// Process noise of free flight that is tried, as a part of the likeliest one.
const QUIETER: [f64; 3] = [1.0, 1.0 / 30.0, 1.0 / 1000.0];

/// Nodes of a trajectory: moments, what the lines about them say, and how hard the tracer is pushed before each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes<'a> {
    pub(super) times: &'a [f64],
    pub(super) lines: &'a [Information],
}

/// How hard a tracer is pushed: by noise of one density, mm²/ms³, and by jumps of velocity before some nodes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Push {
    pub(super) noise: f64,
    /// Node, and the variance of the jump of each component, (mm/ms)².
    pub(super) jumps: Vec<(usize, f64)>,
}

impl Push {
    /// The density of noise before each node.
    fn densities(&self, times: &[f64]) -> Vec<f64> {
        let mut all = vec![self.noise; times.len()];
        for &(node, variance) in &self.jumps {
            if node > 0 && node < all.len() {
                all[node] += variance / (times[node] - times[node - 1]).max(f64::MIN_POSITIVE);
            }
        }
        all
    }
}

struct Filtered {
    prior: Prior,
    after: State,
}

/// A node of a smoothed trajectory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Smoothed {
    pub(super) state: State,
    /// Twice the gain of logarithmic likelihood of the best jump of velocity before the node.
    striking: f64,
    /// The square of that jump.
    size: f64,
}

/// Smooths a trajectory from `start`, a guess of its state at the first node.
pub(super) fn smooth(start: &State, nodes: Nodes<'_>, push: &Push) -> Option<Vec<Smoothed>> {
    let (filtered, _) = filter(start, nodes, push)?;
    let mut found: Vec<Smoothed> = Vec::with_capacity(filtered.len());
    let mut next: Option<(&Filtered, State, f64)> = None;
    for (node, own) in filtered.iter().enumerate().rev() {
        let state = match &next {
            None => own.after,
            Some((after, smoothed, h)) => back(&own.after, &after.prior, smoothed, *h),
        };
        let (striking, size) = if node == 0 { (0.0, 0.0) } else { residual(&own.prior, &state) };
        found.push(Smoothed { state, striking, size });
        let h = if node == 0 { 0.0 } else { nodes.times[node] - nodes.times[node - 1] };
        next = Some((own, state, h));
    }
    found.reverse();
    Some(found)
}

/// The logarithm of the likelihood of the lines, up to what does not depend on the push.
fn likelihood(start: &State, nodes: Nodes<'_>, push: &Push) -> f64 {
    let densities = push.densities(nodes.times);
    let mut state = *start;
    let mut total = 0.0;
    for (node, lines) in nodes.lines.iter().enumerate() {
        if node > 0 {
            state = state.after(nodes.times[node] - nodes.times[node - 1], densities[node]);
        }
        let Some((after, gain)) = state.open().and_then(|prior| prior.knowing(lines)) else {
            return f64::NEG_INFINITY;
        };
        state = after;
        total += gain;
    }
    total
}

fn filter(start: &State, nodes: Nodes<'_>, push: &Push) -> Option<(Vec<Filtered>, f64)> {
    let densities = push.densities(nodes.times);
    let mut found: Vec<Filtered> = Vec::with_capacity(nodes.times.len());
    let mut total = 0.0;
    for (node, lines) in nodes.lines.iter().enumerate() {
        let before = match found.last() {
            None => *start,
            Some(last) => last.after.after(nodes.times[node] - nodes.times[node - 1], densities[node]),
        };
        let prior = before.open()?;
        let (after, gain) = prior.knowing(lines)?;
        total += gain;
        found.push(Filtered { prior, after });
    }
    Some((found, total))
}

/// The state of a node from that of the next, `h` later.
fn back(own: &State, next: &Prior, smoothed: &State, h: f64) -> State {
    // The covariance of the node times the transposed transition.
    let mut crossed: Mat6 = own.covariance;
    for row in &mut crossed {
        for k in 0..3 {
            row[k] += h * row[3 + k];
        }
    }
    let gain = product(&crossed, &next.precision);
    let step: Vec6 = std::array::from_fn(|i| smoothed.mean[i] - next.state.mean[i]);
    let moved = times(&gain, &step);
    let change = plus(&smoothed.covariance, &next.state.covariance, -1.0);
    let spread = product(&product(&gain, &change), &transposed(&gain));
    State { mean: std::array::from_fn(|i| own.mean[i] + moved[i]), covariance: plus(&own.covariance, &spread, 1.0) }
}

/// Twice the gain of logarithmic likelihood of the best jump of velocity just before a node, and its square.
fn residual(prior: &Prior, smoothed: &State) -> (f64, f64) {
    let step: Vec6 = std::array::from_fn(|i| smoothed.mean[i] - prior.state.mean[i]);
    let pull = times(&prior.precision, &step);
    let less = plus(&prior.state.covariance, &smoothed.covariance, -1.0);
    let known = product(&product(&prior.precision, &less), &prior.precision);
    let block: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| known[3 + i][3 + j]));
    let Some((covariance, _)) = inverse(&block) else { return (0.0, 0.0) };
    let jump: [f64; 3] = std::array::from_fn(|i| (0..3).map(|j| covariance[i][j] * pull[3 + j]).sum());
    let striking = (0..3).map(|k| jump[k] * pull[3 + k]).sum();
    (striking, jump.iter().map(|x| x * x).sum())
}

/// The push that makes the lines most likely: noise near a guess, and jumps where they are worth their price.
pub(super) fn with_likeliest_jumps(start: &State, nodes: Nodes<'_>, guess: &Push) -> Push {
    let plain = likeliest_noise(start, nodes, &Push { noise: guess.noise, jumps: Vec::new() });
    let mut best = (likelihood(start, nodes, &plain), plain.clone());
    for part in QUIETER {
        let tried = with_jumps(start, nodes, &Push { noise: plain.noise * part, jumps: Vec::new() });
        if tried.jumps.is_empty() {
            continue;
        }
        let tried = likeliest_noise(start, nodes, &tried);
        let worth = likelihood(start, nodes, &tried) - PRICE * tried.jumps.len() as f64;
        if worth > best.0 {
            best = (worth, tried);
        }
    }
    best.1
}

/// Adds jumps until none is striking.
fn with_jumps(start: &State, nodes: Nodes<'_>, push: &Push) -> Push {
    let mut push = push.clone();
    for _ in 0..ROUNDS {
        let Some(smoothed) = smooth(start, nodes, &push) else { break };
        let fresh = peaks(&smoothed, &push);
        if fresh.is_empty() {
            break;
        }
        push.jumps.extend(fresh);
        push.jumps.sort_by_key(|jump| jump.0);
    }
    push
}

/// Nodes whose jump is striking, the most striking among those whose evidence is the same lines.
fn peaks(smoothed: &[Smoothed], push: &Push) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let mut node = 1;
    while node < smoothed.len() {
        if smoothed[node].striking <= STRIKING {
            node += 1;
            continue;
        }
        let end = (node..smoothed.len()).find(|&other| smoothed[other].striking <= STRIKING / 2.0);
        let run = node..end.unwrap_or(smoothed.len());
        let most = run.clone().max_by(|&a, &b| smoothed[a].striking.total_cmp(&smoothed[b].striking));
        if let Some(most) = most
            && push.jumps.iter().all(|jump| jump.0 != most)
        {
            found.push((most, smoothed[most].size));
        }
        node = run.end + 1;
    }
    found
}

/// The same jumps with the noise that makes the lines most likely.
pub(super) fn likeliest_noise(start: &State, nodes: Nodes<'_>, push: &Push) -> Push {
    let with = |level: f64| Push { noise: level.exp(), jumps: push.jumps.clone() };
    let value = |level: f64| likelihood(start, nodes, &with(level));
    let (mut middle, mut step) = (push.noise.max(1e-12).ln(), 4.0_f64.ln());
    let mut here = value(middle);
    for _ in 0..2 {
        let (mut left, mut right) = (value(middle - step), value(middle + step));
        for _ in 0..12 {
            if right > here && right >= left {
                (left, here, middle) = (here, right, middle + step);
                right = value(middle + step);
            } else if left > here {
                (right, here, middle) = (here, left, middle - step);
                left = value(middle - step);
            } else {
                break;
            }
        }
        let bend = left - 2.0 * here + right;
        if bend < -1e-9 {
            let moved = middle + (0.5 * step * (left - right) / bend).clamp(-step, step);
            let there = value(moved);
            if there > here {
                (middle, here) = (moved, there);
            }
        }
        step /= 4.0;
    }
    with(middle)
}
