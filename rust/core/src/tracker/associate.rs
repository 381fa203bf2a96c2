//! Which line is whose: the expectation step.

use super::blur::{Blur, Widths};
use super::line::Line;
use super::motion::{Information, State};

/// Squared radii of the ring around a tracer that tells the background near it, in variances of its lines.
const RING: [f64; 2] = [16.0, 100.0];

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

struct Seen {
    squared: f64,
    expected: f64,
    densities: [f64; 2],
}

/// Shares the lines of a block, whose moment is `time`, among tracers; tells of each line how likely it is nobody's.
pub(super) fn associate(
    lines: &[Line],
    time: f64,
    members: &[Member<'_>],
    mut rest: impl FnMut(&Line, f64),
) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); members.len()];
    let mut seen: Vec<Seen> = Vec::with_capacity(members.len());
    for line in lines {
        let dt = line.time - time;
        seen.clear();
        let (mut total, mut nearest, mut background) = (0.0, f64::INFINITY, 1e-9);
        for member in members {
            let squared = line.across(&member.state.at(dt));
            let relative = squared / member.blur.mean();
            if relative < nearest {
                (nearest, background) = (relative, member.background);
            }
            let mut one = Seen { squared, expected: squared, densities: [0.0; 2] };
            let spread = member.state.spread_across(&line.direction, dt);
            if member.blur.reaches(squared, spread) {
                one.expected = squared + spread;
                let densities = if member.predicted {
                    member.blur.predicted(squared, spread)
                } else {
                    member.blur.densities(squared, spread)
                };
                one.densities = densities.map(|density| member.activity * density);
                total += one.densities[0] + one.densities[1];
            }
            seen.push(one);
        }
        let all = total + background;
        let nobody = background / all;
        for ((member, one), sum) in members.iter().zip(&seen).zip(&mut sums) {
            let own = one.densities[0] + one.densities[1];
            if own > 0.0 {
                let shares = one.densities.map(|density| density / all);
                sum.count += own / all;
                sum.evidence += (own / (all - own).max(f64::MIN_POSITIVE)).ln_1p();
                sum.widths.add(shares, one.expected);
                let weight = shares[0] / member.blur.narrow + shares[1] / member.blur.wide;
                sum.information.add(line, dt, weight, &member.state.bend(dt));
            }
            let scaled = one.squared / member.blur.mean();
            if (RING[0]..RING[1]).contains(&scaled) {
                sum.ring += nobody;
            }
        }
        rest(line, nobody);
    }
    for (member, sum) in members.iter().zip(&mut sums) {
        sum.evidence -= member.activity * lines.len() as f64;
    }
    sums
}
