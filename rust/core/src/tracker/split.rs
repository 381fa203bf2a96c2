//! One tracer or two: those that are never further apart than their blur show only in the shape of it.

use super::algebra::{Matrix, Vec3, dot, inverse, times};
use super::blur::Blur;
use super::grid::Grid;
use super::line::Line;
use super::track::Track;

/// Most lines near a tracer that are looked at.
const LINES: usize = 6000;
/// How far from it a line is looked at, and how near to another tracer it is not, in standard deviations.
const NEAR: f64 = 6.0;
const OTHER: f64 = 4.0;
/// Rounds of expectation-maximisation.
const ROUNDS: usize = 40;
/// How far from the middle two tracers are at first, and how far apart at least at last, in standard deviations.
const FIRST: f64 = 1.0;
const APART: f64 = 1.5;
/// Share of its time for which one goes along with another.
const COMPANY: f64 = 0.8;
/// How different the variances of their lines are at most, as a ratio.
const ALIKE: f64 = 2.0;
/// Smallest share of one of two.
const LEAST: f64 = 0.15;
/// Logarithmic likelihood that two tracers have to be worth in place of one, and in place of one that is blurred more
/// along the line between them, if nobody says that there are more.
const WORTH: f64 = 40.0;
const SHAPE: f64 = 15.0;

/// A line near a tracer, from where the tracer then is.
struct Near {
    direction: Vec3,
    /// Where it passes, across it.
    place: Vec3,
}

impl Near {
    fn new(line: &Line, here: &Vec3) -> Self {
        let way: Vec3 = std::array::from_fn(|k| line.point[k] - here[k]);
        let found = Self { direction: line.direction, place: way };
        Self { place: found.flat(&way), ..found }
    }

    /// The part of a vector across it.
    fn flat(&self, way: &Vec3) -> Vec3 {
        let along = dot(way, &self.direction);
        std::array::from_fn(|k| way[k] - along * self.direction[k])
    }

    /// Squared distance from a place.
    fn squared(&self, place: &Vec3) -> f64 {
        let off: Vec3 = std::array::from_fn(|k| self.place[k] - place[k]);
        let across = self.flat(&off);
        dot(&across, &across)
    }
}

/// Two tracers: where they are from the one that was taken for both, and their activities.
#[derive(Debug, Clone, Copy)]
struct Two {
    places: [Vec3; 2],
    activities: [f64; 2],
    blur: Blur,
    worth: f64,
}

/// Replaces tracers that are rather two, at most so many, but those with some labels; the labels of both of each. `told`
/// is whether somebody says that there are more.
pub(super) fn split(
    lines: &[Line],
    grid: &Grid,
    tracks: &mut Vec<Track>,
    room: usize,
    told: bool,
    whole: &[usize],
) -> Vec<[usize; 2]> {
    let mut found = Vec::new();
    for (number, track) in tracks.iter().enumerate() {
        if found.len() == room {
            break;
        }
        if whole.contains(&track.label) {
            continue;
        }
        if let Some(two) = two(lines, grid, tracks, number, told) {
            found.push((number, [0, 1].map(|one| part(track, &two, one))));
        }
    }
    let next = tracks.iter().map(|track| track.label + 1).max().unwrap_or(0);
    let mut labels = Vec::new();
    for (count, (number, [one, other])) in found.into_iter().enumerate() {
        labels.push([one.label, next + count]);
        tracks[number] = one;
        tracks.push(Track { label: next + count, ..other });
    }
    labels
}

/// Whether two parts of a tracer have become two tracers: as sharp as each other, and apart.
pub(super) fn parted(tracks: &[Track], labels: [usize; 2]) -> bool {
    let [Some(one), Some(other)] = labels.map(|label| tracks.iter().find(|track| track.label == label)) else {
        return false;
    };
    let ratio = one.blur.mean() / other.blur.mean();
    let blur = one.blur.mean().min(other.blur.mean());
    (1.0 / ALIKE..ALIKE).contains(&ratio)
        && together(one, other, usize::MAX).is_some_and(|squared| squared > APART * APART * blur)
}

/// Leaves out trajectories that go along with another one: of the two, the less sharp one, or else the weaker one. Whether
/// there were any.
pub(super) fn without_company(tracks: &mut Vec<Track>) -> bool {
    let before = tracks.len();
    let mut at = 0;
    while at < tracks.len() {
        let with = |(number, other)| number != at && company([&tracks[at], other], [at, number], usize::MAX);
        if tracks.iter().enumerate().any(with) {
            tracks.remove(at);
        } else {
            at += 1;
        }
    }
    tracks.len() < before
}

/// Whether the first of two trajectories goes along with the second one in its last blocks, and is rather none than that.
pub(super) fn company([one, other]: [&Track; 2], numbers: [usize; 2], blocks: usize) -> bool {
    let wider = one.blur.mean() / other.blur.mean();
    let weaker = if (1.0 / ALIKE..ALIKE).contains(&wider) {
        (one.own(), numbers[1]) < (other.own(), numbers[0])
    } else {
        wider > 1.0
    };
    let blur = one.blur.mean().max(other.blur.mean());
    weaker && together(one, other, blocks).is_some_and(|squared| squared < APART * APART * blur)
}

/// Mean square of the distance of one trajectory from another in its last blocks, if that is there for nearly all of
/// these.
fn together(one: &Track, other: &Track, blocks: usize) -> Option<f64> {
    let mut sum = 0.0;
    let mut count = 0.0;
    let first = one.states.len().saturating_sub(blocks);
    for (at, state) in one.states.iter().enumerate().skip(first) {
        let Some(there) = other.state(one.first + at) else { continue };
        let (here, there) = (state.position(), there.position());
        sum += (0..3).map(|k| (here[k] - there[k]).powi(2)).sum::<f64>();
        count += 1.0;
    }
    (count > COMPANY * (one.states.len() - first) as f64).then(|| sum / count)
}

fn part(track: &Track, two: &Two, one: usize) -> Track {
    let mut found = track.clone();
    for state in &mut found.states {
        (0..3).for_each(|k| state.mean[k] += two.places[one][k]);
    }
    found.activity = two.activities[one];
    found.blur = two.blur;
    found
}

fn two(lines: &[Line], grid: &Grid, tracks: &[Track], number: usize, told: bool) -> Option<Two> {
    let track = &tracks[number];
    let (near, seen) = near(lines, grid, tracks, number);
    let width = track.blur.mean().sqrt();
    let before = worth(&near, track, &[([0.0; 3], track.activity)], &track.blur);
    let starts = (0..3).map(|axis| {
        let mut place = [0.0; 3];
        place[axis] = FIRST * width;
        settled(&near, seen, track, place)
    });
    let best = starts.flatten().max_by(|one, other| one.worth.total_cmp(&other.worth))?;
    let off: Vec3 = std::array::from_fn(|k| best.places[0][k] - best.places[1][k]);
    let apart = dot(&off, &off) > APART * APART * best.blur.mean();
    let shared = best.activities.iter().all(|share| *share > LEAST * track.activity);
    let shaped = told || best.worth - longish(&near, track, &best) > SHAPE;
    (apart && shared && shaped && best.worth - before > WORTH).then_some(best)
}

/// Logarithm of the likelihood of one tracer in the middle of two, whose blur is wider along the line between them as
/// they are spread along it.
fn longish(near: &[Near], track: &Track, two: &Two) -> f64 {
    let activity = two.activities[0] + two.activities[1];
    let shares = two.activities.map(|one| one / activity);
    let middle: Vec3 = std::array::from_fn(|k| shares[0] * two.places[0][k] + shares[1] * two.places[1][k]);
    let way: Vec3 = std::array::from_fn(|k| two.places[0][k] - two.places[1][k]);
    let spread = shares[0] * shares[1];
    let one = |line: &Near| {
        let off: Vec3 = std::array::from_fn(|k| line.place[k] - middle[k]);
        let (across, along) = (line.flat(&off), line.flat(&way));
        let (squared, long) = (dot(&across, &across), dot(&along, &along));
        let share = dot(&across, &along).powi(2) / long.max(f64::MIN_POSITIVE);
        let density = |variance: f64| {
            let wider = variance + spread * long;
            let exponent = (squared - share) / variance + share / wider;
            (-0.5 * exponent).exp() / (std::f64::consts::TAU * (variance * wider).sqrt())
        };
        let Blur { narrow, wide, share } = two.blur;
        (track.background + activity * ((1.0 - share) * density(narrow) + share * density(wide))).ln()
    };
    near.iter().map(one).sum()
}

/// Lines near a tracer and not near another, and of how many lines these are.
fn near(lines: &[Line], grid: &Grid, tracks: &[Track], number: usize) -> (Vec<Near>, f64) {
    let track = &tracks[number];
    let own = track.counts.iter().sum::<f64>();
    let stride = ((own / LINES as f64) as usize).max(1);
    let (mut found, mut seen) = (Vec::new(), 0_u32);
    for at in (0..track.states.len()).step_by(stride) {
        let block = track.first + at;
        let others: Vec<&Track> = (0..tracks.len())
            .filter(|&other| other != number && tracks[other].state(block).is_some())
            .map(|other| &tracks[other])
            .collect();
        for line in grid.block(lines, block) {
            seen += 1;
            let dt = line.time - grid.times[block];
            let here = track.states[at].at(dt);
            if line.across(&here) > NEAR * NEAR * track.blur.mean() {
                continue;
            }
            let taken = others
                .iter()
                .filter_map(|other| Some((other, other.state(block)?)))
                .any(|(other, state)| line.across(&state.at(dt)) < OTHER * OTHER * other.blur.narrow);
            if !taken {
                found.push(Near::new(line, &here));
            }
        }
    }
    (found, f64::from(seen))
}

/// Logarithm of the likelihood of lines with some tracers, up to what does not depend on them.
fn worth(near: &[Near], track: &Track, tracers: &[(Vec3, f64)], blur: &Blur) -> f64 {
    let one = |line: &Near| {
        let own =
            |(place, activity): &(Vec3, f64)| activity * blur.densities(line.squared(place), 0.0).iter().sum::<f64>();
        (track.background + tracers.iter().map(own).sum::<f64>()).ln()
    };
    near.iter().map(one).sum()
}

/// Expectation-maximisation of two tracers from places opposite each other.
fn settled(near: &[Near], seen: f64, track: &Track, start: Vec3) -> Option<Two> {
    let half = 0.5 * track.activity;
    let mut two =
        Two { places: [start, start.map(|x| -x)], activities: [half, half], blur: track.blur, worth: f64::NAN };
    for _ in 0..ROUNDS {
        two = better(near, seen, track, &two)?;
    }
    two.worth = worth(near, track, &[0, 1].map(|one| (two.places[one], two.activities[one])), &two.blur);
    Some(two)
}

fn better(near: &[Near], seen: f64, track: &Track, two: &Two) -> Option<Two> {
    let variances = [two.blur.narrow, two.blur.wide];
    let mut matrices: [Matrix<3>; 2] = [[[0.0; 3]; 3]; 2];
    let mut pulls = [[0.0; 3]; 2];
    let (mut counts, mut squares) = ([0.0; 2], 0.0);
    for line in near {
        let distances = two.places.map(|place| line.squared(&place));
        let densities: [[f64; 2]; 2] =
            std::array::from_fn(|k| two.blur.densities(distances[k], 0.0).map(|density| two.activities[k] * density));
        let all = track.background + densities.iter().flatten().sum::<f64>();
        for k in 0..2 {
            let mut weight = 0.0;
            for (density, variance) in densities[k].iter().zip(variances) {
                let share = density / all;
                counts[k] += share;
                squares += share * distances[k] / variance;
                weight += share / variance;
            }
            let n = &line.direction;
            for i in 0..3 {
                for j in 0..3 {
                    matrices[k][i][j] += weight * (f64::from(u8::from(i == j)) - n[i] * n[j]);
                }
                pulls[k][i] += weight * line.place[i];
            }
        }
    }
    let scale = squares / (2.0 * (counts[0] + counts[1])).max(1e-12);
    let blur = Blur { narrow: scale * two.blur.narrow, wide: scale * two.blur.wide, share: two.blur.share };
    let mut places = [[0.0; 3]; 2];
    for k in 0..2 {
        places[k] = times(&inverse(&matrices[k])?.0, &pulls[k]);
    }
    Some(Two { places, activities: counts.map(|count| count / seen), blur, worth: f64::NAN })
}
