//! Order 2: which frames have events.
//!
//! For given frames with events everything else follows (`band`): calcium and its pull on the others are lines in b and
//! λ, b is a line in λ, and the squares are a parabola. Frames whose event is negative lose it, frames that are pulled up
//! get one, all at once (block principal pivoting: Portugal, Júdice & Vicente, Math Comput 63 (1994) 625; Kim & Park, SIAM
//! J Sci Comput 33 (2011) 3261), until none is left: then the conditions of the minimum (Karush, Kuhn & Tucker) hold.

use super::Goal;
use super::band::{Band, Three, drive};

/// Events and pulls smaller than this part of the noise are none.
const NOTHING: f64 = 1e-9;
/// Exchanges of all frames that may fail to leave fewer before frames are exchanged one by one.
const PATIENCE: usize = 8;
/// Rounds of exchanges; about ten are the rule.
const MOST_ROUNDS: usize = 400;
/// Steps in the penalty.
const MOST_STEPS: usize = 60;
/// Frames around an event within which only the smallest is taken out at a time.
const NEAR: usize = 4;

/// Weights of the three: a trace less a baseline and a penalty.
#[derive(Debug, Clone, Copy)]
struct Level {
    baseline: f64,
    penalty: f64,
}

impl Level {
    fn of(self, three: Three) -> f64 {
        three[0] - self.baseline * three[1] - self.penalty * three[2]
    }
}

/// The squares and the baseline as the penalty changes, for given frames with events.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Squares without a penalty, and per penalty².
    squares: [f64; 2],
    /// The baseline without a penalty, and per penalty.
    baseline: [f64; 2],
}

/// Frames with events, and room to work in.
#[derive(Debug, Default)]
pub(super) struct Search {
    band: Band,
    active: Vec<bool>,
    wrong: Vec<(usize, f64)>,
    frames: usize,
    scale: f64,
}

impl Search {
    /// Baseline and penalty, with `events` filled; `None` if the exchange did not end. What is small beside `scale` is 0.
    #[allow(clippy::too_many_arguments)] // what is known of a trace
    pub(super) fn solve(
        &mut self,
        trace: &[f64],
        roots: [f64; 2],
        scale: f64,
        goal: Goal,
        baseline: Option<f64>,
        least: f64,
        events: &mut [f64],
    ) -> Option<[f64; 2]> {
        let goal = goal.within(trace.iter().map(|y| y * y).sum());
        (self.frames, self.scale) = (trace.len(), scale);
        self.band.load(trace, roots);
        self.begin(roots, baseline.unwrap_or(0.0));
        let mut level = self.reach(goal, baseline)?;
        if least > 0.0 {
            level = self.take_out(least, baseline);
        }
        self.events(level, |frame, value| events[frame] = value.max(0.0));
        Some([level.baseline, level.penalty])
    }

    /// Frames at which calcium would have to be driven up.
    fn begin(&mut self, roots: [f64; 2], baseline: f64) {
        let level = Level { baseline, penalty: self.scale };
        self.active.clear();
        let (mut last, mut older) = ([0.0; 3], [0.0; 3]);
        let roots = [roots[0] + roots[1], -roots[0] * roots[1]];
        for &now in self.band.given() {
            self.active.push(level.of(drive(now, last, older, roots)) > 0.0);
            (older, last) = (last, now);
        }
    }

    /// The level of the goal: at once, or by steps in the penalty.
    fn reach(&mut self, goal: Goal, baseline: Option<f64>) -> Option<Level> {
        if let Some(level) = self.silence(goal, baseline) {
            return Some(level);
        }
        if let Some(level) = self.exchange(goal, baseline) {
            return Some(level);
        }
        let Goal::Squares(target) = goal else { return None };
        let (mut low, mut high, mut penalty) = (0.0, f64::INFINITY, self.scale);
        for _ in 0..MOST_STEPS {
            self.exchange(Goal::Penalty(penalty), baseline)?;
            let line = self.line(baseline);
            let [squares, slope] = line.squares;
            if squares + slope * penalty * penalty < target {
                low = penalty;
            } else {
                high = penalty;
            }
            let next = ((target - squares).max(0.0) / slope).sqrt();
            if (next - penalty).abs() <= 1e-10 * penalty {
                return Some(line.at(next));
            }
            let middle = if high.is_finite() { 0.5 * (low + high) } else { 4.0 * low };
            penalty = if next > low && next < high { next } else { middle };
        }
        None
    }

    /// The least penalty without any event, if the fit is close enough without.
    fn silence(&mut self, goal: Goal, baseline: Option<f64>) -> Option<Level> {
        let Goal::Squares(target) = goal else { return None };
        let frames = self.frames as f64;
        let mean = self.band.given().iter().map(|given| given[0]).sum::<f64>() / frames;
        let baseline = baseline.unwrap_or(mean);
        let squares: f64 = self.band.given().iter().map(|given| (given[0] - baseline) * (given[0] - baseline)).sum();
        if squares > target {
            return None;
        }
        self.active.fill(false);
        self.band.solve(&self.active);
        let level = Level { baseline, penalty: 0.0 };
        let penalty = self.band.pull.iter().map(|&pull| level.of(pull)).fold(0.0, f64::max);
        Some(Level { baseline, penalty })
    }

    /// Exchanges frames until none is wrong; `None` if that does not end.
    fn exchange(&mut self, goal: Goal, baseline: Option<f64>) -> Option<Level> {
        let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
        for _ in 0..MOST_ROUNDS {
            self.band.solve(&self.active);
            let line = self.line(baseline);
            let level = line.at(line.penalty(goal));
            self.find_wrong(level);
            let count = self.wrong.len();
            if count == 0 {
                return level.baseline.is_finite().then_some(level);
            }
            if count < fewest {
                (fewest, patience) = (count, PATIENCE);
            } else if patience > 0 {
                patience -= 1;
            } else {
                self.keep_worst();
            }
            for &(frame, _) in &self.wrong {
                self.active[frame] = !self.active[frame];
            }
        }
        None
    }

    fn find_wrong(&mut self, level: Level) {
        let mut wrong = std::mem::take(&mut self.wrong);
        wrong.clear();
        let least = NOTHING * self.scale;
        self.events(level, |frame, value| {
            if value < -least {
                wrong.push((frame, -value));
            }
        });
        for (frame, &pull) in self.band.pull.iter().enumerate() {
            let pull = level.of(pull);
            if !self.active[frame] && pull > least {
                wrong.push((frame, pull));
            }
        }
        wrong.sort_unstable_by_key(|&(frame, _)| frame);
        self.wrong = wrong;
    }

    /// Of frames that are near each other, the one that is most wrong.
    fn keep_worst(&mut self) {
        let mut kept: Vec<(usize, f64)> = Vec::new();
        for &(frame, size) in &self.wrong {
            match kept.last_mut() {
                Some(last) if frame - last.0 <= NEAR => {
                    if size > last.1 {
                        *last = (frame, size);
                    }
                }
                _ => kept.push((frame, size)),
            }
        }
        self.wrong = kept;
    }

    /// Calls `each` with the event of each frame that has one.
    fn events(&self, level: Level, mut each: impl FnMut(usize, f64)) {
        let (mut last, mut older) = ([0.0; 3], [0.0; 3]);
        for (frame, (&now, &active)) in self.band.followed.iter().zip(&self.active).enumerate() {
            if active {
                each(frame, level.of(drive(now, last, older, self.band.roots())));
            }
            (older, last) = (last, now);
        }
    }

    /// Takes out events below `least`, the smallest ones first, and fits the others again.
    fn take_out(&mut self, least: f64, baseline: Option<f64>) -> Level {
        loop {
            self.band.solve(&self.active);
            let level = self.line(baseline).at(0.0);
            let mut small = std::mem::take(&mut self.wrong);
            small.clear();
            // The first frame is no event but the calcium before.
            self.events(level, |frame, value| {
                if value < least && (frame > 0 || value < 0.0) {
                    small.push((frame, -value));
                }
            });
            self.wrong = small;
            if self.wrong.is_empty() {
                return level;
            }
            self.keep_worst();
            for &(frame, _) in &self.wrong {
                self.active[frame] = false;
            }
        }
    }

    fn line(&self, baseline: Option<f64>) -> Line {
        // y (I − P) y, y (I − P) 1, 1 (I − P) 1, 1 P p, p P p.
        let mut forms = [0.0; 5];
        for (given, followed) in self.band.given().iter().zip(&self.band.followed) {
            let left = [given[0] - followed[0], given[1] - followed[1]];
            let each = [
                given[0] * left[0],
                given[1] * left[0],
                given[1] * left[1],
                given[1] * followed[2],
                given[2] * followed[2],
            ];
            for (form, each) in forms.iter_mut().zip(each) {
                *form += each;
            }
        }
        let [yy, y1, one, cross, square] = forms;
        match baseline {
            Some(b) => Line { squares: [yy - b * (2.0 * y1 - b * one), square], baseline: [b, 0.0] },
            None if one > NOTHING * self.frames as f64 => {
                Line { squares: [yy - y1 * y1 / one, square + cross * cross / one], baseline: [y1 / one, cross / one] }
            }
            // With events in each frame any baseline will do.
            None => Line { squares: [yy, square], baseline: [0.0, 0.0] },
        }
    }
}

impl Line {
    fn penalty(&self, goal: Goal) -> f64 {
        match goal {
            Goal::Penalty(penalty) => penalty,
            Goal::Squares(target) => {
                let penalty = ((target - self.squares[0]).max(0.0) / self.squares[1]).sqrt();
                if penalty.is_finite() { penalty } else { 0.0 }
            }
        }
    }

    fn at(&self, penalty: f64) -> Level {
        Level { baseline: self.baseline[0] + penalty * self.baseline[1], penalty }
    }
}
