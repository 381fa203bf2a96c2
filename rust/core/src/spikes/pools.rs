//! Order 1: pools of adjacent violators.
//!
//! Between events calcium decays, so that a trace falls into pools of frames from one event to the next. In a pool of l
//! frames from i on, calcium is v γᵏ, and v = Σₖ γᵏ (yᵢ₊ₖ − θ) / Σₖ γ²ᵏ with θ = b + λ (1 − γ), the last frame less
//! another λ γ. Two pools are merged where v < γˡ v of the pool before: one pass finds the minimum for some θ (Friedrich,
//! Zhou & Paninski 2017). Events only become smaller as θ grows, so that pools that are merged stay so: b and λ are found
//! by going up in θ, and each step is exact for the pools at hand.

use super::Goal;

/// Decays below this are none: the pool is over before it ends.
const OVER: f64 = 1e-200;
/// More steps than any trace takes.
const MOST_STEPS: usize = 10_000;
/// Baselines that are tried if small events are taken out, and how close to the last one is close enough.
const MOST_FITS: usize = 20;
const CLOSE: f64 = 1e-6;
/// Pools up to so many frames are looked up.
const LOOKED_UP: usize = 512;
/// Part of a number that is rounding error.
const ROUNDING: f64 = 1e-12;

/// Frames from an event to the next.
#[derive(Debug, Clone, Copy, Default)]
struct Pool {
    start: usize,
    frames: usize,
    /// Σ γᵏ y.
    sum: f64,
    /// γ to the number of frames.
    decay: f64,
    /// 1 / Σ γ²ᵏ.
    inverse: f64,
    value: f64,
}

/// What is taken from each frame, and what more from the last one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Shift {
    each: f64,
    last: f64,
}

/// Quadratic forms of the trace y, of ones (1) and of the penalty per 1 − γ (p), on what pools can follow (P) and cannot.
#[derive(Debug, Clone, Copy)]
struct Forms {
    /// y (I − P) y, y (I − P) 1 and 1 (I − P) 1.
    rest: [f64; 3],
    /// 1 P p and p P p.
    held: [f64; 2],
}

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

/// The pools of a trace, one after the other.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pools: Vec<Pool>,
    before: Vec<Pool>,
    gamma: f64,
    /// Σ γᵏ without end.
    forever: f64,
    least: f64,
    frames: usize,
    shift: Shift,
    /// Sums of y and of y².
    sums: [f64; 2],
    /// γ to some number of frames, and the inverse of the sum of squares up to there, for one γ after the other.
    powers: Vec<[f64; 2]>,
    powers_of: f64,
}

impl Chain {
    /// Baseline and penalty; `events` is filled. `baseline` is free if it is `None`, and searched from 0 on in steps of
    /// about `scale`.
    #[allow(clippy::too_many_arguments)] // what is known of a trace
    pub(super) fn solve(
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

    /// Pools from single frames.
    fn begin(&mut self, trace: &[f64], shift: Shift) {
        self.pools.clear();
        self.shift = shift;
        let last = trace.len().saturating_sub(1);
        // The last pool stays at hand; one without frames stands for those before the first pool.
        let mut top = Pool::default();
        for (start, &y) in trace.iter().enumerate() {
            let sum = if start == last { y - shift.last } else { y };
            let value = sum - shift.each;
            if value >= top.decay * top.value + if start > 0 { self.least } else { 0.0 } {
                if top.frames > 0 {
                    self.pools.push(top);
                }
                top = Pool { start, frames: 1, sum, decay: self.gamma, inverse: 1.0, value };
            } else if top.frames > 0 {
                top = self.joined(&top, 1, self.gamma, sum);
                while let Some(before) = self.pools.last()
                    && top.value < before.decay * before.value + self.least
                {
                    top = self.joined(before, top.frames, top.decay, top.sum);
                    self.pools.pop();
                }
                if self.pools.is_empty() && top.value < self.lowest(&top) {
                    top = Pool::default();
                }
            }
        }
        if top.frames > 0 {
            self.pools.push(top);
        }
    }

    /// Pools for another shift, from those at hand; whether some were merged.
    fn go_on(&mut self, shift: Shift) -> bool {
        let tail = self.tail();
        if let Some(pool) = self.pools.last_mut() {
            pool.sum -= (shift.last - self.shift.last) * tail;
        }
        self.shift = shift;
        std::mem::swap(&mut self.pools, &mut self.before);
        self.pools.clear();
        let before = std::mem::take(&mut self.before);
        for pool in &before {
            self.push(Pool { value: self.value(pool, pool.sum, shift.each), ..*pool });
        }
        let merged = self.pools.len() < before.len();
        self.before = before;
        merged
    }

    /// Whether no pools would be merged for another shift.
    fn holds(&self, shift: Shift) -> bool {
        let Some(last) = self.pools.len().checked_sub(1) else { return true };
        let mut until = 0.0;
        self.pools.iter().enumerate().all(|(number, pool)| {
            let more = if number == last { (shift.last - self.shift.last) * self.tail() } else { 0.0 };
            let value = self.value(pool, pool.sum - more, shift.each);
            let fits = value >= until;
            until = pool.decay * value;
            fits
        })
    }

    fn push(&mut self, mut pool: Pool) {
        while let Some(&before) = self.pools.last() {
            if pool.value >= before.decay * before.value + self.least {
                self.pools.push(pool);
                return;
            }
            self.pools.pop();
            pool = self.joined(&before, pool.frames, pool.decay, pool.sum);
        }
        // Frames before the first pool have no calcium.
        if pool.value >= self.lowest(&pool) {
            self.pools.push(pool);
        }
    }

    /// What the first pool begins with at least; what the first frame has is no event.
    fn lowest(&self, pool: &Pool) -> f64 {
        if pool.start > 0 { self.least } else { 0.0 }
    }

    /// A pool and what comes after it.
    fn joined(&self, before: &Pool, frames: usize, decay: f64, sum: f64) -> Pool {
        let frames = before.frames + frames;
        let [decay, inverse] = match self.powers.get(frames) {
            Some(power) => *power,
            None => self.power(before.decay * decay),
        };
        let sum = before.sum + before.decay * sum;
        let pool = Pool { start: before.start, frames, sum, decay, inverse, value: 0.0 };
        Pool { value: self.value(&pool, sum, self.shift.each), ..pool }
    }

    fn look_up(&mut self) {
        if self.powers.is_empty() || self.powers_of != self.gamma {
            self.powers.clear();
            let mut decay = 1.0;
            for _ in 0..=LOOKED_UP {
                self.powers.push(self.power(decay));
                decay *= self.gamma;
            }
            self.powers_of = self.gamma;
        }
    }

    fn power(&self, decay: f64) -> [f64; 2] {
        let decay = if decay < OVER { 0.0 } else { decay };
        [decay, (1.0 - self.gamma * self.gamma) / ((1.0 - decay) * (1.0 + decay))]
    }

    /// What a pool begins with if its sum is another.
    fn value(&self, pool: &Pool, sum: f64, shift: f64) -> f64 {
        (sum - shift * self.ones(pool)) * pool.inverse
    }

    /// Σ γᵏ.
    fn ones(&self, pool: &Pool) -> f64 {
        (1.0 - pool.decay) * self.forever
    }

    /// Calcium in the last frame per value of the last pool.
    fn tail(&self) -> f64 {
        let start = self.pools.last().map_or(self.frames, |pool| pool.start);
        let after = self.frames.saturating_sub(start + 1);
        self.gamma.powi(i32::try_from(after).unwrap_or(i32::MAX))
    }

    fn forms(&self) -> Forms {
        let [sum, squares] = self.sums;
        let frames = self.frames as f64;
        let mut forms = Forms { rest: [squares, sum, frames], held: [0.0; 2] };
        let last = self.pools.len().saturating_sub(1);
        let (tail, more) = (self.tail(), self.gamma / (1.0 - self.gamma));
        for (number, pool) in self.pools.iter().enumerate() {
            let ones = self.ones(pool);
            let (end, more) = if number == last { (tail, more) } else { (0.0, 0.0) };
            let sum = pool.sum + self.shift.last * end;
            let penalty = ones + more * end;
            forms.rest[0] -= sum * sum * pool.inverse;
            forms.rest[1] -= sum * ones * pool.inverse;
            forms.rest[2] -= ones * ones * pool.inverse;
            forms.held[0] += ones * penalty * pool.inverse;
            forms.held[1] += penalty * penalty * pool.inverse;
        }
        forms.rest[2] = forms.rest[2].max(0.0);
        forms
    }

    fn write(&self, events: &mut [f64]) {
        let mut until = 0.0;
        for pool in &self.pools {
            if let Some(event) = events.get_mut(pool.start) {
                *event = (pool.value - until).max(0.0);
            }
            until = pool.decay * pool.value;
        }
    }
}
