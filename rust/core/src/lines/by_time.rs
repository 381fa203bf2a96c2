//! Stable order of many times in linear time.

use std::cmp::Ordering;

/// Fewer items than this are sorted by comparison at once.
const FEW: usize = 64;

/// Buffers for sorting by time: a counting sort into as many buckets as items, then each bucket by comparison.
#[derive(Debug, Default)]
pub(super) struct ByTime {
    buckets: Vec<usize>,
    ends: Vec<usize>,
    order: Vec<usize>,
}

impl ByTime {
    /// The indices of `items` in ascending order of `time`, which is never NaN; equal times keep their order.
    ///
    /// O(n) for times spread evenly, O(n log n) at worst.
    pub(super) fn order<T>(&mut self, items: &[T], time: impl Fn(&T) -> f64) -> &[usize] {
        self.order.clear();
        self.order.extend(0..items.len());
        let compare = |&a: &usize, &b: &usize| time(&items[a]).partial_cmp(&time(&items[b])).unwrap_or(Ordering::Equal);
        if items.len() < FEW {
            self.order.sort_by(compare);
            return &self.order;
        }
        self.fill_buckets(items.iter().map(&time));
        let mut start = 0;
        for &end in &self.ends {
            if end - start > 1 {
                self.order[start..end].sort_by(compare);
            }
            start = end;
        }
        &self.order
    }

    /// Puts `order` in ascending order of bucket; `ends` tells where each bucket ends.
    fn fill_buckets(&mut self, times: impl ExactSizeIterator<Item = f64> + Clone) {
        let count = times.len();
        let first = times.clone().fold(f64::INFINITY, f64::min);
        let last = times.clone().fold(f64::NEG_INFINITY, f64::max);
        let scale = count as f64 / (last - first);
        // Every step is monotonic in time. Equal times (0 · ∞) and ones too far apart share bucket 0.
        let bucket = |time: f64| (((time - first) * scale) as usize).min(count - 1);
        self.buckets.clear();
        self.buckets.extend(times.map(bucket));
        self.ends.clear();
        self.ends.resize(count, 0);
        for &bucket in &self.buckets {
            self.ends[bucket] += 1;
        }
        let mut start = 0;
        for end in &mut self.ends {
            start += *end;
            *end = start - *end;
        }
        for (index, &bucket) in self.buckets.iter().enumerate() {
            self.order[self.ends[bucket]] = index;
            self.ends[bucket] += 1;
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
        assert_eq!(ByTime::default().order(times, |&time| time), expected);
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
