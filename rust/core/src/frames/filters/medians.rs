//! Means and medians of the pixels that take part.

use crate::{Error, Result};

/// The median, of an even number of values the mean of the middle two; the values change places.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let (middle, odd) = (values.len() / 2, values.len() % 2 == 1);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(0.5 * (lower + upper))
}

/// Subtracts the same from all values.
pub(super) fn lower(values: &mut [f64], by: f64) {
    for value in values {
        *value -= by;
    }
}

pub(super) fn gather(frame: &[f64], used: &[bool], out: &mut Vec<f64>) {
    out.clear();
    out.extend(frame.iter().zip(used).filter(|(_, used)| **used).map(|(value, _)| *value));
}

pub(super) fn none_left() -> Error {
    Error::argument("frame", "at least one finite background pixel", "none")
}

pub(super) fn subtract_median(frame: &mut [f64], used: &[bool], values: &mut Vec<f64>) -> Result<()> {
    gather(frame, used, values);
    let middle = median(values).ok_or_else(none_left)?;
    lower(frame, middle);
    Ok(())
}

pub(super) fn subtract_mean(frame: &mut [f64], used: &[bool]) -> Result<()> {
    let count = used.iter().filter(|used| **used).count();
    if count == 0 {
        return Err(none_left());
    }
    // Lanes, so that sums are wide; in a fixed order.
    let mut lanes = [0.0; 8];
    for (values, used) in frame.chunks(8).zip(used.chunks(8)) {
        for ((lane, value), used) in lanes.iter_mut().zip(values).zip(used) {
            *lane += if *used { *value } else { 0.0 };
        }
    }
    let mean = lanes.iter().sum::<f64>() / count as f64;
    lower(frame, mean);
    Ok(())
}
