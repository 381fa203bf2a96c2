//! The second pass.

use std::ops::RangeInclusive;

use super::{LARGE, Tally, in_threads};
use crate::channels::below::{Below, Line, add_bins};
use crate::channels::correlation::{Side, quotient, same_side_levels};
use crate::channels::costes::{fitted, ranged};
use crate::channels::moments::{Moments, PIECE, Sums};
use crate::channels::pixels::{Whole, sound};
use crate::channels::ranks::LevelTable;
use crate::channels::{Correlation, Costes, Search};
use crate::{Control, Error, Result};

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
    /// As [`crate::channels::costes`]; [`Error::Argument`] for a bisection, which looks at all pixels many times.
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

    /// As [`crate::channels::spearman`]; NaN if it was not asked for.
    pub fn spearman(&self) -> Correlation {
        self.ranks.as_ref().map_or(Correlation::NONE, |(_, [aa, bb])| {
            Correlation::of_ranks([*aa, *bb, self.found.product], self.tally.pixels())
        })
    }

    /// As [`crate::channels::li_icq`]; NaN if it was not asked for.
    pub fn icq(&self) -> f64 {
        if self.sides.is_some() { quotient(self.found.sides) } else { f64::NAN }
    }

    /// As [`crate::channels::costes`]; `None` if they were not asked for.
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
