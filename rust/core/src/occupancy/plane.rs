//! Exact areas of an outline's inside in pixels.

// What `follow_all` calls has to be compiled with it, for the widest instructions.
#![allow(clippy::inline_always)]

use std::ops::Range;

use super::outline::{Outline, Piece, segments};
use crate::grid::Space;
use crate::simd::wide;

/// Part of a body's size that is rounding error.
const NOTHING: f64 = 8.0 * f64::EPSILON;

/// A rectangle of pixels; each piece of an outline adds what lies above it.
#[derive(Debug, Default)]
pub(super) struct Patch {
    columns: Range<usize>,
    rows: Range<usize>,
    /// Width that is covered from the bottom of each pixel on, beyond that of the pixel below.
    cover: Vec<f64>,
    /// Area that is covered in each pixel, beyond what `cover` says.
    area: Vec<f64>,
    /// Rows of each column that may be covered.
    spans: Vec<Range<usize>>,
    crossings: Crossings,
    chords: Chords,
}

/// Where a piece crosses the lines between columns and between rows, in the order of its way.
#[derive(Debug, Default)]
struct Crossings {
    /// x and y at the right of each column; the last one is where the piece ends.
    columns: Vec<f64>,
    heights: Vec<f64>,
    /// x at the lines between rows, then infinity.
    rows: Vec<f64>,
}

impl Crossings {
    #[inline(always)]
    fn load(&mut self, lines: &Lines, piece: &Piece, columns: [usize; 2], places: [usize; 2], [x, y]: [f64; 2]) {
        self.columns.clear();
        self.columns.extend((columns[0] + 1..=columns[1]).map(|column| lines.x(column)));
        self.heights.clone_from(&self.columns);
        piece.replace_by_y(&mut self.heights);
        self.columns.push(x);
        self.heights.push(y);
        self.rows.clear();
        if places[0] < places[1] {
            self.rows.extend((places[0]..places[1]).map(|line| lines.y(line)));
        } else {
            self.rows.extend((places[1]..places[0]).rev().map(|line| lines.y(line)));
        }
        piece.replace_by_x(&mut self.rows);
        self.rows.iter_mut().for_each(|row| *row = row.min(x));
        self.rows.push(f64::INFINITY);
    }
}

/// Chords of arcs, each within a pixel: what lies between chord and arc is added for all of them together.
#[derive(Debug, Default)]
struct Chords {
    pixels: Vec<usize>,
    /// Squares of their lengths, then areas.
    values: Vec<f64>,
    sides: Vec<f64>,
}

impl Chords {
    #[inline(always)]
    fn push(&mut self, pixel: usize, square: f64, side: f64) {
        self.pixels.push(pixel);
        self.values.push(square);
        self.sides.push(side);
    }

    fn finish(&mut self, radius: f64, areas: &mut [f64]) {
        segments(&mut self.values, radius);
        for ((pixel, area), side) in self.pixels.drain(..).zip(self.values.drain(..)).zip(self.sides.drain(..)) {
            areas[pixel] += side * area;
        }
    }
}

/// Where the rows and columns of a patch are, seen from `origin`, so that small bodies lose no digits.
struct Lines {
    origin: [f64; 2],
    corner: [f64; 2],
    /// First column and row.
    first: [usize; 2],
    width: f64,
    height: f64,
    per_mm: [f64; 2],
    columns: usize,
    rows: usize,
    /// Top of the body.
    highest: f64,
    /// A length that is rounding error.
    nothing: f64,
}

impl Lines {
    #[inline(always)]
    fn x(&self, column: usize) -> f64 {
        self.corner[0] + self.width * (self.first[0] + column) as f64 - self.origin[0]
    }

    #[inline(always)]
    fn y(&self, row: usize) -> f64 {
        self.corner[1] + self.height * (self.first[1] + row) as f64 - self.origin[1]
    }

    /// Row of `y` plus 1: 0 is below the patch, `rows` + 1 above it.
    #[inline(always)]
    fn place(&self, y: f64) -> usize {
        let row = (y - self.y(0)) * self.per_mm[1];
        let guess = if row < 0.0 { 0 } else { (row as usize).saturating_add(1).min(self.rows + 1) };
        match guess {
            0 => 0,
            above if y < self.y(above - 1) => above - 1,
            below if below <= self.rows && y >= self.y(below) => below + 1,
            within => within,
        }
    }

    /// Column of `x`, which is in the patch.
    #[inline(always)]
    fn column(&self, x: f64) -> usize {
        // A negative number becomes 0.
        let guess = (((x - self.x(0)) * self.per_mm[0]) as usize).min(self.columns - 1);
        if guess > 0 && x < self.x(guess) {
            guess - 1
        } else if guess + 1 < self.columns && x >= self.x(guess + 1) {
            guess + 1
        } else {
            guess
        }
    }
}

impl Patch {
    /// Finds the areas inside `outline` in the pixels of some columns and rows; it does not reach beyond other rows than
    /// the first and last of `space`.
    pub(super) fn measure(&mut self, space: &Space, columns: Range<usize>, rows: Range<usize>, outline: &Outline) {
        let [width, height, _] = space.size;
        let lines = Lines {
            origin: outline.origin,
            corner: [space.lower[0], space.lower[1]],
            first: [columns.start, rows.start],
            width,
            height,
            per_mm: [1.0 / width, 1.0 / height],
            columns: columns.len(),
            rows: rows.len(),
            highest: outline.highest,
            nothing: NOTHING * outline.size,
        };
        let pixels = columns.len() * (rows.len() + 1);
        for values in [&mut self.cover, &mut self.area] {
            values.clear();
            values.resize(pixels, 0.0);
        }
        self.spans.clear();
        self.spans.resize(columns.len(), rows.len()..0);
        (self.columns, self.rows) = (columns, rows);
        follow_all(self, &lines, &outline.pieces);
        self.chords.finish(outline.radius, &mut self.area);
        self.sum(&lines);
    }

    #[inline(always)]
    fn follow(&mut self, lines: &Lines, piece: &Piece) {
        let (mut x, last) = (piece.x0.max(lines.x(0)), piece.x1.min(lines.x(lines.columns)));
        if x >= last {
            return;
        }
        let (first_column, last_column) = (lines.column(x), lines.column(last));
        let (mut y, y_last) = (piece.y(x), piece.y(last));
        let (mut place, last_place) = (lines.place(y), lines.place(y_last));
        let up = place < last_place;
        let crossings = &mut self.crossings;
        crossings.load(lines, piece, [first_column, last_column], [place, last_place], [last, y_last]);
        let sides = [piece.side, piece.side * piece.hollow()];
        let mut row = 0;
        for column in 0..self.crossings.columns.len() {
            let (right, rise) = (self.crossings.columns[column], self.crossings.heights[column]);
            while self.crossings.rows[row] <= right {
                let line = if up { place } else { place - 1 };
                let (crossing, at) = (self.crossings.rows[row].max(x), lines.y(line));
                self.add(lines, sides, [first_column + column, place], [x, y], [crossing, at]);
                (x, y) = (crossing, at);
                place = if up { place + 1 } else { place - 1 };
                row += 1;
            }
            self.add(lines, sides, [first_column + column, place], [x, y], [right, rise]);
            (x, y) = (right, rise);
        }
    }

    /// Adds what is above a part of a piece within one pixel.
    #[inline(always)]
    fn add(
        &mut self,
        lines: &Lines,
        sides: [f64; 2],
        [column, place]: [usize; 2],
        [x0, y0]: [f64; 2],
        [x1, y1]: [f64; 2],
    ) {
        let width = x1 - x0;
        let span = &mut self.spans[column];
        let number = column * (lines.rows + 1) + place;
        if place == 0 {
            self.cover[number] += sides[0] * width;
            span.start = 0;
        } else if place > lines.rows {
            span.end = lines.rows;
        } else {
            self.area[number - 1] += sides[0] * width * (lines.y(place).min(lines.highest) - f64::midpoint(y0, y1));
            self.cover[number] += sides[0] * width;
            *span = span.start.min(place - 1)..span.end.max(place);
            let rise = y1 - y0;
            self.chords.push(number - 1, width * width + rise * rise, sides[1]);
        }
    }

    /// Turns `area` into the area of each pixel that is covered.
    fn sum(&mut self, lines: &Lines) {
        for (span, cover) in self.spans.iter_mut().zip(self.cover.chunks_mut(lines.rows + 1)) {
            span.start = span.start.min(span.end);
            let mut covered = 0.0;
            for cover in &mut *cover {
                covered += *cover;
                *cover = covered;
            }
            if let Some(last) = lines.rows.checked_sub(1) {
                // Above the body there is nothing to be covered, and a small one would be lost in the height of a row.
                cover[last] *= ((lines.highest - lines.y(last)) * lines.per_mm[1]).clamp(0.0, 1.0);
            }
        }
        settle(&mut self.area, &self.cover, lines.width, lines.height, lines.nothing);
    }

    /// Adds density times area to `cells`, which begin with the column `first`, `rows` cells each.
    pub(super) fn deposit(&self, cells: &mut [f64], first: usize, rows: usize, density: f64) {
        let columns = cells[(self.columns.start - first) * rows..].chunks_mut(rows);
        for ((span, areas), cells) in self.spans.iter().zip(self.area.chunks(self.rows.len() + 1)).zip(columns) {
            let cells = &mut cells[self.rows.start + span.start..self.rows.start + span.end];
            cells.iter_mut().zip(&areas[span.clone()]).for_each(|(cell, area)| *cell += density * area);
        }
    }
}

wide! {
    fn follow_all(patch: &mut Patch, lines: &Lines, pieces: &[Piece]) {
        for piece in pieces {
            patch.follow(lines, piece);
        }
    }
}

wide! {
    /// Adds to each area what is above the pieces below; covered widths are 0 or `width` if they differ by rounding only.
    fn settle(areas: &mut [f64], covered: &[f64], width: f64, height: f64, nothing: f64) {
        for (area, &covered) in areas.iter_mut().zip(covered) {
            let covered = if covered.abs() < nothing { 0.0 } else { covered };
            let covered = if (covered - width).abs() < nothing { width } else { covered };
            *area = (*area + covered * height).max(0.0).min(width * height);
        }
    }
}
