#![allow(clippy::unwrap_used)]

use super::*;
use crate::Control;
use proptest::prelude::*;

const IDENTITY: [f64; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

/// A sum of waves, seen through a shift.
fn waves(width: usize, height: usize, shift: [f64; 2]) -> Vec<f32> {
    (0..width * height)
        .map(|place| {
            let (x, y) = ((place % width) as f64 + shift[0], (place / width) as f64 + shift[1]);
            ((0.31 * x).sin() + (0.23 * y + 0.1 * x).cos() + 0.5 * (0.17 * x - 0.29 * y).sin()) as f32
        })
        .collect()
}

fn settings(model: Model) -> Align {
    Align { model, iterations: 40, tolerance: 1e-4, robust: false }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_shift_is_found(x in -1.5..1.5_f64, y in -1.5..1.5_f64) {
        let image = waves(90, 80, [0.0, 0.0]);
        let moving = Sampled::new(&image, 90).unwrap();
        let fixed = waves(90, 80, [x, y]);
        let found = settings(Model::Translation).run(&fixed, 90, &moving, IDENTITY, 2, &Control::new()).unwrap();
        prop_assert!(found.converged);
        prop_assert!((found.matrix[2] - x).abs() < 0.01 && (found.matrix[5] - y).abs() < 0.01);
    }

    #[test]
    fn nothing_panics(values in prop::collection::vec(prop::num::f32::ANY, 60), width in 1..12_usize) {
        let length = 60 / width * width;
        let image = &values[..length];
        let moving = Sampled::new(image, width).unwrap();
        let found = Align { robust: true, ..settings(Model::Homography) }
            .run(image, width, &moving, IDENTITY, 1, &Control::new());
        prop_assert!(found.is_ok());
        let centres = [[1.0, 1.0], [-3.0, 1e9], [0.0, 0.0]];
        let tiles = Tiles { radius: 3, longest: 2.0, iterations: 5 };
        prop_assert_eq!(tiles.find(image, &moving, &centres, 1, &Control::new()).unwrap().len(), 3);
        let map = Map::new([1.1, 0.2, -3.0, 0.1, 0.9, 2.0, 0.0, 0.1, 1.0], None).unwrap();
        let mut out = vec![0.0; 40];
        for interpolation in [Interpolation::Linear, Interpolation::Cubic, Interpolation::Smooth] {
            warp(image, width, &map, interpolation, 0, 8, &mut out, 1, &Control::new()).unwrap();
        }
    }
}

#[test]
fn a_shift_at_which_a_column_leaves_the_image_is_found() {
    let image = waves(90, 80, [0.0, 0.0]);
    let moving = Sampled::new(&image, 90).unwrap();
    for x in [-1.0, 0.0, 1.0] {
        for y in [-1.0, -0.3, 0.0, 0.799_747_913_861_028, 1.0] {
            let fixed = waves(90, 80, [x, y]);
            let found = settings(Model::Translation).run(&fixed, 90, &moving, IDENTITY, 1, &Control::new()).unwrap();
            assert!(found.converged && found.iterations < 20, "{x} {y}: {found:?}");
            assert!((found.matrix[2] - x).abs() < 0.01 && (found.matrix[5] - y).abs() < 0.01);
        }
    }
}

#[test]
fn sizes_that_do_not_fit() {
    let control = Control::new();
    let moving = Sampled::new(&[0.0; 12], 4).unwrap();
    assert!(Sampled::new(&[0.0; 12], 5).is_err());
    assert!(settings(Model::Affine).run(&[0.0; 10], 4, &moving, IDENTITY, 1, &control).is_err());
    assert!(settings(Model::Affine).run(&[], 4, &moving, IDENTITY, 1, &control).is_err());
    let tiles = Tiles { radius: 2, longest: 1.0, iterations: 1 };
    assert!(tiles.find(&[0.0; 8], &moving, &[], 1, &control).is_err());
    assert!(reduce(&[0.0_f64; 12], 4, 0, 1, &control).is_err());
    assert!(Map::new([f64::INFINITY; 9], None).is_err());
}

#[test]
fn a_cancelled_run_ends() {
    let control = Control::new();
    control.cancel();
    let image = waves(30, 30, [0.0, 0.0]);
    let moving = Sampled::new(&image, 30).unwrap();
    let found = settings(Model::Affine).run(&image, 30, &moving, IDENTITY, 1, &control);
    assert_eq!(found, Err(crate::Error::Cancelled));
}

#[test]
fn places_and_sizes_beyond_all_bounds() {
    let control = Control::new();
    let moving = Sampled::new(&[0.0; 12], 4).unwrap();
    let tiles = |radius, centre| {
        Tiles { radius, longest: 1.0, iterations: 2 }.find(&[0.0; 12], &moving, &[centre], 1, &control)
    };
    assert!(tiles(usize::MAX, [1.0; 2]).unwrap_err().to_string().contains("`radius`"));
    assert!(tiles(2, [f64::NAN, 0.0]).unwrap_err().to_string().contains("`centres`"));
    assert_eq!(tiles(2, [f64::MIN, f64::MAX]).unwrap()[0][6], 0.0);
    let map = Map::new(IDENTITY, None).unwrap();
    for moving in [&[][..], &[1.0_f32; 12]] {
        let mut out = [0.0; 3];
        warp(moving, 4, &map, Interpolation::Cubic, usize::MAX, usize::MAX, &mut out, usize::MAX, &control).unwrap();
        assert!(out.iter().all(|value| value.is_nan()));
    }
}
