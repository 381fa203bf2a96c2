//! How hard a tracer is pushed: what makes the lines most likely.

use crate::tracker::motion::{Information, Order, State, reach};

use super::{JUMPS, NOTHING, Nodes, Smoothed, smoothed};

/// Evidence for a jump, twice the gain of logarithmic likelihood, above which it is tried: 1 in 10⁵ nodes by chance.
const STRIKING: f64 = 25.0;
/// Logarithmic likelihood that a jump has to be worth: its place and three components.
pub(in crate::tracker) const PRICE: f64 = 12.0;
/// Rounds in which jumps are looked for.
const ROUNDS: usize = 12;
/// What may still be lacking after the first of them, as a part: sudden turns leave at most 0.35, curves mostly more than
/// this.
const REGAINED: f64 = 0.5;
/// Process noise of free flight that is tried, as a part of the likeliest one.
const QUIETER: [f64; 3] = [1.0, 1.0 / 30.0, 1.0 / 1000.0];
/// Rounds in which the likeliest noise is looked for, and how near to it is near enough, as a logarithm.
pub(in crate::tracker) const SEARCH: usize = 12;
const CLOSE: f64 = 0.01;
/// Largest change of the noise in a round, as a logarithm.
const STRIDE: f64 = 4.0;
/// Part of the error of a place to which the least noise moves it over a whole trajectory.
const LEAST: f64 = 0.01;

impl Nodes<'_> {
    /// The noise below which a trajectory is as good as free of it.
    fn least_noise(&self, order: Order) -> f64 {
        let span = self.times.last().zip(self.times.first()).map_or(0.0, |(last, first)| last - first);
        let precision: f64 = self.lines.iter().map(Information::precision).sum();
        (LEAST / (precision * reach(span, order)).max(1e-300)).max(1e-30)
    }
}

/// How hard a tracer is pushed: by noise of one density, and by jumps of velocity before some nodes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tracker) struct Push {
    /// What the noise drives.
    pub(in crate::tracker) order: Order,
    /// mm²/ms³, or mm²/ms⁵ where it drives the acceleration.
    pub(in crate::tracker) noise: f64,
    /// Node, and the variance of the jump of each component, (mm/ms)².
    pub(in crate::tracker) jumps: Vec<(usize, f64)>,
}

impl Push {
    pub(in crate::tracker) fn plain(order: Order, noise: f64) -> Self {
        Self { order, noise, jumps: Vec::new() }
    }

    /// The same for the nodes from one on.
    pub(in crate::tracker) fn from(&self, node: usize) -> Self {
        let jumps = self.jumps.iter().filter(|jump| jump.0 > node).map(|jump| (jump.0 - node, jump.1)).collect();
        Self { jumps, ..*self }
    }

    /// The variance of the jump before a node.
    pub(in crate::tracker) fn jump(&self, node: usize) -> f64 {
        self.jumps.iter().filter(|jump| jump.0 == node).map(|jump| jump.1).sum()
    }

    /// The variance of the jump before each node.
    pub(super) fn variances(&self, nodes: usize) -> Vec<f64> {
        let mut all = vec![0.0; nodes];
        for &(node, variance) in self.jumps.iter().filter(|jump| (1..nodes).contains(&jump.0)) {
            all[node] += variance;
        }
        all
    }
}

/// The push that makes the lines most likely: what the noise drives, how strong it is, and jumps where they are worth
/// their price.
pub(in crate::tracker) fn likeliest_push(start: &State, nodes: Nodes<'_>, guess: &Push) -> Push {
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
pub(in crate::tracker) fn peaks(striking: &[(f64, f64)], push: &Push) -> Vec<(usize, f64)> {
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
pub(in crate::tracker) fn likeliest_noise(start: &State, nodes: Nodes<'_>, push: &Push, rounds: usize) -> Push {
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
