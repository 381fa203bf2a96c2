//! The Birmingham method: one tracer position from a sample of lines, by rejecting the furthest.

use super::centroid::Bundle;
use super::line::COLUMNS;
use crate::{Error, Result, Rows};

/// Lines up to this many root mean square distances from the point stay.
const REACH: f64 = 1.5;

/// Buffers of [`locate`], to be reused from sample to sample.
#[derive(Debug, Default)]
pub struct Scratch {
    bundle: Bundle,
}

/// Locates a single tracer; returns `t, x, y, z, error` or `None` where there is no answer.
///
/// With n lines and the target `m = int(n fopt)`, starting from all lines as used:
/// 1. `p` = least-squares point of the used lines ([`nearest_point`](super::centroid::nearest_point)), `d` = distance
///    of every line from `p`, `error` = root mean square of `d` over the used lines;
/// 2. if m lines are used: the answer is the mean time of the used lines, `p` and `error`;
/// 3. the lines with `d <= 1.5 error` become the used ones (lines may come back), then the nearest others while there
///    are fewer than m, less the furthest while there are not fewer than before; of equally far lines the first row is
///    the nearer. Go to 1.
///
/// Rows that define no line are not counted. `None` if n or m is below 2 or the used lines are all parallel. `used`, if
/// given, is set to one flag per row: the lines behind the answer, none without one. O(n) per round, at most n - m
/// rounds, usually a few.
///
/// Parker, Broadbent, Fowles, Hawkesworth & `McNeil`, *Positron emission particle tracking*, Nucl. Instrum. Methods
/// A 326 (1993) 592.
///
/// # Errors
/// [`Error::Argument`] unless `0 < fopt <= 1` and `lines` has at least 7 columns.
pub fn locate(
    lines: Rows<'_>,
    fopt: f64,
    scratch: &mut Scratch,
    used: Option<&mut Vec<bool>>,
) -> Result<Option<[f64; 5]>> {
    if !(fopt > 0.0 && fopt <= 1.0) {
        return Err(Error::argument("fopt", "a fraction with 0 < fopt <= 1", fopt));
    }
    lines.require_width("lines", COLUMNS)?;
    scratch.bundle.load(lines);
    let target = (scratch.bundle.len() as f64 * fopt) as usize;
    let located = if target < 2 { None } else { reject(target, &mut scratch.bundle) };
    if let Some(used) = used {
        used.clear();
        used.resize(lines.len(), false);
        for row in scratch.bundle.used_rows().filter(|_| located.is_some()) {
            used[row] = true;
        }
    }
    Ok(located)
}

fn reject(target: usize, bundle: &mut Bundle) -> Option<[f64; 5]> {
    let mut count = bundle.len();
    loop {
        let fit = bundle.solve()?;
        let error = bundle.measure(fit.point).sqrt();
        if count == target {
            let [x, y, z] = bundle.absolute(fit.point);
            return Some([fit.time, x, y, z, error]);
        }
        let reach = REACH * error;
        let within = bundle.count_within(reach * reach);
        count = within.clamp(target, count - 1);
        bundle.use_nearest(count, reach * reach, within);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Lines through (1, 2, 3) at times 0, 1, 2... in directions all over the sphere.
    fn bundle(len: usize) -> Vec<f64> {
        let turn = |k: f64| [(2.4 * k).cos(), (2.4 * k).sin(), 1.7 * (k / len as f64) - 0.8];
        (0..len)
            .flat_map(|k| {
                let [x, y, z] = turn(k as f64).map(|x| 100.0 * x);
                [k as f64, 1.0 - x, 2.0 - y, 3.0 - z, 1.0 + x, 2.0 + y, 3.0 + z]
            })
            .collect()
    }

    fn locate(data: &[f64], fopt: f64) -> (Option<[f64; 5]>, Vec<bool>) {
        let mut used = Vec::new();
        let found = super::locate(Rows::new(data, 7).unwrap(), fopt, &mut Scratch::default(), Some(&mut used));
        (found.unwrap(), used)
    }

    #[test]
    fn outliers_are_left_out() {
        let mut data = bundle(20);
        for outlier in [3, 11] {
            data[7 * outlier + 1] += 90.0;
            data[7 * outlier + 4] += 90.0;
        }
        let (found, used) = locate(&data, 0.9);
        let [time, x, y, z, error] = found.unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(time, 176.0 / 18.0) && close(x, 1.0) && close(y, 2.0) && close(z, 3.0) && close(error, 0.0));
        assert_eq!(used, (0..20).map(|row| row != 3 && row != 11).collect::<Vec<_>>());
    }

    #[test]
    fn equally_far_lines_end_too() {
        let mut data = bundle(4);
        data.extend_from_within(..);
        data.extend_from_within(..);
        let (found, used) = locate(&data, 0.5);
        assert!(found.is_some());
        assert_eq!(used.iter().filter(|&&used| used).count(), 8);
    }

    #[test]
    fn no_answer_without_two_lines_that_differ() {
        for (data, fopt) in [(vec![], 0.5), (bundle(1), 1.0), (bundle(3), 0.5), (bundle(1).repeat(9), 0.5)] {
            let (found, used) = locate(&data, fopt);
            assert_eq!(found, None);
            assert_eq!(used, vec![false; data.len() / 7]);
        }
    }

    #[test]
    fn broken_rows_are_not_counted() {
        let data = bundle(10);
        let broken = [[0.0; 7], [f64::NAN; 7]].concat();
        let (found, used) = locate(&[broken, data.clone()].concat(), 0.5);
        let (expected, flags) = locate(&data, 0.5);
        assert_eq!(found, expected);
        assert_eq!(used, [vec![false; 2], flags].concat());
    }

    #[test]
    fn fopt_outside_its_range_is_refused() {
        let rows = Rows::new(&[], 7).unwrap();
        for fopt in [0.0, -0.1, 1.1, f64::NAN] {
            let result = super::locate(rows, fopt, &mut Scratch::default(), None);
            assert!(matches!(result, Err(Error::Argument { argument: "fopt", .. })));
        }
    }
}
