//! Expectation-maximisation over whole trajectories: lines are shared among all tracers, and each is smoothed anew.

use crate::Result;
use crate::pool::Workers;

use super::associate::{Member, Sums, associate};
use super::births::WIDEST;
use super::blur::Blur;
use super::cut::cut;
use super::extend::extend;
use super::follow::{MANY, Scene, follow};
use super::grid::Grid;
use super::line::{Line, Lines};
use super::link::link;
use super::motion::State;
use super::profile::{Around, Profile};
use super::smoother::{Nodes, likeliest_noise, likeliest_push, smooth};
use super::split::{parted, split, without_company};
use super::track::{Track, WORTH};

/// Blocks that are worked on as one piece.
const PIECE: usize = 64;
/// Most passes, the first one with two widths, and those in which the order of the motion and jumps are chosen.
const PASSES: usize = 12;
const TWO_WIDTHS: usize = 1;
const JUMPS: [usize; 2] = [2, 5];
/// Passes from which the usual blur is found.
const USUAL: usize = 2;
/// Rounds in which the noise is made likelier in a pass.
const NEARER: usize = 2;
/// How often trajectories are cut where they are of no tracer.
const CUTS: usize = 3;
/// How often tracers are parted.
const SPLITS: usize = 5;
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

/// Settles all trajectories, and parts those that are rather of two tracers, as long as there are no more than `most`.
pub(super) fn refine(
    lines: &Lines,
    grid: &Grid,
    tracks: &mut Vec<Track>,
    usual: &Blur,
    most: Option<usize>,
    workers: Workers<'_>,
) -> Result<Convergence> {
    let Lines { all, even, .. } = lines;
    let (told, most) = (most.is_some(), most.unwrap_or(MANY));
    let mut end = settle(all, grid, tracks, usual, workers)?;
    for _ in 0..CUTS {
        if !cut(tracks) {
            break;
        }
        let activity = tracks.iter().map(|track| track.activity).fold(1.0, f64::min);
        let scene = Scene { lines: all, even: *even, grid, usual, activity, known: tracks };
        let fresh = follow(scene, most, workers)?;
        tracks.extend(fresh);
        extend(all, grid, tracks, workers.control)?;
        for track in tracks.iter_mut() {
            resmooth(track, grid);
        }
        link(grid, tracks, *even);
        end = settle(all, grid, tracks, usual, workers)?;
    }
    let mut whole = Vec::new();
    for _ in 0..SPLITS {
        let room = most.saturating_sub(together(tracks));
        let before = (tracks.clone(), end);
        let pairs = if room == 0 { Vec::new() } else { split(all, grid, tracks, room, told, &whole) };
        if pairs.is_empty() {
            break;
        }
        end = settle(all, grid, tracks, usual, workers)?;
        let mut failed = pairs.iter().filter(|pair| !parted(tracks, **pair)).map(|pair| pair[0]).peekable();
        if failed.peek().is_some() {
            whole.extend(failed);
            (*tracks, end) = before;
        }
    }
    Ok(end)
}

/// The most tracers at a time.
fn together(tracks: &[Track]) -> usize {
    let at = |block: usize| tracks.iter().filter(|track| track.state(block).is_some()).count();
    tracks.iter().map(|track| at(track.first)).max().unwrap_or(0)
}

fn settle(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut Vec<Track>,
    usual: &Blur,
    workers: Workers<'_>,
) -> Result<Convergence> {
    without_company(tracks);
    for pass in 0..PASSES {
        let moved = once(lines, grid, tracks, Some(usual), pass, workers)?;
        if pass >= TWO_WIDTHS {
            tracks.retain(|track| track.worth() > WORTH && track.blur.narrow < WIDEST);
        }
        if pass > JUMPS[0] && !JUMPS.contains(&(pass + 1)) && moved < SETTLED && !without_company(tracks) {
            return Ok(Convergence { passes: pass + 1, settled: true });
        }
    }
    without_company(tracks);
    Ok(Convergence { passes: PASSES, settled: false })
}

/// The blur that a quarter of the tracers do not exceed, after some passes: what is several tracers looks wider.
pub(super) fn usual_blur(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut [Track],
    workers: Workers<'_>,
) -> Result<Option<Blur>> {
    for _ in 0..USUAL {
        once(lines, grid, tracks, None, 0, workers)?;
    }
    let mut found: Vec<f64> = tracks.iter().map(|track| track.blur.narrow).collect();
    found.sort_by(f64::total_cmp);
    Ok(found.get(found.len().saturating_sub(1) / 4).map(|&variance| Blur::plain(variance)))
}

/// One pass; the greatest move of a node in its standard errors.
fn once(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut [Track],
    usual: Option<&Blur>,
    pass: usize,
    workers: Workers<'_>,
) -> Result<f64> {
    let pieces = shares(lines, grid, tracks, workers)?;
    let mut places: Vec<usize> = vec![0; tracks.len()];
    let mut profiles: Vec<Profile> = tracks.iter().map(|track| Profile::new(&track.blur)).collect();
    for piece in pieces {
        for (number, sum) in piece.sums {
            let (track, at) = (&mut tracks[number], places[number]);
            (track.lines[at], track.counts[at], track.evidence[at]) = (sum.information, sum.count, sum.evidence);
            places[number] += 1;
        }
        for (number, profile) in piece.profiles.into_iter().enumerate() {
            if let Some(profile) = profile {
                profiles[number].join(&profile);
            }
        }
    }
    let settled = workers.for_each(tracks, |number, track| {
        surroundings(track, grid, &profiles[number], usual, pass >= TWO_WIDTHS);
        let before: Vec<State> = track.states.clone();
        improve(track, grid, JUMPS.contains(&pass));
        moved(&before, &track.states)
    })?;
    Ok(settled.into_iter().fold(0.0, f64::max))
}

fn surroundings(track: &mut Track, grid: &Grid, profile: &Profile, usual: Option<&Blur>, two: bool) {
    let seen = (grid.edges[track.end()] - grid.edges[track.first]) as f64;
    let guess = Around { blur: track.blur, own: track.activity * seen, density: (track.background * seen).max(1e-12) };
    let found = profile.fit(&guess, two);
    track.blur = usual.map_or(found.blur, |usual| found.blur.like(usual));
    track.activity = (found.own / seen).clamp(1e-6, 1.0);
    track.background = (found.density / seen).max(1e-12);
}

/// What lines of some blocks are for the tracers there.
struct Piece {
    sums: Vec<(usize, Sums)>,
    profiles: Vec<Option<Profile>>,
}

fn shares(lines: &[Line], grid: &Grid, tracks: &[Track], workers: Workers<'_>) -> Result<Vec<Piece>> {
    let pieces = grid.len().div_ceil(PIECE);
    workers.map(pieces, |piece| {
        let mut found = Piece { sums: Vec::new(), profiles: vec![None; tracks.len()] };
        for block in piece * PIECE..((piece + 1) * PIECE).min(grid.len()) {
            shares_of(lines, grid, tracks, block, &mut found);
        }
        found
    })
}

fn shares_of(lines: &[Line], grid: &Grid, tracks: &[Track], block: usize, found: &mut Piece) {
    let (numbers, members): (Vec<usize>, Vec<Member<'_>>) =
        tracks.iter().enumerate().filter_map(|(number, track)| Some((number, track.member(block)?))).unzip();
    let profiles = &mut found.profiles;
    let sums = associate(grid.block(lines, block), grid.times[block], &members, |_, shares| {
        let total = shares.all - shares.background;
        for one in shares.near {
            let number = numbers[one.member];
            let profile = profiles[number].get_or_insert_with(|| Profile::new(&tracks[number].blur));
            profile.add(one.expected, 1.0 - (total - one.own()) / shares.all);
        }
    });
    found.sums.extend(numbers.into_iter().zip(sums));
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
pub(super) fn loose(state: &State) -> State {
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
