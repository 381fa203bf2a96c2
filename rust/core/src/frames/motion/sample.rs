//! Values of a frame between its pixels.
//!
//! Neighbours whose places are between neighbouring pixels are worked on together; those at the rim one by one.

use super::places::Line;
use crate::simd::wide;

/// How values between pixels are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The nearest pixel.
    Nearest,
    /// Between the four pixels around.
    Linear,
    /// From sixteen pixels (Keys 1981, a = -1/2); within a pixel of the rim from four.
    Cubic,
}

/// A frame, how values between its pixels are found, and by how much its odd rows are moved along columns.
pub(super) struct Image<'a> {
    pub(super) pixels: &'a [f32],
    pub(super) shape: [usize; 2],
    pub(super) sampling: Sampling,
    pub(super) offset: f64,
}

/// How far places are behind the pixels before them: along rows, and along columns in even and odd rows of the frame.
pub(super) type Parts = [Vec<f32>; 3];

impl Image<'_> {
    /// Fills `out` with what the frame shows at the places of a line; NaN outside.
    ///
    /// Within each of `spans` (its first column, and that after its last one) places change evenly.
    pub(super) fn row(&self, line: &Line, spans: &[[usize; 4]], parts: &mut Parts, out: &mut [f32]) {
        for [first, end, ..] in spans {
            let mut column = *first;
            while column < *end {
                let before = self.before(line, column);
                let length = self.run(line, before, column, *end);
                if length > 0 {
                    self.together(line, before, column, parts, &mut out[column..column + length]);
                } else {
                    out[column] = self.alone([line.down[column], line.across[column]]);
                }
                column += length.max(1);
            }
        }
    }

    /// The pixel before a place: along rows, and along columns in even and odd rows of the frame.
    fn before(&self, line: &Line, column: usize) -> [f64; 3] {
        let half = if self.sampling == Sampling::Nearest { 0.5 } else { 0.0 };
        let (down, across) = (line.down[column] + half, line.across[column]);
        [down.floor(), (across + half).floor(), (across + (half + self.offset)).floor()]
    }

    /// How many pixels from `first` on lie between neighbouring pixels that all are there.
    fn run(&self, line: &Line, before: [f64; 3], first: usize, end: usize) -> usize {
        let (low, high) = match self.sampling {
            Sampling::Nearest => (0.0, 1.0),
            Sampling::Linear => (0.0, 2.0),
            Sampling::Cubic => (1.0, 3.0),
        };
        let [last_row, last_column] = self.shape.map(|size| size as f64 - high);
        let [row, even, odd] = before;
        let (left, right) = (even.min(odd), even.max(odd));
        if row < low || row > last_row || left < low || right > last_column {
            return 0;
        }
        let alike = |column: usize| {
            let step = (column - first) as f64;
            self.before(line, column) == [row, even + step, odd + step]
        };
        let end = end.min(first + (last_column - right) as usize + 1);
        // Places change evenly: once they are beyond a pixel they stay there.
        let (mut inside, mut outside) = (first, end);
        if alike(end - 1) {
            inside = end - 1;
        }
        while inside + 1 < outside {
            let middle = inside.midpoint(outside);
            if alike(middle) { inside = middle } else { outside = middle }
        }
        inside + 1 - first
    }

    fn together(&self, line: &Line, before: [f64; 3], first: usize, parts: &mut Parts, out: &mut [f32]) {
        let [top, even, odd] = before.map(|own| own as usize);
        // Rows of the frame, with how many pixels lie before and behind: what they show.
        let shown = |row: usize, ahead: usize, behind: usize| {
            let left = if row.is_multiple_of(2) { even } else { odd } - ahead;
            &self.pixels[row * self.shape[1] + left..row * self.shape[1] + left + ahead + out.len() + behind]
        };
        if self.sampling == Sampling::Nearest {
            out.copy_from_slice(shown(top, 0, 0));
            return;
        }
        let span = first..first + out.len();
        let axes = [(&line.down, 0.0, 0.0), (&line.across, 0.0, 1.0), (&line.across, self.offset, 1.0)];
        for ((own, (places, more, step)), before) in parts.iter_mut().zip(axes).zip(before) {
            own.resize(out.len(), 0.0);
            behind(&places[span.clone()], more, before, step, own);
        }
        let [down, across, across_odd] = &*parts;
        let part = |row: usize| if row.is_multiple_of(2) { across } else { across_odd };
        if self.sampling == Sampling::Linear {
            let rows = [shown(top, 0, 1), shown(top + 1, 0, 1)];
            linear(rows, down, [part(top), part(top + 1)], out);
        } else {
            let rows = [0, 1, 2, 3].map(|tap| shown(top + tap - 1, 1, 2));
            cubic(rows, down, [part(top + 1), part(top)], out);
        }
    }

    fn alone(&self, place: [f64; 2]) -> f32 {
        let found = match self.sampling {
            Sampling::Nearest => self.nearest(place),
            Sampling::Linear | Sampling::Cubic => self.linear(place),
        };
        found.unwrap_or(f32::NAN)
    }

    fn nearest(&self, place: [f64; 2]) -> Option<f32> {
        let (row, _) = split(place[0] + 0.5, 0.0, self.shape[0] as f64)?;
        let moved = if row % 2 == 1 { self.offset } else { 0.0 };
        let (column, _) = split(place[1] + moved + 0.5, 0.0, self.shape[1] as f64)?;
        Some(self.pixels[row * self.shape[1] + column])
    }

    /// From four pixels; each row has its own place along columns.
    fn linear(&self, place: [f64; 2]) -> Option<f32> {
        let last = self.shape.map(|size| (size - 1) as f64);
        let (top, down) = split_to(place[0], last[0])?;
        let mut ends = [0.0; 2];
        for (tap, end) in ends.iter_mut().enumerate() {
            let row = (top + tap).min(self.shape[0] - 1);
            let (left, across) = split_to(place[1] + if row % 2 == 1 { self.offset } else { 0.0 }, last[1])?;
            let start = row * self.shape[1];
            let right = (left + 1).min(self.shape[1] - 1);
            *end = blend(self.pixels[start + left], self.pixels[start + right], across);
        }
        Some(blend(ends[0], ends[1], down))
    }
}

/// The whole number before a place, which lies from `low` up to `high`, and what is left.
fn split(place: f64, low: f64, high: f64) -> Option<(usize, f32)> {
    (place >= low && place < high).then(|| {
        let before = place as usize;
        (before, (place - before as f64) as f32)
    })
}

/// As [`split`] from 0 on, with the end.
fn split_to(place: f64, last: f64) -> Option<(usize, f32)> {
    if place == last { Some((last as usize, 0.0)) } else { split(place, 0.0, last) }
}

/// Between two values; a pixel that is hit exactly does not need the other one.
fn blend(one: f32, other: f32, part: f32) -> f32 {
    if part == 0.0 { one } else { one + (other - one) * part }
}

/// Weights of four pixels, at `t` behind the second (Keys 1981, doi:10.1109/TASSP.1981.1163711).
#[inline]
fn keys(t: f32) -> [f32; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}

wide! {
    /// How far places, which are moved by `more`, are behind pixels that begin at `before` and rise by `step`.
    fn behind(places: &[f64], more: f64, before: f64, step: f64, out: &mut [f32]) {
        for (number, (part, place)) in out.iter_mut().zip(places).enumerate() {
            *part = ((place + more) - (before + step * f64::from(number as i32))) as f32;
        }
    }
}

wide! {
    /// Between pairs of pixels of two rows.
    fn linear(rows: [&[f32]; 2], down: &[f32], across: [&[f32]; 2], out: &mut [f32]) {
        let count = out.len();
        let [above, below] = rows.map(|row| &row[..=count]);
        let [first, second] = across.map(|parts| &parts[..count]);
        for (place, (value, down)) in out.iter_mut().zip(down).enumerate() {
            let ends = [
                blend(above[place], above[place + 1], first[place]),
                blend(below[place], below[place + 1], second[place]),
            ];
            *value = blend(ends[0], ends[1], *down);
        }
    }
}

wide! {
    /// From four pixels of each of four rows; `across` belongs to the first and third row, and to the others.
    fn cubic(rows: [&[f32]; 4], down: &[f32], across: [&[f32]; 2], out: &mut [f32]) {
        let count = out.len();
        let [a, b, c, d] = rows.map(|row| &row[..count + 3]);
        let [first, second] = across.map(|parts| &parts[..count]);
        for (place, (value, down)) in out.iter_mut().zip(down).enumerate() {
            let (of_first, of_second, of_rows) = (keys(first[place]), keys(second[place]), keys(*down));
            let along = |row: &[f32], own: &[f32; 4]| {
                row[place] * own[0] + row[place + 1] * own[1] + row[place + 2] * own[2] + row[place + 3] * own[3]
            };
            let ends = [along(a, &of_first), along(b, &of_second), along(c, &of_first), along(d, &of_second)];
            *value = of_rows[0] * ends[0] + of_rows[1] * ends[1] + of_rows[2] * ends[2] + of_rows[3] * ends[3];
        }
    }
}
