//! Stable sorting of many rows by time in linear time.

use std::cmp::Ordering;

/// Up to this many rows are sorted by insertion.
const FEW: usize = 32;

/// Buffers for sorting by time: a counting sort into as many buckets as rows, then each bucket by comparison.
#[derive(Debug, Default)]
pub(super) struct ByTime {
    buckets: Vec<u32>,
    ends: Vec<u32>,
}

impl ByTime {
    /// Appends `rows` of `W` numbers, time first, to `out` in ascending order of time.
    ///
    /// No time is NaN; rows of equal time keep their order. O(n) for times spread evenly, O(n log n) at worst.
    pub(super) fn append<const W: usize>(&mut self, rows: &[[f64; W]], out: &mut Vec<f64>) {
        let start = out.len();
        if rows.len() <= FEW {
            out.extend_from_slice(rows.as_flattened());
            insert(out[start..].as_chunks_mut::<W>().0);
            return;
        }
        out.resize(start + rows.len() * W, 0.0);
        let sorted = out[start..].as_chunks_mut().0;
        self.distribute(rows, sorted);
        let mut start = 0;
        for &end in &self.ends {
            let bucket = start..end as usize;
            if bucket.len() > FEW {
                sorted[bucket].sort_by(|a, b| a[0].partial_cmp(&b[0]).unwrap_or(Ordering::Equal));
            }
            start = end as usize;
        }
        // Rows only move within their small buckets.
        insert(sorted);
    }

    /// Copies `rows` to `sorted` in ascending order of bucket; `ends` tells where each bucket ends.
    fn distribute<const W: usize>(&mut self, rows: &[[f64; W]], sorted: &mut [[f64; W]]) {
        let count = rows.len();
        let first = rows.iter().map(|row| row[0]).fold(f64::INFINITY, f64::min);
        let last = rows.iter().map(|row| row[0]).fold(f64::NEG_INFINITY, f64::max);
        let scale = count as f64 / (last - first);
        // Every step is monotonic in time. Equal times (0 · ∞) and ones too far apart share bucket 0.
        let bucket = |time: f64| (((time - first) * scale) as u32).min(count as u32 - 1);
        self.buckets.clear();
        self.buckets.extend(rows.iter().map(|row| bucket(row[0])));
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
        for (row, &bucket) in rows.iter().zip(&self.buckets) {
            let end = &mut self.ends[bucket as usize];
            sorted[*end as usize] = *row;
            *end += 1;
        }
    }
}

/// A stable insertion sort by time.
fn insert<const W: usize>(bucket: &mut [[f64; W]]) {
    for end in 1..bucket.len() {
        let mut place = end;
        while place > 0 && bucket[place][0] < bucket[place - 1][0] {
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
        let rows: Vec<[f64; 2]> = times.iter().copied().zip(0..).map(|(time, k)| [time, f64::from(k)]).collect();
        let mut expected = rows.clone();
        expected.sort_by(|a, b| a[0].partial_cmp(&b[0]).unwrap_or(Ordering::Equal));
        let mut found = vec![7.0];
        ByTime::default().append(&rows, &mut found);
        assert_eq!(found[0], 7.0);
        assert_eq!(found[1..], *expected.as_flattened());
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
