//! When a tracer bounced: where the ways before and after a jump of its velocity come nearest. It was on the one way until
//! then and on the other one from then on, whatever blocks the jump lies between.

use super::grid::Grid;
use super::track::Track;

/// Blocks from a jump within which it may have come at another time than half-way between its nodes.
const NEAR: usize = 3;

/// The block of a track whose state tells its place at a time in one of its blocks: that one, or else the first one on the
/// other side of a jump.
pub(super) fn own_side(track: &Track, grid: &Grid, at: usize, time: f64) -> usize {
    let jumps = &track.push.jumps;
    let next = jumps.partition_point(|jump| jump.0 <= at);
    let jump = |number: usize| {
        let node = jumps.get(number)?.0;
        if node.abs_diff(at) > NEAR { None } else { Some((node, moment(track, grid, number)?)) }
    };
    match (next.checked_sub(1).and_then(jump), jump(next)) {
        (Some((node, moment)), _) if time < moment => node - 1,
        (_, Some((node, moment))) if time >= moment => node,
        _ => at,
    }
}

/// When a jump came, after the one before it and before the one after it.
fn moment(track: &Track, grid: &Grid, number: usize) -> Option<f64> {
    let jumps = &track.push.jumps;
    let node = jumps[number].0;
    let (before, after) = (track.states.get(node.checked_sub(1)?)?, track.states.get(node)?);
    let time = |at: usize| grid.times[track.first + at];
    let half = 0.5 * (time(node) - time(node - 1));
    let (before, after) = (before.after(half, 0.0), after.after(-half, 0.0));
    let (mut closing, mut squared) = (0.0, 0.0);
    for k in 0..3 {
        let (apart, faster) = (after.mean[k] - before.mean[k], after.mean[3 + k] - before.mean[3 + k]);
        closing -= apart * faster;
        squared += faster * faster;
    }
    let earlier = number.checked_sub(1).map_or(0, |number| jumps[number].0);
    let later = jumps.get(number + 1).map_or(track.states.len(), |jump| jump.0) - 1;
    let first = earlier.max(node.saturating_sub(NEAR)).min(node - 1);
    let last = later.min(node + NEAR).max(node);
    (squared > 0.0).then(|| (time(node - 1) + half + closing / squared).clamp(time(first), time(last)))
}

#[cfg(test)]
mod tests {
    use super::own_side;
    use crate::tracker::blur::Blur;
    use crate::tracker::grid::Grid;
    use crate::tracker::motion::{Information, Order, State};
    use crate::tracker::smoother::Push;
    use crate::tracker::track::Track;

    /// A tracer on nodes 1 ms apart that comes at 1 mm/ms along x, and at `bounces` turns from each way to the next one;
    /// its jumps are taken for those before some nodes.
    fn track(bounces: &[f64], nodes: &[usize]) -> (Track, Grid) {
        let states: Vec<State> = (0..12_u8)
            .map(|node| {
                let way = nodes.iter().filter(|&&jump| jump <= usize::from(node)).count();
                let mut state = State::resting([0.0; 3]);
                let mut x = 0.0;
                let mut speed = 1.0;
                for bounce in &bounces[..way] {
                    x += 2.0 * speed * bounce;
                    speed = -speed;
                }
                state.mean[0] = x + speed * f64::from(node);
                state.mean[3] = speed;
                state
            })
            .collect();
        let count = states.len();
        let push = Push { jumps: nodes.iter().map(|&node| (node, 1.0)).collect(), ..Push::plain(Order::Velocity, 0.0) };
        let track = Track {
            label: 0,
            first: 0,
            start: states[0],
            states,
            lines: vec![Information::default(); count],
            counts: vec![0.0; count],
            evidence: vec![0.0; count],
            forgotten: 0.0,
            push,
            blur: Blur::plain(1.0),
            activity: 1.0,
            background: 0.0,
        };
        (track, Grid { edges: (0..=count).collect(), times: (0..12_u8).map(f64::from).collect() })
    }

    #[test]
    fn a_block_tells_each_side_of_a_bounce_in_it_apart() {
        let (track, grid) = track(&[4.2], &[5]);
        let sides =
            [(3, 3.4), (4, 3.9), (4, 4.1), (4, 4.3), (5, 4.6)].map(|(at, time)| own_side(&track, &grid, at, time));
        assert_eq!(sides, [3, 4, 4, 5, 5]);
    }

    #[test]
    fn a_jump_that_lies_some_blocks_beside_its_bounce_does_no_harm() {
        for node in [3, 4, 6, 7] {
            let (track, grid) = track(&[4.6], &[node]);
            for (at, time) in [(2, 1.6), (3, 3.0), (4, 4.4), (5, 4.7), (6, 6.4), (9, 9.0)] {
                let side = own_side(&track, &grid, at, time);
                assert_eq!(side >= node, time > 4.6, "jump before {node}, at {time}: {side}");
            }
        }
    }

    #[test]
    fn between_two_bounces_a_tracer_is_on_the_way_between_them() {
        let (track, grid) = track(&[4.2, 6.4], &[5, 6]);
        let sides = [(4, 4.0), (5, 4.6), (5, 5.4), (6, 6.2), (6, 6.5), (7, 7.0)];
        assert_eq!(sides.map(|(at, time)| own_side(&track, &grid, at, time)), [4, 5, 5, 5, 6, 7]);
    }

    #[test]
    fn far_from_a_jump_and_where_none_is_told_a_block_tells_its_own_place() {
        let (track, grid) = track(&[4.2], &[8]);
        assert_eq!(own_side(&track, &grid, 4, 4.3), 4);
        let (mut gone, grid) = self::track(&[], &[]);
        assert_eq!(own_side(&gone, &grid, 4, 4.3), 4);
        gone.push.jumps.push((12, 1.0));
        assert_eq!(own_side(&gone, &grid, 11, 11.3), 11);
    }
}
