//! Both orders against the conditions of the minimum, and against each other.

#![allow(clippy::unwrap_used)]

use super::search::Search;
use super::*;
use crate::random::Random;

const DECAY: f64 = 0.93;

/// Normal enough: the sum of twelve even numbers.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

fn trace(frames: usize, roots: [f64; 2], noise: f64, seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed, 0);
    let (mut last, mut older) = (0.0, 0.0);
    (0..frames)
        .map(|_| {
            let event = if random.unit() < 0.03 { 1.0 + random.unit() } else { 0.0 };
            let now = event + (roots[0] + roots[1]) * last - roots[0] * roots[1] * older;
            (older, last) = (last, now);
            5.0 + now + noise * normal(&mut random)
        })
        .collect()
}

fn solved(trace: &[f64], request: Request, least: f64) -> (Found, Vec<f64>) {
    let mut events = vec![0.0; trace.len()];
    let found = deconvolve(trace, trace.len(), &[request], least, &mut events, 1, &Control::new()).unwrap();
    (found[0], events)
}

fn ask(roots: [f64; 2]) -> Request {
    Request { roots, sigma: 0.3, baseline: f64::NAN, penalty: f64::NAN }
}

fn calcium(events: &[f64], [decay, rise]: [f64; 2]) -> Vec<f64> {
    let mut calcium = vec![0.0; events.len()];
    for t in 0..events.len() {
        let last = if t > 0 { calcium[t - 1] } else { 0.0 };
        let older = if t > 1 { calcium[t - 2] } else { 0.0 };
        calcium[t] = events[t] + (decay + rise) * last - decay * rise * older;
    }
    calcium
}

/// Fails unless nothing near is better: how much the squares would fall with an event, less the penalty, is 0 where there
/// are events and not above 0 elsewhere.
fn assert_least(trace: &[f64], roots: [f64; 2], found: Found, events: &[f64], free: bool) -> f64 {
    assert_eq!(found.status, Status::Solved);
    let residuals: Vec<f64> = trace.iter().zip(calcium(events, roots)).map(|(y, c)| y - found.baseline - c).collect();
    let mut pull = vec![0.0; trace.len() + 2];
    for t in (0..trace.len()).rev() {
        pull[t] = residuals[t] + (roots[0] + roots[1]) * pull[t + 1] - roots[0] * roots[1] * pull[t + 2];
        let over = pull[t] - found.penalty;
        assert!(over < 1e-6 && events[t] >= 0.0, "{t}: {over} {}", events[t]);
        assert!(events[t] == 0.0 || over.abs() < 1e-6, "{t}: {over} {}", events[t]);
    }
    if free {
        assert!(residuals.iter().sum::<f64>().abs() < 1e-6);
    }
    residuals.iter().map(|r| r * r).sum()
}

#[test]
fn the_conditions_of_the_minimum_hold() {
    for (number, rise) in [0.0, 0.4, 0.8].into_iter().cycle().take(30).enumerate() {
        let roots = [DECAY, rise];
        let y = trace(37 + 13 * number, roots, 0.3, number as u64);
        let target = 0.09 * y.len() as f64;
        for baseline in [f64::NAN, 4.9] {
            let request = Request { baseline, ..ask(roots) };
            let (found, events) = solved(&y, request, 0.0);
            let squares = assert_least(&y, roots, found, &events, baseline.is_nan());
            // Without any event the fit may be closer than the noise, and without a penalty not as close.
            let silent = squares < target && events.iter().all(|&event| event == 0.0);
            let closest = squares > target && found.penalty == 0.0;
            assert!((squares - target).abs() < 1e-6 * target || silent || closest, "{squares} {target}");
            let (found, events) = solved(&y, Request { penalty: 0.7, ..request }, 0.0);
            assert_eq!(found.penalty, 0.7);
            assert_least(&y, roots, found, &events, baseline.is_nan());
        }
    }
}

#[test]
fn both_ways_find_the_same() {
    for seed in 0..10 {
        let y = trace(200, [DECAY, 0.0], 0.3, seed);
        let (found, events) = solved(&y, ask([DECAY, 0.0]), 0.0);
        let mut others = vec![0.0; y.len()];
        let goal = Goal::Squares(0.09 * y.len() as f64);
        let other = Search::default().solve(&y, [DECAY, 0.0], 0.3, goal, None, 0.0, &mut others).unwrap();
        assert!((other[0] - found.baseline).abs() < 1e-7 && (other[1] - found.penalty).abs() < 1e-6);
        assert!(events.iter().zip(&others).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}

#[test]
fn a_trace_without_noise_gives_its_events() {
    for rise in [0.0, 0.5] {
        let roots = [DECAY, rise];
        let y = trace(300, roots, 0.0, 3);
        let request = Request { sigma: 1e-5, baseline: 5.0, ..ask(roots) };
        let (_, events) = solved(&y, request, 0.0);
        assert!(calcium(&events, roots).iter().zip(&y).all(|(c, y)| (c + 5.0 - y).abs() < 1e-3));
        assert!(events.iter().all(|event| !(1e-3..=0.99).contains(event)));
    }
}

#[test]
fn small_events_are_taken_out() {
    for rise in [0.0, 0.5] {
        let roots = [DECAY, rise];
        let y = trace(400, roots, 0.2, 5);
        let (found, events) = solved(&y, Request { sigma: 0.2, ..ask(roots) }, 0.5);
        assert_eq!(found.penalty, 0.0);
        assert!(events.iter().skip(1).all(|&event| event == 0.0 || event >= 0.5));
        assert!(events.iter().filter(|&&event| event > 0.0).count() > 3);
    }
}

#[test]
fn noise_is_measured() {
    for (noise, seed) in [(0.3, 1), (0.05, 2)] {
        let y = trace(20_000, [DECAY, 0.0], noise, seed);
        let found = noise::deviation(&y, &mut Vec::new());
        assert!((found / noise - 1.0).abs() < 0.15, "{found} {noise}");
    }
    let counts: Vec<f64> = (0..1000).map(|t| if t % 10 == 0 { 1.0 } else { 0.0 }).collect();
    assert!(noise::deviation(&counts, &mut Vec::new()) > 0.1);
}

#[test]
fn what_has_no_events_says_why() {
    let request = ask([DECAY, 0.5]);
    let status = |trace: &[f64], request| solved(trace, request, 0.0).0.status;
    assert_eq!(status(&[1.0, f64::NAN, 2.0, 3.0], request), Status::NotFinite);
    assert_eq!(status(&[1e200, 1.0, 2.0, 3.0], request), Status::NotFinite);
    assert_eq!(status(&[2.0; 50], request), Status::Flat);
    assert_eq!(status(&[1.0, 2.0], request), Status::Short);
    let unknown = Request { roots: [f64::NAN; 2], ..request };
    assert_eq!(status(&[1.0, 2.0, 4.0, 3.0], unknown), Status::NoKinetics);
    assert_eq!(status(&[1.0, 2.0, 4.0, 3.0], request), Status::Solved);
    assert!(solved(&[2.0; 50], request, 0.0).1.iter().all(|event| event.is_nan()));
}

#[test]
fn noise_as_large_as_the_trace_leaves_no_events() {
    let y = trace(200, [DECAY, 0.5], 0.3, 7);
    for roots in [[DECAY, 0.0], [DECAY, 0.5]] {
        let (found, events) = solved(&y, Request { sigma: 100.0, ..ask(roots) }, 0.0);
        assert!(events.iter().all(|&event| event == 0.0));
        assert!((found.baseline - y.iter().sum::<f64>() / 200.0).abs() < 1e-9);
    }
}

#[test]
fn threads_and_precision_do_not_matter() {
    let traces: Vec<f64> = (0..7).flat_map(|seed| trace(150, [DECAY, 0.3], 0.3, seed)).collect();
    let requests: Vec<Request> = (0..7).map(|k| ask([DECAY, if k % 2 == 0 { 0.0 } else { 0.3 }])).collect();
    let run = |threads| {
        let mut events = vec![0.0; traces.len()];
        let found = deconvolve(&traces, 150, &requests, 0.0, &mut events, threads, &Control::new()).unwrap();
        (found, events)
    };
    assert_eq!(run(1), run(3));
    let single: Vec<f32> = traces.iter().map(|&y| y as f32).collect();
    let mut events = vec![0.0_f32; single.len()];
    deconvolve(&single, 150, &requests, 0.0, &mut events, 1, &Control::new()).unwrap();
    assert!(events.iter().zip(run(1).1).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-3));
}

#[test]
fn sizes_of_events_come_with_intervals() {
    let y = trace(300, [DECAY, 0.0], 0.2, 11);
    let request = Request { sigma: 0.2, ..ask([DECAY, 0.0]) };
    let (found, events) = solved(&y, request, 0.0);
    let bootstrap = Bootstrap { replicates: 50, coverage: 0.9, least: 0.0, seed: 1, first: 0 };
    let rows =
        |threads| bootstrap.events(&y, &events, &[found.baseline], 300, &[request], threads, &Control::new()).unwrap();
    let found = rows(1);
    assert_eq!(found, rows(2));
    let total: f64 = found.chunks(EVENT_COLUMNS).map(|row| row[3]).sum();
    assert!((total - events[1..].iter().sum::<f64>()).abs() < 1e-9);
    assert!(found.chunks(EVENT_COLUMNS).all(|row| row[5] > 0.0 && row[6] <= row[7]));
}

#[test]
fn wrong_arguments_are_refused() {
    let control = Control::new();
    let refused = |request: Request, least: f64| {
        deconvolve(&[1.0, 2.0, 3.0, 5.0], 4, &[request], least, &mut [0.0; 4], 1, &control).is_err()
    };
    let request = ask([DECAY, 0.0]);
    assert!(!refused(request, 0.0));
    assert!(refused(Request { roots: [1.0, 0.0], ..request }, 0.0));
    assert!(refused(Request { sigma: 0.0, ..request }, 0.0));
    assert!(refused(Request { baseline: f64::INFINITY, ..request }, 0.0));
    assert!(refused(Request { penalty: -1.0, ..request }, 0.0));
    assert!(refused(Request { penalty: 0.0, ..request }, 0.0));
    assert!(refused(request, f64::NAN));
    assert!(deconvolve(&[1.0; 5], 4, &[request], 0.0, &mut [0.0; 5], 1, &control).is_err());
    assert!(statistics(&[1.0; 5], 4, &[1], 1, &control).is_err());
    let bootstrap = Bootstrap { replicates: 1, coverage: 0.9, least: 0.0, seed: 1, first: 0 };
    assert!(bootstrap.events(&[1.0; 4], &[1.0; 4], &[1.0], 4, &[request], 1, &control).is_err());
}

#[test]
fn autocovariances_are_those_of_the_definition() {
    let y = trace(101, [DECAY, 0.0], 0.3, 4);
    let found = statistics(&y, 101, &[0, 1, 7, 500], 1, &Control::new()).unwrap();
    let mean = y.iter().sum::<f64>() / 101.0;
    for (place, lag) in [0, 1, 7].into_iter().enumerate() {
        let expected: f64 = (lag..101).map(|t| (y[t] - mean) * (y[t - lag] - mean)).sum::<f64>() / 101.0;
        assert!((found[place + 1] - expected).abs() < 1e-12);
    }
    assert_eq!(found[4], 0.0);
}
