#![allow(clippy::unwrap_used)]

use super::sums::Sums;
use super::*;
use crate::random::Random;

const SHAPE: [usize; 2] = [48, 56];
const ROUGH: Roughness = Roughness { pixels: 0.3, growth: 1.5 };

/// Smooth light with peaks of a few pixels, moved.
fn light(away: [f64; 2]) -> Vec<f32> {
    let mut random = Random::new(3, 1);
    let spots: Vec<[f64; 4]> = (0..60)
        .map(|_| {
            let [y, x] = [random.unit(), random.unit()];
            [y * 90.0 - 20.0, x * 100.0 - 20.0, 20.0 + 60.0 * random.unit(), 1.5 + 2.0 * random.unit()]
        })
        .collect();
    let at = |y: f64, x: f64| -> f32 {
        let bumps = spots.iter().map(|[down, across, height, width]| {
            height * (-((y - down).powi(2) + (x - across).powi(2)) / (2.0 * width * width)).exp()
        });
        (20.0 + bumps.sum::<f64>()) as f32
    };
    (0..SHAPE[0] * SHAPE[1])
        .map(|place| at((place / SHAPE[1]) as f64 - away[0], (place % SHAPE[1]) as f64 - away[1]))
        .collect()
}

fn search() -> Search {
    Search { gain: 1.0, zero: 0.0, full: f64::INFINITY, tiles: [2, 2], reach: 10, lags: 4, roughness: Some(ROUGH) }
}

fn template(search: Search) -> Template {
    let rate = light([0.0, 0.0]);
    let pattern: Vec<f32> = rate.iter().map(|value| value.ln()).collect();
    let reference = Reference { shape: SHAPE, even: &pattern, odd: &pattern, rate: &rate, bin: 1 };
    Template::new(&reference, search).unwrap()
}

fn found(template: &Template, frame: &[f32]) -> Moved {
    template.estimate(frame, 1, &Control::new()).unwrap().remove(0)
}

#[test]
fn the_shift_of_light_is_found_between_pixels() {
    let template = template(search());
    for away in [[0.0, 0.0], [3.3, -2.6], [-7.45, 8.5], [0.5, 0.5]] {
        let moved = found(&template, &light(away));
        assert_eq!(moved.reason, Reason::Found, "{away:?}");
        for axis in 0..2 {
            assert!((moved.shift[axis] - away[axis]).abs() < 0.02, "{away:?} {:?}", moved.shift);
            assert!(moved.sigma[axis] > 0.0 && moved.sigma[axis] < 0.1);
            for block in &moved.blocks {
                assert!((block[axis] - away[axis]).abs() < 0.05, "{away:?} {block:?}");
            }
        }
        assert!((moved.contrast - 1.0).abs() < 0.1, "{}", moved.contrast);
    }
}

#[test]
fn frames_without_a_shift_say_why() {
    let template = template(search());
    let mut random = Random::new(1, 1);
    let noise: Vec<f32> = (0..SHAPE[0] * SHAPE[1]).map(|_| 20.0 + 4.0 * random.unit() as f32).collect();
    let mut holes = light([0.0, 0.0]);
    holes[..600].fill(f32::NAN);
    let cases = [
        (vec![7.0; noise.len()], Reason::Blank),
        (vec![f32::NAN; noise.len()], Reason::NotFinite),
        (holes, Reason::NotFinite),
        (light([14.0, 0.0]), Reason::Limit),
        (noise, Reason::Chance),
    ];
    for (frame, reason) in cases {
        let moved = found(&template, &frame);
        assert_eq!(moved.reason, reason);
        assert!(moved.shift.iter().chain(moved.blocks.iter().flatten()).all(|value| value.is_nan()));
    }
    let full = self::template(Search { full: 21.0, ..search() });
    assert_eq!(found(&full, &light([0.0, 0.0])).reason, Reason::Saturated);
}

#[test]
fn threads_and_company_do_not_matter() {
    let template = template(search());
    let frames: Vec<f32> = (0..5).flat_map(|number| light([f64::from(number), -0.3 * f64::from(number)])).collect();
    let all = template.estimate(&frames, 2, &Control::new()).unwrap();
    for (number, moved) in all.iter().enumerate() {
        let size = SHAPE[0] * SHAPE[1];
        assert_eq!(*moved, found(&template, &frames[number * size..(number + 1) * size]));
    }
}

#[test]
fn frames_and_settings_that_do_not_fit_are_refused() {
    let template = template(search());
    assert!(template.estimate(&[1.0_f32; 10], 1, &Control::new()).is_err());
    let rate = light([0.0, 0.0]);
    let reference = Reference { shape: SHAPE, even: &rate, odd: &rate, rate: &rate, bin: 1 };
    let wrong = [
        Search { gain: 0.0, ..search() },
        Search { zero: f64::NAN, ..search() },
        Search { tiles: [0, 2], ..search() },
        Search { tiles: [40, 40], ..search() },
        Search { lags: 1, ..search() },
        Search { lags: 1000, ..search() },
        Search { reach: 56, ..search() },
        Search { roughness: Some(Roughness { pixels: -1.0, ..ROUGH }), ..search() },
        Search { roughness: Some(Roughness { growth: 2.0, ..ROUGH }), ..search() },
    ];
    for own in wrong {
        assert!(Template::new(&reference, own).is_err(), "{own:?}");
    }
    assert!(Template::new(&Reference { bin: 0, ..reference }, search()).is_err());
    assert!(Template::new(&Reference { shape: [0, 5], ..reference }, search()).is_err());
    assert!(Template::new(&Reference { odd: &rate[1..], ..reference }, search()).is_err());
}

#[test]
fn a_field_that_leads_out_of_the_frame_finds_nothing_there() {
    let rough = Roughness { pixels: 1e150, growth: 1.9 };
    let template = template(Search { lags: 8, tiles: [3, 3], roughness: Some(rough), ..search() });
    for away in [[2.0, -1.0], [9.0, 9.0]] {
        let mut frame = light(away);
        for row in frame.chunks_exact_mut(SHAPE[1]).take(16) {
            row[..18].fill(20.0);
        }
        let moved = found(&template, &frame);
        assert_eq!(moved.reason, Reason::Found);
        assert!((moved.blocks[8][0] - away[0]).abs() < 0.2, "{:?}", moved.blocks);
    }
}

#[test]
fn peaks_of_polynomials_are_exact() {
    let surface = |at: [f64; 2]| -> Vec<f64> {
        (0..49)
            .map(|number| {
                let (y, x) = (f64::from(number / 7) - 3.0 - at[0], f64::from(number % 7) - 3.0 - at[1]);
                5.0 - y * y - 0.7 * x * x + 0.4 * x * y + 0.01 * y.powi(4)
            })
            .collect()
    };
    let part = peak::between(&surface([0.3, -0.45]), 7, [3, 3]).unwrap();
    assert!((part[0] - 0.3).abs() < 1e-9 && (part[1] + 0.45).abs() < 1e-9);
    assert_eq!(peak::uphill(&surface([0.9, -0.2]), 7, [3, 3]), Some([4, 3]));
    assert_eq!(peak::uphill(&surface([0.9, -0.2]), 7, [1, 3]), None);
    assert_eq!(peak::between(&surface([0.0, 0.0]), 7, [1, 3]), None);
    assert_eq!(peak::highest(&[f64::NAN; 9], 3), None);
}

#[test]
fn tiles_that_know_little_follow_their_neighbours() {
    let search = Search { tiles: [1, 4], roughness: None, ..search() };
    let rate = light([0.0, 0.0]);
    let reference = Reference { shape: SHAPE, even: &rate, odd: &rate, rate: &rate, bin: 1 };
    let sums = Sums::new(&reference, &lags::Pattern::new(&reference));
    let prior = Prior::new(SHAPE, &search, Roughness { pixels: 0.2, growth: 1.5 }, &sums);
    let own = [[1.0, 0.0, 0.01, 0.1], [9.0, 0.0, 5.0, 0.1], [1.2, 0.0, 0.01, 0.1], [f64::NAN, 1.0, f64::INFINITY, 0.1]];
    let smooth = prior.smoothed(&own, [1.0, 0.1]);
    assert!((smooth[0][0] - 1.0).abs() < 0.1 && (smooth[1][0] - 1.1).abs() < 0.15 && (smooth[3][0] - 1.2).abs() < 0.2);
    assert!(smooth.len() == 5 && (smooth[4][0] - 1.1).abs() < 0.15);
    assert!(smooth[0][2] < smooth[1][2] && smooth[1][2] < smooth[3][2] && smooth[3][2] < 0.4);
    let nothing = prior.smoothed(&[[f64::NAN, f64::NAN, f64::INFINITY, f64::INFINITY]; 4], [0.0; 2]);
    assert!(nothing.iter().flatten().all(|value| value.is_nan()));
}

#[test]
fn factors_solve_their_systems() {
    let matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, -1.0, 0.5, 3.0];
    let mut factor = matrix.to_vec();
    solve::cholesky(&mut factor, 3).unwrap();
    let mut values = [4.0 + 4.0 - 3.0, 2.0 + 10.0 + 1.5, -1.0 + 1.0 + 9.0];
    solve::substitute(&factor, &mut values);
    assert!(values.iter().zip([1.0, 2.0, 3.0]).all(|(found, expected)| (found - expected).abs() < 1e-12));
    assert!(solve::cholesky(&mut [1.0, 0.0, 2.0, 1.0], 2).is_none());
    let long: Vec<f64> = (0..19).map(f64::from).collect();
    assert!((solve::dot(&long, &long) - 2109.0).abs() < 1e-9);
}

#[test]
fn applied_shifts_bring_frames_back() {
    let still = light([0.0, 0.0]);
    let moved = light([3.0, -2.0]);
    let nodes = [&[0.0][..], &[0.0][..]];
    let mut out = vec![0.0; moved.len()];
    for sampling in [Sampling::Nearest, Sampling::Linear, Sampling::Cubic] {
        let field = Field { nodes, shifts: &[[3.0, -2.0]], line_offset: 0.0 };
        apply(&moved, SHAPE, &field, sampling, &mut out, 1, &Control::new()).unwrap();
        for (place, value) in out.iter().enumerate() {
            let inside = place / SHAPE[1] < SHAPE[0] - 3 && place % SHAPE[1] >= 2;
            assert_eq!(value.is_finite(), inside, "{place}");
            assert!(!inside || (value - still[place]).abs() < 1e-4);
        }
    }
    let field = Field { nodes, shifts: &[[f64::NAN, 0.0]], line_offset: 0.0 };
    apply(&moved, SHAPE, &field, Sampling::Linear, &mut out, 1, &Control::new()).unwrap();
    assert!(out.iter().all(|value| value.is_nan()));
    assert!(apply(&moved, [7, 7], &field, Sampling::Linear, &mut out, 1, &Control::new()).is_err());
}
