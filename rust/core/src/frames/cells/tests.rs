#![allow(clippy::unwrap_used)]

use super::component::Component;
use super::course::active;
use super::merging::merge;
use super::patch::Patch;
use super::{Binned, Binning, Noise, Search, TakesFrames};
use crate::frames::movie::{Frames, Window};
use crate::pool::Workers;
use crate::random::Random;
use crate::{Control, Error};

/// About a normal number, from the sum of twelve even ones.
fn normal(random: &mut Random) -> f32 {
    (0..12).map(|_| random.unit() as f32).sum::<f32>() - 6.0
}

/// Noise in a patch of 9 x 12 with transients in two halves of it, one after the other half by `lag` bins, that have
/// `noise` times the noise.
fn patch(lag: usize, noise: f32) -> Patch {
    let (rows, columns, bins) = (9, 12, 200);
    let mut random = Random::new(3, 0);
    let mut values: Vec<f32> = (0..rows * columns * bins).map(|_| normal(&mut random)).collect();
    for row in 2..7 {
        for column in 2..10 {
            let first = if column < 6 { 0 } else { lag };
            for bin in 0..bins {
                if (bin + 200 - first) % 50 < 6 {
                    let value = &mut values[(row * columns + column) * bins + bin];
                    *value = *value * noise + 5.0 * noise;
                }
            }
        }
    }
    Patch { rows, columns, bins, values }
}

/// The two halves as cells that are taken away from the patch.
fn halves(residual: &mut Patch) -> Vec<Component> {
    [3, 7]
        .into_iter()
        .map(|column| {
            let mut own = Component::around(residual, 4 * 12 + column, 6, 10.0);
            let width = own.columns;
            let (top, left) = (own.top, own.left);
            let first = if column == 3 { 2 } else { 6 };
            for (place, weight) in own.weights.iter_mut().enumerate() {
                let (row, column) = (top + place / width, left + place % width);
                *weight =
                    if (2..7).contains(&row) && (first..first + 4).contains(&column) { 0.05_f32.sqrt() } else { 0.0 };
            }
            own.see(residual, &mut Vec::new());
            own.take(residual, &own.active);
            own
        })
        .collect()
}

#[test]
fn halves_of_a_cell_are_one_and_neighbours_are_two() {
    for (lag, noise, count) in [(0, 1.0, 1), (20, 1.0, 2), (20, 3.0, 2)] {
        let mut residual = patch(lag, noise);
        let mut cells = halves(&mut residual);
        merge(&mut cells, &mut residual, 8.0);
        assert_eq!(cells.len(), count, "{lag} {noise}");
    }
}

/// As a second cell that is not active itself: what is fitted to the noise of the first one's light.
#[test]
fn noise_of_a_bright_cell_is_no_cell() {
    for noise in [1.0, 3.0, 5.0] {
        let mut residual = patch(0, noise);
        let mut cells = halves(&mut residual);
        merge(&mut cells, &mut residual, 8.0);
        let mut second = Component::around(&residual, 4 * 12 + 5, 6, 10.0);
        let course = noisiest(&residual, &cells[0]);
        second.shape(&residual, &course, None);
        second.see(&residual, &mut Vec::new());
        second.take(&mut residual, &second.active.clone());
        cells.push(second);
        merge(&mut cells, &mut residual, 8.0);
        assert_eq!(cells.len(), 1, "{noise}");
    }
}

/// What the pixel with the most noise in the light of a cell does there.
fn noisiest(residual: &Patch, cell: &Component) -> Vec<f32> {
    let energy = |pixel: &usize| residual.course(*pixel).iter().map(|value| value * value).sum::<f32>();
    let pixels = cell.footprint(residual).map(|(pixel, _)| pixel);
    let pixel = pixels.max_by(|a, b| energy(a).total_cmp(&energy(b))).unwrap();
    active(residual.course(pixel), 1.5, &mut Vec::new())
}

#[test]
fn noise_is_active_nowhere_for_long() {
    let mut random = Random::new(5, 0);
    let course: Vec<f32> = (0..1000).map(|_| normal(&mut random)).collect();
    let found = active(&course, 3.0, &mut Vec::new());
    assert!(found.iter().filter(|value| **value > 0.0).count() < 8);
}

#[test]
fn blocks_are_cut_where_memory_ends_and_errors_are_typed() {
    let control = Control::new();
    let workers = Workers { threads: 2, control: &control };
    let pixels: Vec<u16> = (0..30 * 20_u16).map(|value| value % 13).collect();
    let frames = Frames::in_memory(&pixels, [30, 4, 5]).unwrap();
    let window = Window { rows: 0..4, columns: 0..5 };
    let mut noise = Noise::new(20);
    frames.hand_to(&mut noise, 0..30, &window, &[true; 30], &workers).unwrap();
    let mut other = Noise::new(20);
    other.add(&pixels, &[true; 30], &workers).unwrap();
    assert_eq!((noise.mean(), noise.deviation()), (other.mean(), other.deviation()));
    let short = frames.hand_to(&mut noise, 0..30, &window, &[true; 29], &workers);
    assert!(matches!(short, Err(Error::Argument { argument: "kept", .. })));
    let plan = Binning { shape: [4, 5], factor: 2, frames: 3, bins: 10, segment: 5 };
    let mut binned = Binned::new(plan, &noise.mean(), &noise.deviation()).unwrap();
    frames.hand_to(&mut binned, 0..30, &window, &[true; 30], &workers).unwrap();
    assert_eq!((binned.done(), binned.to_vec().len()), (10, 60));
    control.cancel();
    assert!(matches!(Search { diameter: 2.0, window: 4 }.run(&binned, &workers), Err(Error::Cancelled)));
}
