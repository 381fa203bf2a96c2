//! Where a tracer may be that nobody follows: places that many lines pass, and what motion makes most of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use crate::Result;
use crate::pool::Workers;
use crate::simd::wide;

use super::algebra::{LogProduct, Vec3, cross, dot};
use super::blur::Blur;
use super::line::Line;
use super::motion::{Information, State};

/// Logarithm of the likelihood ratio that a birth has to be worth: how many places and velocities there are to choose.
const WORTH: f64 = 30.0;
/// Widths that are tried as long as the blur is not known, mm.
const WIDTHS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// How far from these, as a ratio, a blur is looked for.
const ASIDE: f64 = 2.5;
/// Variance from which on it is no tracer that lines pass, but the middle of the field of view, mm².
pub(super) const WIDEST: f64 = (WIDTHS[WIDTHS.len() - 1] * ASIDE) * (WIDTHS[WIDTHS.len() - 1] * ASIDE);
/// Lines from which the blur is found.
const WINDOWS: [usize; 3] = [200, 800, 3200];
/// Pairs of lines that are looked at, and places that are weighed.
const PAIRS: usize = 200_000;
const PLACES: usize = 200;
/// Lines whose crossings are looked for as one piece of work.
const STRETCH: usize = 100;
/// Places whose motion is found while the blur is not known, and those that may be none when it is.
const TRIED: usize = 4;
const FAILED: usize = 32;
/// How far lines that meet pass each other at most, and how large the cells are in which they are counted, in widths.
const MEETING: f64 = 2.0;
const CELL: f64 = 4.0;
/// Radius within which lines count, in widths, and that of the ring around it that tells the background.
const NEAR: f64 = 2.5;
const RING: f64 = 3.0;
/// Most variance of a position across all directions, in squared widths.
const LOOSE: f64 = 400.0;
/// How many times denser than those near it, and than on average, a tracer's lines have to be in its middle.
const NEIGHBOURS: f64 = 1.5;
const CONTRAST: f64 = 10.0;
/// How much wider it is, as a ratio of variances, when what looks like a tracer is several.
const PART: f64 = 4.0;
/// Share of its lines that these have then at least.
const MOST: f64 = 0.5;
/// Squared sine of the angle between lines that are taken for parallel.
const PARALLEL: f64 = 1e-4;

/// The start of a tracer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Birth {
    /// Moment of the state.
    pub(super) time: f64,
    pub(super) state: State,
    pub(super) blur: Blur,
    /// Share of the lines.
    pub(super) activity: f64,
    /// Other lines per mm² across them, as a share of the lines.
    pub(super) background: f64,
    /// The time from which it was found, ms.
    pub(super) span: f64,
    /// Its lines per ms.
    pub(super) rate: f64,
    /// Logarithm of the likelihood ratio.
    pub(super) worth: f64,
}

impl Birth {
    /// Whether its lines are denser than others near it, and much denser than on average.
    fn stands_out(&self, even: f64) -> bool {
        let own = self.activity * self.blur.predicted(0.0, 0.0)[0];
        own > NEIGHBOURS * self.background && own > CONTRAST * even
    }

    /// Whether its blur is not just at the end of those that were looked at; that of perfect lines may be.
    fn has_width_near(&self, width: f64) -> bool {
        let ratio = self.blur.narrow.sqrt() / width;
        ratio < ASIDE / 1.05 && (ratio > 1.05 / ASIDE || width == WIDTHS[0])
    }

    /// Whether a line is rather the tracer's than anything else.
    pub(super) fn explains(&self, line: &Line) -> bool {
        let squared = line.across(&self.state.at(line.time - self.time));
        self.activity * self.blur.predicted(squared, 0.0)[0] > self.background
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    point: Vec3,
    /// Times between which it shows best.
    from: f64,
    to: f64,
    worth: f64,
}

/// The tracers among lines in order of time whose blur is about what is known, the most convincing first; those that are
/// `known` are left out.
pub(super) fn find(
    lines: &[Line],
    even: f64,
    blur: &Blur,
    most: usize,
    known: impl Fn(&Birth) -> bool,
    workers: Workers<'_>,
) -> Result<Vec<Birth>> {
    let width = blur.narrow.sqrt();
    let mut rest = lines.to_vec();
    let (mut found, mut failed) = (Vec::new(), 0);
    for place in places(lines, width, &crossings(lines, MEETING * width, workers)?, workers)? {
        if found.len() == most || failed == FAILED {
            break;
        }
        match moving(&rest, &place, width, even, true).filter(|birth| birth.worth > WORTH) {
            Some(birth) => {
                rest.retain(|line| !birth.explains(line));
                if !known(&birth) {
                    found.push(birth);
                }
            }
            None => failed += 1,
        }
    }
    Ok(found)
}

/// A tracer of unknown blur among lines in order of time, if there is one: the most convincing one, unless its lines are
/// those of several narrower ones.
pub(super) fn first(lines: &[Line], even: f64, workers: Workers<'_>) -> Result<Option<Birth>> {
    let mut births: Vec<Birth> = Vec::new();
    for count in WINDOWS {
        let window = &lines[..lines.len().min(count)];
        let crossings = crossings(window, MEETING * WIDTHS[WIDTHS.len() - 1], workers)?;
        for width in WIDTHS {
            let mut places = places(window, width, &crossings, workers)?;
            places.truncate(TRIED);
            let tried = workers.map(places.len(), |number| moving(window, &places[number], width, even, false))?;
            let peaked = tried.into_iter().flatten().filter(|birth| birth.worth > WORTH && birth.has_width_near(width));
            births.extend(peaked);
        }
    }
    births.sort_by(|one, other| other.worth.total_cmp(&one.worth));
    let Some((first, others)) = births.split_first() else { return Ok(None) };
    let mut best = *first;
    for birth in others {
        if birth.blur.narrow * PART < best.blur.narrow && explained(lines, even, birth, workers)? > MOST * best.activity
        {
            best = *birth;
        }
    }
    Ok(Some(best))
}

/// Share of the lines that are those of tracers with the blur of one of them.
fn explained(lines: &[Line], even: f64, one: &Birth, workers: Workers<'_>) -> Result<f64> {
    let found = find(lines, even, &Blur::plain(one.blur.narrow), usize::MAX, |_| false, workers)?;
    let whole = lines.last().zip(lines.first()).map_or(0.0, |(last, first)| last.time - first.time).max(1e-9);
    Ok(found.iter().map(|birth| birth.activity * birth.span / whole).sum())
}

/// Places that lines pass more often than chance has it, the best first.
fn places(lines: &[Line], width: f64, crossings: &[Crossing], workers: Workers<'_>) -> Result<Vec<Place>> {
    let peaks = peaks(crossings, width);
    let bundle = Bundle::new(lines);
    let weigh = |number: usize| weighed(lines, &bundle, peaks[number].0, &peaks[number].1, width);
    let mut found: Vec<Place> = workers.map(peaks.len(), weigh)?.into_iter().flatten().collect();
    found.sort_by(|a, b| b.worth.total_cmp(&a.worth));
    let mut distinct: Vec<Place> = Vec::new();
    for place in found {
        let far = |other: &Place| {
            let apart: f64 = (0..3).map(|k| (place.point[k] - other.point[k]).powi(2)).sum();
            apart > (3.0 * width).powi(2) || place.to <= other.from || other.to <= place.from
        };
        if distinct.iter().all(far) {
            distinct.push(place);
        }
    }
    Ok(distinct)
}

/// Where two lines nearly meet.
struct Crossing {
    /// A line between them.
    middle: usize,
    distance: f64,
    point: Vec3,
}

/// Where lines that follow each other pass at less than a distance.
fn crossings(lines: &[Line], most: f64, workers: Workers<'_>) -> Result<Vec<Crossing>> {
    let neighbours = (PAIRS / lines.len().max(1)).max(6);
    let bundle = Bundle::new(lines);
    let some = |number: usize| {
        let (mut found, mut squares) = (Vec::new(), Vec::with_capacity(neighbours));
        for i in number * STRETCH..lines.len().min((number + 1) * STRETCH) {
            let others = i + 1..lines.len().min(i + 1 + neighbours);
            squares.resize(others.len(), 0.0);
            all_apart(bundle.part(others.clone()), &lines[i], &mut squares);
            let near = others.zip(&squares).filter(|(_, squared)| **squared < most * most);
            found.extend(near.filter_map(|(j, _)| crossing(&lines[i], &lines[j], most, usize::midpoint(i, j))));
        }
        found
    };
    Ok(workers.map(lines.len().div_ceil(STRETCH), some)?.into_iter().flatten().collect())
}

fn crossing(one: &Line, other: &Line, most: f64, middle: usize) -> Option<Crossing> {
    let (distance, s, t) = closest(one, other)?;
    let between = distance < most && (0.0..=one.length).contains(&s) && (0.0..=other.length).contains(&t);
    let point = |a| 0.5 * (one.point[a] + s * one.direction[a] + other.point[a] + t * other.direction[a]);
    between.then(|| Crossing { middle, distance, point: std::array::from_fn(point) })
}

/// The middles of the cells in which most lines meet.
fn peaks(crossings: &[Crossing], width: f64) -> Vec<(usize, Vec3)> {
    let mut cells: HashMap<[i64; 3], (f64, f64, Vec3), Spread> = HashMap::default();
    for crossing in crossings.iter().filter(|crossing| crossing.distance < MEETING * width) {
        let cell = crossing.point.map(|x| (x / (CELL * width)).floor() as i64);
        let (count, middle, sum) = cells.entry(cell).or_default();
        *count += 1.0;
        *middle += crossing.middle as f64;
        (0..3).for_each(|k| sum[k] += crossing.point[k]);
    }
    let mut found: Vec<_> = cells.into_iter().filter(|(_, (count, ..))| *count > 1.0).collect();
    found.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.0.cmp(&b.0)));
    let middle =
        |(_, (count, middle, sum)): &(_, (f64, f64, Vec3))| ((middle / count) as usize, sum.map(|x| x / count));
    found.iter().take(PLACES).map(middle).collect()
}

/// Spreads cells over a table.
#[derive(Debug, Clone, Copy, Default)]
struct Spread(u64);

impl BuildHasher for Spread {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let number = part.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

/// How far two lines pass each other, and where along each; `None` if they are parallel.
fn closest(one: &Line, other: &Line) -> Option<(f64, f64, f64)> {
    let way: Vec3 = std::array::from_fn(|k| other.point[k] - one.point[k]);
    let cosine = dot(&one.direction, &other.direction);
    let rest = 1.0 - cosine * cosine;
    if rest < PARALLEL {
        return None;
    }
    let (first, second) = (dot(&way, &one.direction), dot(&way, &other.direction));
    let (s, t) = ((first - cosine * second) / rest, (cosine * first - second) / rest);
    let apart: Vec3 = std::array::from_fn(|k| way[k] + t * other.direction[k] - s * one.direction[k]);
    Some((dot(&apart, &apart).sqrt(), s, t))
}

/// Points and directions of lines, number by number.
struct Bundle([Vec<f64>; 6]);

impl Bundle {
    fn new(lines: &[Line]) -> Self {
        let number = |line: &Line, k: usize| if k < 3 { line.point[k] } else { line.direction[k - 3] };
        Self(std::array::from_fn(|k| lines.iter().map(|line| number(line, k)).collect()))
    }

    fn part(&self, numbers: Range<usize>) -> [&[f64]; 6] {
        self.0.each_ref().map(|all| &all[numbers.clone()])
    }

    /// [`Line::across`] for each.
    fn across(&self, x: &Vec3) -> Vec<f64> {
        let mut squares = vec![0.0; self.0[0].len()];
        all_across(self.0.each_ref().map(Vec::as_slice), x, &mut squares);
        squares
    }
}

wide! {
    /// The square of how far many lines pass one; not a number of those that run along it.
    fn all_apart(lines: [&[f64]; 6], one: &Line, squares: &mut [f64]) {
        let lines = lines.map(|numbers| &numbers[..squares.len()]);
        let (point, direction) = (&one.point, &one.direction);
        for (i, squared) in squares.iter_mut().enumerate() {
            let way = [lines[0][i] - point[0], lines[1][i] - point[1], lines[2][i] - point[2]];
            let other = [lines[3][i], lines[4][i], lines[5][i]];
            let normal = cross(direction, &other);
            let between = dot(&way, &normal);
            *squared = between * between / dot(&normal, &normal);
        }
    }
}

wide! {
    /// [`Line::across`] of many lines.
    fn all_across(lines: [&[f64]; 6], x: &Vec3, squares: &mut [f64]) {
        let lines = lines.map(|numbers| &numbers[..squares.len()]);
        for (i, squared) in squares.iter_mut().enumerate() {
            let way = [x[0] - lines[0][i], x[1] - lines[1][i], x[2] - lines[2][i]];
            let along = dot(&way, &[lines[3][i], lines[4][i], lines[5][i]]);
            *squared = (dot(&way, &way) - along * along).max(0.0);
        }
    }
}

/// The stretch of lines around the one numbered `middle` in which most pass a point that chance would not bring there.
fn weighed(lines: &[Line], bundle: &Bundle, middle: usize, point: &Vec3, width: f64) -> Option<Place> {
    let (near, far) = ((NEAR * width).powi(2), (RING * NEAR * width).powi(2));
    let squares = bundle.across(point);
    let hits: Vec<bool> = squares.iter().map(|&squared| squared < near).collect();
    let ring = squares.iter().filter(|&&squared| squared >= near && squared < far).count() as f64 + 0.5;
    // Expected lines that come near by chance, per line.
    let chance = ring / lines.len() as f64 * near / (far - near);
    let mut best: Option<Place> = None;
    let mut half = 4;
    loop {
        let (first, last) = (middle.saturating_sub(half), (middle + half).min(lines.len()));
        let count = hits[first..last].iter().filter(|&&hit| hit).count() as f64;
        let expected = chance * (last - first) as f64;
        let worth = if count > expected { count * (count / expected).ln() - (count - expected) } else { 0.0 };
        if best.as_ref().is_none_or(|place| worth > place.worth) {
            best = Some(Place { point: *point, from: lines[first].time, to: lines[last - 1].time, worth });
        }
        if first == 0 && last == lines.len() {
            break;
        }
        half *= 2;
    }
    best
}

/// The motion that starts from a place and explains most lines, over ever longer stretches.
fn moving(lines: &[Line], place: &Place, width: f64, even: f64, known: bool) -> Option<Birth> {
    let mut first = lines.partition_point(|line| line.time < place.from);
    let mut last = lines.partition_point(|line| line.time <= place.to);
    let mut best: Option<Birth> = None;
    while let Some(birth) = settled(&lines[first..last], place, best.as_ref(), width, known) {
        let better = best.as_ref().is_none_or(|other| birth.worth > other.worth);
        if !better || !birth.stands_out(even) {
            break;
        }
        best = Some(birth);
        if first == 0 && last == lines.len() {
            break;
        }
        let more = (last - first).div_ceil(2);
        (first, last) = (first.saturating_sub(more), (last + more).min(lines.len()));
    }
    best
}

/// Expectation-maximisation of one tracer's uniform motion.
fn settled(lines: &[Line], place: &Place, guess: Option<&Birth>, width: f64, known: bool) -> Option<Birth> {
    let time = lines.iter().map(|line| line.time).sum::<f64>() / lines.len() as f64;
    let span = lines.last()?.time - lines.first()?.time;
    let reach = NEAR * width;
    let mut blur = guess.map_or(Blur::plain(width * width), |birth| birth.blur);
    let mut state =
        guess.map_or_else(|| State::resting(place.point), |birth| birth.state.after(time - birth.time, 0.0));
    let mut prior = State::resting(place.point);
    prior.mean = state.mean;
    let fast = if span > 0.0 { (2.0 * reach / span).powi(2) } else { 1e-6 };
    for k in 0..3 {
        prior.covariance[k][k] = (10.0 * reach).powi(2) * 1e4;
        prior.covariance[3 + k][3 + k] = match guess {
            Some(birth) => birth.state.covariance[3 + k][3 + k] + fast,
            None => 4.0 * fast,
        };
    }
    let count = lines.len() as f64;
    let (mut activity, mut background) = (guess.map_or(0.2, |birth| birth.activity), f64::NAN);
    let mut worth = 0.0;
    for round in 0..8 {
        let (near, far) = ((4.0 * blur.narrow.sqrt()).powi(2), (10.0 * blur.narrow.sqrt()).powi(2));
        let squares: Vec<f64> = lines.iter().map(|line| line.across(&state.at(line.time - time))).collect();
        let ring = squares.iter().filter(|&&squared| squared >= near && squared < far).count() as f64;
        background = (ring + 0.5) / count / (std::f64::consts::PI * (far - near));
        let mut information = Information::default();
        let (mut total, mut spread) = (0.0, 0.0);
        let mut likelihood = LogProduct::default();
        for (line, squared) in lines.iter().zip(&squares) {
            if *squared > blur.reach(0.0) {
                continue;
            }
            let ratio = activity * blur.predicted(*squared, 0.0)[0] / background;
            let share = ratio / (1.0 + ratio);
            likelihood.multiply(1.0 + ratio);
            total += share;
            spread += share * squared;
            information.add(line, line.time - time, share / blur.narrow, &[0.0; 3]);
        }
        worth = likelihood.ln() - activity * count;
        state = prior.knowing(&information)?;
        activity = (total / count).clamp(1e-4, 1.0);
        if !known && round >= 2 && total > 6.0 {
            // Six numbers of the motion take their part of the squares.
            let variance = spread / (2.0 * total - 6.0);
            blur = Blur::plain(variance.clamp((width / ASIDE).powi(2), (width * ASIDE).powi(2)));
        }
    }
    let loose = (0..3).map(|k| state.covariance[k][k]).fold(0.0, f64::max);
    let few = activity * count < 6.0;
    (!few && loose < LOOSE * blur.narrow).then_some(Birth {
        time,
        state,
        blur,
        activity,
        background,
        span,
        rate: activity * count / span.max(1e-9),
        worth,
    })
}
