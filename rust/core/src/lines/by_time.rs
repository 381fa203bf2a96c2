//! Stable order of many times in linear time.

use std::cmp::Ordering;

/// Up to this many items are sorted by insertion.
const FEW: usize = 32;

/// Buffers for sorting by time: a counting sort into as many buckets as items, then each bucket by comparison.
#[derive(Debug, Default)]
pub(super) struct ByTime {
    buckets: Vec<u32>,
    ends: Vec<u32>,
    /// Times and indices.
    order: Vec<(f64, u32)>,
}

impl ByTime {
    /// The `times` in ascending order with their indices; no time is NaN, and equal ones keep their order.
    ///
    /// O(n) for times spread evenly, O(n log n) at worst.
    pub(super) fn order(&mut self, times: &[f64]) -> impl ExactSizeIterator<Item = (f64, usize)> {
        self.order.clear();
        self.order.extend(times.iter().copied().zip(0..));
        let compare = |a: &(f64, u32), b: &(f64, u32)| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
        if times.len() <= FEW {
            insert(&mut self.order);
        } else {
            self.fill_buckets(times);
            let mut start = 0;
            for &end in &self.ends {
                let bucket = &mut self.order[start..end as usize];
                if bucket.len() > FEW {
                    bucket.sort_by(compare);
                } else {
                    insert(bucket);
                }
                start = end as usize;
            }
        }
        self.order.iter().map(|&(time, index)| (time, index as usize))
    }

    /// Puts `order` in ascending order of bucket; `ends` tells where each bucket ends.
    fn fill_buckets(&mut self, times: &[f64]) {
        let count = times.len();
        let first = times.iter().copied().fold(f64::INFINITY, f64::min);
        let last = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = count as f64 / (last - first);
        // Every step is monotonic in time. Equal times (0 · ∞) and ones too far apart share bucket 0.
        let bucket = |time: f64| (((time - first) * scale) as u32).min(count as u32 - 1);
        self.buckets.clear();
        self.buckets.extend(times.iter().copied().map(bucket));
        self.ends.clear();
        self.ends.resize(count, 0);
        for &bucket in &self.buckets {
            self.ends[bucket as usize] += 1;
        }
        let mut start = 0;
        for end in &mut self.ends {
            start += *end;
            *end = start - *end;
        }
        for ((&time, &bucket), index) in times.iter().zip(&self.buckets).zip(0..) {
            let end = &mut self.ends[bucket as usize];
            self.order[*end as usize] = (time, index);
            *end += 1;
        }
    }
}

/// A stable insertion sort by time.
fn insert(bucket: &mut [(f64, u32)]) {
    for end in 1..bucket.len() {
        let mut place = end;
        while place > 0 && bucket[place].0 < bucket[place - 1].0 {
            bucket.swap(place, place - 1);
            place -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(times: &[f64]) {
        let mut expected: Vec<usize> = (0..times.len()).collect();
        expected.sort_by(|&a, &b| times[a].partial_cmp(&times[b]).unwrap_or(Ordering::Equal));
        let mut by_time = ByTime::default();
        let found: Vec<_> = by_time.order(times).map(|(time, index)| (time.to_bits(), index)).collect();
        assert_eq!(found, expected.iter().map(|&index| (times[index].to_bits(), index)).collect::<Vec<_>>());
    }

    #[test]
    fn equal_and_extreme_times() {
        check(&[]);
        check(&[1.0; 100]);
        let mut times: Vec<f64> = (0..100).map(|k| f64::from(k % 7)).collect();
        check(&times);
        times[3] = -f64::MAX;
        check(&times);
        times[5] = f64::MAX;
        check(&times);
        times.fill(0.0);
        times[50] = -0.0;
        check(&times);
    }

    proptest! {
        #[test]
        fn as_a_stable_sort(times in prop::collection::vec(-50..50_i32, 0..300), power in 0..6) {
            let times: Vec<f64> = times.into_iter().map(|x| f64::from(x).powi(power)).collect();
            check(&times);
        }
    }
}
