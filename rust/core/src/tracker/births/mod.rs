//! Where a tracer may be that nobody follows: places that many lines pass, and what motion makes most of them.

mod bundle;
mod crossings;
mod moving;
mod places;

use crate::Result;
use crate::pool::Workers;

use super::blur::Blur;
use super::line::Line;
use super::motion::State;
use crossings::{MEETING, crossings};
use moving::moving;
use places::places;

/// Logarithm of the likelihood ratio that a birth has to be worth: how many places and velocities there are to choose.
const WORTH: f64 = 30.0;
/// Widths that are tried as long as the blur is not known, mm.
const WIDTHS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// How far from these, as a ratio, a blur is looked for.
const ASIDE: f64 = 2.5;
/// Variance from which on it is no tracer that lines pass, but the middle of the field of view, mm².
pub(super) const WIDEST: f64 = (WIDTHS[WIDTHS.len() - 1] * ASIDE) * (WIDTHS[WIDTHS.len() - 1] * ASIDE);
/// Lines from which the blur is found.
const WINDOWS: [usize; 3] = [200, 800, 3200];
/// Places whose motion is found while the blur is not known, and those that may be none when it is.
const TRIED: usize = 4;
const FAILED: usize = 32;
/// Radius within which lines count, in widths.
const NEAR: f64 = 2.5;
/// How many times denser than those near it, and than on average, a tracer's lines have to be in its middle.
const NEIGHBOURS: f64 = 1.5;
const CONTRAST: f64 = 10.0;
/// How much wider it is, as a ratio of variances, when what looks like a tracer is several.
const PART: f64 = 4.0;
/// Share of its lines that these have then at least.
const MOST: f64 = 0.5;

/// The start of a tracer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Birth {
    /// Moment of the state.
    pub(super) time: f64,
    pub(super) state: State,
    pub(super) blur: Blur,
    /// Share of the lines.
    pub(super) activity: f64,
    /// Other lines per mm² across them, as a share of the lines.
    pub(super) background: f64,
    /// The time from which it was found, ms.
    pub(super) span: f64,
    /// Its lines per ms.
    pub(super) rate: f64,
    /// Logarithm of the likelihood ratio.
    pub(super) worth: f64,
}

impl Birth {
    /// Whether its lines are denser than others near it, and much denser than on average.
    fn stands_out(&self, even: f64) -> bool {
        let own = self.activity * self.blur.predicted(0.0, 0.0)[0];
        own > NEIGHBOURS * self.background && own > CONTRAST * even
    }

    /// Whether its blur is not just at the end of those that were looked at; that of perfect lines may be.
    fn has_width_near(&self, width: f64) -> bool {
        let ratio = self.blur.narrow.sqrt() / width;
        ratio < ASIDE / 1.05 && (ratio > 1.05 / ASIDE || width == WIDTHS[0])
    }

    /// Whether a line is rather the tracer's than anything else.
    pub(super) fn explains(&self, line: &Line) -> bool {
        let squared = line.across(&self.state.at(line.time - self.time));
        self.activity * self.blur.predicted(squared, 0.0)[0] > self.background
    }
}

/// The tracers among lines in order of time whose blur is about what is known, the most convincing first; those that are
/// `known` are left out.
pub(super) fn find(
    lines: &[Line],
    even: f64,
    blur: &Blur,
    most: usize,
    known: impl Fn(&Birth) -> bool,
    workers: Workers<'_>,
) -> Result<Vec<Birth>> {
    let width = blur.narrow.sqrt();
    let mut rest = lines.to_vec();
    let (mut found, mut failed) = (Vec::new(), 0);
    for place in places(lines, width, &crossings(lines, MEETING * width, workers)?, workers)? {
        if found.len() == most || failed == FAILED {
            break;
        }
        match moving(&rest, &place, width, even, true).filter(|birth| birth.worth > WORTH) {
            Some(birth) => {
                rest.retain(|line| !birth.explains(line));
                if !known(&birth) {
                    found.push(birth);
                }
            }
            None => failed += 1,
        }
    }
    Ok(found)
}

/// A tracer of unknown blur among lines in order of time, if there is one: the most convincing one, unless its lines are
/// those of several narrower ones.
pub(super) fn first(lines: &[Line], even: f64, workers: Workers<'_>) -> Result<Option<Birth>> {
    let mut births: Vec<Birth> = Vec::new();
    for count in WINDOWS {
        let window = &lines[..lines.len().min(count)];
        let crossings = crossings(window, MEETING * WIDTHS[WIDTHS.len() - 1], workers)?;
        for width in WIDTHS {
            let mut places = places(window, width, &crossings, workers)?;
            places.truncate(TRIED);
            let tried = workers.map(places.len(), |number| moving(window, &places[number], width, even, false))?;
            let peaked = tried.into_iter().flatten().filter(|birth| birth.worth > WORTH && birth.has_width_near(width));
            births.extend(peaked);
        }
    }
    births.sort_by(|one, other| other.worth.total_cmp(&one.worth));
    let Some((first, others)) = births.split_first() else { return Ok(None) };
    let mut best = *first;
    for birth in others {
        if birth.blur.narrow * PART < best.blur.narrow && explained(lines, even, birth, workers)? > MOST * best.activity
        {
            best = *birth;
        }
    }
    Ok(Some(best))
}

/// Share of the lines that are those of tracers with the blur of one of them.
fn explained(lines: &[Line], even: f64, one: &Birth, workers: Workers<'_>) -> Result<f64> {
    let found = find(lines, even, &Blur::plain(one.blur.narrow), usize::MAX, |_| false, workers)?;
    let whole = lines.last().zip(lines.first()).map_or(0.0, |(last, first)| last.time - first.time).max(1e-9);
    Ok(found.iter().map(|birth| birth.activity * birth.span / whole).sum())
}
