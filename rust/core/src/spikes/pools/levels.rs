//! Which baseline and which penalty a goal asks for.

use super::super::Goal;
use super::{Chain, Forms, Shift};

/// More steps than any trace takes.
const MOST_STEPS: usize = 10_000;
/// Baselines that are tried if small events are taken out, and how close to the last one is close enough.
const MOST_FITS: usize = 20;
const CLOSE: f64 = 1e-6;
/// Part of a number that is rounding error.
const ROUNDING: f64 = 1e-12;

/// The baseline, and how far the penalty lowers calcium: λ (1 − γ).
#[derive(Debug, Clone, Copy)]
struct Level {
    baseline: f64,
    lift: f64,
}

impl Forms {
    /// Sum of squared residuals.
    fn squares(&self, level: Level) -> f64 {
        let [yy, y1, one] = self.rest;
        (yy - level.baseline * (2.0 * y1 - level.baseline * one)).max(0.0) + level.lift * level.lift * self.held[1]
    }

    /// The best baseline where it and the lift add up to `theta`.
    fn level(&self, theta: f64) -> Level {
        let baseline = (self.rest[1] + theta * self.held[0]) / (self.rest[2] + self.held[0]);
        let lift = theta - baseline;
        if lift > 0.0 { Level { baseline, lift } } else { Level { baseline: theta, lift: 0.0 } }
    }
}

impl Chain {
    /// Baseline and penalty; `events` is filled. `baseline` is free if it is `None`, and searched from 0 on in steps of
    /// about `scale`.
    #[allow(clippy::too_many_arguments)] // what is known of a trace
    pub(in crate::spikes) fn solve(
        &mut self,
        trace: &[f64],
        gamma: f64,
        scale: f64,
        goal: Goal,
        baseline: Option<f64>,
        least: f64,
        events: &mut [f64],
    ) -> [f64; 2] {
        (self.gamma, self.forever) = (gamma, 1.0 / (1.0 - gamma));
        (self.least, self.frames) = (0.0, trace.len());
        self.look_up();
        self.sums = trace.iter().fold([0.0; 2], |[sum, squares], y| [sum + y, squares + y * y]);
        let goal = goal.within(self.sums[1]);
        let mut level = match baseline {
            Some(baseline) if least > 0.0 => Level { baseline, lift: 0.0 },
            Some(baseline) => self.given(trace, baseline, goal),
            None => self.free(trace, scale, goal),
        };
        if least > 0.0 {
            self.least = least;
            level.lift = 0.0;
            self.begin(trace, self.shift_of(level));
            if baseline.is_none() {
                level.baseline = self.settled(trace, level.baseline, scale);
            }
        }
        self.write(events);
        [level.baseline, level.lift / (1.0 - gamma)]
    }

    /// The level for a given baseline. The squares are concave in λ², so that steps along the tangent never go too far.
    fn given(&mut self, trace: &[f64], baseline: f64, goal: Goal) -> Level {
        let mut level = Level { baseline, lift: 0.0 };
        if let Goal::Penalty(penalty) = goal {
            level.lift = penalty * (1.0 - self.gamma);
        }
        self.begin(trace, self.shift_of(level));
        if let Goal::Squares(target) = goal {
            for _ in 0..MOST_STEPS {
                let forms = self.forms();
                let left = target - forms.squares(Level { baseline, lift: 0.0 });
                let lift = (left.max(0.0) / forms.held[1]).sqrt();
                if lift <= level.lift || !lift.is_finite() {
                    break;
                }
                level.lift = lift;
                if !self.go_on(self.shift_of(level)) {
                    break;
                }
            }
        }
        level
    }

    /// The level for a free baseline.
    fn free(&mut self, trace: &[f64], scale: f64, goal: Goal) -> Level {
        let (mut theta, mut step) = (0.0, scale);
        self.begin(trace, Shift { each: theta, last: 0.0 });
        let (mut forms, mut level) = self.at(theta);
        while self.missing(&forms, level, goal) < 0.0 && step.is_finite() {
            (theta, step) = (theta - step, 2.0 * step);
            self.begin(trace, Shift { each: theta, last: 0.0 });
            (forms, level) = self.at(theta);
        }
        for _ in 0..MOST_STEPS {
            if let Some(exact) = self.exact(&forms, goal)
                && self.holds(self.shift_of(exact))
            {
                level = exact;
                break;
            }
            let step = self.missing(&forms, level, goal);
            if self.pools.is_empty() || step.is_nan() || step <= ROUNDING * (theta.abs() + scale) {
                break;
            }
            theta += step;
            self.go_on(Shift { each: theta, last: self.shift.last });
            (forms, level) = self.at(theta);
        }
        self.go_on(self.shift_of(level));
        level
    }

    /// The baseline that fits best beside pools without a penalty, which change with it.
    fn settled(&mut self, trace: &[f64], mut baseline: f64, scale: f64) -> f64 {
        for _ in 0..MOST_FITS {
            let [_, y1, one] = self.forms().rest;
            let next = y1 / one;
            if !next.is_finite() || (next - baseline).abs() <= CLOSE * scale {
                break;
            }
            baseline = next;
            self.begin(trace, Shift { each: baseline, last: 0.0 });
        }
        baseline
    }

    /// Forms and level at `theta`, after the last frame has got its own part of the penalty.
    fn at(&mut self, theta: f64) -> (Forms, Level) {
        loop {
            let forms = self.forms();
            let level = forms.level(theta);
            let last = self.last_of(level);
            if last <= self.shift.last * (1.0 + ROUNDING) || !self.go_on(Shift { each: theta, last }) {
                return (forms, level);
            }
        }
    }

    /// How far θ can go up without going too far; negative if it has.
    fn missing(&self, forms: &Forms, level: Level, goal: Goal) -> f64 {
        match goal {
            Goal::Penalty(penalty) => penalty * (1.0 - self.gamma) - level.lift,
            Goal::Squares(target) => {
                // The lift grows no faster than θ, and what the squares grow by per lift² only shrinks.
                let squares = level.lift * level.lift + (target - forms.squares(level)) / forms.held[1].max(1.0);
                squares.max(0.0).sqrt() - level.lift
            }
        }
    }

    /// The level that the goal asks for as long as pools stay as they are.
    fn exact(&self, forms: &Forms, goal: Goal) -> Option<Level> {
        let ([yy, y1, one], [cross, square]) = (forms.rest, forms.held);
        if one < ROUNDING * self.frames as f64 {
            return None;
        }
        let lift = match goal {
            Goal::Penalty(penalty) => penalty * (1.0 - self.gamma),
            Goal::Squares(target) => ((target - (yy - y1 * y1 / one)) / (square + cross * cross / one)).max(0.0).sqrt(),
        };
        let baseline = (y1 + lift * cross) / one;
        (baseline.is_finite() && lift.is_finite()).then_some(Level { baseline, lift })
    }

    fn shift_of(&self, level: Level) -> Shift {
        Shift { each: level.baseline + level.lift, last: self.last_of(level) }
    }

    fn last_of(&self, level: Level) -> f64 {
        level.lift * self.gamma / (1.0 - self.gamma)
    }
}
