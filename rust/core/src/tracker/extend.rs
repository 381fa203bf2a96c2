//! Back from where a tracer was found to where it first is.

use crate::{Control, Result};

use super::associate::{Member, associate};
use super::follow::CAREFUL;
use super::grid::Grid;
use super::line::Line;
use super::track::{LOST, Track};

/// Blocks that a tracer is followed back without evidence.
const PATIENCE: usize = 200;

/// Follows each tracer back from its first block, among the others as they are.
pub(super) fn extend(lines: &[Line], grid: &Grid, tracks: &mut [Track], control: &Control) -> Result<()> {
    for number in 0..tracks.len() {
        let mut track = tracks[number].clone();
        back(lines, grid, tracks, number, &mut track, control)?;
        tracks[number] = track;
    }
    Ok(())
}

fn back(
    lines: &[Line],
    grid: &Grid,
    tracks: &[Track],
    number: usize,
    track: &mut Track,
    control: &Control,
) -> Result<()> {
    let Some(mut state) = track.states.first().copied() else { return Ok(()) };
    let mut time = grid.times[track.first];
    let (mut doubt, mut sure) = (0.0_f64, 0);
    let mut found = Vec::new();
    for block in (0..track.first).rev() {
        control.check()?;
        state = state.after(grid.times[block] - time, CAREFUL * track.push.noise);
        time = grid.times[block];
        let others = (0..tracks.len()).filter(|&other| other != number);
        let mut members: Vec<Member<'_>> = others.filter_map(|other| tracks[other].member(block)).collect();
        members.push(Member {
            state: &state,
            blur: &track.blur,
            activity: track.activity,
            background: track.background,
            predicted: true,
        });
        let Some(sums) = associate(grid.block(lines, block), time, &members, |_, _| ()).pop() else { break };
        if let Some(after) = state.knowing(&sums.information) {
            state = after;
        }
        found.push((state, sums));
        doubt = (doubt - sums.evidence).max(0.0);
        if doubt == 0.0 {
            sure = found.len();
        }
        if doubt > LOST || found.len() - sure > PATIENCE {
            break;
        }
    }
    found.truncate(sure);
    track.first -= sure;
    found.reverse();
    track.states.splice(0..0, found.iter().map(|(state, _)| *state));
    track.lines.splice(0..0, found.iter().map(|(_, sums)| sums.information));
    track.counts.splice(0..0, found.iter().map(|(_, sums)| sums.count));
    track.evidence.splice(0..0, found.iter().map(|(_, sums)| sums.evidence));
    for jump in &mut track.push.jumps {
        jump.0 += sure;
    }
    Ok(())
}
