//! How sure the size of an event is: the trace is made and deconvolved again and again.

use super::{Request, Sample, Solver, Status, check, noise};
use crate::random::Random;
use crate::{Control, Error, Result, pool};

/// Columns of an event: trace, first and last frame, size, size without bias, standard deviation, ends of the interval.
pub const EVENT_COLUMNS: usize = 8;
/// More replicates are of no use, and take memory.
const MOST_REPLICATES: usize = 100_000;

/// A bootstrap of residuals.
///
/// Calcium and baseline that were found are taken as true; residuals, drawn anew with replacement, are laid over them, and
/// the sum is deconvolved as the trace was (Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 9 and 13). An event is a run of frames with events; its size is their sum, in a replicate with
/// the frame before and after, as noise moves events by a frame. Replicates m fall short of the size a as a falls short
/// of the true one: 2 a − mean(m) has no bias, and the interval is from 2 a − m(upper) to 2 a − m(lower).
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap {
    /// Number of replicates, from 2 on.
    pub replicates: usize,
    /// Share of intervals that are to hold the true size.
    pub coverage: f64,
    /// As of [`super::deconvolve`].
    pub least: f64,
    /// Of the random numbers.
    pub seed: u64,
    /// Number of the first trace: traces in several calls get the random numbers that they get in one.
    pub first: usize,
}

/// A run of frames with events, and the frames where replicates may have it.
#[derive(Debug, Clone, Copy)]
struct Event {
    first: usize,
    last: usize,
    from: usize,
    until: usize,
}

impl Bootstrap {
    /// Rows of [`EVENT_COLUMNS`] numbers, one for each event of each trace but those of the first frame.
    ///
    /// `requests` are those of the deconvolution, `baselines` what it found; traces where they are NaN have no rows. The
    /// result does not depend on `threads`. O(replicates · frames) for each trace.
    ///
    /// # Errors
    /// [`Error::Argument`] if sizes do not fit or a number is out of its range; [`Error::Cancelled`].
    #[allow(clippy::too_many_arguments)] // traces, and what was found of them
    pub fn events<T: Sample>(
        &self,
        traces: &[T],
        events: &[T],
        baselines: &[f64],
        frames: usize,
        requests: &[Request],
        threads: usize,
        control: &Control,
    ) -> Result<Vec<f64>> {
        check(traces.len(), frames, requests)?;
        if events.len() != traces.len() {
            return Err(Error::argument("events", format!("{} numbers", traces.len()), events.len()));
        }
        if baselines.len() != requests.len() {
            return Err(Error::argument("baselines", format!("{} numbers", requests.len()), baselines.len()));
        }
        if !(2..=MOST_REPLICATES).contains(&self.replicates) {
            return Err(Error::argument("replicates", format!("from 2 to {MOST_REPLICATES}"), self.replicates));
        }
        if !(self.coverage > 0.0 && self.coverage < 1.0) {
            return Err(Error::argument("coverage", "a number between 0 and 1", self.coverage));
        }
        let rows = pool::map(requests.len(), threads, control, Solver::default, |solver, number| {
            let own = number * frames..(number + 1) * frames;
            let plain = |values: &[T]| -> Vec<f64> { values.iter().map(|&value| value.into()).collect() };
            let own = (traces.get(own.clone()), events.get(own), baselines.get(number), requests.get(number));
            let (Some(trace), Some(events), Some(&baseline), Some(request)) = own else { return Ok(Vec::new()) };
            let number = self.first.wrapping_add(number);
            let rows = self.trace(number, &plain(trace), &plain(events), baseline, request, solver, control)?;
            control.advance(1);
            Ok(rows)
        })?;
        Ok(rows.concat())
    }

    #[allow(clippy::too_many_arguments)] // a trace, and what was found of it
    fn trace(
        &self,
        number: usize,
        trace: &[f64],
        events: &[f64],
        baseline: f64,
        request: &Request,
        solver: &mut Solver,
        control: &Control,
    ) -> Result<Vec<f64>> {
        let found = runs(events);
        if found.is_empty() || !baseline.is_finite() {
            return Ok(Vec::new());
        }
        let model: Vec<f64> = calcium(events, request.roots).iter().map(|c| c + baseline).collect();
        let mut residuals: Vec<f64> = trace.iter().zip(&model).map(|(y, model)| y - model).collect();
        let mean = residuals.iter().sum::<f64>() / residuals.len().max(1) as f64;
        for residual in &mut residuals {
            *residual -= mean;
        }
        let mut sizes = vec![Vec::with_capacity(self.replicates); found.len()];
        for replicate in 0..self.replicates {
            control.check()?;
            let mut random = Random::new(self.seed, ((number as u64) << 32) + replicate as u64);
            let again = model.iter().map(|model| model + residuals[random.below(residuals.len() as u64) as usize]);
            if solver.solve(again, request, self.least).status == Status::Solved {
                for (event, sizes) in found.iter().zip(&mut sizes) {
                    sizes.push(solver.events[event.from..=event.until].iter().sum());
                }
            }
        }
        let rows = found.iter().zip(&sizes).flat_map(|(event, sizes)| self.row(number, *event, events, sizes));
        Ok(rows.collect())
    }

    fn row(&self, trace: usize, event: Event, events: &[f64], sizes: &[f64]) -> [f64; EVENT_COLUMNS] {
        let size: f64 = events[event.first..=event.last].iter().sum();
        let count = sizes.len() as f64;
        let mean = sizes.iter().sum::<f64>() / count;
        let variance = sizes.iter().map(|each| (each - mean) * (each - mean)).sum::<f64>() / (count - 1.0);
        let outside = 0.5 * (1.0 - self.coverage);
        let mut scratch = Vec::new();
        let [low, high] =
            [outside, 1.0 - outside].map(|share| noise::quantile(sizes.iter().copied(), share, &mut scratch));
        let (first, last) = (event.first as f64, event.last as f64);
        [trace as f64, first, last, size, 2.0 * size - mean, variance.sqrt(), 2.0 * size - high, 2.0 * size - low]
    }
}

/// Runs of frames with events, without the first frame.
fn runs(events: &[f64]) -> Vec<Event> {
    let mut found: Vec<Event> = Vec::new();
    for (frame, _) in events.iter().enumerate().skip(1).filter(|(_, event)| **event > 0.0) {
        match found.last_mut() {
            Some(run) if run.last + 1 == frame => (run.last, run.until) = (frame, frame),
            _ => found.push(Event { first: frame, last: frame, from: frame, until: frame }),
        }
    }
    // The frame between two runs is the later one's.
    let ends: Vec<usize> = found.iter().skip(1).map(|run| run.first - 1).chain([events.len()]).collect();
    for (run, end) in found.iter_mut().zip(ends) {
        (run.from, run.until) = ((run.first - 1).max(1), (run.last + 1).min(end - 1).max(run.last));
    }
    found
}

/// Calcium that follows from events.
fn calcium(events: &[f64], [decay, rise]: [f64; 2]) -> Vec<f64> {
    let (mut last, mut older) = (0.0, 0.0);
    let follow = |&event: &f64| {
        let now = event + (decay + rise) * last - decay * rise * older;
        (older, last) = (last, now);
        now
    };
    events.iter().map(follow).collect()
}
