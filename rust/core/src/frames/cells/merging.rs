//! Two cells that are one.

use super::component::Component;
use super::course::{correlation, dot};
use super::patch::Patch;

/// Correlation of time courses from which on cells that touch are one.
const ALIKE: f32 = 0.9;
/// How much greater than the greatest one of noise a second singular value is if there are two cells.
const SECOND: f32 = 1.05;
/// Largest extent of what is merged, in diameters, unless it lies in one place.
const LARGEST: f64 = 1.8;
/// Share of the pixels of the smaller one from which on two lie in one place.
const SAME_PLACE: f64 = 0.5;
/// Cells that are fitted to what both see.
const FITTED: f32 = 2.0;
/// Steps of the power method.
const STEPS: usize = 30;

/// Merges cells that touch if a single one explains what both see.
///
/// What both see is a matrix of n pixels and B bins, in units of the noise of each bin. It takes two cells if its second
/// singular value is above that of noise, and if their time courses are not the same. That of noise is no more than the
/// greatest norms of its columns, `√n`, and rows, `√B` if all pixels have the same (Bandeira & van Handel 2016).
pub(super) fn merge(cells: &mut Vec<Component>, residual: &mut Patch, diameter: f64) {
    let mut first = 0;
    while first < cells.len() {
        let mut second = first + 1;
        while second < cells.len() {
            if let Some(one) = united(&cells[first], &cells[second], residual, diameter) {
                cells[first] = one;
                cells.remove(second);
                second = first + 1;
            } else {
                second += 1;
            }
        }
        first += 1;
    }
}

/// The cell that two are, which is then taken away from the residual in their place; None if they are two.
fn united(one: &Component, two: &Component, residual: &mut Patch, diameter: f64) -> Option<Component> {
    if !touching(one, two, residual) {
        return None;
    }
    let (top, left) = (one.top.min(two.top), one.left.min(two.left));
    let bottom = (one.top + one.rows).max(two.top + two.rows);
    let right = (one.left + one.columns).max(two.left + two.columns);
    let mut both = Component { top, left, rows: bottom - top, columns: right - left, ..one.clone() };
    both.strength = one.strength.max(two.strength);
    both.weights = vec![0.0; both.rows * both.columns];
    let place = |pixel: usize| (pixel / residual.columns - top) * (right - left) + pixel % residual.columns - left;
    for own in [one, two] {
        let scale = dot(&own.active, &own.active).sqrt();
        own.footprint(residual).for_each(|(pixel, weight)| both.weights[place(pixel)] += weight * scale);
    }
    if extent(&both) as f64 > LARGEST * diameter + 1.0 && !in_one_place(one, two, residual) {
        return None;
    }
    let norm = dot(&both.weights, &both.weights).sqrt();
    both.weights.iter_mut().for_each(|weight| *weight /= norm);
    if correlation(&one.active, &two.active) < ALIKE && differ(one, two, &both, residual) {
        return None;
    }
    for own in [one, two] {
        let back: Vec<f32> = own.active.iter().map(|value| -value).collect();
        own.take(residual, &back);
    }
    both.see(residual, &mut Vec::new());
    both.take(residual, &both.active);
    Some(both)
}

fn in_one_place(one: &Component, two: &Component, patch: &Patch) -> bool {
    let shared = one.footprint(patch).filter(|(pixel, _)| two.weight(patch, *pixel) > 0.0).count();
    shared as f64 > SAME_PLACE * one.size().min(two.size()) as f64
}

fn touching(one: &Component, two: &Component, patch: &Patch) -> bool {
    let apart = |top: usize, rows: usize, other: usize, others: usize| top > other + others || other > top + rows;
    if apart(one.top, one.rows, two.top, two.rows) || apart(one.left, one.columns, two.left, two.columns) {
        return false;
    }
    let own: Vec<usize> = one.footprint(patch).map(|(pixel, _)| pixel).collect();
    let width = patch.columns;
    two.footprint(patch).any(|(pixel, _)| {
        let near =
            |other: &usize| (other / width).abs_diff(pixel / width) + (other % width).abs_diff(pixel % width) <= 1;
        own.iter().any(near)
    })
}

/// The longer side of the rectangle around a footprint.
fn extent(own: &Component) -> usize {
    let used = |place: &usize| own.weights[*place] > 0.0;
    let span = |values: Vec<usize>| match (values.iter().min(), values.iter().max()) {
        (Some(low), Some(high)) => high - low + 1,
        _ => 0,
    };
    let places = || (0..own.weights.len()).filter(used);
    span(places().map(|place| place / own.columns).collect())
        .max(span(places().map(|place| place % own.columns).collect()))
}

/// Whether it takes two cells to explain what both see.
fn differ(one: &Component, two: &Component, both: &Component, residual: &Patch) -> bool {
    let pixels: Vec<usize> = both.footprint(residual).map(|(pixel, _)| pixel).collect();
    let weight = |own: &Component, pixel: usize| own.weight(residual, pixel);
    let scales: Vec<f32> = noises(&pixels, residual).iter().map(|noise| 1.0 / noise.max(f32::MIN_POSITIVE)).collect();
    let rows: Vec<Vec<f32>> = pixels
        .iter()
        .map(|pixel| {
            let mut own = residual.course(*pixel).to_vec();
            super::course::add(&mut own, weight(one, *pixel), &one.active);
            super::course::add(&mut own, weight(two, *pixel), &two.active);
            own.iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale);
            own
        })
        .collect();
    let main: Vec<f32> = pixels.iter().map(|pixel| weight(both, *pixel)).collect();
    let other: Vec<f32> = pixels.iter().map(|pixel| weight(one, *pixel) - weight(two, *pixel)).collect();
    let (main, _) = singular(&rows, main, None);
    let (_, second) = singular(&rows, other, Some(&main));
    let row = |pixel: &usize| residual.course(*pixel).iter().zip(&scales).map(|(value, scale)| (value * scale).powi(2));
    let noisiest = pixels.iter().map(|pixel| row(pixel).sum::<f32>()).fold(0.0, f32::max);
    second > SECOND * ((pixels.len() as f32).sqrt() + noisiest.sqrt())
}

/// Noise of each bin over some pixels, as two cells leave it: the brighter a cell is, the more noise its light has. What
/// the two have taken of it counts as the mean of all bins.
fn noises(pixels: &[usize], residual: &Patch) -> Vec<f32> {
    let mut squares = vec![0.0_f32; residual.bins];
    for pixel in pixels {
        squares.iter_mut().zip(residual.course(*pixel)).for_each(|(sum, value)| *sum += value * value);
    }
    let count = pixels.len().max(1) as f32;
    let mean = squares.iter().sum::<f32>() / (count * residual.bins.max(1) as f32);
    squares.iter().map(|sum| ((sum + FITTED * mean) / count).sqrt()).collect()
}

/// Greatest singular value and its vector, at right angles to another one, by the power method.
fn singular(rows: &[Vec<f32>], mut vector: Vec<f32>, other: Option<&[f32]>) -> (Vec<f32>, f32) {
    let mut value = 0.0;
    for _ in 0..STEPS {
        if let Some(other) = other {
            let along = dot(&vector, other);
            super::course::add(&mut vector, -along, other);
        }
        let norm = dot(&vector, &vector).sqrt();
        if norm <= 0.0 {
            return (vector, 0.0);
        }
        for value in &mut vector {
            *value /= norm;
        }
        let mut course = vec![0.0; rows.first().map_or(0, Vec::len)];
        rows.iter().zip(&vector).for_each(|(row, weight)| super::course::add(&mut course, *weight, row));
        value = dot(&course, &course).sqrt();
        vector = rows.iter().map(|row| dot(row, &course)).collect();
    }
    let norm = dot(&vector, &vector).sqrt();
    if norm > 0.0 {
        for value in &mut vector {
            *value /= norm;
        }
    }
    (vector, value)
}
