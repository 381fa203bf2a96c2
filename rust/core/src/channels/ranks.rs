//! Ranks of pixels, ties sharing the mean of theirs.

use super::pixels::{Channel, Range};
use crate::{Control, Error, Result};

/// Levels that one pixel pays for: with fewer pixels they are sorted, not counted.
const COUNTING: usize = 16;

/// Something for each level of a channel, from the least to the greatest.
#[derive(Debug, Clone)]
pub(super) struct LevelTable<T> {
    least: u16,
    entries: Vec<T>,
}

impl<T: Copy> LevelTable<T> {
    pub(super) fn new(base: f64, (low, high): (f64, f64), entry: impl FnMut(f64) -> T) -> Self {
        let [least, most] = [low, high].map(|value| (value - base) as u16);
        let values = (least..=most).map(|level| base + f64::from(level));
        Self { least, entries: values.map(entry).collect() }
    }

    pub(super) fn get(&self, level: u16) -> T {
        self.entries[usize::from(level - self.least)]
    }
}

/// Twice the mid-rank of each pixel, counted from 1, less n + 1: a whole number about 0. And the sum of its squares.
pub(super) enum Ranks {
    /// By level.
    OfLevel { table: LevelTable<i32>, square: i128 },
    /// By pixel.
    OfPixel { ranks: Vec<i32>, square: i128 },
}

impl Ranks {
    pub(super) fn new<C: Channel>(channel: &C, range: Range, control: &Control) -> Result<Self> {
        let n = channel.len();
        if i32::try_from(n).is_err() {
            return Err(Error::argument("a", "fewer than 2³¹ pixels", n));
        }
        let mut spare = Vec::new();
        let levels = channel.levels(&mut spare);
        if let (false, Some((low, high))) = (levels.is_empty(), range)
            && high - low < (n * COUNTING) as f64
        {
            return Ok(Self::of_levels(levels, channel, (low, high)));
        }
        let keys = (0..n).map(|i| channel.level(i).map_or_else(|| ordered(channel.value(i)), u64::from));
        let order = sorted(keys);
        control.check()?;
        Ok(Self::of_pixels(&order))
    }

    /// Sum of squares.
    pub(super) fn square(&self) -> i128 {
        match self {
            Self::OfLevel { square, .. } | Self::OfPixel { square, .. } => *square,
        }
    }

    fn of_levels<C: Channel>(levels: &[u16], channel: &C, range: (f64, f64)) -> Self {
        let mut counts =
            counted(levels, (range.0 - channel.base()) as u16, (range.1 - range.0) as usize + 1).into_iter();
        let (mut below, mut square, n) = (0, 0, levels.len() as i64);
        let table = LevelTable::new(channel.base(), range, |_| {
            let equal = i64::from(counts.next().unwrap_or(0));
            let rank = 2 * below + equal - n;
            below += equal;
            square += i128::from(rank * rank) * i128::from(equal);
            rank as i32
        });
        Self::OfLevel { table, square }
    }

    fn of_pixels(order: &[(u64, u32)]) -> Self {
        let (mut below, mut square, n) = (0, 0, order.len() as i64);
        let mut ranks = vec![0; order.len()];
        for ties in order.chunk_by(|a, b| a.0 == b.0) {
            let equal = ties.len() as i64;
            let rank = 2 * below + equal - n;
            for &(_, pixel) in ties {
                ranks[pixel as usize] = rank as i32;
            }
            below += equal;
            square += i128::from(rank * rank) * i128::from(equal);
        }
        Self::OfPixel { ranks, square }
    }
}

/// How many pixels have each level; in two tables, since neighbours are often equal.
fn counted(levels: &[u16], least: u16, count: usize) -> Vec<u32> {
    let mut counts = [vec![0_u32; count], vec![0_u32; count]];
    let (pairs, rest) = levels.as_chunks::<2>();
    for [one, two] in pairs {
        counts[0][usize::from(one - least)] += 1;
        counts[1][usize::from(two - least)] += 1;
    }
    for level in rest {
        counts[0][usize::from(level - least)] += 1;
    }
    let [mut first, second] = counts;
    first.iter_mut().zip(second).for_each(|(sum, more)| *sum += more);
    first
}

/// Bits whose order as whole numbers is that of the numbers; both zeros are the same.
pub(super) fn ordered(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Below so many keys a comparison sort is faster.
const RADIX: usize = 1 << 12;
const DIGIT: u32 = 11;

/// Keys in ascending order, each with its place among the given ones: a radix sort that leaves out digits all share.
pub(super) fn sorted(keys: impl Iterator<Item = u64>) -> Vec<(u64, u32)> {
    let mut order: Vec<(u64, u32)> = keys.zip(0..).collect();
    if order.len() < RADIX {
        order.sort_unstable();
        return order;
    }
    let first = order[0].0;
    let differ = order.iter().fold(0, |bits, (key, _)| bits | (key ^ first));
    let mut spare = vec![(0, 0); order.len()];
    for shift in (0..u64::BITS).step_by(DIGIT as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT) - 1);
        if digit(differ) == 0 {
            continue;
        }
        let mut next = [0_u32; 1 << DIGIT];
        for (key, _) in &order {
            next[digit(*key)] += 1;
        }
        let mut total = 0;
        for count in &mut next {
            total += std::mem::replace(count, total);
        }
        for &entry in &order {
            let slot = &mut next[digit(entry.0)];
            spare[*slot as usize] = entry;
            *slot += 1;
        }
        std::mem::swap(&mut order, &mut spare);
    }
    order
}
