//! When a tracer bounced: where the ways before and after a jump of its velocity come nearest.

use super::grid::Grid;
use super::track::Track;

/// Blocks from a jump within which it may have come at another time than half-way between its nodes.
const NEAR: usize = 3;

/// The block of a track whose state tells where the tracer was at a time in a block: one on the same side of a jump.
pub(super) fn own_side(track: &Track, grid: &Grid, at: usize, time: f64) -> usize {
    let mut side = at;
    for &(node, _) in track.push.jumps.iter().filter(|jump| jump.0.abs_diff(at) <= NEAR) {
        let Some(moment) = moment(track, grid, node) else { continue };
        if at >= node && time < moment {
            return node - 1;
        }
        if at < node && time >= moment {
            side = node;
        }
    }
    side
}

/// When the jump before a node came.
fn moment(track: &Track, grid: &Grid, node: usize) -> Option<f64> {
    let (before, after) = (track.states.get(node.checked_sub(1)?)?, track.states.get(node)?);
    let [then, now] = [node - 1, node].map(|at| grid.times[track.first + at]);
    let half = 0.5 * (now - then);
    let (before, after) = (before.after(half, 0.0), after.after(-half, 0.0));
    let (mut closing, mut squared) = (0.0, 0.0);
    for k in 0..3 {
        let (apart, faster) = (after.mean[k] - before.mean[k], after.mean[3 + k] - before.mean[3 + k]);
        closing -= apart * faster;
        squared += faster * faster;
    }
    let [first, last] = [node.saturating_sub(NEAR), (node + NEAR).min(track.states.len() - 1)];
    let [first, last] = [first, last].map(|at| grid.times[track.first + at]);
    (squared > 0.0).then(|| (then + half + closing / squared).clamp(first, last))
}
