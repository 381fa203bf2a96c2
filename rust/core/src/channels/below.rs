//! Pixels below the levels of Costes' search: bins of pixels, sums over them, and where the correlation falls to 0.

use super::costes::{Costes, Search, Status};
use super::moments::{PIECE, Sums, in_pieces};
use super::pixels::{Channel, Pair, Whole};
use super::ranks::LevelTable;
use crate::{Control, Result};

/// Thresholds and the correlation below them.
pub(super) type Found = Option<([f64; 2], f64)>;

/// A line through the pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) intercept: f64,
}

impl Line {
    /// What came of the search along it.
    pub(super) fn with(self, found: Found, [a, b]: [(f64, f64); 2]) -> Costes {
        let Self { slope, intercept } = self;
        let (thresholds, r_below, status) = match found {
            Some((thresholds, r)) => (thresholds, r, Status::Crossed),
            None => ([a.0, b.0], f64::NAN, Status::Never),
        };
        Costes { thresholds, slope, intercept, r_below, status }
    }

    pub(super) fn at(self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }

    pub(super) fn before(self, y: f64) -> f64 {
        (y - self.intercept) / self.slope
    }
}

/// Sums of a set of pixels: exact for levels, of standardised values otherwise.
pub(super) trait Bin: Copy + Default + Send + Sync {
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

/// Falling levels, and the place of a value among them.
pub(super) struct Places {
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
    pub(super) fn find(&self, value: f64) -> usize {
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

    /// The places of all levels of a channel with this base and range.
    fn of_levels(&self, base: f64, range: (f64, f64)) -> LevelTable<u32> {
        LevelTable::new(base, range, |value| self.find(value) as u32)
    }
}

/// Falling levels of the first channel, and the places of both channels' values among them and their partners.
pub(super) fn grid(steps: usize, a: (f64, f64), line: Line) -> (Vec<f64>, [Places; 2]) {
    let step = (a.1 - a.0) / steps as f64;
    let levels: Vec<f64> = (0..steps).map(|k| a.1 - k as f64 * step).collect();
    let places = [Places::new(levels.clone()), Places::new(levels.iter().map(|&x| line.at(x)).collect())];
    (levels, places)
}

/// The first level of a grid with r <= 0 below it; bin k holds the pixels that are below at the first k levels, bin 0 those
/// that never are.
pub(super) fn first_crossing<S: Bin>(bins: &[S], levels: &[f64], line: Line) -> Found {
    let correlations = correlations(bins);
    // Entry k + 1: correlation of the pixels below level k.
    let first = correlations.iter().skip(1).position(|r| r.is_some_and(|r| r <= 0.0));
    first.map(|k| ([levels[k], line.at(levels[k])], correlations[k + 1].unwrap_or(f64::NAN)))
}

/// Bins of pixels of two channels that have levels, and the search in them; any but the bisection.
#[derive(Debug, Clone)]
pub(super) struct Below {
    /// Levels of the first channel that are tried: those of a grid fall, those at which pixels come to lie below rise.
    levels: Vec<f64>,
    tables: [LevelTable<u32>; 2],
    grid: bool,
    least: f64,
    line: Line,
}

impl Below {
    pub(super) fn new(search: Search, [a, b]: [(f64, f64); 2], base: [f64; 2], line: Line) -> Self {
        if let Search::Grid(steps) = search {
            let (levels, places) = grid(steps, a, line);
            let tables = [places[0].of_levels(base[0], a), places[1].of_levels(base[1], b)];
            return Self { levels, tables, grid: true, least: a.0, line };
        }
        // Levels at which pixels come to lie below are values of the first channel, or partners of those of the second.
        let whole = |(low, high): (f64, f64)| (0..=(high - low) as u32).map(move |k| low + f64::from(k));
        let mut levels: Vec<f64> = whole(a).chain(whole(b).map(|value| line.before(value))).collect();
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        let place = |value: f64| levels.partition_point(|level| *level < value) as u32;
        let tables =
            [LevelTable::new(base[0], a, place), LevelTable::new(base[1], b, |value| place(line.before(value)))];
        Self { levels, tables, grid: false, least: a.0, line }
    }

    /// Number of bins.
    pub(super) fn len(&self) -> usize {
        self.levels.len() + usize::from(self.grid)
    }

    /// Sums of pixels, bin by bin: n, a, b, aa, bb, ab. Of fewer than 2³² pixels, as products are below 2³².
    pub(super) fn bins<A: Whole, B: Whole>(&self, a: &[A], b: &[B]) -> Vec<[u64; 6]> {
        if self.grid { self.joined(a, b, u32::max) } else { self.joined(a, b, u32::min) }
    }

    fn joined<A: Whole, B: Whole>(&self, a: &[A], b: &[B], join: impl Fn(u32, u32) -> u32) -> Vec<[u64; 6]> {
        let mut bins = vec![[0_u64; 6]; self.len()];
        for (&a, &b) in a.iter().zip(b) {
            let (a, b): (u16, u16) = (a.into(), b.into());
            let bin = &mut bins[join(self.tables[0].get(a), self.tables[1].get(b)) as usize];
            let (a, b) = (u64::from(a), u64::from(b));
            for (sum, more) in bin.iter_mut().zip([1, a, b, a * a, b * b, a * b]) {
                *sum += more;
            }
        }
        bins
    }

    /// The first level of a grid, or the greatest of all levels, with r <= 0 below it.
    pub(super) fn crossing(&self, bins: &[Sums]) -> Found {
        if self.grid {
            return first_crossing(bins, &self.levels, self.line);
        }
        let (mut below, mut found) = (Sums::default(), None);
        for (bin, level) in bins.iter().zip(&self.levels).filter(|(bin, _)| bin.n > 0) {
            below.add(bin);
            keep_crossing(&mut found, &below, *level, self.least, self.line);
        }
        found
    }
}

/// Sums of the pixels of each bin.
pub(super) fn level_bins<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    below: &Below,
    threads: usize,
    control: &Control,
) -> Result<Vec<Sums>> {
    let piece = bin_piece(below.len());
    let parts = in_pieces(pair.len(), piece, threads, control, |spare: &mut [Vec<u16>; 2], start, end| {
        let (a, b) = (pair.a.part(start, end), pair.b.part(start, end));
        let [first, second] = spare;
        below.bins(a.levels(first), b.levels(second))
    })?;
    let mut total = vec![Sums::default(); below.len()];
    for part in &parts {
        add_bins(&mut total, part);
    }
    Ok(total)
}

/// Adds what [`Below::bins`] gives.
pub(super) fn add_bins(total: &mut [Sums], more: &[[u64; 6]]) {
    for (sum, &[n, a, b, aa, bb, ab]) in total.iter_mut().zip(more) {
        sum.add(&Sums { n, a, b, aa: aa.into(), bb: bb.into(), ab: ab.into() });
    }
}

/// Pixels per piece: bins are few beside them.
pub(super) fn bin_piece(bins: usize) -> usize {
    PIECE.max(64 * bins)
}

/// For each bin the correlation of all pixels in it and in those after it.
pub(super) fn correlations<S: Bin>(bins: &[S]) -> Vec<Option<f64>> {
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

/// Takes a level in the place of those before if r <= 0 below it.
pub(super) fn keep_crossing<S: Bin>(found: &mut Found, below: &S, level: f64, least: f64, line: Line) {
    if level > least
        && let Some(r) = below.r()
        && r <= 0.0
    {
        *found = Some(([level, line.at(level)], r));
    }
}
