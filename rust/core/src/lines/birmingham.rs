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
/// 1. `p` = least-squares point of the used lines ([`nearest_point`](super::centroid::nearest_point)), `d` = distance of every
///    line from `p`, `error` = root mean square of `d` over the used lines;
/// 2. if m lines are used: the answer is the mean time of the used lines, `p` and `error`;
/// 3. the lines with `d <= 1.5 error` become the used ones (lines may come back), then the nearest others while there are fewer than m,
///    less the furthest while there are not fewer than before; of equally far lines the first row is the nearer. Go to 1.
///
/// Rows that define no line are not counted. `None` if n or m is below 2 or the used lines are all parallel. `used`, if given,
/// is set to one flag per row: the lines behind the answer, none without one. O(n) per round, at most n - m rounds, usually a few.
///
/// Parker, Broadbent, Fowles, Hawkesworth & McNeil, *Positron emission particle tracking*, Nucl. Instrum. Methods A 326 (1993) 592.
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
        bundle.use_nearest(count, reach * reach);
    }
}
