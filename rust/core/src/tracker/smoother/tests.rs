#![allow(clippy::unwrap_used, clippy::needless_range_loop)]

use super::*;
use crate::tracker::line::Line;
use crate::tracker::motion::terms;

const TIMES: [f64; 5] = [0.0, 2.0, 3.5, 7.0, 8.0];

/// Numbers between -1 and 1 that look random.
fn noise(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 11) as f64 / (1_u64 << 53) as f64).mul_add(2.0, -1.0)
}

fn some_lines(seed: &mut u64) -> Information {
    let mut found = Information::default();
    for _ in 0..12 {
        let raw: [f64; 3] = std::array::from_fn(|_| noise(seed));
        let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
        let line = Line {
            time: 0.0,
            point: std::array::from_fn(|k| 20.0 * (k as f64 + noise(seed))),
            direction: raw.map(|x| x / length),
            length: 1.0,
        };
        found.add(&line, 0.5 * noise(seed), 0.3 + 0.2 * noise(seed), &[0.0; 3]);
    }
    found
}

fn start() -> State {
    let mut state = State::resting([1.0, -2.0, 3.0]);
    (0..6).for_each(|k| state.covariance[k][k] = if k < 3 { 400.0 } else { 9.0 });
    state
}

/// Inverse and logarithm of the determinant by elimination, for matrices of any size.
fn inverted(mut a: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, f64) {
    let n = a.len();
    let mut b: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let mut log_determinant = 0.0;
    for k in 0..n {
        let pivot = a[k][k];
        log_determinant += pivot.ln();
        for j in 0..n {
            a[k][j] /= pivot;
            b[k][j] /= pivot;
        }
        for i in (0..n).filter(|&i| i != k) {
            let factor = a[i][k];
            for j in 0..n {
                a[i][j] -= factor * a[k][j];
                b[i][j] -= factor * b[k][j];
            }
        }
    }
    (b, log_determinant)
}

/// All states at once: the first one, every kick, and perhaps a jump of unknown size before a node, as one vector
/// whose posterior is found by elimination.
struct Dense {
    /// Of each node: its quantities from the whole vector.
    maps: Vec<Vec<Vec<f64>>>,
    covariance: Vec<Vec<f64>>,
    mean: Vec<f64>,
    likelihood: f64,
}

fn dense(lines: &[Information], push: &Push, jump: Option<usize>) -> Dense {
    let order = if push.order == Order::Velocity { 2 } else { 3 };
    let width = 3 * order;
    let size = width + 3 * (TIMES.len() - 1) + 3 * usize::from(jump.is_some());
    let first = start();
    let slack = CALM * 2.0;
    let mut precision = vec![vec![0.0; size]; size];
    let mut pull = vec![0.0; size];
    let mut likelihood = 0.0;
    for k in 0..width {
        let variance = if k < 6 { first.covariance[k][k] } else { first.covariance[3][3] / (slack * slack) };
        precision[k][k] = 1.0 / variance;
        pull[k] = if k < 6 { first.mean[k] / variance } else { 0.0 };
        likelihood -= 0.5 * (variance.ln() + if k < 6 { first.mean[k].powi(2) / variance } else { 0.0 });
    }
    let mut map: Vec<Vec<f64>> = (0..width).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let mut maps = Vec::new();
    for node in 0..TIMES.len() {
        if node > 0 {
            let step = TIMES[node] - TIMES[node - 1];
            map = moved(&map, 0.5 * step);
            for k in 0..3 {
                let kick = width + 3 * (node - 1) + k;
                map[width - 3 + k][kick] += 1.0;
                precision[kick][kick] = 1.0 / (push.noise * step);
                likelihood -= 0.5 * (push.noise * step).ln();
                if jump == Some(node) {
                    map[3 + k][size - 3 + k] += 1.0;
                }
            }
            map = moved(&map, 0.5 * step);
        }
        let (matrix, vector) = lines[node].joined();
        for a in 0..size {
            for i in 0..6 {
                pull[a] += map[i][a] * vector[i];
                for b in 0..size {
                    precision[a][b] += (0..6).map(|j| map[i][a] * matrix[i][j] * map[j][b]).sum::<f64>();
                }
            }
        }
        maps.push(map.clone());
    }
    let (covariance, log_determinant) = inverted(precision);
    let mean: Vec<f64> = covariance.iter().map(|row| row.iter().zip(&pull).map(|(x, y)| x * y).sum()).collect();
    likelihood += 0.5 * mean.iter().zip(&pull).map(|(x, y)| x * y).sum::<f64>();
    if jump.is_none() {
        likelihood -= 0.5 * log_determinant;
    }
    Dense { maps, covariance, mean, likelihood }
}

fn moved(map: &[Vec<f64>], h: f64) -> Vec<Vec<f64>> {
    let terms = terms(h);
    let mut found = map.to_vec();
    for i in 0..map.len() {
        for j in (i + 3..map.len()).step_by(3) {
            for column in 0..map[i].len() {
                found[i][column] += terms[(j - i) / 3] * map[j][column];
            }
        }
    }
    found
}

fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{what}: {found} instead of {expected}");
}

fn each_order(check: impl Fn(&[Information], Push)) {
    let mut seed = 7;
    let lines: Vec<Information> = TIMES.iter().map(|_| some_lines(&mut seed)).collect();
    check(&lines, Push::plain(Order::Velocity, 0.3));
    check(&lines, Push::plain(Order::Acceleration, 0.02));
}

#[test]
fn states_and_likelihood_are_those_of_all_lines_at_once() {
    each_order(|lines, push| {
        let found = smooth(&start(), Nodes { times: &TIMES, lines }, &push).unwrap();
        let all = dense(lines, &push, None);
        near(found.likelihood, all.likelihood, "likelihood");
        for (state, map) in found.states.iter().zip(&all.maps) {
            for i in 0..6 {
                near(state.mean[i], map[i].iter().zip(&all.mean).map(|(x, y)| x * y).sum(), "mean");
                for j in 0..6 {
                    let mut expected = 0.0;
                    for (a, row) in all.covariance.iter().enumerate() {
                        expected += map[i][a] * row.iter().zip(&map[j]).map(|(x, y)| x * y).sum::<f64>();
                    }
                    near(state.covariance[i][j], expected, "covariance");
                }
            }
        }
    });
}

#[test]
fn the_slope_is_that_of_the_likelihood_and_is_zero_at_the_likeliest_noise() {
    each_order(|lines, push| {
        let nodes = Nodes { times: &TIMES, lines };
        let found = smooth(&start(), nodes, &push).unwrap();
        let at = |level: f64| dense(lines, &Push { noise: push.noise * level.exp(), ..push.clone() }, None).likelihood;
        near(0.5 * (found.pull - found.known), (at(1e-4) - at(-1e-4)) / 2e-4, "slope");
        let best = likeliest_noise(&start(), nodes, &push, SEARCH).noise;
        let likelihood = |noise: f64| dense(lines, &Push { noise, ..push.clone() }, None).likelihood;
        assert!(likelihood(best) >= likelihood(1.05 * best) && likelihood(best) >= likelihood(best / 1.05));
    });
}

#[test]
fn a_jump_is_worth_what_the_fit_with_one_gains() {
    each_order(|lines, push| {
        let found = smoothed(&start(), Nodes { times: &TIMES, lines }, &push, JUMPS).unwrap();
        let without = dense(lines, &push, None);
        let fit = |all: &Dense, jump: bool| {
            let (_, log_determinant) = if jump { (0, 0.0) } else { (0, inverted(all.covariance.clone()).1) };
            all.likelihood - 0.5 * log_determinant
        };
        for node in 1..TIMES.len() {
            let with = dense(lines, &push, Some(node));
            near(found.striking[node].0, 2.0 * (fit(&with, true) - fit(&without, false)), "gain");
        }
    });
}
