//! Pieces of trajectories that are one tracer's: lost, and found again where it was going.

use super::algebra::{inverse, plus, times};
use super::follow::Track;
use super::grid::Grid;
use super::motion::{Information, State};
use super::smoother::PRICE;

/// Blocks that a piece is filled up over; over longer gaps two pieces only share their label.
const FILLED: usize = 100;
/// Blocks at the end of a piece that another one may already have.
const SHARED: usize = 50;
/// How many times faster than it was a tracer may be when it is found again, for the volume of velocities.
const FASTER: f64 = 4.0;

/// Joins pieces, the likeliest first; `even` is one over the area of the field of view.
pub(super) fn link(grid: &Grid, tracks: &mut Vec<Track>, even: f64) {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for one in 0..tracks.len() {
        for other in 0..tracks.len() {
            if let Some(worth) = worth(grid, &tracks[one], &tracks[other], even) {
                pairs.push((worth, one, other));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut next, mut taken) = (vec![None; tracks.len()], vec![false; tracks.len()]);
    for (_, one, other) in pairs {
        if next[one].is_none() && !taken[other] {
            (next[one], taken[other]) = (Some(other), true);
        }
    }
    let mut joined: Vec<Track> = Vec::new();
    for first in (0..tracks.len()).filter(|&piece| !taken[piece]) {
        let label = joined.iter().map(|track| track.label + 1).max().unwrap_or(0);
        let mut whole = Track { label, ..tracks[first].clone() };
        let mut piece = first;
        while let Some(following) = next[piece] {
            let part = Track { label, ..tracks[following].clone() };
            whole.keep(part.first.saturating_sub(whole.first));
            if part.first - whole.end() <= FILLED {
                whole = filled(grid, whole, &part);
            } else {
                joined.push(std::mem::replace(&mut whole, part));
            }
            piece = following;
        }
        joined.push(whole);
    }
    *tracks = joined;
}

/// Logarithm of how much likelier it is that one piece goes on in another than that a tracer appears there.
fn worth(grid: &Grid, one: &Track, other: &Track, even: f64) -> Option<f64> {
    let end = one.end().min(other.first);
    if end <= one.first || one.end() - end > SHARED || other.end() <= one.end() {
        return None;
    }
    let (last, first) = (one.state(end - 1)?, other.states.first()?);
    let gap = grid.times[other.first] - grid.times[end - 1];
    let noise = one.push.noise.max(other.push.noise);
    let straight = likelier(last, first, gap, noise, even)?;
    let turn = 2.0 * speed(last).max(speed(first)).powi(2);
    let turned = likelier(last, first, gap, noise + turn / gap.max(1e-9), even)? - PRICE;
    Some(straight.max(turned)).filter(|worth| *worth > 0.0)
}

fn likelier(last: &State, first: &State, gap: f64, noise: f64, even: f64) -> Option<f64> {
    let expected = last.after(gap, noise);
    let spread = plus(&expected.covariance, &first.covariance, 1.0);
    let off: [f64; 6] = std::array::from_fn(|k| first.mean[k] - expected.mean[k]);
    let (precision, log_determinant) = inverse(&spread)?;
    let squared: f64 = times(&precision, &off).iter().zip(&off).map(|(x, y)| x * y).sum();
    let fastest = FASTER * speed(last).max(speed(first)).max(spread[3][3].sqrt());
    let anywhere = 1.5 * even.recip().ln() + 3.0 * (2.0 * fastest).ln();
    let density = -0.5 * (squared + log_determinant + 6.0 * std::f64::consts::TAU.ln());
    Some(anywhere + density)
}

fn speed(state: &State) -> f64 {
    state.mean[3..].iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Two pieces and what is between them as one.
fn filled(grid: &Grid, mut whole: Track, part: &Track) -> Track {
    let end = whole.end();
    let Some(last) = whole.states.last().copied() else { return part.clone() };
    for block in end..part.first {
        let state = last.after(grid.times[block] - grid.times[end - 1], whole.push.noise);
        whole.states.push(state);
        whole.lines.push(Information::default());
        whole.counts.push(0.0);
        whole.evidence.push(0.0);
    }
    let shift = part.first - whole.first;
    whole.push.jumps.extend(part.push.jumps.iter().map(|jump| (jump.0 + shift, jump.1)));
    let share = part.states.len() as f64 / (whole.states.len() + part.states.len()) as f64;
    whole.push.noise = whole.push.noise.powf(1.0 - share) * part.push.noise.max(1e-30).powf(share);
    whole.activity += share * (part.activity - whole.activity);
    whole.background += share * (part.background - whole.background);
    whole.blur.narrow += share * (part.blur.narrow - whole.blur.narrow);
    whole.states.extend_from_slice(&part.states);
    whole.lines.extend_from_slice(&part.lines);
    whole.counts.extend_from_slice(&part.counts);
    whole.evidence.extend_from_slice(&part.evidence);
    whole
}
