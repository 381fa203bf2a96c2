//! Sample ranges over a table of rows sorted by time.

use crate::{Error, Result};

/// First (inclusive) and last (exclusive) row of a sample.
pub type Range = (usize, usize);

/// A step far below the sampling of the data would ask for windows without end.
const MAX_WINDOWS: usize = 100_000_000;

/// Full windows of `window` ms that start every `window - overlap` ms from the first time on.
///
/// Window k holds the rows with `t0 + k (window - overlap) <= t < t0 + k (window - overlap) + window`, for every
/// window that ends by the last time (to a relative 1e-9 of the window). Windows without a row are left out. O(n + windows).
///
/// # Errors
/// [`Error::Argument`] if `window` is negative or not finite, `overlap` is not finite or not below `window`, the times
/// are not sorted, or windows start closer to each other than the times can tell.
pub fn time_windows(times: &[f64], window: f64, overlap: f64) -> Result<Vec<Range>> {
    check_window(window, overlap)?;
    check_sorted(times)?;
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
        return Ok(Vec::new());
    };
    if window == 0.0 {
        return Ok(Vec::new());
    }
    let step = window - overlap;
    if !(last - first + window).is_finite() || !(last + window).is_finite() {
        return Err(Error::argument(
            "times",
            "times and a window whose sum is finite",
            format!("{first} to {last} ms"),
        ));
    }
    let resolution = first.abs().max(last.abs()) * f64::EPSILON;
    if step < resolution {
        let expected = format!("windows that start at least {resolution} ms apart, for times up to {last} ms");
        return Err(Error::argument("overlap", expected, format!("a step of {step} ms")));
    }
    if (last - first) / step > MAX_WINDOWS as f64 && filled_windows(times, window, step) > MAX_WINDOWS as f64 {
        let expected = format!("at most {MAX_WINDOWS} windows");
        return Err(Error::argument("overlap", expected, format!("a step of {step} ms")));
    }
    let tolerance = 1e-9 * window;
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut k = 0.0;
    while first + k * step + window <= last + tolerance {
        let from = first + k * step;
        start += times[start..].partition_point(|&t| t < from);
        let end = start + times[start..].partition_point(|&t| t < from + window);
        if end > start {
            ranges.push((start, end));
            k += 1.0;
        } else {
            // Nothing here: jump to the first window that can hold the next row.
            let next = times.get(start).copied().unwrap_or(last);
            k = (k + 1.0).max(((next - window - first) / step).floor());
        }
    }
    Ok(ranges)
}

/// Windows of at most `window` ms and at most `max_elements` rows, from a single left-to-right scan.
///
/// A sample ends before the first row later than `window` after its first row, or when it is full; the next one
/// starts at the first of its rows later than `window - overlap` after its first, else where it ended. The
/// last, possibly short, sample is kept. O(n) without overlap.
///
/// # Errors
/// As [`time_windows`]; also if `max_elements` is 0.
pub fn adaptive_windows(times: &[f64], window: f64, overlap: f64, max_elements: usize) -> Result<Vec<Range>> {
    check_window(window, overlap)?;
    check_sorted(times)?;
    if max_elements == 0 {
        return Err(Error::argument("max_elems", "at least 1", 0));
    }
    if window == 0.0 {
        return Ok(Vec::new());
    }
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let from = times[start];
        let end = start + times[start..].partition_point(|&t| t <= from + window);
        let end = end.min(start.saturating_add(max_elements));
        ranges.push((start, end));
        if end == times.len() {
            break;
        }
        let inside = times[start..end].partition_point(|&t| t <= from + window - overlap);
        start = if inside == 0 { end } else { start + inside };
    }
    Ok(ranges)
}

/// How many windows have a row, but for rounding; times are sorted.
fn filled_windows(times: &[f64], window: f64, step: f64) -> f64 {
    let (mut count, mut next) = (0.0, 0.0);
    for time in times.iter().map(|t| t - times[0]) {
        let low = (((time - window) / step).floor() + 1.0).max(next);
        let high = (time / step).floor();
        if high >= low {
            count += high - low + 1.0;
            next = high + 1.0;
        }
    }
    count
}

fn check_window(window: f64, overlap: f64) -> Result<()> {
    if !(window >= 0.0 && window.is_finite()) {
        return Err(Error::argument("window", "a finite time >= 0 ms", window));
    }
    if !((window - overlap).is_finite() && (overlap < window || (overlap == 0.0 && window == 0.0))) {
        return Err(Error::argument("overlap", format!("less than the window of {window} ms"), overlap));
    }
    Ok(())
}

fn check_sorted(times: &[f64]) -> Result<()> {
    if let Some(row) = times.iter().position(|t| !t.is_finite()) {
        return Err(Error::argument("times", "finite times", format!("{} at row {row}", times[row])));
    }
    match times.windows(2).position(|pair| pair[0] > pair[1]) {
        None => Ok(()),
        Some(row) => Err(Error::argument(
            "times",
            "times in ascending order (sort the rows by column 0 first)",
            format!("{} before {} at row {row}", times[row], times[row + 1]),
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_half_open_and_full() {
        let times = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(time_windows(&times, 2.0, 0.0).unwrap(), [(0, 2), (2, 4)]);
        assert_eq!(time_windows(&times, 2.0, 1.0).unwrap(), [(0, 2), (1, 3), (2, 4), (3, 5)]);
        assert_eq!(time_windows(&times, 5.0, 0.0).unwrap(), [(0, 5)]);
        assert_eq!(time_windows(&times, 5.5, 0.0).unwrap(), []);
        assert_eq!(time_windows(&times, 0.0, 0.0).unwrap(), []);
        assert_eq!(time_windows(&[], 1.0, 0.0).unwrap(), []);
    }

    #[test]
    fn large_absolute_times_shift_nothing() {
        let times: Vec<f64> = (0..100).map(|i| 1e9 + f64::from(i)).collect();
        assert_eq!(time_windows(&times, 10.0, 0.0).unwrap().len(), 9);
        assert_eq!(time_windows(&times, 10.0, 0.0).unwrap()[8], (80, 90));
    }

    #[test]
    fn gaps_are_jumped() {
        let times = [0.0, 0.5, 1e9, 1e9 + 0.5, 1e9 + 2.0];
        assert_eq!(time_windows(&times, 1.0, 0.0).unwrap(), [(0, 2), (2, 4)]);
    }

    #[test]
    fn adaptive_windows_end_when_full() {
        let times = [0.0, 1.0, 2.0, 3.0, 4.0, 10.0];
        assert_eq!(adaptive_windows(&times, 3.0, 0.0, 100).unwrap(), [(0, 4), (4, 5), (5, 6)]);
        assert_eq!(adaptive_windows(&times, 3.0, 0.0, 2).unwrap(), [(0, 2), (2, 4), (4, 5), (5, 6)]);
        assert_eq!(adaptive_windows(&times, 100.0, 0.0, 100).unwrap(), [(0, 6)]);
    }

    #[test]
    fn impossible_windows_are_refused() {
        assert!(time_windows(&[0.0, 1.0], -1.0, 0.0).is_err());
        assert!(time_windows(&[0.0, 1.0], f64::NAN, 0.0).is_err());
        assert!(time_windows(&[0.0, 1.0], 1.0, 1.0).is_err());
        assert!(time_windows(&[1.0, 0.0], 1.0, 0.0).unwrap_err().to_string().contains("row 0"));
        assert!(time_windows(&[0.0, f64::NAN], 1.0, 0.0).is_err());
        assert!(time_windows(&[0.0, f64::INFINITY], 1.0, 0.0).is_err());
        assert!(adaptive_windows(&[f64::NAN], 1.0, 0.0, 5).is_err());
        assert!(adaptive_windows(&[0.0, 1.0], 1.0, 0.0, 0).is_err());
    }

    #[test]
    fn steps_that_would_never_end_are_refused() {
        let refused = |times: &[f64], window, overlap| time_windows(times, window, overlap).unwrap_err().to_string();
        // Rounding swallows the step: 1e300 windows to the next row, and no way to count them.
        assert!(refused(&[0.0, 1.0], 1e-300, 0.0).contains("apart"));
        assert!(refused(&[1e18, 1e18 + 1e6], 1e-9, 0.0).contains("apart"));
        // The end of a window is infinite, and so is the end of the last.
        assert!(refused(&[14.5, f64::MAX], f64::MAX, 4.0).contains("finite"));
        assert!(refused(&[0.0, 1.0], 1.0, f64::NEG_INFINITY).contains("less than"));
        // More windows with a row than may be, known before they take memory.
        assert!(refused(&[0.0, 1e6, 2e6], 1e6, 1e6 - 1e-3).contains("at most"));
    }
}
