//! What a running tracker tells: locations and the tracers that are there.

use std::collections::btree_map::Entry;

use crate::tracker::locations::{LOCATION, View, block_locations, reach};
use crate::tracker::stream::fitted::Fitted;
use crate::tracker::stream::tail::Tail;
use crate::tracker::stream::{Here, News};
use crate::tracker::track::WORTH;

use super::Running;

impl Running {
    /// Tells the filtered locations of a block.
    pub(super) fn filter(&mut self, block: usize, news: &mut News) {
        let Self { lines, grid, origin, even, done, follower, tails, names, wish, .. } = self;
        let (view, before) = (View { lines, grid, origin }, news.filtered.len());
        let own = grid.block(lines, block);
        let (first, last) = (own[0].time, own[own.len() - 1].time);
        for live in follower.living.iter_mut().filter(|live| !live.track.states.is_empty()) {
            let tail = match tails.entry(live.track.label) {
                Entry::Vacant(entry) => {
                    live.fit();
                    entry.insert(Tail::new(&live.track, grid, *done))
                }
                Entry::Occupied(entry) => {
                    let tail = entry.into_mut();
                    if let Some(state) = tail.filter(&mut live.track, live.noise, grid, *done)
                        && let Some(last) = live.track.states.last_mut()
                    {
                        *last = state;
                    }
                    tail
                }
            };
            if live.track.worth() > WORTH {
                let (at, whole) = (live.track.states.len() - 1, (tail.shown.max(2.0 * first - last), last));
                let (name, from) = (names.name(&live.track, grid, *even), news.filtered.len());
                block_locations(&live.track, at, view, &wish.times, whole, &mut tail.shown, &mut news.filtered);
                call(&mut news.filtered[from..], name);
            }
        }
        in_order(&mut news.filtered, before);
    }

    /// Tells the locations of the blocks before one, in order of time.
    pub(super) fn tell(&mut self, leaving: usize, news: &mut News) {
        let Self { lines, grid, origin, even, done, follower, tails, names, wish, .. } = self;
        let (view, before) = (View { lines, grid, origin }, news.smoothed.len());
        let sure = follower.living.iter().map(|live| (&live.track, live.track.first + live.sure));
        let gone = follower.ended.iter().map(|track| (track, track.end()));
        for (track, end) in sure.chain(gone).filter(|(track, _)| track.worth() > WORTH) {
            let Some(tail) = tails.get_mut(&track.label) else { continue };
            let blocks = (*done).max(track.first)..leaving.min(end);
            if blocks.is_empty() {
                continue;
            }
            let (name, from) = if tail.told.is_finite() {
                (names.get(track).unwrap_or_default(), news.smoothed.len())
            } else {
                let name = names.name(track, grid, *even);
                tail.told = names.since(track);
                (name, news.smoothed.len())
            };
            news.fitted.push(Fitted::over(track, blocks.clone(), name));
            for block in blocks {
                let at = block - track.first;
                let whole = reach(track, at, view);
                block_locations(track, at, view, &wish.times, whole, &mut tail.told, &mut news.smoothed);
            }
            call(&mut news.smoothed[from..], name);
        }
        in_order(&mut news.smoothed, before);
    }

    /// The tracers that are there.
    pub(in crate::tracker::stream) fn here(&self) -> Vec<Here> {
        let rate = self.rate();
        let living = self.follower.living.iter().filter(|live| live.track.worth() > WORTH);
        let named = living.filter_map(|live| Some((live, self.names.get(&live.track)?)));
        let mut found: Vec<Here> = named.map(|(live, name)| Here::new(live, name, &self.origin, rate)).collect();
        found.sort_by_key(|here| here.label);
        found
    }
}

/// Gives locations the number of their tracer.
fn call(locations: &mut [f64], name: usize) {
    let (rows, _) = locations.as_chunks_mut::<LOCATION>();
    for row in rows {
        row[LOCATION - 1] = name as f64;
    }
}

/// Puts the locations from a number on in order of time and label.
fn in_order(locations: &mut [f64], from: usize) {
    let (rows, _) = locations[from..].as_chunks_mut::<LOCATION>();
    rows.sort_by(|one, other| one[0].total_cmp(&other[0]).then(one[LOCATION - 1].total_cmp(&other[LOCATION - 1])));
}
