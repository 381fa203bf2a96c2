//! First pass: how long a tick is.

use super::NOMINAL_TICKS_PER_MS;
use super::words::{BYTES_PER_WORD, count_ticks, split_at_marker, tag_step};

/// How the length of a tick was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSource {
    /// Straight line through (clock, ticks) of every buffer but the first.
    Fit,
    /// Ticks per ms from the first clock word to the last, because no rising line can be fitted.
    Mean,
    /// [`NOMINAL_TICKS_PER_MS`], because the file has no usable interval.
    Nominal,
}

/// The length of a tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Ticks per ms, finite and positive.
    pub ticks_per_ms: f64,
    /// Where the rate comes from.
    pub source: ClockSource,
    /// Squared correlation of clock and ticks: near 1 for a sound file, NaN where no line was fitted.
    pub correlation: f64,
    /// Number of buffers that have a clock word.
    pub buffers: u64,
}

/// First pass: compares the tick counter with the clock words.
///
/// With c the clock since the first buffer and t the ticks since the first event, one pair for each of the n
/// later buffers, the rate is the slope of the least-squares line, `(n Σct - Σc Σt) / (n Σcc - Σc²)`. O(words).
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    after_marker: bool,
    first_clock: Option<u32>,
    tag: Option<u8>,
    ticks: u64,
    sums: Sums,
}

/// Sums over the pairs (clock, ticks), exact for every file that fits on a disk, and the last pair.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: i128,
    c: i128,
    t: i128,
    ct: i128,
    cc: i128,
    tt: i128,
    last: (i128, i128),
}

impl Calibration {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next words of the file; bytes after the last whole word are not used.
    pub fn push(&mut self, bytes: &[u8]) {
        let (mut words, _) = bytes.as_chunks::<BYTES_PER_WORD>();
        while let Some((first, rest)) = words.split_first() {
            if self.after_marker {
                self.after_marker = false;
                self.record(u32::from_le_bytes(*first));
                words = rest;
                continue;
            }
            let (events, rest) = split_at_marker(words);
            if let (Some(first), Some(last)) = (events.first(), events.last()) {
                let tag = self.tag.unwrap_or(first[3]);
                self.ticks += u64::from(tag_step(first[3], tag)) + count_ticks(events);
                self.tag = Some(last[3]);
            }
            self.after_marker = !rest.is_empty();
            words = rest.get(1..).unwrap_or(&[]);
        }
    }

    fn record(&mut self, clock: u32) {
        let Some(first) = self.first_clock else {
            self.first_clock = Some(clock);
            return;
        };
        let passed = i128::from(clock) - i128::from(first);
        // The camera's clock starts again at 0 after 2^32 ms.
        let c = if passed < -(1 << 31) { passed + (1 << 32) } else { passed };
        let t = i128::from(self.ticks);
        let sums = &mut self.sums;
        sums.n += 1;
        sums.c += c;
        sums.t += t;
        sums.ct += c * t;
        sums.cc += c * c;
        sums.tt += t * t;
        sums.last = (c, t);
    }

    /// The rate of ticks over all the words pushed.
    pub fn finish(&self) -> Clock {
        let Sums { n, c, t, ct, cc, tt, last } = self.sums;
        let spread = |xy: i128, x: i128, y: i128| n.saturating_mul(xy).saturating_sub(x.saturating_mul(y)) as f64;
        let (cov, var_c, var_t) = (spread(ct, c, t), spread(cc, c, c), spread(tt, t, t));
        let (slope, mean) = (cov / var_c, last.1 as f64 / last.0 as f64);
        let (ticks_per_ms, source, correlation) = if is_rate(slope) {
            (slope, ClockSource::Fit, slope * cov / var_t)
        } else if is_rate(mean) {
            (mean, ClockSource::Mean, f64::NAN)
        } else {
            (NOMINAL_TICKS_PER_MS, ClockSource::Nominal, f64::NAN)
        };
        let buffers = n as u64 + u64::from(self.first_clock.is_some());
        Clock { ticks_per_ms, source, correlation, buffers }
    }
}

fn is_rate(ticks_per_ms: f64) -> bool {
    ticks_per_ms.is_finite() && ticks_per_ms > 0.0
}
