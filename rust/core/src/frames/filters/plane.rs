//! The plane through three places.

use crate::{Error, Result};

/// Whether three places lie in the frame and not on a line.
pub(super) fn check(places: &[[f64; 2]; 3], height: usize, width: usize) -> Result<()> {
    let inside = |[row, column]: &[f64; 2]| (0.0..height as f64).contains(row) && (0.0..width as f64).contains(column);
    let shown = || format!("{places:?}");
    if !places.iter().all(inside) {
        return Err(Error::argument("points", format!("places inside of {height} x {width}"), shown()));
    }
    if twice_the_area(places).abs() < 1.0 {
        return Err(Error::argument("points", "three places that are not on a line", shown()));
    }
    Ok(())
}

fn twice_the_area([a, b, c]: &[[f64; 2]; 3]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
}

/// Subtracts the plane through the mean heights of squares around three places.
pub(super) fn subtract(places: &[[f64; 2]; 3], radius: usize, frame: &mut [f64], width: usize) -> Result<()> {
    let heights = places.map(|place| mean_around(place, radius, frame, width));
    let [h, i, j] = heights;
    let [Some(h), Some(i), Some(j)] = [h, i, j] else {
        return Err(Error::argument("frame", "finite pixels around all three places", format!("means {heights:?}")));
    };
    let [a, b, c] = places;
    let area = twice_the_area(places);
    let per_row = ((i - h) * (c[1] - a[1]) - (j - h) * (b[1] - a[1])) / area;
    let per_column = ((j - h) * (b[0] - a[0]) - (i - h) * (c[0] - a[0])) / area;
    for (y, line) in frame.chunks_exact_mut(width).enumerate() {
        for (x, value) in line.iter_mut().enumerate() {
            *value -= h + per_row * (y as f64 - a[0]) + per_column * (x as f64 - a[1]);
        }
    }
    Ok(())
}

fn mean_around([row, column]: [f64; 2], radius: usize, frame: &[f64], width: usize) -> Option<f64> {
    let height = frame.len() / width;
    let range = |middle: f64, length: usize| {
        let middle = middle.round() as usize;
        middle.saturating_sub(radius)..length.min(middle.saturating_add(radius + 1))
    };
    let (mut sum, mut count) = (0.0, 0);
    for y in range(row, height) {
        for value in &frame[y * width..][range(column, width)] {
            if value.is_finite() {
                sum += value;
                count += 1;
            }
        }
    }
    (count > 0).then(|| sum / f64::from(count))
}
