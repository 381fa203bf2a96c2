#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::Rows;

fn plane(bodies: &[[f64; 6]], shape: [usize; 2], threads: usize) -> Vec<f64> {
    let space = Space::new([shape[0], shape[1], 1], [-4.0, -5.0, -0.5], [4.0, 5.0, 0.5]).unwrap();
    let mut grid = vec![0.0; space.cells()];
    let rows = Rows::new(bodies.as_flattened(), 6).unwrap();
    let amounts = vec![1.0; bodies.len()];
    spread::<2>(&space, Bodies::new(rows).unwrap(), &amounts, &mut grid, threads, &Control::new()).unwrap();
    grid
}

/// Share of each pixel that is inside, from many points in it.
fn sampled(body: [f64; 6], shape: [usize; 2]) -> Vec<f64> {
    const FINE: usize = 60;
    let size = [8.0 / shape[0] as f64, 10.0 / shape[1] as f64];
    let body = Bodies::<2>::new(Rows::new(&body, 6).unwrap()).unwrap().iter().next().unwrap().unwrap();
    let inside = |p: [f64; 2]| {
        let near = |c: [f64; 2]| (p[0] - c[0]).hypot(p[1] - c[1]) <= body.radius;
        let d = [body.to[0] - body.from[0], body.to[1] - body.from[1]];
        let w = [p[0] - body.from[0], p[1] - body.from[1]];
        let s = ((w[0] * d[0] + w[1] * d[1]) / (d[0] * d[0] + d[1] * d[1]).max(1e-300)).clamp(0.0, 1.0);
        near([body.from[0] + s * d[0], body.from[1] + s * d[1]]) && !(body.kind == Kind::WayButEnd && near(body.to))
    };
    let mut shares = Vec::new();
    for cell in 0..shape[0] * shape[1] {
        let corner = [(cell / shape[1]) as f64 * size[0] - 4.0, (cell % shape[1]) as f64 * size[1] - 5.0];
        let points = (0..FINE * FINE).map(|n| {
            let step = [(n / FINE) as f64 + 0.5, (n % FINE) as f64 + 0.5];
            [0, 1].map(|axis| corner[axis] + step[axis] / FINE as f64 * size[axis])
        });
        let count = points.filter(|p| inside(*p)).count();
        shares.push(count as f64 / (FINE * FINE) as f64 * size[0] * size[1] / body.measure());
    }
    shares
}

#[test]
fn a_quarter_of_a_disc_is_a_quarter() {
    let found = plane(&[[0.0, 0.0, 0.0, 0.0, 3.0, 0.0]], [2, 2], 1);
    assert!(found.iter().all(|share| (share - 0.25).abs() < 1e-15), "{found:?}");
    let tiny = plane(&[[-2.0, 1.0, 0.0, 0.0, 1e-9, 0.0]], [4, 5], 1);
    assert!((tiny.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn points_and_segments_are_divided_by_length() {
    let found = plane(&[[-3.0, 0.0, 1.0, 0.0, 0.0, 1.0], [4.0, 5.0, 0.0, 0.0, 0.0, 0.0]], [4, 1], 1);
    assert_eq!(found, [0.25, 0.5, 0.25, 1.0]);
}

#[test]
fn thin_bodies_have_their_volume_too() {
    let space = Space::new([3; 3], [-3.0; 3], [3.0; 3]).unwrap();
    for radius in [1e-9, 1e-3, 0.01, 0.05, 0.2, 0.9] {
        for kind in [0.0, 1.0, 2.0] {
            let row = [-1.0, -1.1, 0.2, 1.3, 1.5, -0.4, radius, kind];
            let mut grid = vec![0.0; space.cells()];
            let bodies = Bodies::<3>::new(Rows::new(&row, 8).unwrap()).unwrap();
            spread(&space, bodies, &[1.0], &mut grid, 1, &Control::new()).unwrap();
            assert!((grid.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{radius}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |row: &[f64]| Bodies::<2>::new(Rows::new(row, row.len()).unwrap()).is_err();
    assert!(refused(&[0.0; 5]));
    assert!(refused(&[0.0, 0.0, 0.0, 0.0, -1.0, 0.0]));
    assert!(refused(&[0.0, 0.0, 0.0, 0.0, 1.0, 3.0]));
    assert_eq!(plane(&[[f64::NAN, 0.0, 0.0, 0.0, 1.0, 0.0]], [2, 2], 1), [0.0; 4]);
}

#[test]
fn volumes_are_those_of_many_points() {
    let space = Space::new([6, 5, 7], [-3.0; 3], [3.0; 3]).unwrap();
    for kind in [0.0, 1.0, 2.0] {
        let row = [-0.7, -0.6, 0.9, 0.8, 1.0, -0.4, 1.3, kind];
        let bodies = Bodies::<3>::new(Rows::new(&row, 8).unwrap()).unwrap();
        let mut grid = vec![0.0; space.cells()];
        spread(&space, bodies, &[1.0], &mut grid, 2, &Control::new()).unwrap();
        assert!((grid.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let body = bodies.iter().next().unwrap().unwrap();
        let (mut counts, mut all) = (vec![0.0; space.cells()], 0.0);
        let fine = 210_usize;
        for n in 0..fine.pow(3) {
            let p = [n / fine / fine, n / fine % fine, n % fine].map(|i| (i as f64 + 0.5) * 6.0 / fine as f64 - 3.0);
            let mut inside = false;
            stretched(&body, p, &mut inside);
            if inside {
                let cell = [0, 1, 2].map(|axis| space.cell(axis, p[axis]));
                counts[(cell[0] * 5 + cell[1]) * 7 + cell[2]] += 1.0;
                all += 1.0;
            }
        }
        for (share, count) in grid.iter().zip(&counts) {
            assert!((share - count / all).abs() < 5e-4, "{share} {}", count / all);
        }
    }
}

/// Whether a point is in the body, from distances alone.
fn stretched(body: &Body<3>, p: [f64; 3], inside: &mut bool) {
    let square = |a: [f64; 3]| a.iter().map(|x| x * x).sum::<f64>();
    let minus = |a: [f64; 3], b: [f64; 3]| [0, 1, 2].map(|k| a[k] - b[k]);
    let (d, w) = (minus(body.to, body.from), minus(p, body.from));
    let s = (d.iter().zip(&w).map(|(a, b)| a * b).sum::<f64>() / square(d).max(1e-300)).clamp(0.0, 1.0);
    let near = |c: [f64; 3]| square(minus(p, c)) <= body.radius * body.radius;
    *inside = near([0, 1, 2].map(|k| body.from[k] + s * d[k])) && !(body.kind == Kind::WayButEnd && near(body.to));
}

proptest! {
    #[test]
    fn areas_are_those_of_many_points(
        x in -5.0..5.0, y in -6.0..6.0, dx in -3.0..3.0, dy in -3.0..3.0, r in 0.05..2.5, kind in 0..3_i32,
        (nx, ny) in (1..9_usize, 1..9_usize),
    ) {
        let body = [x, y, x + dx, y + dy, r, f64::from(kind)];
        let (found, expected) = (plane(&[body], [nx, ny], 2), sampled(body, [nx, ny]));
        let measure = Bodies::<2>::new(Rows::new(&body, 6).unwrap()).unwrap().iter().next().unwrap().unwrap().measure();
        let tolerance = 80.0 / (nx * ny) as f64 / 60.0 / measure;
        for (share, expected) in found.iter().zip(&expected) {
            prop_assert!((share - expected).abs() < tolerance, "{} {}", share, expected);
        }
    }

    #[test]
    fn nothing_is_lost_inside(
        x in -1.0..1.0, y in -1.0..1.0, dx in -0.5..0.5, dy in -2.0..2.0, r in 0.001..1.0, kind in 0..3_i32,
        (nx, ny) in (1..40_usize, 1..40_usize), axis in prop::bool::ANY,
    ) {
        let (dx, dy) = if axis { (0.0, dy) } else { (dx, 0.0) };
        for (dx, dy) in [(dx, dy), (0.3, dy)] {
            let bodies = [[x, y, x + dx, y + dy, r, f64::from(kind)]];
            let found = plane(&bodies, [nx, ny], 1);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{}", found.iter().sum::<f64>());
            prop_assert!(found.iter().all(|share| *share >= 0.0));
            prop_assert_eq!(&found, &plane(&bodies, [nx, ny], 3));
        }
    }
}

#[test]
fn bodies_far_larger_than_the_grid_fill_it() {
    let space = Space::new([2, 2, 2], [0.0; 3], [2.0; 3]).unwrap();
    for radius in [1e5, 1e12, 1e300] {
        let mut grid = vec![0.0; 8];
        let ball = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, radius, 0.0];
        let bodies = Bodies::<3>::new(Rows::new(&ball, 8).unwrap()).unwrap();
        spread::<3>(&space, bodies, &[1.0], &mut grid, 1, &Control::new()).unwrap();
        let share = 1.0 / (4.0 / 3.0 * std::f64::consts::PI * radius.powi(3));
        assert!(grid.iter().all(|found| (found - share).abs() <= 1e-6 * share), "{grid:?} {share}");
        let disc = [1.0, 1.0, 1.0, 1.0, radius, 0.0];
        assert!(plane(&[disc], [3, 3], usize::MAX).iter().all(|share| share.is_finite()));
    }
}
