//! Costes' automatic thresholds: the level below which two channels no longer vary together.
//!
//! A line is fitted through the pixels; a level t on the first channel has its partner on the line. Below are the pixels
//! with a value at or under either. Sets of pixels below are nested, so each pixel has one place in the order of levels:
//! one pass puts pixels into bins, and sums over bins give the correlation below every level. Costes & al., Biophys. J. 86
//! (2004) 3993.

use super::moments::{Moments, PIECE, Sums, level, sums};
use super::pixels::{Channel, Pair};
use crate::{Control, Error, Result, pool};

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
    let grid = matches!(search, Search::Grid(_));
    if let Search::Grid(steps) = search
        && !(1..=MOST_STEPS).contains(&steps)
    {
        return Err(Error::argument("n_steps", format!("1 to {MOST_STEPS}"), steps));
    }
    let (Some(a), Some(b)) = (pair.a.range(), pair.b.range()) else {
        return Ok(Costes::unfit(if grid { [0.0; 2] } else { [f64::NAN; 2] }, Status::Empty));
    };
    let maxima = if grid || a.1.is_nan() || b.1.is_nan() { [a.1, b.1] } else { [f64::NAN; 2] };
    if pair.sound().is_none() {
        let thresholds = if maxima.iter().any(|x| x.is_nan()) { [f64::NAN; 2] } else { maxima };
        return Ok(Costes::unfit(thresholds, Status::Degenerate));
    }
    let moments = Moments::new(pair, threads, control)?;
    let rising = if pair.exact() { sums(pair, threads, control)?.product() > 0 } else { moments.product > 0.0 };
    if !rising {
        return Ok(Costes::unfit(maxima, Status::NoSlope));
    }
    let (slope, intercept) = match search {
        Search::Grid(_) | Search::Exact => moments.line(),
        _ => moments.principal_axis(),
    };
    let line = Line { slope, intercept };
    let found = match search {
        Search::Grid(steps) => below_grid(pair, steps, [a, b], line, &moments, threads, control)?,
        Search::Bisection => Some(bisection(pair, [a, b], line)),
        _ => below_levels(pair, a, line, &moments)?,
    };
    let (thresholds, r_below, status) = match found {
        Some((thresholds, r)) => (thresholds, r, Status::Crossed),
        None => ([a.0, b.0], f64::NAN, Status::Never),
    };
    Ok(Costes { thresholds, slope, intercept, r_below, status })
}

const MOST_STEPS: usize = 1 << 20;

type Found = Option<([f64; 2], f64)>;

#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    intercept: f64,
}

impl Line {
    fn at(self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }
}

/// Sums of a set of pixels: exact for levels, of standardised values otherwise.
trait Bin: Copy + Default + Send + Sync {
    fn add(&mut self, other: &Self);
    /// Correlation; `None` for fewer than 2 pixels or a constant channel.
    fn r(&self) -> Option<f64>;
}

impl Bin for Sums {
    fn add(&mut self, other: &Self) {
        Self::add(self, other);
    }

    fn r(&self) -> Option<f64> {
        let [aa, bb] = self.squares();
        (self.n > 1 && aa > 0 && bb > 0).then(|| self.product() as f64 / (aa as f64).sqrt() / (bb as f64).sqrt())
    }
}

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

/// How a pixel enters its bin.
trait Entry<A, B, S>: Sync {
    fn enter(&self, pair: &Pair<A, B>, index: usize, bin: &mut S);
}

struct ByLevel;

impl<A: Channel, B: Channel> Entry<A, B, Sums> for ByLevel {
    fn enter(&self, pair: &Pair<A, B>, index: usize, bin: &mut Sums) {
        let (a, b) = (level(&pair.a, index), level(&pair.b, index));
        bin.n += 1;
        bin.a += a;
        bin.b += b;
        bin.aa += u128::from(a * a);
        bin.bb += u128::from(b * b);
        bin.ab += u128::from(a * b);
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
        Self { mean: moments.mean, scale: moments.square.map(|square| 1.0 / (square / n).sqrt()) }
    }
}

impl<A: Channel, B: Channel> Entry<A, B, Scaled> for Standard {
    fn enter(&self, pair: &Pair<A, B>, index: usize, bin: &mut Scaled) {
        let values = [pair.a.value(index), pair.b.value(index)];
        let [x, y] = [0, 1].map(|k| (values[k] - self.mean[k]) * self.scale[k]);
        bin.n += 1;
        bin.sums.iter_mut().zip([x, y, x * x, y * y, x * y]).for_each(|(sum, more)| *sum += more);
        for (k, value) in values.into_iter().enumerate() {
            bin.low[k] = bin.low[k].min(value);
            bin.high[k] = bin.high[k].max(value);
        }
    }
}

/// The bin of a value: by level, or by comparison.
struct Places {
    /// Of level `least` and on; empty for channels without levels.
    of_level: Vec<u32>,
    least: usize,
    /// Falling levels.
    table: Vec<f64>,
    start: f64,
    per_step: f64,
}

impl Places {
    fn new<C: Channel>(channel: &C, range: (f64, f64), table: Vec<f64>) -> Self {
        let start = table.first().copied().unwrap_or(0.0);
        let width = start - table.last().copied().unwrap_or(0.0);
        let per_step = if width > 0.0 { (table.len() - 1) as f64 / width } else { 0.0 };
        let mut places = Self { of_level: Vec::new(), least: 0, table, start, per_step };
        if !channel.is_empty() && channel.level(0).is_some() {
            let (low, high) = ((range.0 - channel.base()) as usize, (range.1 - channel.base()) as usize);
            places.of_level = (low..=high).map(|level| places.find(channel.base() + level as f64) as u32).collect();
            places.least = low;
        }
        places
    }

    /// How many levels of the table are at or above `value`: those after are below it.
    fn find(&self, value: f64) -> usize {
        // A negative number becomes 0.
        let mut place = (((self.start - value) * self.per_step) as usize).min(self.table.len());
        while place > 0 && value > self.table[place - 1] {
            place -= 1;
        }
        while place < self.table.len() && value <= self.table[place] {
            place += 1;
        }
        place
    }

    fn get<C: Channel>(&self, channel: &C, index: usize) -> usize {
        match channel.level(index) {
            Some(level) => self.of_level[usize::from(level) - self.least] as usize,
            None => self.find(channel.value(index)),
        }
    }
}

fn below_grid<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    steps: usize,
    [a, b]: [(f64, f64); 2],
    line: Line,
    moments: &Moments,
    threads: usize,
    control: &Control,
) -> Result<Found> {
    let step = (a.1 - a.0) / steps as f64;
    let levels: Vec<f64> = (0..steps).map(|k| a.1 - k as f64 * step).collect();
    let places_a = Places::new(&pair.a, a, levels.clone());
    let places_b = Places::new(&pair.b, b, levels.iter().map(|&x| line.at(x)).collect());
    // Bin k holds the pixels that are below at the first k levels; bin 0 those that never are.
    let place = |part: &Pair<A, B>, i: usize| places_a.get(&part.a, i).max(places_b.get(&part.b, i));
    let correlations = if pair.exact() {
        correlations(&bins(pair, steps + 1, &place, &ByLevel, threads, control)?)
    } else {
        correlations(&bins(pair, steps + 1, &place, &Standard::of(moments), threads, control)?)
    };
    // Entry k + 1: correlation of the pixels below level k.
    let first = correlations.iter().skip(1).position(|r| r.is_some_and(|r| r <= 0.0));
    Ok(first.map(|k| ([levels[k], line.at(levels[k])], correlations[k + 1].unwrap_or(f64::NAN))))
}

/// Sums of the pixels of each bin.
fn bins<A: Channel, B: Channel, S: Bin>(
    pair: &Pair<A, B>,
    count: usize,
    place: &(impl Fn(&Pair<A, B>, usize) -> usize + Sync),
    entry: &impl Entry<A, B, S>,
    threads: usize,
    control: &Control,
) -> Result<Vec<S>> {
    let length = PIECE.max(8 * count);
    let parts = pool::map(
        pair.len().div_ceil(length),
        threads,
        control,
        || (),
        |(), piece| {
            let part = pair.part(piece * length, pair.len().min((piece + 1) * length));
            let mut bins = vec![S::default(); count];
            for i in 0..part.len() {
                entry.enter(&part, i, &mut bins[place(&part, i)]);
            }
            Ok(bins)
        },
    )?;
    let mut total = vec![S::default(); count];
    for part in parts {
        total.iter_mut().zip(&part).for_each(|(sum, more)| sum.add(more));
    }
    Ok(total)
}

/// For each bin the correlation of all pixels in it and in those after it.
fn correlations<S: Bin>(bins: &[S]) -> Vec<Option<f64>> {
    let mut below = S::default();
    let mut found: Vec<_> = bins
        .iter()
        .rev()
        .map(|bin| {
            below.add(bin);
            below.r()
        })
        .collect();
    found.reverse();
    found
}

/// The greatest level, of those at which a pixel comes to lie below, with r <= 0 below it.
fn below_levels<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    a: (f64, f64),
    line: Line,
    moments: &Moments,
) -> Result<Found> {
    if u32::try_from(pair.len()).is_err() {
        return Err(Error::argument("a", "fewer than 2³² pixels", pair.len()));
    }
    let critical = |i: usize| pair.a.value(i).min((pair.b.value(i) - line.intercept) / line.slope);
    let mut order: Vec<(f64, u32)> = (0..pair.len()).map(|i| (critical(i), i as u32)).collect();
    order.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    let found = if pair.exact() {
        last_crossing(pair, &order, a.0, &ByLevel)
    } else {
        last_crossing(pair, &order, a.0, &Standard::of(moments))
    };
    Ok(found.map(|(level, r)| ([level, line.at(level)], r)))
}

fn last_crossing<A: Channel, B: Channel, S: Bin>(
    pair: &Pair<A, B>,
    order: &[(f64, u32)],
    least: f64,
    entry: &impl Entry<A, B, S>,
) -> Option<(f64, f64)> {
    let (mut below, mut found) = (S::default(), None);
    for ties in order.chunk_by(|x, y| x.0 == y.0) {
        for &(_, i) in ties {
            entry.enter(pair, i as usize, &mut below);
        }
        let level = ties[0].0;
        if let Some(r) = below.r()
            && r <= 0.0
            && level > least
        {
            found = Some((level, r));
        }
    }
    found
}

const MOST_ROUNDS: usize = 100;

/// As Coloc 2 walks: the channel over which the axis is flatter, in halved steps, thresholds rounded and kept in range.
fn bisection<A: Channel, B: Channel>(pair: &Pair<A, B>, ranges: [(f64, f64); 2], line: Line) -> ([f64; 2], f64) {
    let first = line.slope.abs() < 1.0;
    let (low, high) = if first { ranges[0] } else { ranges[1] };
    let rounded = |x: f64, (low, high): (f64, f64)| (x + 0.5).floor().clamp(low, high);
    let thresholds = |t: f64| {
        let both = if first { [t, line.at(t)] } else { [(t - line.intercept) / line.slope, t] };
        [rounded(both[0], ranges[0]), rounded(both[1], ranges[1])]
    };
    let (mut at, mut before, mut r) = ((high + low).abs() / 2.0, high, f64::NAN);
    for _ in 0..=MOST_ROUNDS {
        let [ta, tb] = thresholds(at);
        r = strictly_below(pair, ta, tb);
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
    (thresholds(at), r)
}

fn strictly_below<A: Channel, B: Channel>(pair: &Pair<A, B>, ta: f64, tb: f64) -> f64 {
    let origin = [pair.a.value(0), pair.b.value(0)];
    let standard = Standard { mean: origin, scale: [1.0; 2] };
    let mut below = Scaled::default();
    for i in 0..pair.len() {
        if pair.a.value(i) < ta || pair.b.value(i) < tb {
            standard.enter(pair, i, &mut below);
        }
    }
    below.r().unwrap_or(f64::NAN)
}
