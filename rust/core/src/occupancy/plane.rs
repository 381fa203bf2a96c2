//! Exact areas of an outline's inside in a column of pixels.

use std::ops::Range;

use super::outline::{Outline, Piece};
use crate::grid::Space;

/// Part of a pixel's width that is rounding error.
const NOTHING: f64 = 1e-12;

/// What is known of a column of pixels (cells of equal x): each piece of an outline adds what lies above it.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Width that is covered from the bottom of each pixel on, beyond that of the pixel below.
    cover: Vec<f64>,
    /// Area that is covered inside each pixel, beyond what `cover` says.
    area: Vec<f64>,
    /// Whether the outline passes the pixel.
    edge: Vec<bool>,
    rows: Range<usize>,
}

/// Scale and limits of a column.
struct Rows {
    lower: f64,
    height: f64,
    count: usize,
}

impl Rows {
    fn bottom(&self, row: usize) -> f64 {
        self.lower + self.height * row as f64
    }

    /// Pixel of `y` plus 1: 0 is below the column, `count` + 1 above it.
    fn place(&self, y: f64) -> usize {
        // A negative number becomes 0.
        ((((y - self.lower) / self.height).floor() + 1.0) as usize).min(self.count + 1)
    }
}

impl Column {
    /// Finds the areas inside `outline` in a column; only pixels of the range that is returned have any.
    pub(super) fn measure(&mut self, space: &Space, column: usize, outline: &Outline) -> Range<usize> {
        let rows = Rows { lower: space.lower[1], height: space.size[1], count: space.shape[1] };
        let left = space.lower[0] + space.size[0] * column as f64;
        let right = space.lower[0] + space.size[0] * (column + 1) as f64;
        self.cover.resize(rows.count + 2, 0.0);
        self.area.resize(rows.count + 2, 0.0);
        self.edge.resize(rows.count + 2, false);
        self.rows = rows.count..0;
        for piece in &outline.pieces {
            let (x0, x1) = (piece.x0.max(left), piece.x1.min(right));
            if x0 < x1 {
                self.follow(&rows, piece, x0, x1);
            }
        }
        self.rows.start = self.rows.start.min(self.rows.end);
        self.sum(&rows, right - left);
        self.rows.clone()
    }

    fn follow(&mut self, rows: &Rows, piece: &Piece, x0: f64, x1: f64) {
        let (y0, y1) = (piece.y(x0), piece.y(x1));
        let (mut place, last) = (rows.place(y0), rows.place(y1));
        let (mut x, mut y) = (x0, y0);
        while place != last {
            let up = place < last;
            let line = rows.bottom(if up { place } else { place - 1 });
            let crossing = piece.x(line).clamp(x, x1);
            self.add(rows, piece, place, [x, y], [crossing, line]);
            (x, y) = (crossing, line);
            place = if up { place + 1 } else { place - 1 };
        }
        self.add(rows, piece, place, [x, y], [x1, y1]);
    }

    /// Adds what is above a part of a piece within one pixel.
    fn add(&mut self, rows: &Rows, piece: &Piece, place: usize, [x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) {
        let width = x1 - x0;
        if place == 0 {
            self.cover[0] += piece.side * width;
            self.rows.start = 0;
            return;
        }
        if place > rows.count {
            self.rows.end = rows.count;
            return;
        }
        let row = place - 1;
        let chord = width * (rows.bottom(place) - f64::midpoint(y0, y1));
        self.area[row] += piece.side * (chord - piece.bulge(width, y1 - y0));
        self.cover[row + 1] += piece.side * width;
        self.edge[row] = true;
        self.rows = self.rows.start.min(row)..self.rows.end.max(place);
    }

    /// Turns `area` into the area of each pixel that is covered.
    fn sum(&mut self, rows: &Rows, width: f64) {
        let mut covered = 0.0;
        for row in self.rows.clone() {
            covered += self.cover[row];
            self.area[row] = if self.edge[row] {
                (covered * rows.height + self.area[row]).clamp(0.0, width * rows.height)
            } else {
                snapped(covered, width) * rows.height
            };
        }
    }

    /// Adds density times area to the pixels of a column.
    pub(super) fn deposit(&self, pixels: &mut [f64], range: Range<usize>, density: f64) {
        pixels[range.clone()].iter_mut().zip(&self.area[range]).for_each(|(pixel, area)| *pixel += density * area);
    }

    /// Forgets the pixels of the range.
    pub(super) fn clear(&mut self, range: Range<usize>) {
        let Range { start, end } = range;
        if start < end {
            self.area[start..end].fill(0.0);
            self.cover[start..=end].fill(0.0);
            self.edge[start..end].fill(false);
        }
        self.cover[0] = 0.0;
    }
}

/// `covered`, or 0 or `width` if it differs by rounding only.
fn snapped(covered: f64, width: f64) -> f64 {
    if covered.abs() < NOTHING * width {
        0.0
    } else if (covered - width).abs() < NOTHING * width {
        width
    } else {
        covered
    }
}
