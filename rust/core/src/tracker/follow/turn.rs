//! Sudden changes of velocity while a tracer is followed.

use crate::tracker::associate::Sums;
use crate::tracker::motion::State;
use crate::tracker::track::LOST;

use super::living::{CAREFUL, Live};
use super::{Scene, better, one_of};

/// Logarithmic likelihood that a sudden change of velocity has to be worth, and how long ago it may have been, in blocks
/// before the first that was worth less.
const TURN: f64 = 20.0;
const SINCE: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Looks whether a tracer that explains less than usual has suddenly changed its velocity some blocks ago.
pub(super) fn turn(scene: Scene<'_>, living: &mut [Live], number: usize) {
    let live = &living[number];
    let count = live.track.states.len();
    let striking = live.missing > 2.0 * live.usual || live.doubt > LOST;
    if live.missing < TURN || !striking || live.fine < 2 {
        return;
    }
    let best = SINCE
        .iter()
        .filter(|&&since| since < live.fine)
        .map(|since| replay(scene, living, number, live.fine - since))
        .max_by(|one, other| one.gain.total_cmp(&other.gain));
    let live = &mut living[number];
    live.missing = 0.0;
    live.fine = count;
    let Some(best) = best.filter(|best| best.gain > TURN) else { return };
    live.track.keep(best.from);
    for (state, sums) in &best.blocks {
        live.track.push_block(state, sums);
    }
    live.track.push.jumps.push((best.from, best.variance));
    if let Some(state) = live.track.states.last() {
        live.state = *state;
    }
    (live.doubt, live.sure) = (0.0, count);
}

/// What became of a tracer if its velocity jumped before a block.
struct Replay {
    from: usize,
    variance: f64,
    blocks: Vec<(State, Sums)>,
    gain: f64,
}

fn replay(scene: Scene<'_>, living: &[Live], number: usize, from: usize) -> Replay {
    let grid = scene.grid;
    let live = &living[number];
    let mut state = live.track.states[from - 1];
    let first = live.track.first + from;
    let step = (grid.times[first] - grid.times[first - 1]).max(1e-9);
    let speed: f64 = state.mean[3..].iter().map(|v| v * v).sum();
    let variance = 4.0 * speed + live.track.blur.narrow / (4.0 * step).powi(2);
    for k in 3..6 {
        state.covariance[k][k] += variance;
    }
    let mut blocks = Vec::new();
    let mut gain = 0.0;
    for at in from..live.track.states.len() {
        let block = live.track.first + at;
        state = state.after(grid.times[block] - grid.times[block - 1], CAREFUL * live.noise);
        let others = living.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, other)| &other.track);
        let Some(sums) = one_of(scene, others, live, &state, block) else { break };
        state = better(&state, &sums.information);
        gain += sums.evidence - live.track.evidence[at];
        blocks.push((state, sums));
    }
    Replay { from, variance, blocks, gain }
}
