#![allow(clippy::unwrap_used)]

use super::*;

/// A frame of 12 x 9 pixels with a height given at each place.
fn frame(height: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    (0..12 * 9).map(|pixel| height(f64::from(pixel / 9), f64::from(pixel % 9))).collect()
}

fn run(filter: Filter, frame: &mut [f64], mask: Option<&[bool]>) -> Result<Vec<Failure>> {
    Filters::new(vec![filter], 12, 9)?.apply(frame, None, mask, true, 1, &Control::new())
}

fn greatest(frame: &[f64]) -> f64 {
    frame.iter().fold(0.0, |most, value| value.abs().max(most))
}

#[test]
fn surfaces_of_their_own_order_vanish() {
    let cubic = |y: f64, x: f64| 700.0 + 3.0 * x - y + 0.2 * x * y * y - 0.1 * x * x;
    for mask in [None, Some((0..108).map(|pixel| pixel % 7 < 3).collect::<Vec<_>>())] {
        let mut level = frame(cubic);
        assert!(run(Filter::Surface { order: 3 }, &mut level, mask.as_deref()).unwrap().is_empty());
        assert!(greatest(&level) < 1e-10, "{}", greatest(&level));
    }
}

#[test]
fn pixels_that_are_not_finite_stay_and_have_no_part() {
    let mut level = frame(|y, x| y + 2.0 * x);
    level[40] = f64::NAN;
    run(Filter::Surface { order: 1 }, &mut level, None).unwrap();
    assert!(level[40].is_nan());
    level[40] = 0.0;
    assert!(greatest(&level) < 1e-12);
}

#[test]
fn frames_that_cannot_be_levelled_are_listed_and_kept() {
    let mut level = frame(|_, _| f64::NAN);
    level[3] = 5.0;
    let failures = run(Filter::Surface { order: 1 }, &mut level, None).unwrap();
    assert_eq!((failures[0].frame, failures[0].step, failures.len()), (0, 0, 1));
    assert_eq!(level[3], 5.0);
    // One column is left: slopes across are not determined.
    let mask: Vec<bool> = (0..108).map(|pixel| pixel % 9 != 4).collect();
    assert_eq!(run(Filter::Surface { order: 1 }, &mut frame(|y, _| y), Some(&mask)).unwrap().len(), 1);
}

#[test]
fn what_stands_out_does_not_pull_the_surface() {
    let tilted = |y: f64, x: f64| 2.0 * y - x + 0.01 * libm::sin(12.9 * y + 78.2 * x);
    let bump = |y: f64, x: f64| if (y - 6.0).hypot(x - 4.0) < 2.5 { 8.0 } else { 0.0 };
    let mut level = frame(|y, x| tilted(y, x) + bump(y, x));
    run(Filter::AutoSurface { order: 1, factor: 3.0, both_sides: false, iterations: 20 }, &mut level, None).unwrap();
    let rest: Vec<f64> = level.iter().zip(frame(bump)).map(|(level, bump)| level - bump).collect();
    assert!(greatest(&rest) < 0.03, "{}", greatest(&rest));
}

#[test]
fn rows_are_matched_through_their_neighbours() {
    let mut level = frame(|y, x| libm::sin(x) + 3.0 * libm::sin(5.0 * y));
    run(Filter::MatchRows, &mut level, None).unwrap();
    for line in level.chunks(9) {
        assert!(line.iter().zip(&level).all(|(value, first)| (value - first).abs() < 1e-12));
    }
}

#[test]
fn scars_become_lines_between_their_neighbours() {
    let wavy = |y: f64, x: f64| 0.1 * y + 0.05 * libm::sin(3.0 * x + y);
    let mut level = frame(|y, x| wavy(y, x) + if y == 5.0 && (2.0..7.0).contains(&x) { 4.0 } else { 0.0 });
    let before = level.clone();
    let scars = Scars { high: 5.0, low: 2.0, min_length: 3, max_width: 2 };
    run(Filter::Scars(scars), &mut level, None).unwrap();
    for pixel in 0..level.len() {
        let scar = (47..52).contains(&pixel);
        let expected = if scar { 0.5 * (before[pixel - 9] + before[pixel + 9]) } else { before[pixel] };
        assert!((level[pixel] - expected).abs() < 1e-12, "pixel {pixel}");
    }
    assert!(run(Filter::Scars(Scars { high: 1.0, ..scars }), &mut level, None).is_err());
}

#[test]
fn three_places_give_a_plane() {
    let mut level = frame(|y, x| 7.0 - 2.0 * y + 0.5 * x);
    let places = [[1.0, 1.0], [10.0, 2.0], [3.0, 7.0]];
    run(Filter::ThreePoints { places, radius: 1 }, &mut level, None).unwrap();
    assert!(greatest(&level) < 1e-12);
    let line = Filter::ThreePoints { places: [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], radius: 1 };
    assert!(run(line, &mut level, None).is_err());
}

#[test]
fn frames_do_not_depend_on_threads() {
    let mut one = Vec::new();
    for number in 0..7 {
        one.extend(frame(|y, x| libm::sin(y * x + f64::from(number))));
    }
    let mut three = one.clone();
    let steps = vec![Filter::RowMedian, Filter::Surface { order: 2 }, Filter::Gaussian { sigma: 1.3 }, Filter::Flip];
    let filters = Filters::new(steps, 12, 9).unwrap();
    let control = Control::new();
    filters.apply(&mut one, None, None, false, 1, &control).unwrap();
    let source = three.clone();
    three.fill(7.0);
    filters.apply(&mut three, Some(&source), None, false, 3, &control).unwrap();
    assert_eq!(one, three);
    assert_eq!(control.done(), 14);
}

#[test]
fn settings_out_of_range_are_refused() {
    for filter in [
        Filter::Surface { order: 0 },
        Filter::Surface { order: 9 },
        Filter::RowPolynomial { order: 9 },
        Filter::Gaussian { sigma: 0.0 },
        Filter::AutoSurface { order: 1, factor: f64::NAN, both_sides: true, iterations: 3 },
    ] {
        assert!(Filters::new(vec![filter], 12, 9).is_err());
    }
}

#[test]
fn orders_and_frames_beyond_all_bounds_take_no_memory() {
    for filter in [Filter::Surface { order: usize::MAX }, Filter::RowPolynomial { order: usize::MAX }] {
        assert!(Filters::new(vec![filter], 12, 9).unwrap_err().to_string().contains("`order`"));
    }
    for (height, width) in [(1, usize::MAX), (usize::MAX, usize::MAX)] {
        let filters = Filters::new(vec![Filter::RowPolynomial { order: 1 }], height, width);
        assert!(filters.unwrap_err().to_string().contains("`frames`"));
    }
}
