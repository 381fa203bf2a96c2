//! Which line is whose: the expectation step.

use super::algebra::LogProduct;
use super::blur::{Blur, Widths};
use super::line::Line;
use super::motion::{Information, State};

/// Squared radii of the ring around a tracer that tells the background near it, in variances of its lines.
const RING: [f64; 2] = [16.0, 100.0];

/// Least share of a line that is not a tracer's.
const LEAST: f64 = 1e-30;

/// A tracer that may have lines in a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// At the moment of the block.
    pub(super) state: &'a State,
    pub(super) blur: &'a Blur,
    /// Share of the lines.
    pub(super) activity: f64,
    /// Other lines per mm² across them near it, as a share of the lines.
    pub(super) background: f64,
    /// Whether the state does not know the lines of the block.
    pub(super) predicted: bool,
}

impl Member<'_> {
    /// The squared distance beyond which a line within a time of the block's moment says nothing of it.
    fn reach(&self, time: f64) -> f64 {
        self.blur.reach(self.state.spread(time)).max(RING[1] * self.blur.mean())
    }
}

/// What the lines of a block are for a tracer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) information: Information,
    /// Expected number of its lines.
    pub(super) count: f64,
    pub(super) widths: Widths,
    /// Lines of nobody in the ring around it.
    pub(super) ring: f64,
    /// Logarithm of the likelihood of the lines with it over that without.
    pub(super) evidence: f64,
}

/// Area of the ring around a tracer, mm².
pub(super) fn ring_area(blur: &Blur) -> f64 {
    std::f64::consts::PI * (RING[1] - RING[0]) * blur.mean()
}

/// A line as one of the tracers sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Which tracer it is.
    pub(super) member: usize,
    squared: f64,
    /// The squared distance that is to be expected, where the place is uncertain.
    pub(super) expected: f64,
    /// Densities of the two widths.
    densities: [f64; 2],
}

impl Seen {
    pub(super) fn own(&self) -> f64 {
        self.densities[0] + self.densities[1]
    }
}

/// Whose a line may be.
#[derive(Debug)]
pub(super) struct Shares<'a> {
    pub(super) near: &'a [Seen],
    pub(super) background: f64,
    /// The density of all tracers and the background.
    pub(super) all: f64,
}

impl Shares<'_> {
    /// How likely it is nobody's.
    pub(super) fn nobody(&self) -> f64 {
        self.background / self.all
    }
}

/// Shares the lines of a block, whose moment is `time`, among tracers, and tells of each line whose it may be.
pub(super) fn associate(
    lines: &[Line],
    time: f64,
    members: &[Member<'_>],
    mut each: impl FnMut(&Line, &Shares<'_>),
) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); members.len()];
    let mut likelihoods = vec![LogProduct::default(); members.len()];
    let mut near: Vec<Seen> = Vec::with_capacity(members.len());
    let longest = lines.first().zip(lines.last()).map_or(0.0, |(a, b)| (time - a.time).max(b.time - time));
    let reaches: Vec<f64> = members.iter().map(|member| member.reach(longest)).collect();
    for line in lines {
        let dt = line.time - time;
        near.clear();
        let (mut total, mut nearest, mut background) = (0.0, f64::INFINITY, 1e-9);
        for (number, (member, reach)) in members.iter().zip(&reaches).enumerate() {
            let squared = line.across(&member.state.at(dt));
            if squared > *reach {
                continue;
            }
            let relative = squared / member.blur.mean();
            if relative < nearest {
                (nearest, background) = (relative, member.background);
            }
            let one = seen(number, member, line, dt, squared);
            total += one.own();
            near.push(one);
        }
        let shares = Shares { near: &near, background, all: total + background };
        for one in &near {
            add(&mut sums[one.member], &mut likelihoods[one.member], &members[one.member], one, line, dt, &shares);
        }
        each(line, &shares);
    }
    for ((member, sum), likelihood) in members.iter().zip(&mut sums).zip(likelihoods) {
        sum.evidence = likelihood.ln() - member.activity * lines.len() as f64;
    }
    sums
}

fn seen(number: usize, member: &Member<'_>, line: &Line, dt: f64, squared: f64) -> Seen {
    let spread = member.state.spread_across(&line.direction, dt);
    if squared > member.blur.reach(spread) {
        return Seen { member: number, squared, expected: squared, densities: [0.0; 2] };
    }
    let densities =
        if member.predicted { member.blur.predicted(squared, spread) } else { member.blur.densities(squared, spread) };
    let densities = densities.map(|density| member.activity * density);
    Seen { member: number, squared, expected: squared + spread, densities }
}

fn add(
    sum: &mut Sums,
    likelihood: &mut LogProduct,
    member: &Member<'_>,
    one: &Seen,
    line: &Line,
    dt: f64,
    shares: &Shares<'_>,
) {
    let own = one.own();
    if own > 0.0 {
        let parts = one.densities.map(|density| density / shares.all);
        sum.count += own / shares.all;
        likelihood.multiply(shares.all / (shares.all - own).max(shares.all * LEAST));
        sum.widths.add(parts, one.expected);
        let weight = parts[0] / member.blur.narrow + parts[1] / member.blur.wide;
        sum.information.add(line, dt, weight, &member.state.bend(dt));
    }
    if (RING[0]..RING[1]).contains(&(one.squared / member.blur.mean())) {
        sum.ring += shares.nobody();
    }
}
