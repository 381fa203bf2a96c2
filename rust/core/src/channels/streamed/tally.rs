//! The first pass.

use super::{LARGE, in_threads, same_length};
use crate::channels::manders::{MOST_BASE, coefficients, cut, shares, with_base};
use crate::channels::moments::{Moments, Sums};
use crate::channels::pixels::{Range, Whole, sound};
use crate::channels::ranks::LevelTable;
use crate::channels::{Correlation, Overlap};
use crate::{Control, Error, Result};

const LEVELS: usize = 1 << 16;

/// The first pass: for each channel and level the number of pixels, and the sum of the other channel's levels there.
#[derive(Debug, Clone)]
pub struct Tally {
    pub(super) base: [f64; 2],
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

    pub(super) fn sums(&self) -> Sums {
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

    /// As [`crate::channels::pearson`].
    pub fn pearson(&self) -> Correlation {
        if self.sound() { Correlation::of(&Moments::exact(&self.sums(), self.base)) } else { Correlation::NONE }
    }

    /// As [`crate::channels::overlap`].
    pub fn overlap(&self) -> Overlap {
        coefficients(&self.sums(), self.base, self.ranges())
    }

    /// As [`crate::channels::manders`].
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
    pub(super) fn ranks(&self, which: usize, range: (f64, f64)) -> (LevelTable<i64>, i128) {
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
