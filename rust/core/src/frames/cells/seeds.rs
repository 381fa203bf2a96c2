//! Cells that are looked for one after another, the most active one first.

use super::component::Component;
use super::course::{active, activity, add};
use super::patch::{Disc, Patch};
use crate::{Control, Result};

/// Activity of places at which cells are looked for, in standard deviations of that of noise.
const LEAST: f32 = 10.0;
/// Noise above which a place is active.
const RISE: f32 = 2.0;
/// Rounds of footprint and time course.
const ROUNDS: usize = 4;
/// Share of the disc of a diameter that footprints have at least.
const SMALLEST: f64 = 0.12;

/// Activity of each place of a patch under the filter of a cell.
pub(super) fn activities(patch: &Patch, filtered: &[f32]) -> Vec<f32> {
    let mut scratch = Vec::new();
    filtered.chunks_exact(patch.bins.max(1)).map(|course| activity(course, &mut scratch)).collect()
}

/// Cells of a residual, which are taken away from it: at the most active place, a footprint and a time course in turn (rank
/// one), until no place is active (the greedy start of Pnevmatikakis et al. 2016).
///
/// O(pixels bins) for the first and O(pixels near bins) for each other cell.
pub(super) fn seeds(residual: &mut Patch, diameter: f64, control: &Control) -> Result<Vec<Component>> {
    let disc = Disc::new(diameter);
    let mut filtered = disc.filtered(residual.rows, residual.columns, residual.bins, &residual.values);
    let mut strengths = activities(residual, &filtered);
    let most = (residual.pixels() as f64 / (0.3 * diameter * diameter)) as usize + 1;
    let least = ((SMALLEST * std::f64::consts::FRAC_PI_4 * diameter * diameter) as usize).max(2);
    let (mut found, mut scratch) = (Vec::new(), Vec::new());
    while found.len() < most {
        control.check()?;
        let Some((pixel, strength)) = greatest(&strengths).filter(|(_, strength)| *strength > LEAST) else { break };
        let course = active(&filtered[pixel * residual.bins..][..residual.bins], RISE, &mut scratch);
        let own = grown(residual, pixel, strength, diameter, &course, &mut scratch);
        if own.size() < least {
            near(residual, pixel).for_each(|pixel| strengths[pixel] = f32::NEG_INFINITY);
            continue;
        }
        own.take(residual, &own.free);
        let mut image = vec![0.0; residual.pixels()];
        own.footprint(residual).for_each(|(pixel, weight)| image[pixel] = weight);
        let spread = disc.filtered(residual.rows, residual.columns, 1, &image);
        for (pixel, weight) in spread.iter().enumerate().filter(|(_, weight)| weight.abs() > 1e-4) {
            let course = &mut filtered[pixel * residual.bins..][..residual.bins];
            add(course, -weight, &own.free);
            if strengths[pixel] > f32::NEG_INFINITY {
                strengths[pixel] = activity(course, &mut scratch);
            }
        }
        found.push(own);
    }
    Ok(found)
}

/// A cell around a place, from the time course there. Its window follows its centre, as the most active place may lie at
/// its rim, so that a large cell is not cut.
fn grown(
    residual: &Patch,
    pixel: usize,
    strength: f32,
    diameter: f64,
    course: &[f32],
    scratch: &mut Vec<f32>,
) -> Component {
    let reach = (0.9 * diameter).ceil() as usize;
    let mut own = Component::around(residual, pixel, reach, strength);
    let seed = (pixel / residual.columns - own.top) * own.columns + pixel % residual.columns - own.left;
    own.shape(residual, course, Some(seed));
    for _ in 0..ROUNDS {
        own.see(residual, scratch);
        let (course, [row, column]) = (own.active.clone(), own.centre());
        own = Component::around(residual, row * residual.columns + column, reach, strength);
        own.shape(residual, &course, None);
    }
    own.see(residual, scratch);
    own
}

fn greatest(values: &[f32]) -> Option<(usize, f32)> {
    let better = |best: Option<(usize, f32)>, (place, value): (usize, f32)| match best {
        Some((_, most)) if most >= value => best,
        _ => Some((place, value)),
    };
    values.iter().copied().enumerate().fold(None, better)
}

/// A pixel and its neighbours.
fn near(patch: &Patch, pixel: usize) -> impl Iterator<Item = usize> + use<> {
    let (row, column, width) = (pixel / patch.columns, pixel % patch.columns, patch.columns);
    let columns = column.saturating_sub(1)..(column + 2).min(patch.columns);
    (row.saturating_sub(1)..(row + 2).min(patch.rows))
        .flat_map(move |row| columns.clone().map(move |column| row * width + column))
}
