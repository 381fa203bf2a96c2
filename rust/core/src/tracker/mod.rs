//! Tracers followed through their lines of response: positions, velocities and their covariances.
//!
//! A tracer moves evenly, or evenly accelerated, and white noise and sudden jumps push it about; a line of it passes its
//! place *at the line's own time*, at a distance from a mixture of two normal distributions in the plane across the
//! line; every other line is background. Which line is whose is found by expectation-maximisation: each line is shared
//! among the tracers, enters as information `(I - n nᵀ) / s²` about its own time, and a Kalman filter forward and a
//! smoother back give the trajectory. Blur, activities, background and process noise are those that make the lines most
//! likely.
//!
//! On the way from lines to trajectories: `births` finds where tracers may be, `follow` follows them block by block,
//! `extend` back to where they began, `link` joins pieces, and `refine` settles all of them: it shares lines
//! (`associate`), fits what is around tracers (`profile`), smooths (`smoother`), cuts (`cut`) and parts (`split`).
//!
//! Times are in milliseconds, lengths in millimetres, velocities in mm/ms. The cost is O(lines x tracers x passes).

mod algebra;
mod associate;
mod births;
mod blur;
mod bounce;
mod cut;
mod extend;
mod follow;
mod grid;
mod knowledge;
mod line;
mod link;
mod locations;
mod motion;
mod profile;
mod refine;
mod smoother;
mod split;
mod stream;
mod track;

use crate::pool::Workers;
use crate::{Control, Error, Result, Rows};

use births::Birth;
use blur::Blur;
use follow::Scene;
use grid::Grid;
use line::{Line, Lines};
pub use locations::{LOCATION, Times};
pub use motion::Order;
pub use stream::{Event, Fitted, Here, News, Stream};
use track::Track;

/// Lines from which it is guessed how fast tracers turn.
const GLIMPSE: usize = 10_000;
/// Its own lines among these from which on a tracer is followed there; fainter ones may not be.
const FOLLOWED: f64 = 400.0;
/// How often a tracer is looked for until its blur is known.
const GLIMPSES: usize = 32;
/// How much less a blur is, as a ratio of variances, when what was taken for one tracer was several.
const MUCH_LESS: f64 = 0.5;

/// How tracers are looked for.
#[derive(Debug, Clone)]
pub struct Tracker {
    /// The most tracers there may be at a time; `None` finds as many as the lines tell of.
    pub tracers: Option<usize>,
    /// The times of locations.
    pub times: Times,
}

/// What is known of a tracer.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracer {
    /// Its number.
    pub label: usize,
    /// Standard deviations of its lines' distances along one direction, mm: of most of them and of the others.
    pub blur: [f64; 2],
    /// Share of the others.
    pub wide: f64,
    /// Its share of the lines.
    pub activity: f64,
    /// Other lines near it per mm² across them, as a share of all.
    pub background: f64,
    /// What the noise that pushes it drives.
    pub order: Order,
    /// Density of that noise, mm²/ms³, or mm²/ms⁵ if it drives the acceleration.
    pub noise: f64,
    /// How often its velocity changed suddenly.
    pub jumps: usize,
    /// Logarithm of the likelihood of the lines with it over that without.
    pub evidence: f64,
}

/// Locations, row after row, in order of tracer and time; and the tracers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tracked {
    /// [`LOCATION`] numbers each.
    pub locations: Vec<f64>,
    /// One for each trajectory.
    pub tracers: Vec<Tracer>,
    /// Share of the lines that are the tracers'.
    pub explained: f64,
    /// Lines that were left out: not finite, of no length, or at a time far from all others.
    pub unused: usize,
    /// Passes of expectation-maximisation.
    pub passes: usize,
    /// Whether the last one changed next to nothing.
    pub settled: bool,
}

impl Tracker {
    /// Tracks what is in `lines`: time, two points, and anything beyond.
    ///
    /// # Errors
    /// [`Error::Argument`] if rows have fewer than 7 columns, no tracer is asked for, or times are not in order;
    /// [`Error::Cancelled`].
    pub fn track(&self, lines: Rows<'_>, threads: usize, control: &Control) -> Result<Tracked> {
        lines.require_width("lines", 7)?;
        if self.tracers == Some(0) {
            return Err(Error::argument("tracers", "at least 1", 0));
        }
        let lines = Lines::new(lines);
        self.times.check(lines.rate())?;
        let workers = Workers { threads, control };
        let (grid, mut tracks, usual) = self.found(&lines, workers)?;
        let end = refine::refine(&lines, &grid, &mut tracks, &usual, self.tracers, workers)?;
        let own = tracks.iter().flat_map(|track| &track.counts).fold(0.0, |sum, count| sum + count);
        let explained = own / lines.all.len() as f64;
        let mut found =
            Tracked { explained, unused: lines.unused, passes: end.passes, settled: end.settled, ..Tracked::default() };
        let view = locations::View { lines: &lines.all, grid: &grid, origin: &lines.origin };
        tracks.sort_by_key(|track| (track.label, track.first));
        for pieces in tracks.chunk_by(|one, other| one.label == other.label) {
            found.tracers.push(tracer(pieces));
            for piece in pieces {
                locations::locations(piece, view, &self.times, &mut found.locations);
            }
        }
        Ok(found)
    }

    /// The tracers on blocks that fit them, before they have settled, and their usual blur.
    fn found(&self, lines: &Lines, workers: Workers<'_>) -> Result<(Grid, Vec<Track>, Blur)> {
        let most = self.tracers.unwrap_or(follow::MANY);
        let Some((glimpse, Birth { mut blur, activity, .. })) = glimpse(lines, workers)? else {
            return Ok((Grid::unknown(&lines.all, 1.0), Vec::new(), Blur::plain(1.0)));
        };
        let mut grid = Grid::unknown(glimpse, activity);
        let mut tracks = follow::follow(
            Scene { lines: glimpse, even: lines.even, grid: &grid, usual: &blur, activity, known: &[] },
            most,
            workers,
        )?;
        let mut usual = refine::usual_blur(glimpse, &grid, &mut tracks, workers)?;
        let faint = activity * (glimpse.len() as f64) < FOLLOWED;
        let mut guessed = faint && usual.is_none_or(|found| blur.narrow < MUCH_LESS * found.narrow);
        if guessed {
            (tracks, usual) = (Vec::new(), Some(blur));
        }
        while let Some(found) = usual {
            blur = found;
            grid = if tracks.is_empty() {
                Grid::unknown(&lines.all, activity)
            } else {
                Grid::fitting(&lines.all, &tracks, lines.rate())
            };
            let scene = Scene { lines: &lines.all, even: lines.even, grid: &grid, usual: &blur, activity, known: &[] };
            tracks = follow::follow(scene, most, workers)?;
            for track in &mut tracks {
                refine::resmooth(track, &grid);
            }
            let found = refine::usual_blur(&lines.all, &grid, &mut tracks, workers)?;
            // The blur of one birth may be too narrow as well: some lines meet by chance.
            let wider = |found: &Blur| guessed && blur.narrow < MUCH_LESS * found.narrow;
            usual = found.filter(|found| found.narrow < MUCH_LESS * blur.narrow || wider(found));
            guessed = false;
        }
        extend::extend(&lines.all, &grid, &mut tracks, workers.control)?;
        for track in &mut tracks {
            refine::resmooth(track, &grid);
        }
        link::link(&grid, &mut tracks, lines.even);
        let better = Grid::fitting(&lines.all, &tracks, lines.rate());
        let tracks = tracks.iter().map(|track| better.moved(track, &grid)).collect();
        Ok((better, tracks, blur))
    }
}

/// Lines in which there is a tracer, and one of those that are.
fn glimpse<'a>(lines: &'a Lines, workers: Workers<'_>) -> Result<Option<(&'a [Line], Birth)>> {
    let step = (lines.all.len() / GLIMPSES).max(GLIMPSE);
    for first in (0..lines.all.len()).step_by(step) {
        let part = &lines.all[first..(first + GLIMPSE).min(lines.all.len())];
        if let Some(birth) = births::first(part, lines.even, workers)? {
            return Ok(Some((part, birth)));
        }
    }
    Ok(None)
}

/// What is known of a tracer from the pieces of its trajectory, by their lines.
fn tracer(pieces: &[Track]) -> Tracer {
    let weights: Vec<f64> =
        pieces.iter().map(|piece| piece.counts.iter().sum::<f64>().max(f64::MIN_POSITIVE)).collect();
    let total: f64 = weights.iter().sum();
    let mean = |value: fn(&Track) -> f64| {
        pieces.iter().zip(&weights).map(|(piece, weight)| value(piece) * weight).sum::<f64>() / total
    };
    let longest =
        weights.iter().zip(pieces).max_by(|one, other| one.0.total_cmp(other.0)).map(|(_, piece)| &piece.push);
    let (order, noise) = longest.map_or((Order::Velocity, f64::NAN), |push| (push.order, push.noise));
    Tracer {
        label: pieces[0].label,
        blur: [mean(|piece| piece.blur.narrow).sqrt(), mean(|piece| piece.blur.wide).sqrt()],
        wide: mean(|piece| piece.blur.share),
        activity: mean(|piece| piece.activity),
        background: mean(|piece| piece.background),
        order,
        noise,
        jumps: pieces.iter().map(|piece| piece.push.jumps.len()).sum(),
        evidence: pieces.iter().map(Track::worth).sum(),
    }
}
