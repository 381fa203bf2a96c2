//! What is known of tracers over the locations that are told for good.

use std::ops::Range;

use crate::tracker::Tracer;
use crate::tracker::track::Track;

/// A tracer as it is fitted by now, with what some blocks alone say of its evidence and its jumps.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// As it is known.
    pub tracer: Tracer,
    /// Expected number of its own lines in these blocks, above 0.
    pub lines: f64,
}

impl Fitted {
    /// Over the blocks of a track, which goes by a number.
    pub(super) fn over(track: &Track, blocks: Range<usize>, label: usize) -> Self {
        let own = blocks.start - track.first..blocks.end - track.first;
        let tracer = Tracer {
            label,
            blur: [track.blur.narrow.sqrt(), track.blur.wide.sqrt()],
            wide: track.blur.share,
            activity: track.activity,
            background: track.background,
            order: track.push.order,
            noise: track.push.noise,
            jumps: track.push.jumps.iter().filter(|jump| own.contains(&jump.0)).count(),
            evidence: track.evidence[own.clone()].iter().sum(),
        };
        Self { tracer, lines: track.counts[own].iter().sum::<f64>().max(f64::MIN_POSITIVE) }
    }
}
