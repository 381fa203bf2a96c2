//! Where a trajectory is of a tracer: one that was lost goes on for a while without any line.

use super::follow::{LOST, Track, WORTH};

/// Replaces trajectories by their parts for which lines speak; whether any is not what it was.
pub(super) fn cut(tracks: &mut Vec<Track>) -> bool {
    let mut found = Vec::with_capacity(tracks.len());
    let mut any = false;
    for track in tracks.iter() {
        let parts = parts(&track.evidence);
        any |= parts.len() != 1 || parts[0].1 - parts[0].0 + SPARED < track.states.len();
        for (first, end) in parts {
            let mut part = track.clone();
            part.keep(end);
            part.begin(track.first + first);
            found.push(part);
        }
    }
    if any {
        *tracks = found;
    }
    any
}

/// Blocks at the ends that are no reason to begin anew.
const SPARED: usize = 20;

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
