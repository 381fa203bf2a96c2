//! What a trace says about its noise and its kinetics before it is deconvolved.

use super::{LARGEST, LEAST_FRAMES, Sample, noise};
use crate::simd::wide;
use crate::{Control, Error, Result, pool};

/// Noise of each trace, and its autocovariances at some lags: a row of σ, r(`lags[0]`), r(`lags[1]`), … for each trace.
///
/// r(k) = Σₜ (yₜ − ȳ)(yₜ₊ₖ − ȳ) / T: of calcium alone for k > 0, as white noise adds to r(0) only. NaN for traces of
/// fewer than [`LEAST_FRAMES`] frames or with values that are not finite. O(frames · lags).
///
/// # Errors
/// [`Error::Argument`] if `traces` is no whole number of traces; [`Error::Cancelled`].
pub fn statistics<T: Sample>(
    traces: &[T],
    frames: usize,
    lags: &[usize],
    threads: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    if frames == 0 || !traces.len().is_multiple_of(frames) {
        let found = format!("{} numbers", traces.len());
        return Err(Error::argument("traces", format!("whole traces of {frames} frames, 1 at least"), found));
    }
    let rows = pool::map(
        traces.len() / frames,
        threads,
        control,
        <(Vec<f64>, Vec<f64>)>::default,
        |(trace, scratch), number| {
            trace.clear();
            trace.extend(traces.iter().skip(number * frames).take(frames).map(|&value| -> f64 { value.into() }));
            control.advance(1);
            Ok(row(trace, lags, scratch))
        },
    )?;
    Ok(rows.concat())
}

fn row(trace: &mut [f64], lags: &[usize], scratch: &mut Vec<f64>) -> Vec<f64> {
    if trace.len() < LEAST_FRAMES || !trace.iter().all(|value| value.abs() < LARGEST) {
        return vec![f64::NAN; 1 + lags.len()];
    }
    let frames = trace.len() as f64;
    let mean = trace.iter().sum::<f64>() / frames;
    for value in &mut *trace {
        *value -= mean;
    }
    let own = lags.iter().map(|&lag| product(trace, trace.get(lag..).unwrap_or(&[])) / frames);
    std::iter::once(noise::deviation(trace, scratch)).chain(own).collect()
}

wide! {
    /// Sum of products, in sixteen sums of their own so that they need not wait for each other.
    fn product(one: &[f64], other: &[f64]) -> f64 {
        let size = one.len().min(other.len());
        let (ones, one_rest) = one[..size].as_chunks::<16>();
        let (others, other_rest) = other[..size].as_chunks::<16>();
        let mut sums = [0.0; 16];
        for (a, b) in ones.iter().zip(others) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        sums.iter().sum::<f64>() + one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum::<f64>()
    }
}
