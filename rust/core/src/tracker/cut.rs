//! Where a trajectory is of a tracer: one that was lost goes on for a while without any line.

use super::track::{LOST, Track, WORTH};

/// Blocks without a line that are no reason to cut a trajectory.
const SPARED: usize = 20;

/// Leaves out trajectories for which no lines speak, and cuts the others where that is so for long; whether any was cut.
pub(super) fn cut(tracks: &mut Vec<Track>) -> bool {
    tracks.retain(|track| !parts(&track.evidence).is_empty());
    let mut found = Vec::with_capacity(tracks.len());
    for track in tracks.iter() {
        let parts = parts(&track.evidence);
        let kept: usize = parts.iter().map(|(first, end)| end - first).sum();
        if kept + SPARED >= track.states.len() {
            found.push(track.clone());
            continue;
        }
        for (first, end) in parts {
            let mut part = track.clone();
            part.keep(end);
            part.begin(track.first + first);
            found.push(part);
        }
    }
    let any = found.iter().map(|track| track.states.len()).ne(tracks.iter().map(|track| track.states.len()));
    *tracks = found;
    any
}

/// First and last (exclusive) of blocks that together are worth a trajectory, and lose no more in between than makes a
/// tracer lost.
fn parts(evidence: &[f64]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut first = 0;
    while first < evidence.len() {
        let (mut sum, mut best, mut end) = (0.0, 0.0, first);
        for (block, worth) in evidence.iter().enumerate().skip(first) {
            sum += worth;
            if sum > best {
                (best, end) = (sum, block + 1);
            }
            if sum < 0.0 || best - sum > LOST {
                break;
            }
        }
        if best > WORTH {
            found.push((first, end));
        }
        first = end.max(first + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_trajectory_is_where_lines_speak_for_it() {
        let evidence: Vec<f64> =
            [vec![10.0; 20], vec![-1.0; 40], vec![-2.0, 1.0], vec![10.0; 30], vec![-3.0; 5]].concat();
        assert_eq!(parts(&evidence), [(0, 20), (61, 92)]);
    }

    #[test]
    fn a_short_doubt_is_none_and_little_evidence_is_no_trajectory() {
        assert_eq!(parts(&[vec![10.0; 20], vec![-1.0; 20], vec![10.0; 20]].concat()), [(0, 60)]);
        assert!(parts(&[1.0; 50]).is_empty());
    }
}
