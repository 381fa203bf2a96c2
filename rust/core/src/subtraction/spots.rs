//! Bright spots of an image that comes row by row.

use crate::{Error, Result};

/// Numbers that describe a spot: see [`Spots::finish`].
pub const SPOT_COLUMNS: usize = 9;

/// Finds connected groups of pixels (also over corners) that are high enough.
///
/// Only runs of the last row and the spots found so far are held.
#[derive(Debug, Clone)]
pub struct Spots {
    width: usize,
    low: f32,
    high: f32,
    least: usize,
    row: usize,
    /// Runs of the last row: first column, end, spot.
    runs: Vec<(usize, usize, usize)>,
    parents: Vec<usize>,
    found: Vec<Spot>,
}

#[derive(Debug, Clone, Copy)]
struct Spot {
    area: f64,
    sum: f64,
    x: f64,
    y: f64,
    positive: f64,
    peak: f32,
    bounds: [usize; 4],
}

impl Spots {
    /// Spots of an image of `width` columns: pixels of `low` or more, of which one is `high` or more, `least` in number.
    ///
    /// # Errors
    /// [`Error::Argument`] if the limits are no numbers or in the wrong order.
    pub fn new(width: usize, low: f32, high: f32, least: usize) -> Result<Self> {
        let ordered = low <= high;
        if width == 0 || !ordered {
            return Err(Error::argument("low", format!("at most {high}"), low));
        }
        Ok(Self { width, low, high, least, row: 0, runs: Vec::new(), parents: Vec::new(), found: Vec::new() })
    }

    /// Takes more rows: how high pixels are, and the values that are summed. NaN belongs to no spot.
    ///
    /// # Errors
    /// [`Error::Argument`] if these are no whole rows.
    pub fn add(&mut self, height: &[f32], values: &[f32]) -> Result<()> {
        if height.len() != values.len() || !height.len().is_multiple_of(self.width) {
            let found = format!("{} and {}", height.len(), values.len());
            return Err(Error::argument("values", format!("rows of {} pixels", self.width), found));
        }
        for (line, values) in height.chunks_exact(self.width).zip(values.chunks_exact(self.width)) {
            self.add_row(line, values);
        }
        Ok(())
    }

    fn add_row(&mut self, line: &[f32], values: &[f32]) {
        let before = std::mem::take(&mut self.runs);
        let mut above = 0;
        let mut start = 0;
        while start < line.len() {
            let is_high = line[start] >= self.low;
            if !is_high {
                start += 1;
                continue;
            }
            let length = line[start..].iter().take_while(|value| **value >= self.low).count();
            let end = start + length;
            let spot = self.measured(start, &line[start..end], &values[start..end]);
            let mut own = self.found.len();
            self.parents.push(own);
            self.found.push(spot);
            while above < before.len() && before[above].1 < start {
                above += 1;
            }
            let touching = before[above..].iter().take_while(|run| run.0 <= end);
            for run in touching {
                own = self.join(own, run.2);
            }
            self.runs.push((start, end, own));
            start = end;
        }
        self.row += 1;
    }

    fn measured(&self, start: usize, line: &[f32], values: &[f32]) -> Spot {
        let y = self.row as f64;
        let mut spot = Spot {
            area: line.len() as f64,
            sum: 0.0,
            x: 0.0,
            y: 0.0,
            positive: 0.0,
            peak: f32::NEG_INFINITY,
            bounds: [start, self.row, start + line.len(), self.row + 1],
        };
        for (column, (height, value)) in line.iter().zip(values).enumerate() {
            let value = f64::from(*value);
            let weight = value.max(0.0);
            spot.sum += value;
            spot.positive += weight;
            spot.x += weight * (start + column) as f64;
            spot.y += weight * y;
            spot.peak = spot.peak.max(*height);
        }
        spot
    }

    fn root(&mut self, spot: usize) -> usize {
        let mut place = spot;
        while self.parents[place] != place {
            self.parents[place] = self.parents[self.parents[place]];
            place = self.parents[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return one;
        }
        let (keep, gone) = (one.min(other), one.max(other));
        let more = self.found[gone];
        let spot = &mut self.found[keep];
        spot.area += more.area;
        spot.sum += more.sum;
        spot.positive += more.positive;
        spot.x += more.x;
        spot.y += more.y;
        spot.peak = spot.peak.max(more.peak);
        for side in 0..2 {
            spot.bounds[side] = spot.bounds[side].min(more.bounds[side]);
            spot.bounds[side + 2] = spot.bounds[side + 2].max(more.bounds[side + 2]);
        }
        self.parents[gone] = keep;
        keep
    }

    /// A row for each spot, from top to bottom: x, y (centre of what is positive), number of pixels, sum of values,
    /// greatest height, first column and row, end of columns and rows.
    pub fn finish(&self) -> Vec<[f64; SPOT_COLUMNS]> {
        (0..self.found.len())
            .filter(|&place| self.parents[place] == place)
            .map(|place| &self.found[place])
            .filter(|spot| spot.peak >= self.high && spot.area >= self.least as f64)
            .map(|spot| {
                let [left, top, right, bottom] = spot.bounds.map(|side| side as f64);
                let centre = if spot.positive > 0.0 {
                    [spot.x / spot.positive, spot.y / spot.positive]
                } else {
                    [0.5 * (left + right - 1.0), 0.5 * (top + bottom - 1.0)]
                };
                let [x, y] = centre;
                [x, y, spot.area, spot.sum, f64::from(spot.peak), left, top, right, bottom]
            })
            .collect()
    }
}
