//! Costes' automatic thresholds: the level below which two channels no longer vary together.
//!
//! A line is fitted through the pixels; a level t on the first channel has its partner on the line. Below are the pixels
//! with a value at or under either. Sets of pixels below are nested, so each pixel has one place in the order of levels:
//! one pass puts pixels into bins, and sums over bins give the correlation below every level. Costes & al., Biophys. J. 86
//! (2004) 3993.

use super::below::{Below, Bin, Found, Line, Places, bin_piece, first_crossing, grid, keep_crossing, level_bins};
use super::moments::{Moments, in_pieces, sums, value_pieces};
use super::pixels::{Channel, Pair, Range, sound};
use super::ranks::{ordered, sorted};
use crate::{Control, Error, Result};

/// How thresholds are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// From the maximum down in so many equal steps to the first level with r <= 0 below it; least-squares line.
    Grid(usize),
    /// The greatest of all levels with r <= 0 below it; least-squares line.
    Exact,
    /// The same with the principal axis.
    ExactPrincipalAxis,
    /// Bisection of whole-number levels along the principal axis, as in Coloc 2: strictly below, rounded thresholds.
    Bisection,
}

/// What came of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// r falls to 0 or below: the thresholds are where it does.
    Crossed,
    /// It never does: the thresholds are the minima.
    Never,
    /// The channels do not rise together.
    NoSlope,
    /// One pixel, a constant channel or numbers that are not finite.
    Degenerate,
    /// No pixel.
    Empty,
}

impl Status {
    /// As shown to users.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossed => "crossed",
            Self::Never => "never",
            Self::NoSlope => "slope<=0",
            Self::Degenerate => "degenerate",
            Self::Empty => "empty",
        }
    }
}

/// Thresholds and how they were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costes {
    /// Of both channels.
    pub thresholds: [f64; 2],
    /// Line through the pixels.
    pub slope: f64,
    /// Where it meets the second axis.
    pub intercept: f64,
    /// Correlation of the pixels below; NaN if it was not reached.
    pub r_below: f64,
    /// What came of the search.
    pub status: Status,
}

impl Costes {
    fn unfit(thresholds: [f64; 2], status: Status) -> Self {
        Self { thresholds, slope: f64::NAN, intercept: f64::NAN, r_below: f64::NAN, status }
    }
}

/// Finds the thresholds; O(N) for levels and on a grid, O(N log N) for the exact search in numbers.
///
/// Without pixels they are 0 on a grid. One pixel, a constant channel or a slope that is not positive give the maxima on
/// a grid and NaN otherwise; numbers that are not finite give NaN.
///
/// # Errors
/// [`Error::Argument`] for a grid of no steps or more than 2²⁰; [`Error::Cancelled`].
pub fn costes<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    search: Search,
    threads: usize,
    control: &Control,
) -> Result<Costes> {
    let ranges = match ranged(pair.ranges, pair.len(), search)? {
        Ok(ranges) => ranges,
        Err(unfit) => return Ok(unfit),
    };
    let (moments, rising) = if pair.exact() {
        let total = sums(pair, threads, control)?;
        (Moments::exact(&total, [pair.a.base(), pair.b.base()]), total.product() > 0)
    } else {
        let moments = Moments::new(pair, threads, control)?;
        (moments, moments.product > 0.0)
    };
    let line = match fitted(&moments, rising, ranges, search) {
        Ok(line) => line,
        Err(unfit) => return Ok(unfit),
    };
    let found = match search {
        Search::Bisection => Some(bisection(pair, ranges, line, threads, control)?),
        _ if pair.exact() => {
            let below = Below::new(search, ranges, [pair.a.base(), pair.b.base()], line);
            below.crossing(&level_bins(pair, &below, threads, control)?)
        }
        Search::Grid(steps) => below_grid(pair, steps, ranges, line, &moments, threads, control)?,
        _ => below_values(pair, ranges[0].0, line, &moments)?,
    };
    Ok(line.with(found, ranges))
}

/// Ranges of channels that thresholds can be looked for in; otherwise what stands in their place.
///
/// # Errors
/// As [`costes`].
pub(super) fn ranged(
    ranges: [Range; 2],
    pixels: usize,
    search: Search,
) -> Result<std::result::Result<[(f64, f64); 2], Costes>> {
    if let Search::Grid(steps) = search
        && !(1..=MOST_STEPS).contains(&steps)
    {
        return Err(Error::argument("n_steps", format!("1 to {MOST_STEPS}"), steps));
    }
    let [Some(a), Some(b)] = ranges else {
        let none = if matches!(search, Search::Grid(_)) { 0.0 } else { f64::NAN };
        return Ok(Err(Costes::unfit([none; 2], Status::Empty)));
    };
    if sound(ranges, pixels).is_none() {
        let maxima = maxima([a, b], search);
        let thresholds = if maxima.iter().any(|x| x.is_nan()) { [f64::NAN; 2] } else { maxima };
        return Ok(Err(Costes::unfit(thresholds, Status::Degenerate)));
    }
    Ok(Ok([a, b]))
}

/// The line through the pixels, if the channels rise together; otherwise what stands in the place of thresholds.
pub(super) fn fitted(
    moments: &Moments,
    rising: bool,
    ranges: [(f64, f64); 2],
    search: Search,
) -> std::result::Result<Line, Costes> {
    if !rising {
        return Err(Costes::unfit(maxima(ranges, search), Status::NoSlope));
    }
    let (slope, intercept) = match search {
        Search::Grid(_) | Search::Exact => moments.line(),
        _ => moments.principal_axis(),
    };
    Ok(Line { slope, intercept })
}

fn maxima([a, b]: [(f64, f64); 2], search: Search) -> [f64; 2] {
    let known = matches!(search, Search::Grid(_)) || a.1.is_nan() || b.1.is_nan();
    if known { [a.1, b.1] } else { [f64::NAN; 2] }
}

const MOST_STEPS: usize = 1 << 20;

/// Sums of standardised values, and their ranges.
#[derive(Debug, Clone, Copy)]
struct Scaled {
    n: u64,
    sums: [f64; 5],
    low: [f64; 2],
    high: [f64; 2],
}

impl Default for Scaled {
    fn default() -> Self {
        Self { n: 0, sums: [0.0; 5], low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] }
    }
}

impl Bin for Scaled {
    fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
        for k in 0..2 {
            self.low[k] = self.low[k].min(other.low[k]);
            self.high[k] = self.high[k].max(other.high[k]);
        }
    }

    fn r(&self) -> Option<f64> {
        if self.n < 2 || self.low[0] >= self.high[0] || self.low[1] >= self.high[1] {
            return None;
        }
        let (n, [a, b, aa, bb, ab]) = (self.n as f64, self.sums);
        let (saa, sbb, sab) = (aa - a * a / n, bb - b * b / n, ab - a * b / n);
        Some(if saa > 0.0 && sbb > 0.0 { sab / saa.sqrt() / sbb.sqrt() } else { sab.signum() })
    }
}

impl Scaled {
    fn enter(&mut self, values: [f64; 2], standard: &Standard) {
        let [x, y] = [0, 1].map(|k| (values[k] - standard.mean[k]) * standard.scale[k]);
        self.n += 1;
        self.sums.iter_mut().zip([x, y, x * x, y * y, x * y]).for_each(|(sum, more)| *sum += more);
        for (k, value) in values.into_iter().enumerate() {
            self.low[k] = self.low[k].min(value);
            self.high[k] = self.high[k].max(value);
        }
    }
}

/// Centre and scale of both channels.
struct Standard {
    mean: [f64; 2],
    scale: [f64; 2],
}

impl Standard {
    fn of(moments: &Moments) -> Self {
        let n = moments.n as f64;
        let scale = [0, 1].map(|k| 1.0 / (moments.square[k] / n).sqrt() / moments.unit[k]);
        Self { mean: moments.mean, scale }
    }
}

fn below_grid<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    steps: usize,
    ranges: [(f64, f64); 2],
    line: Line,
    moments: &Moments,
    threads: usize,
    control: &Control,
) -> Result<Found> {
    let (levels, places) = grid(steps, ranges[0], line);
    let bins = value_bins(pair, steps + 1, &places, &Standard::of(moments), threads, control)?;
    Ok(first_crossing(&bins, &levels, line))
}

/// Sums of the pixels of each bin, by their places.
fn value_bins<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    count: usize,
    places: &[Places; 2],
    standard: &Standard,
    threads: usize,
    control: &Control,
) -> Result<Vec<Scaled>> {
    let parts = in_pieces(pair.len(), bin_piece(count), threads, control, |spare: &mut [Vec<f64>; 2], start, end| {
        let (a, b) = (pair.a.part(start, end), pair.b.part(start, end));
        let [first, second] = spare;
        let mut bins = vec![Scaled::default(); count];
        for (&a, &b) in a.values(first).iter().zip(b.values(second)) {
            bins[places[0].find(a).max(places[1].find(b))].enter([a, b], standard);
        }
        bins
    })?;
    let mut total = vec![Scaled::default(); count];
    for part in parts {
        total.iter_mut().zip(&part).for_each(|(sum, more)| sum.add(more));
    }
    Ok(total)
}

/// The level on the first channel at or above which a pixel is below.
fn critical(a: f64, b: f64, line: Line) -> f64 {
    a.min(line.before(b))
}

/// The greatest level, of those at which a pixel comes to lie below, with r <= 0 below it, in values, which are sorted: O(N
/// log N).
fn below_values<A: Channel, B: Channel>(pair: &Pair<A, B>, least: f64, line: Line, moments: &Moments) -> Result<Found> {
    if u32::try_from(pair.len()).is_err() {
        return Err(Error::argument("a", "fewer than 2³² pixels", pair.len()));
    }
    let level = |i: usize| critical(pair.a.value(i), pair.b.value(i), line);
    let order = sorted((0..pair.len()).map(|i| ordered(level(i))));
    let (mut below, mut found, standard) = (Scaled::default(), None, Standard::of(moments));
    for ties in order.chunk_by(|x, y| x.0 == y.0) {
        for &(_, i) in ties {
            below.enter([pair.a.value(i as usize), pair.b.value(i as usize)], &standard);
        }
        keep_crossing(&mut found, &below, level(ties[0].1 as usize), least, line);
    }
    Ok(found)
}

const MOST_ROUNDS: usize = 100;

/// As Coloc 2 walks: the channel over which the axis is flatter, in halved steps, thresholds rounded and kept in range.
fn bisection<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    ranges: [(f64, f64); 2],
    line: Line,
    threads: usize,
    control: &Control,
) -> Result<([f64; 2], f64)> {
    let first = line.slope.abs() < 1.0;
    let (low, high) = if first { ranges[0] } else { ranges[1] };
    let rounded = |x: f64, (low, high): (f64, f64)| (x + 0.5).floor().clamp(low, high);
    let thresholds = |t: f64| {
        let both = if first { [t, line.at(t)] } else { [line.before(t), t] };
        [rounded(both[0], ranges[0]), rounded(both[1], ranges[1])]
    };
    let (mut at, mut before, mut r) = ((high + low).abs() / 2.0, high, f64::NAN);
    for _ in 0..=MOST_ROUNDS {
        r = strictly_below(pair, thresholds(at), threads, control)?;
        let half = (at - before).abs() / 2.0;
        before = at;
        if r > 0.0 {
            at -= half;
        } else if r < 0.0 || r.is_nan() {
            at += half;
        }
        if (at - before).abs() < 1.0 {
            break;
        }
    }
    Ok((thresholds(at), r))
}

fn strictly_below<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    thresholds: [f64; 2],
    threads: usize,
    control: &Control,
) -> Result<f64> {
    let standard = Standard { mean: [pair.a.value(0), pair.b.value(0)], scale: [1.0; 2] };
    let parts = value_pieces(pair, threads, control, |a, b, _| {
        let mut below = Scaled::default();
        for (&a, &b) in a.iter().zip(b).filter(|(a, b)| **a < thresholds[0] || **b < thresholds[1]) {
            below.enter([a, b], &standard);
        }
        below
    })?;
    let mut below = Scaled::default();
    for part in &parts {
        below.add(part);
    }
    Ok(below.r().unwrap_or(f64::NAN))
}
