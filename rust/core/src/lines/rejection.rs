//! One tracer from a sample of lines, by removing a fixed share of them again and again.

use super::centroid::Bundle;
use super::line::COLUMNS;
use crate::{Error, Result, Rows};

/// Buffers of [`locate`], to be reused from sample to sample.
#[derive(Debug, Default)]
pub struct Scratch {
    bundle: Bundle,
}

/// Most rounds of [`locate`], far more than change anything.
pub const MOST_ITERATIONS: usize = 10_000;

/// Locates a single tracer; returns `t, x, y, z` or `None` where there is no answer.
///
/// Starting from the least-squares point of all n lines ([`nearest_point`](super::centroid::nearest_point)), round
/// i = 1, 2, … `iterations` takes the point of the `int(n (1 - remove i))` lines nearest to the point before, at least
/// two; a line that was left out may come back. The time is the mean of that of all lines. Rows that define no line are
/// not counted. `None` with fewer than two lines or if those used are all parallel. O(n · iterations).
///
/// # Errors
/// [`Error::Argument`] unless `0 <= remove <= 1`, `iterations` <= [`MOST_ITERATIONS`], and `lines` has at least 7 columns.
pub fn locate(lines: Rows<'_>, remove: f64, iterations: usize, scratch: &mut Scratch) -> Result<Option<[f64; 4]>> {
    if !(0.0..=1.0).contains(&remove) {
        return Err(Error::argument("remove", "a fraction from 0 to 1", remove));
    }
    if iterations > MOST_ITERATIONS {
        return Err(Error::argument("iterations", format!("at most {MOST_ITERATIONS}"), iterations));
    }
    lines.require_width("lines", COLUMNS)?;
    let bundle = &mut scratch.bundle;
    bundle.load(lines);
    let Some(mut fit) = bundle.solve() else { return Ok(None) };
    let time = fit.time;
    for round in 1..=iterations {
        let left = (bundle.len() as f64 * (1.0 - remove * round as f64)).max(2.0) as usize;
        let guess = bundle.measure(fit.point);
        bundle.use_nearest(left, guess, bundle.count_within(guess));
        match bundle.solve() {
            Some(better) => fit = better,
            None => return Ok(None),
        }
    }
    let [x, y, z] = bundle.absolute(fit.point);
    Ok(Some([time, x, y, z]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rounds_without_end_are_refused() {
        let lines = [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]];
        let rows = Rows::new(lines.as_flattened(), COLUMNS).unwrap();
        let run = |iterations| locate(rows, 0.1, iterations, &mut Scratch::default());
        assert_eq!(run(MOST_ITERATIONS).unwrap(), Some([1.0, 0.0, 0.0, 0.0]));
        assert!(run(usize::MAX).unwrap_err().to_string().contains("`iterations`"));
    }
}
