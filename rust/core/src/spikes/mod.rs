//! Events behind calcium traces: non-negative deconvolution.
//!
//! A trace y of T frames is a baseline b, calcium c and white noise: y = b + c + ε. Calcium follows from events s ≥ 0 by
//! an autoregression of order 1 or 2, (G c)ₜ = cₜ − g₁ cₜ₋₁ − g₂ cₜ₋₂ = sₜ, with g₁ = d + r and g₂ = −d r of the decay d
//! and the rise r per frame (r = 0 for order 1). Found is the minimum of
//!
//! ½ ‖y − b − c‖² + λ ‖s‖₁ over s ≥ 0,
//!
//! with b given or free, and λ given or such that ‖y − b − c‖² = σ² T: of all s that fit so well, those of the least sum
//! (Friedrich, Zhou & Paninski, `PLoS` Comput Biol 13 (2017) e1005423; Pnevmatikakis & al., Neuron 89 (2016) 285). The
//! first frame counts: s₀ = c₀ is the calcium that a trace begins with. Both solvers end at the minimum itself, not near
//! it.
//!
//! Values are fluorescence or its relative change, events have its unit, times are in frames.

mod band;
mod bootstrap;
mod noise;
mod pools;
mod search;
mod statistics;
#[cfg(test)]
mod tests;

use crate::{Control, Error, Result, pool};

pub use bootstrap::{Bootstrap, EVENT_COLUMNS};
pub use statistics::statistics;

/// Numbers of a trace.
pub trait Sample: Copy + Send + Sync + Into<f64> {
    /// The nearest number of this kind.
    fn of(value: f64) -> Self;
}

impl Sample for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Sample for f64 {
    fn of(value: f64) -> Self {
        value
    }
}

/// What is known of a trace beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// Decay and rise per frame, from 0 to below 1; a rise of 0 is order 1.
    pub roots: [f64; 2],
    /// Standard deviation of the noise; NaN to measure it.
    pub sigma: f64,
    /// The baseline; NaN to fit it.
    pub baseline: f64,
    /// Weight of the sum of events; NaN to choose it by the noise.
    pub penalty: f64,
}

/// Why a trace has no events, if it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has.
    Solved,
    /// A value is NaN or infinite.
    NotFinite,
    /// All values are the same.
    Flat,
    /// There are fewer frames than [`LEAST_FRAMES`].
    Short,
    /// Decay and rise are no numbers: they could not be found.
    NoKinetics,
    /// The exchange of frames did not end.
    NotSolved,
}

/// What was found of a trace beside its events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The baseline.
    pub baseline: f64,
    /// Standard deviation of the noise.
    pub sigma: f64,
    /// Weight of the sum of events; 0 if even without one the fit is not as close as the noise, or if small events were
    /// taken out.
    pub penalty: f64,
    /// Whether it was found.
    pub status: Status,
}

/// Squares of larger numbers are infinite.
const LARGEST: f64 = 1e100;

/// Fewest frames that tell events from noise.
pub const LEAST_FRAMES: usize = 3;

/// Finds the events of traces of `frames` values each, trace after trace, and writes them to `events`.
///
/// With `least` above 0, events below it are taken out and the others fitted again without a penalty: no longer a convex
/// problem, a local minimum is found. Traces that have no events are NaN there. O(frames) for order 1, some tens of times
/// as much for order 2; each thread holds a trace or a few.
///
/// # Errors
/// [`Error::Argument`] if sizes do not fit or a number is out of its range; [`Error::Cancelled`].
pub fn deconvolve<T: Sample>(
    traces: &[T],
    frames: usize,
    requests: &[Request],
    least: f64,
    events: &mut [T],
    threads: usize,
    control: &Control,
) -> Result<Vec<Found>> {
    check(traces.len(), frames, requests)?;
    if events.len() != traces.len() {
        return Err(Error::argument("events", format!("{} numbers", traces.len()), events.len()));
    }
    if !(least >= 0.0 && least.is_finite()) {
        return Err(Error::argument("s_min", "a number from 0 on", least));
    }
    if frames == 0 {
        return Ok(requests.iter().map(|request| failed(request, Status::Short)).collect());
    }
    pool::for_chunks(events, frames, threads, control, Solver::default, |solver, number, events| {
        let (Some(request), Some(trace)) = (requests.get(number), traces.get(number * frames..(number + 1) * frames))
        else {
            return Err(Error::argument("traces", "a request for each", number));
        };
        let found = solver.solve(trace.iter().map(|&value| value.into()), request, least);
        for (event, &value) in events.iter_mut().zip(&solver.events) {
            *event = T::of(if found.status == Status::Solved { value } else { f64::NAN });
        }
        control.advance(1);
        Ok(found)
    })
}

fn check(count: usize, frames: usize, requests: &[Request]) -> Result<()> {
    if frames.checked_mul(requests.len()) != Some(count) {
        let expected = format!("{} traces of {frames} frames", requests.len());
        return Err(Error::argument("traces", expected, format!("{count} numbers")));
    }
    for request in requests {
        let known = |root: &f64| root.is_nan() || (0.0..1.0).contains(root);
        if !request.roots.iter().all(known) {
            return Err(Error::argument("roots", "numbers from 0 to below 1", format!("{:?}", request.roots)));
        }
        if request.sigma <= 0.0 || request.sigma >= LARGEST {
            return Err(Error::argument("sigma", format!("a number above 0 and below {LARGEST:e}"), request.sigma));
        }
        if request.baseline.abs() >= LARGEST {
            return Err(Error::argument("baseline", format!("a number below {LARGEST:e}"), request.baseline));
        }
        let least = if request.baseline.is_nan() { f64::MIN_POSITIVE } else { 0.0 };
        if request.penalty < least || request.penalty.is_infinite() {
            let expected = "a number from 0 on, above 0 if the baseline is free";
            return Err(Error::argument("penalty", expected, request.penalty));
        }
    }
    Ok(())
}

fn failed(request: &Request, status: Status) -> Found {
    Found { baseline: f64::NAN, sigma: request.sigma, penalty: f64::NAN, status }
}

/// How the weight of the events is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    /// So that the sum of squared residuals is this.
    Squares(f64),
    /// It is this.
    Penalty(f64),
}

impl Goal {
    /// The same, no closer than sums of `squares` can tell.
    fn within(self, squares: f64) -> Self {
        match self {
            Self::Squares(target) => Self::Squares(target.max(1e-13 * squares)),
            Self::Penalty(_) => self,
        }
    }
}

/// A trace, what is asked of it, and room to work in.
#[derive(Debug, Default)]
struct Solver {
    trace: Vec<f64>,
    sorted: Vec<f64>,
    events: Vec<f64>,
    chain: pools::Chain,
    search: search::Search,
}

impl Solver {
    /// Fills `events`, unless the status says why not.
    fn solve(&mut self, trace: impl Iterator<Item = f64>, request: &Request, least: f64) -> Found {
        self.trace.clear();
        self.trace.extend(trace);
        self.events.clear();
        self.events.resize(self.trace.len(), 0.0);
        let status = self.status(request);
        if status != Status::Solved {
            return failed(request, status);
        }
        let sigma =
            if request.sigma.is_nan() { noise::deviation(&self.trace, &mut self.sorted) } else { request.sigma };
        self.fit(request, sigma, least)
    }

    fn status(&self, request: &Request) -> Status {
        if self.trace.len() < LEAST_FRAMES {
            return Status::Short;
        }
        if !self.trace.iter().all(|value| value.abs() < LARGEST) {
            return Status::NotFinite;
        }
        if self.trace.iter().all(|value| *value == self.trace[0]) {
            return Status::Flat;
        }
        if request.roots.iter().any(|root| root.is_nan()) { Status::NoKinetics } else { Status::Solved }
    }

    fn fit(&mut self, request: &Request, sigma: f64, least: f64) -> Found {
        // Near 0, so that squares of large baselines cost no digits.
        let some = self.trace.iter().step_by(self.trace.len().div_ceil(ENOUGH)).copied();
        let level = noise::quantile(some, LOW, &mut self.sorted);
        for value in &mut self.trace {
            *value -= level;
        }
        let baseline = Some(request.baseline - level).filter(|baseline| !baseline.is_nan());
        // A ramp has no noise at all.
        let scale = self.trace.iter().fold(sigma, |scale, value| scale.max(LEAST_NOISE * value.abs()));
        let goal = if request.penalty.is_nan() {
            Goal::Squares(sigma * sigma * self.trace.len() as f64)
        } else {
            Goal::Penalty(request.penalty)
        };
        let [decay, rise] = request.roots;
        let fitted = if rise == 0.0 {
            Some(self.chain.solve(&self.trace, decay, scale, goal, baseline, least, &mut self.events))
        } else {
            self.search.solve(&self.trace, [decay, rise], scale, goal, baseline, least, &mut self.events)
        };
        let Some([baseline, penalty]) = fitted else { return failed(request, Status::NotSolved) };
        Found { baseline: baseline + level, sigma, penalty, status: Status::Solved }
    }
}

/// The quantile that a search for the baseline begins at: below it, unless a cell is hardly ever silent.
const LOW: f64 = 0.2;

/// So many frames tell where to begin.
const ENOUGH: usize = 1000;

/// Part of the largest value that is taken for noise at least.
const LEAST_NOISE: f64 = 1e-9;
