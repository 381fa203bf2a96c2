//! Ranks of pixels, ties sharing the mean of theirs.

use super::pixels::Channel;

/// From so many pixels per level on, levels are counted; below, they are sorted.
const COUNTING: usize = 16;

/// Twice the mid-rank of each pixel, counted from 1, less n + 1: a whole number about 0.
pub(super) enum Ranks {
    /// By level, from the least one on.
    OfLevel { least: u16, ranks: Vec<i64> },
    /// By pixel.
    OfPixel(Vec<i64>),
}

impl Ranks {
    pub(super) fn new<C: Channel>(channel: &C) -> Self {
        let n = channel.len();
        match channel.range() {
            Some((low, high)) if channel.level(0).is_some() => {
                let (least, most) = ((low - channel.base()) as u16, (high - channel.base()) as u16);
                if usize::from(most - least) < n * COUNTING {
                    return Self::of_levels(channel, least, most);
                }
                Self::OfPixel(by_sorting((0..n).map(|i| u64::from(channel.level(i).unwrap_or(0)))))
            }
            _ => Self::OfPixel(by_sorting((0..n).map(|i| ordered(channel.value(i))))),
        }
    }

    fn of_levels<C: Channel>(channel: &C, least: u16, most: u16) -> Self {
        let mut counts = vec![0_i64; usize::from(most - least) + 1];
        for i in 0..channel.len() {
            counts[usize::from(channel.level(i).unwrap_or(least) - least)] += 1;
        }
        let (mut below, n) = (0, channel.len() as i64);
        for count in &mut counts {
            let equal = *count;
            *count = 2 * below + equal - n;
            below += equal;
        }
        Self::OfLevel { least, ranks: counts }
    }

    pub(super) fn get<C: Channel>(&self, channel: &C, index: usize) -> i64 {
        match self {
            Self::OfLevel { least, ranks } => ranks[usize::from(channel.level(index).unwrap_or(*least) - least)],
            Self::OfPixel(ranks) => ranks[index],
        }
    }
}

/// Bits whose order as whole numbers is that of the numbers; both zeros are the same.
pub(super) fn ordered(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn by_sorting(keys: impl Iterator<Item = u64>) -> Vec<i64> {
    let order = sorted(keys);
    let n = order.len() as i64;
    let mut ranks = vec![0; order.len()];
    let mut below = 0_i64;
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let equal = ties.len() as i64;
        for &(_, pixel) in ties {
            ranks[pixel as usize] = 2 * below + equal - n;
        }
        below += equal;
    }
    ranks
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
