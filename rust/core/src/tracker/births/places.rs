//! Places that lines pass more often than chance has it.

use crate::Result;
use crate::pool::Workers;
use crate::tracker::algebra::Vec3;
use crate::tracker::line::Line;

use super::NEAR;
use super::bundle::Bundle;
use super::crossings::{Crossing, peaks};

/// Radius of the ring around a place that tells the background, in those within which lines count.
const RING: f64 = 3.0;

/// A place that lines pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) point: Vec3,
    /// Times between which it shows best.
    pub(super) from: f64,
    pub(super) to: f64,
    worth: f64,
}

/// Places that lines pass more often than chance has it, the best first.
pub(super) fn places(lines: &[Line], width: f64, crossings: &[Crossing], workers: Workers<'_>) -> Result<Vec<Place>> {
    let peaks = peaks(crossings, width);
    let bundle = Bundle::new(lines);
    let weigh = |number: usize| weighed(lines, &bundle, peaks[number].0, &peaks[number].1, width);
    let mut found: Vec<Place> = workers.map(peaks.len(), weigh)?.into_iter().flatten().collect();
    found.sort_by(|a, b| b.worth.total_cmp(&a.worth));
    let mut distinct: Vec<Place> = Vec::new();
    for place in found {
        let far = |other: &Place| {
            let apart: f64 = (0..3).map(|k| (place.point[k] - other.point[k]).powi(2)).sum();
            apart > (3.0 * width).powi(2) || place.to <= other.from || other.to <= place.from
        };
        if distinct.iter().all(far) {
            distinct.push(place);
        }
    }
    Ok(distinct)
}

/// The stretch of lines around the one numbered `middle` in which most pass a point that chance would not bring there.
fn weighed(lines: &[Line], bundle: &Bundle, middle: usize, point: &Vec3, width: f64) -> Option<Place> {
    let (near, far) = ((NEAR * width).powi(2), (RING * NEAR * width).powi(2));
    let squares = bundle.across(point);
    let hits: Vec<bool> = squares.iter().map(|&squared| squared < near).collect();
    let ring = squares.iter().filter(|&&squared| squared >= near && squared < far).count() as f64 + 0.5;
    // Expected lines that come near by chance, per line.
    let chance = ring / lines.len() as f64 * near / (far - near);
    let mut best: Option<Place> = None;
    let mut half = 4;
    loop {
        let (first, last) = (middle.saturating_sub(half), (middle + half).min(lines.len()));
        let count = hits[first..last].iter().filter(|&&hit| hit).count() as f64;
        let expected = chance * (last - first) as f64;
        let worth = if count > expected { count * (count / expected).ln() - (count - expected) } else { 0.0 };
        if best.as_ref().is_none_or(|place| worth > place.worth) {
            best = Some(Place { point: *point, from: lines[first].time, to: lines[last - 1].time, worth });
        }
        if first == 0 && last == lines.len() {
            break;
        }
        half *= 2;
    }
    best
}
