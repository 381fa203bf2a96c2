//! Objects of a frame and their statistics.

use super::components::{Components, Extent, Neighbours};
use super::opening::Opening;
use super::outline::Scratch as Outline;
use crate::{Error, Result};

/// Columns of an object: label, area, least, greatest and mean value, sum of values, bounds (row, column, row and column
/// after the last), centre (row, column), the same weighted with the values, axes of the ellipse of equal second moments
/// (major, minor), its eccentricity and orientation, perimeter, greatest Feret diameter.
pub const COLUMNS: usize = 20;

/// Which holes are filled: background that touches only by edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holes {
    /// All that do not reach the edge of the frame.
    Enclosed,
    /// All of a smaller area.
    Below(f64),
}

/// How objects are found in a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Holes to be filled first.
    pub holes: Option<Holes>,
    /// Radius of the disk by which each object is opened, to part those that touch; 0 for none.
    pub opening: usize,
    /// Parts of an opened object that touch at a corner become one again.
    pub merge: bool,
    /// Least number of pixels.
    pub min_size: f64,
    /// Leave out objects at the edge of the frame.
    pub remove_edge: bool,
}

/// Buffers to be reused from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    mask: Vec<bool>,
    components: Components,
    parts: Components,
    opening: Opening,
    object: Vec<bool>,
    kept: Vec<usize>,
    sums: Vec<Sums>,
    outline: Outline,
}

impl Features {
    /// Labels the objects of one frame from 1 on, in the order of their first pixels, and appends a row of [`COLUMNS`] for
    /// each to `rows`.
    ///
    /// Objects are of pixels that touch by edges or corners. Axes, eccentricity and orientation are those of
    /// `skimage.measure.regionprops`, as is the perimeter; see [`FEATURE_COLUMNS`](super::FEATURE_COLUMNS). A value of NaN makes the object's values NaN. O(pixels).
    ///
    /// # Errors
    /// [`Error::Argument`] if the sizes do not agree.
    pub fn find<T: Copy + Into<f64>>(
        &self,
        values: &[T],
        mask: &[bool],
        width: usize,
        scratch: &mut Scratch,
        labels: &mut [i32],
        rows: &mut Vec<f64>,
    ) -> Result<()> {
        if values.len() != mask.len() || labels.len() != mask.len() || width == 0 || !mask.len().is_multiple_of(width) {
            let found = format!("{} values, {} labels", values.len(), labels.len());
            return Err(Error::argument("mask", format!("{} pixels in rows of {width}", mask.len()), found));
        }
        let shape = [mask.len() / width, width];
        scratch.mask.clear();
        scratch.mask.extend_from_slice(mask);
        self.fill(width, scratch);
        scratch.components.find(&scratch.mask, width, true, Neighbours::Eight);
        labels.fill(0);
        if self.opening == 0 {
            self.keep(&scratch.components.extents, shape, &mut scratch.kept);
            paint(&scratch.components, &scratch.kept, width, labels);
        } else {
            self.open(shape, scratch, labels);
        }
        append(values, labels, width, scratch, rows);
        Ok(())
    }

    fn fill(&self, width: usize, Scratch { mask, components, .. }: &mut Scratch) {
        let Some(holes) = self.holes else { return };
        let height = mask.len() / width;
        components.find(mask, width, false, Neighbours::Four);
        for run in &components.runs {
            let Extent { area, bounds } = components.extents[run.label - 1];
            let filled = match holes {
                Holes::Enclosed => !at_edge(bounds, [height, width]),
                Holes::Below(most) => (area as f64) < most,
            };
            if filled {
                mask[run.row * width + run.start..run.row * width + run.end].fill(true);
            }
        }
    }

    /// New labels of the components that stay, 0 for the others.
    fn keep(&self, extents: &[Extent], shape: [usize; 2], kept: &mut Vec<usize>) {
        let mut count = 0;
        kept.clear();
        kept.extend(extents.iter().map(|extent| {
            let stays = extent.area as f64 >= self.min_size && !(self.remove_edge && at_edge(extent.bounds, shape));
            count += usize::from(stays);
            if stays { count } else { 0 }
        }));
    }

    /// Opens each object by itself; its parts become objects.
    fn open(&self, shape: [usize; 2], scratch: &mut Scratch, labels: &mut [i32]) {
        let width = shape[1];
        let Scratch { mask, components, parts, opening, object, kept, .. } = scratch;
        let mut number = 0;
        for (index, extent) in components.extents.iter().enumerate() {
            let [top, left, bottom, right] = extent.bounds;
            let wide = right - left;
            object.clear();
            object.resize((bottom - top) * wide, false);
            for run in components.runs.iter().filter(|run| run.label == index + 1) {
                let start = (run.row - top) * wide;
                object[start + run.start - left..start + run.end - left].fill(true);
            }
            let opened = opening.open(object, extent.bounds, shape, self.opening).unwrap_or(object);
            parts.find(opened, wide, true, Neighbours::Eight);
            for part in &mut parts.extents {
                let [a, b, c, d] = part.bounds;
                part.bounds = [top + a, left + b, top + c, left + d];
            }
            self.keep(&parts.extents, shape, kept);
            for run in &parts.runs {
                if kept[run.label - 1] > 0 {
                    let row = (top + run.row) * width + left;
                    labels[row + run.start..row + run.end].fill((number + kept[run.label - 1]) as i32);
                }
            }
            number += kept.iter().filter(|label| **label > 0).count();
        }
        if self.merge {
            mask.iter_mut().zip(labels.iter()).for_each(|(pixel, label)| *pixel = *label > 0);
            components.find(mask, width, true, Neighbours::Eight);
            kept.clear();
            kept.extend(1..=components.extents.len());
            labels.fill(0);
            paint(components, kept, width, labels);
        } else {
            renumber(labels, number, kept);
        }
    }
}

fn at_edge([top, left, bottom, right]: [usize; 4], [height, width]: [usize; 2]) -> bool {
    top == 0 || left == 0 || bottom == height || right == width
}

fn paint(components: &Components, kept: &[usize], width: usize, labels: &mut [i32]) {
    for run in components.runs.iter().filter(|run| kept[run.label - 1] > 0) {
        labels[run.row * width + run.start..run.row * width + run.end].fill(kept[run.label - 1] as i32);
    }
}

/// Numbers labels in the order of their first pixels.
fn renumber(labels: &mut [i32], count: usize, new: &mut Vec<usize>) {
    new.clear();
    new.resize(count + 1, 0);
    let mut next = 0;
    for label in labels.iter_mut().filter(|label| **label > 0) {
        let slot = &mut new[*label as usize];
        if *slot == 0 {
            next += 1;
            *slot = next;
        }
        *label = *slot as i32;
    }
}

/// Sums over the pixels of an object; places are counted from its first pixel's.
#[derive(Debug, Clone, Copy)]
struct Sums {
    origin: [usize; 2],
    bounds: [usize; 4],
    area: f64,
    low: f64,
    high: f64,
    sum: f64,
    /// Of places, and of their products: rows, columns, rows², columns², rows · columns.
    places: [f64; 5],
    /// Of values times rows and columns.
    weighted: [f64; 2],
}

fn append<T: Copy + Into<f64>>(
    values: &[T],
    labels: &[i32],
    width: usize,
    Scratch { sums, outline, .. }: &mut Scratch,
    rows: &mut Vec<f64>,
) {
    sums.clear();
    for (row, (values, labels)) in values.chunks_exact(width).zip(labels.chunks_exact(width)).enumerate() {
        let mut column = 0;
        for run in labels.chunk_by(|a, b| a == b) {
            let start = column;
            column += run.len();
            let Some(index) = (run[0] as usize).checked_sub(1) else { continue };
            if index == sums.len() {
                sums.push(Sums::new([row, start]));
            }
            sums[index].add(row, start, &values[start..column]);
        }
    }
    for (index, sum) in sums.iter().enumerate() {
        rows.extend_from_slice(&sum.row(index + 1));
        rows.extend_from_slice(&outline.measure(labels, width, index as i32 + 1, sum.bounds));
    }
}

impl Sums {
    fn new(origin: [usize; 2]) -> Self {
        let bounds = [origin[0], origin[1], origin[0], origin[1]];
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { origin, bounds, area: 0.0, low, high, sum: 0.0, places: [0.0; 5], weighted: [0.0; 2] }
    }

    fn add<T: Copy + Into<f64>>(&mut self, row: usize, start: usize, values: &[T]) {
        let end = start + values.len();
        let [top, left, _, right] = self.bounds;
        self.bounds = [top, left.min(start), row + 1, right.max(end)];
        let y = (row - self.origin[0]) as f64;
        let first = start as f64 - self.origin[1] as f64;
        for (step, &value) in values.iter().enumerate() {
            let (x, value) = (first + step as f64, value.into());
            self.low = self.low.min(value);
            self.high = self.high.max(value);
            self.sum += value;
            for (sum, term) in self.places.iter_mut().zip([y, x, y * y, x * x, x * y]) {
                *sum += term;
            }
            self.weighted[0] += value * y;
            self.weighted[1] += value * x;
        }
        self.area += values.len() as f64;
    }

    fn row(&self, label: usize) -> [f64; COLUMNS - 2] {
        let Self { area, sum, .. } = *self;
        let origin = self.origin.map(|place| place as f64);
        let [y, x, yy, xx, xy] = self.places.map(|total| total / area);
        let (rows, columns, both) = (yy - y * y, xx - x * x, xy - x * y);
        let spread = (4.0 * both * both + (rows - columns) * (rows - columns)).sqrt();
        let axes = [rows + columns + spread, rows + columns - spread].map(|twice| (twice / 2.0).max(0.0));
        let eccentricity = if axes[0] > 0.0 { (1.0 - axes[1] / axes[0]).max(0.0).sqrt() } else { 0.0 };
        let orientation = if rows == columns {
            if both > 0.0 { std::f64::consts::FRAC_PI_4 } else { -std::f64::consts::FRAC_PI_4 }
        } else {
            0.5 * libm::atan2(2.0 * both, rows - columns)
        };
        let range = if sum.is_nan() { [f64::NAN; 2] } else { [self.low, self.high] };
        let [top, left, bottom, right] = self.bounds.map(|place| place as f64);
        let weighted = self.weighted.map(|total| total / sum);
        [
            label as f64,
            area,
            range[0],
            range[1],
            sum / area,
            sum,
            top,
            left,
            bottom,
            right,
            origin[0] + y,
            origin[1] + x,
            origin[0] + weighted[0],
            origin[1] + weighted[1],
            4.0 * axes[0].sqrt(),
            4.0 * axes[1].sqrt(),
            eccentricity,
            orientation,
        ]
    }
}
