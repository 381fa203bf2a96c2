//! Costes' automatic thresholds: the level below which two channels no longer vary together.
//!
//! A line is fitted through the pixels; a level t on the first channel has its partner on the line. Below are the pixels
//! with a value at or under either. Sets of pixels below are nested, so each pixel has one place in the order of levels:
//! one pass puts pixels into bins, and sums over bins give the correlation below every level. Costes & al., Biophys. J. 86
//! (2004) 3993.

use super::moments::{Moments, PIECE, Sums, in_pieces, sums, value_pieces};
use super::pixels::{Channel, Pair};
use super::ranks::{LevelTable, ordered, sorted};
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
    let grid = matches!(search, Search::Grid(_));
    if let Search::Grid(steps) = search
        && !(1..=MOST_STEPS).contains(&steps)
    {
        return Err(Error::argument("n_steps", format!("1 to {MOST_STEPS}"), steps));
    }
    let [Some(a), Some(b)] = pair.ranges else {
        return Ok(Costes::unfit(if grid { [0.0; 2] } else { [f64::NAN; 2] }, Status::Empty));
    };
    let maxima = if grid || a.1.is_nan() || b.1.is_nan() { [a.1, b.1] } else { [f64::NAN; 2] };
    if pair.sound().is_none() {
        let thresholds = if maxima.iter().any(|x| x.is_nan()) { [f64::NAN; 2] } else { maxima };
        return Ok(Costes::unfit(thresholds, Status::Degenerate));
    }
    let (moments, rising) = if pair.exact() {
        let total = sums(pair, threads, control)?;
        (Moments::exact(&total, [pair.a.base(), pair.b.base()]), total.product() > 0)
    } else {
        let moments = Moments::new(pair, threads, control)?;
        (moments, moments.product > 0.0)
    };
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
        Search::Bisection => Some(bisection(pair, [a, b], line, threads, control)?),
        _ if pair.exact() => below_levels(pair, [a, b], line, threads, control)?,
        _ => below_values(pair, a.0, line, &moments)?,
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

    fn before(self, y: f64) -> f64 {
        (y - self.intercept) / self.slope
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
        (self.n > 1 && aa > 0 && bb > 0).then(|| self.product() as f64 / ((aa as f64).sqrt() * (bb as f64).sqrt()))
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

/// Falling levels, and the place of a value among them.
struct Places {
    table: Vec<f64>,
    start: f64,
    per_step: f64,
}

impl Places {
    fn new(table: Vec<f64>) -> Self {
        let start = table.first().copied().unwrap_or(0.0);
        let width = start - table.last().copied().unwrap_or(0.0);
        let per_step = if width > 0.0 { (table.len() - 1) as f64 / width } else { 0.0 };
        Self { table, start, per_step }
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

    /// The places of all levels of a channel with this range.
    fn of_levels<C: Channel>(&self, channel: &C, range: (f64, f64)) -> LevelTable<u32> {
        LevelTable::new(channel, range, |value| self.find(value) as u32)
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
    let places = [Places::new(levels.clone()), Places::new(levels.iter().map(|&x| line.at(x)).collect())];
    // Bin k holds the pixels that are below at the first k levels; bin 0 those that never are.
    let correlations = if pair.exact() {
        let tables = [places[0].of_levels(&pair.a, a), places[1].of_levels(&pair.b, b)];
        correlations(&level_bins(pair, steps + 1, &tables, u32::max, threads, control)?)
    } else {
        correlations(&value_bins(pair, steps + 1, &places, &Standard::of(moments), threads, control)?)
    };
    // Entry k + 1: correlation of the pixels below level k.
    let first = correlations.iter().skip(1).position(|r| r.is_some_and(|r| r <= 0.0));
    Ok(first.map(|k| ([levels[k], line.at(levels[k])], correlations[k + 1].unwrap_or(f64::NAN))))
}

/// Sums of the pixels of each bin; a pixel's bin is joined from the entries of its levels in two tables.
fn level_bins<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    count: usize,
    tables: &[LevelTable<u32>; 2],
    join: impl Fn(u32, u32) -> u32 + Sync + Send,
    threads: usize,
    control: &Control,
) -> Result<Vec<Sums>> {
    let parts = in_pieces(pair.len(), bin_piece(count), threads, control, |spare: &mut [Vec<u16>; 2], start, end| {
        let (a, b) = (pair.a.part(start, end), pair.b.part(start, end));
        let [first, second] = spare;
        let mut bins = vec![[0_u64; 6]; count];
        for (&a, &b) in a.levels(first).iter().zip(b.levels(second)) {
            let bin = &mut bins[join(tables[0].get(a), tables[1].get(b)) as usize];
            let (a, b) = (u64::from(a), u64::from(b));
            // Below 2⁶⁴: products are below 2³², pixels of a piece below 2³².
            for (sum, more) in bin.iter_mut().zip([1, a, b, a * a, b * b, a * b]) {
                *sum += more;
            }
        }
        bins
    })?;
    let mut total = vec![Sums::default(); count];
    for part in parts {
        for (sum, [n, a, b, aa, bb, ab]) in total.iter_mut().zip(part) {
            sum.add(&Sums { n, a, b, aa: aa.into(), bb: bb.into(), ab: ab.into() });
        }
    }
    Ok(total)
}

/// The same for values, in bins by their places.
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

/// Pixels per piece: bins are few beside them.
fn bin_piece(bins: usize) -> usize {
    PIECE.max(64 * bins)
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

/// The level on the first channel at or above which a pixel is below.
fn critical(a: f64, b: f64, line: Line) -> f64 {
    a.min(line.before(b))
}

/// The greatest level, of those at which a pixel comes to lie below, with r <= 0 below it.
///
/// Such levels are whole numbers of the first channel, or partners of those of the second: O(N + levels).
fn below_levels<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    [a, b]: [(f64, f64); 2],
    line: Line,
    threads: usize,
    control: &Control,
) -> Result<Found> {
    let whole = |(low, high): (f64, f64)| (0..=(high - low) as u32).map(move |k| low + f64::from(k));
    let mut levels: Vec<f64> = whole(a).chain(whole(b).map(|value| line.before(value))).collect();
    levels.sort_unstable_by(f64::total_cmp);
    levels.dedup();
    let place = |value: f64| levels.partition_point(|level| *level < value) as u32;
    let tables = [LevelTable::new(&pair.a, a, place), LevelTable::new(&pair.b, b, |value| place(line.before(value)))];
    let bins = level_bins(pair, levels.len(), &tables, u32::min, threads, control)?;
    let (mut below, mut found) = (Sums::default(), None);
    for (bin, level) in bins.iter().zip(levels).filter(|(bin, _)| bin.n > 0) {
        below.add(bin);
        keep_crossing(&mut found, &below, level, a.0, line);
    }
    Ok(found)
}

/// The same for values, which are sorted: O(N log N).
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

fn keep_crossing<S: Bin>(found: &mut Found, below: &S, level: f64, least: f64, line: Line) {
    if level > least
        && let Some(r) = below.r()
        && r <= 0.0
    {
        *found = Some(([level, line.at(level)], r));
    }
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
