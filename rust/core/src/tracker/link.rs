//! Pieces of trajectories that are one tracer's: lost, and found again where it was going.

use super::algebra::{inverse, plus, times};
use super::grid::Grid;
use super::motion::{Information, State};
use super::track::Track;

/// Blocks that a piece is filled up over; over longer gaps two pieces only share their label.
const FILLED: usize = 100;
/// Blocks at the end of a piece that another one may already have.
const SHARED: usize = 50;
/// Blocks at the ends of pieces that may be wrong.
const WRONG: [usize; 5] = [0, 2, 4, 8, 16];
/// Logarithm of how much more seldom a tracer turns where nobody follows it than it goes straight on; what the turn may
/// have been is in the density already.
const TURN: f64 = 3.0;
/// How many times faster than it was a tracer may be when it is found again, for the volume of velocities.
const FASTER: f64 = 4.0;

/// One piece that goes on in another.
#[derive(Debug, Clone, Copy)]
struct Link {
    one: usize,
    other: usize,
    way: Way,
}

/// How one piece goes on in another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// The block after the last that the first piece has right, and the first that the second has.
    pub(super) end: usize,
    pub(super) start: usize,
    /// Logarithm of how much likelier this is than that a tracer appears there.
    pub(super) worth: f64,
}

/// Joins pieces, the likeliest first; `even` is one over the area of the field of view.
pub(super) fn link(grid: &Grid, tracks: &mut Vec<Track>, even: f64) {
    let pairs = (0..tracks.len()).flat_map(|one| (0..tracks.len()).map(move |other| (one, other)));
    let link = |(one, other): (usize, usize)| {
        let way = likeliest(grid, &tracks[one], &tracks[other], even)?;
        Some(Link { one, other, way })
    };
    let mut links: Vec<Link> = pairs.filter_map(link).collect();
    links.sort_by(|a, b| b.way.worth.total_cmp(&a.way.worth));
    let (mut next, mut taken) = (vec![None; tracks.len()], vec![false; tracks.len()]);
    for link in links {
        if next[link.one].is_none() && !taken[link.other] {
            (next[link.one], taken[link.other]) = (Some(link), true);
        }
    }
    let mut joined: Vec<Track> = Vec::new();
    for first in (0..tracks.len()).filter(|&piece| !taken[piece]) {
        let label = joined.iter().map(|track| track.label + 1).max().unwrap_or(0);
        let mut whole = Track { label, ..tracks[first].clone() };
        let mut piece = first;
        while let Some(link) = next[piece] {
            let mut part = Track { label, ..tracks[link.other].clone() };
            whole.keep(link.way.end - whole.first);
            part.begin(link.way.start);
            if part.first - whole.end() <= FILLED {
                whole = filled(grid, whole, &part);
            } else {
                joined.push(std::mem::replace(&mut whole, part));
            }
            piece = link.other;
        }
        joined.push(whole);
    }
    *tracks = joined;
}

/// How one piece goes on in another, if that is likelier than not. The ends of both may be wrong: a tracer that turned is
/// still followed for some blocks.
pub(super) fn likeliest(grid: &Grid, before: &Track, after: &Track, even: f64) -> Option<Way> {
    let end = before.end().min(after.first);
    if end <= before.first || before.end() - end > SHARED || after.end() <= before.end() {
        return None;
    }
    let ends = WRONG.into_iter().map(|lag| end.saturating_sub(lag)).filter(|&end| end > before.first);
    let starts = WRONG.map(|lag| after.first + lag);
    ends.flat_map(|end| starts.map(|start| Way { end, start, worth: f64::NAN }))
        .filter_map(|way| {
            let (last, first) = (before.state(way.end - 1)?, after.state(way.start)?);
            let gap = grid.times[way.start] - grid.times[way.end - 1];
            let worth = worth(last, first, gap, before.push.noise.max(after.push.noise), even)?;
            (worth > 0.0).then_some(Way { worth, ..way })
        })
        .max_by(|a, b| a.worth.total_cmp(&b.worth))
}

/// Whether a state follows from another, straight or after a turn.
fn worth(last: &State, first: &State, gap: f64, noise: f64, even: f64) -> Option<f64> {
    let straight = likelier(last, first, gap, noise, even)?;
    let turn = 2.0 * speed(last).max(speed(first)).powi(2);
    let turned = likelier(last, first, gap, noise + turn / gap.max(1e-9), even)? - TURN;
    Some(straight.max(turned))
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
