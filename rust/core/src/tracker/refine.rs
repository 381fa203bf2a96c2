//! Expectation-maximisation over whole trajectories: lines are shared among all tracers, and each is smoothed anew.

use crate::{Control, Result, pool};

use super::associate::{Member, Sums, associate, ring_area};
use super::blur::{Blur, Widths};
use super::follow::Track;
use super::grid::Grid;
use super::line::Line;
use super::motion::State;
use super::smoother::{Nodes, likeliest_noise, likeliest_push, smooth};

/// Blocks that are worked on as one piece.
const PIECE: usize = 64;
/// Most passes, and the first ones with two widths and with jumps.
const PASSES: usize = 12;
const TWO_WIDTHS: usize = 2;
const JUMPS: [usize; 2] = [3, 6];
/// The share of the wider width at first.
const WIDER: f64 = 0.1;
/// Rounds in which the noise is made likelier in a pass.
const NEARER: usize = 2;
/// Greatest move of a node between passes, in its standard errors, that is none.
const SETTLED: f64 = 0.02;
/// How much less than the smoothed state the start is known, in variances.
const DIFFUSE: f64 = 1e4;

/// How a run of expectation-maximisation ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Convergence {
    pub(super) passes: usize,
    pub(super) settled: bool,
}

/// Settles all trajectories.
pub(super) fn refine(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut [Track],
    threads: usize,
    control: &Control,
) -> Result<Convergence> {
    for pass in 0..PASSES {
        let moved = once(lines, grid, tracks, pass, threads, control)?;
        if pass > JUMPS[0] && !JUMPS.contains(&(pass + 1)) && moved < SETTLED {
            return Ok(Convergence { passes: pass + 1, settled: true });
        }
    }
    Ok(Convergence { passes: PASSES, settled: false })
}

/// One pass; the greatest move of a node in its standard errors.
fn once(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut [Track],
    pass: usize,
    threads: usize,
    control: &Control,
) -> Result<f64> {
    let found = shares(lines, grid, tracks, threads, control)?;
    let mut places: Vec<usize> = vec![0; tracks.len()];
    let mut totals = vec![(Widths::default(), 0.0, 0.0); tracks.len()];
    for (members, sums) in &found {
        for (&number, sum) in members.iter().zip(sums) {
            let (track, at) = (&mut tracks[number], places[number]);
            (track.lines[at], track.counts[at], track.evidence[at]) = (sum.information, sum.count, sum.evidence);
            totals[number].0.join(&sum.widths);
            totals[number].1 += sum.count;
            totals[number].2 += sum.ring;
            places[number] += 1;
        }
    }
    let settled = pool::for_chunks(
        tracks,
        1,
        threads,
        control,
        || (),
        |(), number, track| {
            let track = &mut track[0];
            let (widths, count, ring) = &totals[number];
            let seen = (grid.edges[track.end()] - grid.edges[track.first]) as f64;
            track.activity = (count / seen).clamp(1e-6, 1.0);
            track.background = ((ring + 0.5) / seen / ring_area(&track.blur)).max(1e-12);
            track.blur = widths.blur(&track.blur);
            if pass == TWO_WIDTHS {
                let narrow = track.blur.narrow;
                track.blur = Blur { narrow: 0.9 * narrow, wide: 4.0 * narrow, share: WIDER };
            }
            let before: Vec<State> = track.states.clone();
            improve(track, grid, JUMPS.contains(&pass));
            Ok(moved(&before, &track.states))
        },
    )?;
    Ok(settled.into_iter().fold(0.0, f64::max))
}

/// For each block its tracers and what its lines are for them.
fn shares(
    lines: &[Line],
    grid: &Grid,
    tracks: &[Track],
    threads: usize,
    control: &Control,
) -> Result<Vec<(Vec<usize>, Vec<Sums>)>> {
    let pieces = grid.len().div_ceil(PIECE);
    let found = pool::map(
        pieces,
        threads,
        control,
        || (),
        |(), piece| {
            let blocks = piece * PIECE..((piece + 1) * PIECE).min(grid.len());
            Ok(blocks.map(|block| shares_of(lines, grid, tracks, block)).collect::<Vec<_>>())
        },
    )?;
    Ok(found.into_iter().flatten().collect())
}

fn shares_of(lines: &[Line], grid: &Grid, tracks: &[Track], block: usize) -> (Vec<usize>, Vec<Sums>) {
    let (numbers, members): (Vec<usize>, Vec<Member<'_>>) =
        tracks.iter().enumerate().filter_map(|(number, track)| Some((number, member(track, block)?))).unzip();
    let sums = associate(grid.block(lines, block), grid.times[block], &members, |_, _| ());
    (numbers, sums)
}

/// A settled tracer in a block.
pub(super) fn member(track: &Track, block: usize) -> Option<Member<'_>> {
    Some(Member {
        state: track.state(block)?,
        blur: &track.blur,
        activity: track.activity,
        background: track.background,
        predicted: false,
    })
}

fn improve(track: &mut Track, grid: &Grid, jumps: bool) {
    let times = &grid.times[track.first..track.end()];
    let nodes = Nodes { times, lines: &track.lines };
    let start = loose(&track.states[0]);
    track.push = if jumps {
        likeliest_push(&start, nodes, &track.push)
    } else {
        likeliest_noise(&start, nodes, &track.push, NEARER)
    };
    resmooth(track, grid);
}

pub(super) fn resmooth(track: &mut Track, grid: &Grid) {
    if track.states.is_empty() {
        return;
    }
    let start = loose(&track.states[0]);
    let times = &grid.times[track.first..track.end()];
    let nodes = Nodes { times, lines: &track.lines };
    if let Some(smoothed) = smooth(&start, nodes, &track.push) {
        track.states = smoothed.states;
    }
    track.start = start;
}

/// A guess of a state that says next to nothing.
fn loose(state: &State) -> State {
    let mut covariance = [[0.0; 6]; 6];
    for k in 0..3 {
        let (position, velocity) = (state.covariance[k][k], state.covariance[3 + k][3 + k]);
        covariance[k][k] = DIFFUSE * position.max(1e-12);
        covariance[3 + k][3 + k] = DIFFUSE * velocity.max(1e-12);
    }
    State { mean: state.mean, covariance, acceleration: state.acceleration }
}

fn moved(before: &[State], after: &[State]) -> f64 {
    let one = |(one, other): (&State, &State)| {
        (0..3)
            .map(|k| (one.mean[k] - other.mean[k]).abs() / other.covariance[k][k].max(1e-30).sqrt())
            .fold(0.0, f64::max)
    };
    before.iter().zip(after).map(one).fold(0.0, f64::max)
}
