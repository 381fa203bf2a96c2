//! Order 1: pools of adjacent violators.
//!
//! Between events calcium decays, so that a trace falls into pools of frames from one event to the next. In a pool of l
//! frames from i on, calcium is v γᵏ, and v = Σₖ γᵏ (yᵢ₊ₖ − θ) / Σₖ γ²ᵏ with θ = b + λ (1 − γ), the last frame less
//! another λ γ. Two pools are merged where v < γˡ v of the pool before: one pass finds the minimum for some θ (Friedrich,
//! Zhou & Paninski 2017). Events only become smaller as θ grows, so that pools that are merged stay so: b and λ are found
//! by going up in θ, and each step is exact for the pools at hand.

mod levels;

/// Decays below this are none: the pool is over before it ends.
const OVER: f64 = 1e-200;
/// Pools up to so many frames are looked up.
const LOOKED_UP: usize = 512;

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
