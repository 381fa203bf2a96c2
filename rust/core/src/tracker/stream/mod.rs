//! Tracers followed while lines come in: filtered locations at once, smoothed ones after a lag.
//!
//! The first lines are tracked as [`Tracker::track`] does. From there on tracers are followed from block to block, each
//! with a filter that is told the lines of the block; every few blocks the last ones are shared and smoothed anew, and
//! what later lines change by less than a tenth of its uncertainty is told for good. Blur, activity, background and how
//! a tracer is pushed are found from the last blocks, again and again.
//!
//! What is told depends on the lines alone, not on the pieces they come in or on threads. Memory is bounded by the lag.

mod clock;
mod fitted;
mod lag;
mod names;
mod running;
mod tail;

use super::follow::Live;
use super::line::{Line, Lines, Origin};
use super::refine;
use super::{GLIMPSE, Tracker};
use crate::lines::finite;
use crate::pool::Workers;
use crate::{Control, Error, Result, Rows};

use super::locations::Times;
pub use clock::Event;
use clock::{Clock, Row};
pub use fitted::Fitted;
use running::{Running, Start, Wish};

/// Lines after which tracers are looked for again if there were none, at first and at last.
const AGAIN: usize = 5_000;
const SELDOM: usize = 200_000;
/// Blocks without a tracer after which nothing is taken for known.
const LONELY: usize = 500;
/// Longest lag that may be asked for, ms.
const LONGEST: f64 = 60_000.0;

/// A tracker that is given lines as they come.
pub struct Stream {
    wish: Wish,
    clock: Option<Clock>,
    /// Lines before there was a tracer.
    first: Vec<Row>,
    /// How many more there have to be before it is looked for one, and how many were waited for the last time.
    wait: usize,
    waited: usize,
    running: Option<Box<Running>>,
    /// The first number that is free.
    labels: usize,
    lines: usize,
    unused: usize,
}

/// A tracer that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Here {
    /// Its number.
    pub label: usize,
    /// ms.
    pub time: f64,
    /// mm.
    pub position: [f64; 3],
    /// mm/ms.
    pub velocity: [f64; 3],
    /// Standard uncertainty of the position, mm.
    pub sigma: [f64; 3],
    /// Its lines per ms.
    pub rate: f64,
    /// Standard deviation of the distances of its lines along one direction, mm.
    pub blur: f64,
    /// Its share of the lines.
    pub share: f64,
}

impl Here {
    fn new(live: &Live, label: usize, origin: &Origin, rate: f64) -> Self {
        let (track, state) = (&live.track, live.track.states.last().unwrap_or(&live.state));
        Self {
            label,
            time: live.time + origin.time,
            position: std::array::from_fn(|k| state.mean[k] + origin.point[k]),
            velocity: std::array::from_fn(|k| state.mean[3 + k]),
            sigma: std::array::from_fn(|k| state.covariance[k][k].sqrt()),
            rate: rate * track.activity,
            blur: track.blur.mean().sqrt(),
            share: track.activity,
        }
    }
}

/// What some lines brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// Locations from the lines up to them, [`super::LOCATION`] numbers each.
    pub filtered: Vec<f64>,
    /// Locations that no later lines change.
    pub smoothed: Vec<f64>,
    /// Their tracers.
    pub fitted: Vec<Fitted>,
    /// The tracers that are there.
    pub tracers: Vec<Here>,
    /// Time of the latest line used, ms.
    pub time: f64,
    /// Lines so far, and those that were left out.
    pub lines: usize,
    /// See `lines`.
    pub unused: usize,
    /// Lines per ms of late.
    pub rate: f64,
    /// Time from a line to its smoothed location, ms.
    pub lag: f64,
    /// What happened to the clock.
    pub events: Vec<Event>,
}

impl Stream {
    /// Tracks at most so many tracers, with locations at some times, told for good after `lag` ms or when later lines do
    /// not change them any more.
    ///
    /// # Errors
    /// [`Error::Argument`] if no tracer is asked for, `lag` is no time, or `every` none or a list of times.
    pub fn new(tracers: Option<usize>, times: Times, lag: Option<f64>) -> Result<Self> {
        if tracers == Some(0) {
            return Err(Error::argument("tracers", "at least 1", 0));
        }
        if matches!(times, Times::At(_)) {
            return Err(Error::argument("every", "a time", "a list of times"));
        }
        times.check(f64::INFINITY)?;
        if let Some(lag) = lag.filter(|lag| !(0.0..=LONGEST).contains(lag)) {
            return Err(Error::argument("lag", format!("a time from 0 to {LONGEST} ms"), lag));
        }
        Ok(Self {
            wish: Wish { most: tracers, times, lag },
            clock: None,
            first: Vec::new(),
            wait: GLIMPSE,
            waited: AGAIN,
            running: None,
            labels: 0,
            lines: 0,
            unused: 0,
        })
    }

    /// Takes lines: time, two points, and anything beyond.
    ///
    /// # Errors
    /// [`Error::Argument`] if rows have fewer than 7 columns; [`Error::Cancelled`].
    pub fn feed(&mut self, rows: Rows<'_>, threads: usize, control: &Control) -> Result<News> {
        rows.require_width("lines", 7)?;
        let workers = Workers { threads, control };
        let mut news = News::default();
        let mut sure = Vec::new();
        self.lines += rows.len();
        for row in &rows {
            let Some(&row) = finite(row).filter(|row| Line::is_one(row)) else {
                self.unused += 1;
                continue;
            };
            match &mut self.clock {
                Some(clock) => clock.take(row, &mut sure),
                None => sure.push(row),
            }
            for row in sure.drain(..) {
                self.take(row, &mut news, workers)?;
            }
        }
        self.tell(&mut news);
        Ok(news)
    }

    /// Works on what is left, and tells all.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn finish(&mut self, threads: usize, control: &Control) -> Result<News> {
        let workers = Workers { threads, control };
        let mut news = News::default();
        let mut rest = Vec::new();
        if let Some(clock) = &mut self.clock {
            clock.finish(&mut rest);
        }
        for row in rest {
            self.take(row, &mut news, workers)?;
        }
        if self.running.is_none() {
            self.look(false, &mut news, workers)?;
        }
        if let Some(running) = &mut self.running {
            running.finish(&mut news, workers)?;
        }
        self.tell(&mut news);
        Ok(news)
    }

    fn tell(&mut self, news: &mut News) {
        (news.lines, news.unused) = (self.lines, self.unused);
        (news.time, news.rate, news.lag) = (f64::NAN, f64::NAN, f64::NAN);
        if let Some(clock) = &mut self.clock {
            news.unused += clock.unused;
            news.events.append(&mut clock.events);
            news.time = clock.latest;
            news.rate = 1.0 / clock.interval;
        }
        if let Some(running) = &self.running {
            (news.tracers, news.rate, news.lag) = (running.here(), running.rate(), running.lag());
        }
    }

    fn take(&mut self, row: Row, news: &mut News, workers: Workers<'_>) -> Result<()> {
        let (Some(running), Some(clock)) = (&mut self.running, &mut self.clock) else {
            return self.wait(row, news, workers);
        };
        running.take(Line::new(&row, &running.origin), news, workers)?;
        clock.closed = running.closed() + running.origin.time;
        if running.alone > LONELY {
            self.labels = running.names();
            running.finish(news, workers)?;
            (self.running, self.wait, self.waited) = (None, GLIMPSE, AGAIN);
        }
        Ok(())
    }

    /// Keeps a line until there is a tracer.
    fn wait(&mut self, row: Row, news: &mut News, workers: Workers<'_>) -> Result<()> {
        self.first.push(row);
        self.wait -= 1;
        if self.wait > 0 {
            return Ok(());
        }
        self.look(true, news, workers)?;
        if self.running.is_none() {
            self.waited = (2 * self.waited).min(SELDOM);
            self.wait = self.waited;
            self.first.drain(..self.first.len().saturating_sub(GLIMPSE));
        }
        Ok(())
    }

    /// Looks for tracers among the lines so far.
    fn look(&mut self, more: bool, news: &mut News, workers: Workers<'_>) -> Result<()> {
        let first = self.first.len().saturating_sub(GLIMPSE);
        // The last tick of a coarse clock may not be complete.
        let last = self.first.last().map_or(f64::NAN, |row| row[0]);
        let same = self.first.iter().rev().take_while(|row| more && row[0] == last).count();
        let end = if same < self.first.len() { self.first.len() - same } else { self.first.len() };
        let table = self.first[first.min(end)..end].as_flattened();
        let lines = Lines::new(Rows::new(table, 7)?);
        if self.clock.is_none() && !lines.all.is_empty() {
            let latest = lines.all[lines.all.len() - 1].time + lines.origin.time;
            self.clock = Some(Clock::new(latest, 1.0 / lines.rate(), lines.tick));
        }
        self.wish.times.check(lines.rate())?;
        let tracker = Tracker { tracers: self.wish.most, times: Times::Rate };
        let (grid, mut tracks, usual) = tracker.found(&lines, workers)?;
        refine::refine(&lines, &grid, &mut tracks, &usual, self.wish.most, workers)?;
        if tracks.is_empty() {
            return Ok(());
        }
        let Lines { all: lines, origin, even, unused, .. } = lines;
        self.unused += unused;
        let labels = self.labels;
        let start = Start { lines, grid, origin, even, usual, tracks, labels };
        self.running = Some(Box::new(Running::new(self.wish.clone(), start)));
        for row in self.first.drain(..).collect::<Vec<_>>().drain(end..) {
            self.take(row, news, workers)?;
        }
        Ok(())
    }
}
