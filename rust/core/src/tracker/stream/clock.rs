//! Lines put in order of time as they come: what is out of order is left out, gaps and a clock that starts again are told
//! from stray times.

/// Mean times between lines that the next one may be ahead.
const AHEAD: f64 = 100.0;
/// Lines in a row after which a time is none that strayed, and the share of them that are in order then.
const SURE: usize = 64;
const IN_ORDER: f64 = 0.75;
/// How far from the middle of them one is still no stray, in the time that half of them take.
const WIDE: f64 = 10.0;
/// How far back a clock is that started again, ms; lines that are less late are out of order.
const RESET: f64 = 1000.0;
/// Shortest gap that is told, ms, and in mean times between lines.
const GAP: f64 = 1.0;
const GAPS: f64 = 1000.0;

/// A line of response: time, two points.
pub(super) type Row = [f64; 7];

/// What happened to the times of the lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// There were no lines for so long, ms, after a time.
    Gap {
        /// ms.
        after: f64,
        /// ms.
        time: f64,
    },
    /// The clock went back by so much, ms, after a time; from there on times are counted on.
    Reset {
        /// ms.
        after: f64,
        /// ms.
        time: f64,
    },
}

/// The time of the lines so far.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// Of the latest line, and the time before which none is wanted any more.
    pub(super) latest: f64,
    pub(super) closed: f64,
    /// Mean time between lines.
    pub(super) interval: f64,
    /// What is added to times since the clock started again.
    offset: f64,
    /// Lines whose time is not what was expected.
    strange: Vec<Row>,
    /// The tick of a coarse clock, and the lines of the present one.
    tick: Option<f64>,
    same: Vec<Row>,
    /// Lines left out.
    pub(super) unused: usize,
    pub(super) events: Vec<Event>,
}

impl Clock {
    /// Goes on after a time.
    pub(super) fn new(latest: f64, interval: f64, tick: Option<f64>) -> Self {
        Self {
            latest,
            closed: latest,
            interval,
            offset: 0.0,
            strange: Vec::new(),
            tick,
            same: Vec::new(),
            unused: 0,
            events: Vec::new(),
        }
    }

    /// Takes a line; gives those whose time is sure by then.
    pub(super) fn take(&mut self, mut row: Row, out: &mut Vec<Row>) {
        row[0] += self.offset;
        if row[0] >= self.closed && row[0] <= self.latest + AHEAD * self.interval {
            self.unused += self.strange.len();
            self.strange.clear();
            self.accept(row, out);
            return;
        }
        self.strange.push(row);
        if self.strange.len() < SURE {
            return;
        }
        let ascending = self.strange.windows(2).filter(|pair| pair[0][0] <= pair[1][0]).count();
        if (ascending as f64) < IN_ORDER * (SURE - 1) as f64 {
            self.unused += SURE / 2;
            self.strange.drain(..SURE / 2);
            return;
        }
        self.jump(out);
    }

    /// Goes on where most of the strange lines are.
    fn jump(&mut self, out: &mut Vec<Row>) {
        let mut rows = std::mem::take(&mut self.strange);
        rows.sort_by(|one, other| one[0].total_cmp(&other[0]));
        let [early, middle, late] = [1, 2, 3].map(|part| rows[part * rows.len() / 4][0]);
        let near = WIDE * (late - early).max(self.interval);
        rows.retain(|row| (row[0] - middle).abs() <= near);
        self.unused += SURE - rows.len();
        let first = rows[0][0];
        if self.latest - middle > RESET {
            let shift = self.latest + self.interval - first;
            self.events.push(Event::Reset { after: self.latest, time: self.latest - first });
            self.offset += shift;
            for row in &mut rows {
                row[0] += shift;
            }
        } else if first - self.latest > GAP.max(GAPS * self.interval) {
            self.events.push(Event::Gap { after: self.latest, time: first - self.latest });
        }
        for row in rows {
            if row[0] >= self.closed {
                self.accept(row, out);
            } else {
                self.unused += 1;
            }
        }
    }

    fn accept(&mut self, row: Row, out: &mut Vec<Row>) {
        self.latest = self.latest.max(row[0]);
        let Some(tick) = self.tick else {
            out.push(row);
            return;
        };
        if self.same.last().is_some_and(|last| last[0] != row[0]) {
            self.spread(tick.min((row[0] - self.same[0][0]).abs()), out);
        }
        self.same.push(row);
    }

    /// Spreads the lines of a tick over it.
    fn spread(&mut self, step: f64, out: &mut Vec<Row>) {
        let count = self.same.len() as f64;
        for (at, mut row) in self.same.drain(..).enumerate() {
            row[0] += step * (at as f64 + 0.5) / count;
            out.push(row);
        }
    }

    /// Gives what is held back of lines after which none comes.
    pub(super) fn finish(&mut self, out: &mut Vec<Row>) {
        self.unused += self.strange.len();
        self.strange.clear();
        if let Some(tick) = self.tick {
            self.spread(tick, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Event, Row};

    fn taken(clock: &mut Clock, times: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut out: Vec<Row> = Vec::new();
        for time in times {
            clock.take([time, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], &mut out);
        }
        out.iter().map(|row| row[0]).collect()
    }

    fn clock() -> Clock {
        Clock::new(0.0, 0.1, None)
    }

    #[test]
    fn stray_times_are_left_out() {
        let mut clock = clock();
        assert_eq!(taken(&mut clock, [0.1, 1e12, 0.2, -5e3, 0.3]), [0.1, 0.2, 0.3]);
        assert_eq!((clock.unused, clock.events.len()), (2, 0));
    }

    #[test]
    fn a_gap_is_told_and_nothing_of_what_follows_is_lost() {
        let mut clock = clock();
        let after: Vec<f64> = (0..100).map(|i| 5e4 + 0.1 * f64::from(i)).collect();
        assert_eq!(taken(&mut clock, after.iter().copied()), after);
        assert_eq!(clock.events, [Event::Gap { after: 0.0, time: 5e4 }]);
        assert_eq!(clock.unused, 0);
    }

    #[test]
    fn a_clock_that_starts_again_is_counted_on() {
        let mut clock = Clock::new(9e4, 0.1, None);
        let found = taken(&mut clock, (0..100).map(|i| 0.5 * f64::from(i)));
        assert_eq!(found.len(), 100);
        assert!((found[0] - 90_000.1).abs() < 1e-9 && (found[99] - found[0] - 49.5).abs() < 1e-9);
        assert_eq!(clock.events, [Event::Reset { after: 9e4, time: 9e4 }]);
    }

    #[test]
    fn garbage_is_no_clock() {
        let mut clock = clock();
        let garbage = (0..1000).map(|i| f64::from(i * 7919 % 1000 - 500) * 1e5);
        let found = taken(&mut clock, garbage.filter(|time| *time != 0.0).chain([0.1, 0.2]));
        assert_eq!(found, [0.1, 0.2]);
        assert!(clock.events.is_empty());
        assert_eq!(clock.unused, 999);
    }

    #[test]
    fn lines_that_are_late_are_counted() {
        let mut clock = clock();
        clock.closed = 50.0;
        clock.latest = 51.0;
        assert_eq!(taken(&mut clock, (0..100).map(f64::from)), (50..100).map(f64::from).collect::<Vec<_>>());
        assert_eq!((clock.unused, clock.events.len()), (50, 0));
    }

    #[test]
    fn lines_of_a_tick_are_spread_over_it() {
        let mut clock = Clock::new(0.0, 0.25, Some(1.0));
        let mut found = taken(&mut clock, [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 4.0]);
        let mut rest = Vec::new();
        clock.finish(&mut rest);
        found.extend(rest.iter().map(|row| row[0]));
        assert_eq!(found, [1.125, 1.375, 1.625, 1.875, 2.25, 2.75, 4.5]);
    }
}
