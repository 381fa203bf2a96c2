//! A tracer on the blocks of lines in which it is.

use super::associate::{Member, Sums};
use super::blur::Blur;
use super::motion::{Information, State};
use super::smoother::Push;

/// Logarithmic likelihood by which a tracer's absence has to be better to give it up.
pub(super) const LOST: f64 = 25.0;
/// Logarithmic likelihood that a trajectory has to be worth.
pub(super) const WORTH: f64 = 60.0;
/// Blocks after which its process noise is found anew.
pub(super) const LEARN: usize = 50;

/// A tracer over consecutive blocks.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) label: usize,
    /// Its first block.
    pub(super) first: usize,
    /// What is known of it before any of its lines, at its first block.
    pub(super) start: State,
    /// At each block.
    pub(super) states: Vec<State>,
    pub(super) lines: Vec<Information>,
    /// Expected number of its own lines in each block.
    pub(super) counts: Vec<f64>,
    /// What each block says for it.
    pub(super) evidence: Vec<f64>,
    /// What the blocks before said that are no longer held.
    pub(super) forgotten: f64,
    pub(super) push: Push,
    pub(super) blur: Blur,
    /// Share of the lines.
    pub(super) activity: f64,
    /// Other lines per mm² across them near it, as a share of the lines.
    pub(super) background: f64,
}

impl Track {
    /// The block after its last one.
    pub(super) fn end(&self) -> usize {
        self.first + self.states.len()
    }

    /// The state at a block, if it is there.
    pub(super) fn state(&self, block: usize) -> Option<&State> {
        self.states.get(block.checked_sub(self.first)?)
    }

    /// As what it has lines in a block, if it is there.
    pub(super) fn member(&self, block: usize) -> Option<Member<'_>> {
        Some(Member {
            state: self.state(block)?,
            blur: &self.blur,
            activity: self.activity,
            background: self.background,
            predicted: false,
        })
    }

    pub(super) fn worth(&self) -> f64 {
        self.forgotten + self.evidence.iter().sum::<f64>()
    }

    /// Its expected number of lines.
    pub(super) fn own(&self) -> f64 {
        self.activity * self.states.len() as f64
    }

    pub(super) fn keep(&mut self, blocks: usize) {
        self.states.truncate(blocks);
        self.lines.truncate(blocks);
        self.counts.truncate(blocks);
        self.evidence.truncate(blocks);
        self.push.jumps.retain(|jump| jump.0 < blocks);
    }

    /// Leaves out the blocks before one of its own.
    pub(super) fn begin(&mut self, block: usize) {
        let less = block - self.first;
        self.first = block;
        self.states.drain(..less);
        self.lines.drain(..less);
        self.counts.drain(..less);
        self.evidence.drain(..less);
        self.push.jumps.retain(|jump| jump.0 > less);
        self.push.jumps.iter_mut().for_each(|jump| jump.0 -= less);
        self.start = self.states[0];
    }

    /// Forgets its blocks before one from which all are counted then; how many these were.
    pub(super) fn forget(&mut self, block: usize) -> usize {
        let less = block.saturating_sub(self.first);
        if less > 0 {
            self.forgotten += self.evidence[..less].iter().sum::<f64>();
            self.begin(block);
        }
        self.first -= block;
        less
    }

    pub(super) fn push_block(&mut self, state: &State, sums: &Sums) {
        self.states.push(*state);
        self.lines.push(sums.information);
        self.counts.push(sums.count);
        self.evidence.push(sums.evidence);
    }
}
