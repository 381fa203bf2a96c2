//! Whose the lines are, as tracers are known by now.

use std::collections::BTreeMap;

use crate::tracker::associate::{Member, associate};
use crate::tracker::track::Track;

use super::Running;

impl Running {
    /// Shares the lines of some blocks among all tracers as they are known by now.
    pub(super) fn share(&mut self, blocks: impl Iterator<Item = usize>, leaving: usize) {
        for block in blocks {
            let tracks: Vec<&Track> = self.follower.all().filter(|track| track.state(block).is_some()).collect();
            let members: Vec<Member<'_>> = tracks.iter().filter_map(|track| track.member(block)).collect();
            let labels: Vec<usize> = tracks.iter().map(|track| track.label).collect();
            let own = self.grid.block(&self.lines, block);
            let (tails, last) = (&mut self.tails, block < leaving);
            let sums = associate(own, self.grid.times[block], &members, |_, shares| {
                let total = shares.all - shares.background;
                for one in shares.near.iter().filter(|_| last) {
                    if let Some(tail) = tails.get_mut(&labels[one.member]) {
                        tail.see(one.expected, 1.0 - (total - one.own()) / shares.all);
                    }
                }
            });
            let lines = own.len();
            let mut found: BTreeMap<usize, _> = labels.into_iter().zip(sums).collect();
            for track in self.follower.all_mut() {
                let Some(sum) = found.remove(&track.label) else { continue };
                let at = block - track.first;
                (track.lines[at], track.counts[at], track.evidence[at]) = (sum.information, sum.count, sum.evidence);
                if last && let Some(tail) = self.tails.get_mut(&track.label) {
                    tail.seen(lines);
                }
            }
        }
    }
}
