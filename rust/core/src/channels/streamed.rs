//! Two channels whose pixels come in pieces: a region that is larger than memory, in two passes over it.
//!
//! Levels only: they are counted and summed in whole numbers, so that figures are those of the kernels that see all pixels
//! at once, bit for bit, whatever the pieces and their order. The first pass ([`Tally`]) counts; the second one
//! ([`Lookup`]) looks up ranks, sides of the means and bins of Costes' search, which the counts tell.

use std::ops::RangeInclusive;

use super::below::{Below, Line, add_bins};
use super::correlation::{Side, quotient, same_side_levels};
use super::costes::{fitted, ranged};

use super::manders::{MOST_BASE, coefficients, cut, shares, with_base};
use super::moments::{Moments, PIECE, Sums, in_pieces};
use super::pixels::{Range, Whole, sound};
use super::ranks::LevelTable;
use super::{Correlation, Costes, Overlap, Search};
use crate::{Control, Error, Result, pool};

const LEVELS: usize = 1 << 16;

/// Pixels from which on a piece is worth several threads, each of which has counts of its own.
const LARGE: usize = 1 << 19;

/// The first pass: for each channel and level the number of pixels, and the sum of the other channel's levels there.
#[derive(Debug, Clone)]
pub struct Tally {
    base: [f64; 2],
    levels: [Vec<[u64; 2]>; 2],
}

impl Tally {
    /// No pixels; level 0 stands for `base`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a base that is no whole number between -2⁴⁰ and 2⁴⁰.
    pub fn new(base: [f64; 2]) -> Result<Self> {
        if base.iter().all(|base| base.abs() < MOST_BASE && base.fract() == 0.0) {
            return Ok(Self::empty(base));
        }
        Err(Error::argument("base", "whole numbers between -2⁴⁰ and 2⁴⁰", format!("{base:?}")))
    }

    fn empty(base: [f64; 2]) -> Self {
        Self { base, levels: [vec![[0; 2]; LEVELS], vec![[0; 2]; LEVELS]] }
    }

    /// Counts the pixels of a piece; O(N).
    ///
    /// # Errors
    /// [`Error::Argument`] if the channels differ in length; [`Error::Cancelled`].
    pub fn add<T: Whole>(&mut self, a: &[T], b: &[T], threads: usize, control: &Control) -> Result<()> {
        if a.len() < LARGE {
            same_length(a, b)?;
            self.enter(a, b);
            return control.check();
        }
        for part in in_threads(a, b, threads, control, |a, b| {
            let mut part = Self::empty(self.base);
            part.enter(a, b);
            part
        })? {
            self.merge(&part);
        }
        Ok(())
    }

    fn enter<T: Whole>(&mut self, a: &[T], b: &[T]) {
        let [of_a, of_b] = &mut self.levels;
        for (&a, &b) in a.iter().zip(b) {
            let (a, b): (u16, u16) = (a.into(), b.into());
            for (levels, own, other) in [(&mut *of_a, a, b), (&mut *of_b, b, a)] {
                if let Some([count, sum]) = levels.get_mut(usize::from(own)) {
                    *count += 1;
                    *sum += u64::from(other);
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        let own = self.levels.iter_mut().flatten().flatten();
        own.zip(other.levels.iter().flatten().flatten()).for_each(|(sum, more)| *sum += more);
    }

    /// Number of pixels.
    pub fn pixels(&self) -> u64 {
        self.levels[0].iter().map(|[count, _]| count).sum()
    }

    /// Number of pixels of each level of both channels: (2, 65 536).
    pub fn counts(&self) -> Vec<u64> {
        self.levels.iter().flatten().map(|[count, _]| *count).collect()
    }

    /// Least and greatest value of each channel; `None` without pixels.
    pub fn ranges(&self) -> [Range; 2] {
        [0, 1].map(|k| {
            let held = |entry: &[u64; 2]| entry[0] > 0;
            let (low, high) = (self.levels[k].iter().position(held)?, self.levels[k].iter().rposition(held)?);
            Some((self.base[k] + low as f64, self.base[k] + high as f64))
        })
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums { n: self.pixels(), ..Sums::default() };
        for (level, ([count_a, other], [count_b, _])) in self.levels[0].iter().zip(&self.levels[1]).enumerate() {
            let level = level as u64;
            sums.a += level * count_a;
            sums.b += level * count_b;
            sums.aa += u128::from(level * level) * u128::from(*count_a);
            sums.bb += u128::from(level * level) * u128::from(*count_b);
            sums.ab += u128::from(level) * u128::from(*other);
        }
        sums
    }

    fn sound(&self) -> bool {
        sound(self.ranges(), self.pixels() as usize).is_some()
    }

    /// As [`super::pearson`].
    pub fn pearson(&self) -> Correlation {
        if self.sound() { Correlation::of(&Moments::exact(&self.sums(), self.base)) } else { Correlation::NONE }
    }

    /// As [`super::overlap`].
    pub fn overlap(&self) -> Overlap {
        coefficients(&self.sums(), self.base, self.ranges())
    }

    /// As [`super::manders`].
    pub fn manders(&self, thresholds: [f64; 2]) -> [f64; 2] {
        let sums = self.sums();
        let [over_a, over_b] = [0, 1].map(|k| {
            let above = self.levels[k].iter().skip((cut(thresholds[k], self.base[k]) + 1) as usize);
            above.fold([0_u64; 2], |[count, sum], entry| [count + entry[0], sum + entry[1]])
        });
        let counted = [(sums.a, sums.n), (sums.b, sums.n), (over_b[1], over_b[0]), (over_a[1], over_a[0])];
        shares(with_base(counted, self.base), self.ranges(), thresholds)
    }

    /// Twice the mid-rank of each level of a channel less n + 1, and the sum of their squares over all pixels.
    fn ranks(&self, which: usize, range: (f64, f64)) -> (LevelTable<i64>, i128) {
        let mut counts = self.levels[which].iter().map(|entry| entry[0] as i64).skip_while(|count| *count == 0);
        let (mut below, mut square, n) = (0, 0, self.pixels() as i64);
        let table = LevelTable::new(self.base[which], range, |_| {
            let equal = counts.next().unwrap_or(0);
            let rank = 2 * below + equal - n;
            below += equal;
            square += i128::from(rank) * i128::from(rank) * i128::from(equal);
            rank
        });
        (table, square)
    }
}

/// What the second pass is for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Spearman's correlation.
    pub spearman: bool,
    /// Li's quotient.
    pub icq: bool,
    /// Costes' thresholds.
    pub search: Option<Search>,
}

/// The second pass.
#[derive(Debug, Clone)]
pub struct Lookup {
    tally: Tally,
    /// Levels of each channel that there are.
    spans: [RangeInclusive<u16>; 2],
    ranks: Option<([LevelTable<i64>; 2], [i128; 2])>,
    sides: Option<[Side; 2]>,
    search: Option<std::result::Result<Along, Costes>>,
    found: Found,
}

/// Costes' search along a line.
#[derive(Debug, Clone)]
struct Along {
    below: Below,
    line: Line,
    ranges: [(f64, f64); 2],
}

/// Sums over pixels: products of ranks, pixels on the same side of both means and beside both, and bins of the search.
#[derive(Debug, Clone, Default)]
struct Found {
    product: i128,
    sides: [u64; 2],
    bins: Vec<Sums>,
}

impl Lookup {
    /// What is to be looked up after the first pass.
    ///
    /// # Errors
    /// As [`super::costes`]; [`Error::Argument`] for a bisection, which looks at all pixels many times.
    pub fn new(tally: &Tally, wanted: Wanted) -> Result<Self> {
        let search = wanted.search.map(|search| along(tally, search)).transpose()?;
        let bins = search.as_ref().and_then(|found| found.as_ref().ok()).map_or(0, |found| found.below.len());
        let (ranges, sums) = (sound(tally.ranges(), tally.pixels() as usize), tally.sums());
        let ranks = ranges.filter(|_| wanted.spearman).map(|ranges| {
            let [(of_a, aa), (of_b, bb)] = [0, 1].map(|k| tally.ranks(k, ranges[k]));
            ([of_a, of_b], [aa, bb])
        });
        let sides = ranges.filter(|_| wanted.icq).map(|_| [Side::new(sums.a, sums.n), Side::new(sums.b, sums.n)]);
        let found = Found { bins: vec![Sums::default(); bins], ..Found::default() };
        let spans = [0, 1].map(|k| {
            let [low, high] =
                tally.ranges()[k].map_or([1.0, 0.0], |(low, high)| [low, high].map(|x| x - tally.base[k]));
            low as u16..=high as u16
        });
        Ok(Self { tally: tally.clone(), spans, ranks, sides, search, found })
    }

    /// Whether pixels have to be seen again.
    pub fn is_needed(&self) -> bool {
        self.ranks.is_some() || self.sides.is_some() || !self.found.bins.is_empty()
    }

    /// Looks up the pixels of a piece, one that the first pass has counted; O(N).
    ///
    /// # Errors
    /// [`Error::Argument`] if the channels differ in length, or there are levels that were not counted;
    /// [`Error::Cancelled`].
    pub fn add<T: Whole>(&mut self, a: &[T], b: &[T], threads: usize, control: &Control) -> Result<()> {
        for (pixels, span) in [a, b].into_iter().zip(&self.spans) {
            if !pixels.iter().all(|&pixel| span.contains(&pixel.into())) {
                return Err(Error::argument("a", format!("levels {span:?}, as in the first pass"), "others"));
            }
        }
        let parts = in_threads(a, b, if a.len() < LARGE { 1 } else { threads }, control, |a, b| self.looked_up(a, b))?;
        for (product, sides, bins) in parts {
            self.found.product += product;
            self.found.sides.iter_mut().zip(sides).for_each(|(sum, more)| *sum += more);
            add_bins(&mut self.found.bins, &bins);
        }
        Ok(())
    }

    fn looked_up<T: Whole>(&self, a: &[T], b: &[T]) -> (i128, [u64; 2], Vec<[u64; 6]>) {
        let (mut product, mut same, mut spare) = (0, [0; 2], [Vec::new(), Vec::new()]);
        for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
            if let Some(([of_a, of_b], _)) = &self.ranks {
                let products =
                    a.iter().zip(b).map(|(&a, &b)| i128::from(of_a.get(a.into())) * i128::from(of_b.get(b.into())));
                product += products.sum::<i128>();
            }
            if let Some(sides) = self.sides {
                let [first, second] = &mut spare;
                let more = same_side_levels(T::all(a, first), T::all(b, second), sides);
                same.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
        let bins = if let Some(Ok(along)) = &self.search { along.below.bins(a, b) } else { Vec::new() };
        (product, same, bins)
    }

    /// What the first pass has counted.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// As [`super::spearman`]; NaN if it was not asked for.
    pub fn spearman(&self) -> Correlation {
        self.ranks.as_ref().map_or(Correlation::NONE, |(_, [aa, bb])| {
            Correlation::of_ranks([*aa, *bb, self.found.product], self.tally.pixels())
        })
    }

    /// As [`super::li_icq`]; NaN if it was not asked for.
    pub fn icq(&self) -> f64 {
        if self.sides.is_some() { quotient(self.found.sides) } else { f64::NAN }
    }

    /// As [`super::costes`]; `None` if they were not asked for.
    pub fn costes(&self) -> Option<Costes> {
        self.search.as_ref().map(|search| match search {
            Ok(Along { below, line, ranges }) => line.with(below.crossing(&self.found.bins), *ranges),
            Err(unfit) => *unfit,
        })
    }
}

fn along(tally: &Tally, search: Search) -> Result<std::result::Result<Along, Costes>> {
    if search == Search::Bisection {
        return Err(Error::argument("search", "one that needs two passes", "bisection"));
    }
    Ok(ranged(tally.ranges(), tally.pixels() as usize, search)?.and_then(|ranges| {
        let sums = tally.sums();
        let line = fitted(&Moments::exact(&sums, tally.base), sums.product() > 0, ranges, search)?;
        Ok(Along { below: Below::new(search, ranges, tally.base, line), line, ranges })
    }))
}

fn same_length<T>(a: &[T], b: &[T]) -> Result<()> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::argument("b", format!("{} pixels", a.len()), format!("{} pixels", b.len())))
}

/// Applies `work` to one part of the pixels per thread.
fn in_threads<T: Whole, R: Send>(
    a: &[T],
    b: &[T],
    threads: usize,
    control: &Control,
    work: impl Fn(&[T], &[T]) -> R + Sync + Send,
) -> Result<Vec<R>> {
    same_length(a, b)?;
    let threads = pool::resolve(threads);
    let length = a.len().div_ceil(threads).clamp(1, MOST_PART);
    in_pieces(a.len(), length, threads, control, |(): &mut (), start, end| work(&a[start..end], &b[start..end]))
}

/// Sums of products of so many levels are below 2⁶⁴.
const MOST_PART: usize = 1 << 31;
