//! Numbers of tracers: one that was lost and is found again where it was going keeps its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::tracker::grid::Grid;
use crate::tracker::link::likeliest;
use crate::tracker::track::Track;

/// Blocks after which a tracer that was lost is not waited for any more.
const PATIENCE: usize = 200;

/// The numbers of tracks, by their labels.
#[derive(Default)]
pub(super) struct Names {
    known: BTreeMap<usize, usize>,
    next: usize,
    /// Tracks that ended, and those of them that went on in another one.
    gone: Vec<Track>,
    followed: BTreeSet<usize>,
    /// Tracks that go on after a time in which another one had their number.
    since: BTreeMap<usize, f64>,
}

impl Names {
    /// Names of which the first that is free is known.
    pub(super) fn from(next: usize) -> Self {
        Self { next, ..Self::default() }
    }

    /// The first number that is free.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    pub(super) fn get(&self, track: &Track) -> Option<usize> {
        self.known.get(&track.label).copied()
    }

    /// The time up to which another track had the number of one.
    pub(super) fn since(&self, track: &Track) -> f64 {
        self.since.get(&track.label).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Takes a track that is lost.
    pub(super) fn lose(&mut self, track: &Track) {
        if self.known.contains_key(&track.label) {
            self.gone.push(track.clone());
        }
    }

    /// Names a track: as the one that it goes on from, as it is called already, or anew.
    pub(super) fn name(&mut self, track: &Track, grid: &Grid, even: f64) -> usize {
        if let (Some(name), true) = (self.get(track), self.since.contains_key(&track.label)) {
            return name;
        }
        let recent = |gone: &&Track| {
            // A gap without lines has no blocks, but time.
            let last = gone.end() - 1;
            let usual = (grid.times[last] - grid.times[gone.first]) / gone.states.len() as f64;
            grid.times[track.first] - grid.times[last] < PATIENCE as f64 * usual
        };
        let free = self.gone.iter().filter(|gone| !self.followed.contains(&gone.label)).filter(recent);
        let ways = free.filter_map(|gone| Some((gone, self.get(gone)?, likeliest(grid, gone, track, even)?)));
        if let Some((gone, name, _)) = ways.max_by(|one, other| one.2.worth.total_cmp(&other.2.worth)) {
            self.followed.insert(gone.label);
            self.since.insert(track.label, grid.times[gone.end() - 1]);
            self.known.insert(track.label, name);
            return name;
        }
        *self.known.entry(track.label).or_insert_with(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Forgets the first blocks, and names of tracks that are not there any more.
    pub(super) fn forget(&mut self, blocks: usize, end: usize, there: impl Fn(usize) -> bool) {
        self.gone.retain(|track| track.end() + PATIENCE > end && track.end() > blocks + 1);
        for track in &mut self.gone {
            track.forget(blocks);
        }
        let held: BTreeSet<usize> = self.gone.iter().map(|track| track.label).collect();
        let kept = |label: &usize| held.contains(label) || there(*label);
        self.known.retain(|label, _| kept(label));
        self.since.retain(|label, _| kept(label));
        self.followed.retain(|label| kept(label));
    }
}
