#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::lines::line::{cross, dot};
use crate::lines::pairs::PARALLEL;

const EVERYWHERE: [f64; 6] =
    [f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY];

/// Two lines that cross in (1, 2, 3) at times 10 and 20.
const CROSSING: [f64; 14] = [10.0, 0.0, 2.0, 3.0, 5.0, 2.0, 3.0, 20.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0];

fn find(data: &[f64], max_distance: f64, cutoffs: Option<[f64; 6]>) -> Vec<[f64; 6]> {
    let search = Cutpoints { max_distance, cutoffs, append_indices: true };
    let mut out = Vec::new();
    let rows = Rows::new(data, 7).unwrap();
    search.find(rows, &mut Scratch::default(), &Control::new(), &mut out).unwrap();
    out.as_chunks().0.to_vec()
}

fn subtract(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// The point `a + s u`.
fn along(a: Vector, s: f64, u: Vector) -> Vector {
    [a[0] + s * u[0], a[1] + s * u[1], a[2] + s * u[2]]
}

/// The cutpoint of two lines if they pass each other within the squared distance `limit`.
fn meet(p: &Line, q: &Line, limit: f64) -> Option<Vector> {
    let (u, r) = (p.direction, q.direction);
    let w = subtract(q.point, p.point);
    let (a, c) = (p.squared_length, q.squared_length);
    let (b, d, e) = (dot(u, r), dot(u, w), dot(r, w));
    let determinant = b * b - a * c;
    if -determinant <= PARALLEL * (a * c) {
        return None;
    }
    let s = (b * e - c * d) / determinant;
    let t = (a * e - b * d) / determinant;
    let (on_p, on_q) = (along(p.point, s, u), along(q.point, t, r));
    let gap = subtract(on_p, on_q);
    let middle = |k: usize| f64::midpoint(on_p[k], on_q[k]);
    (dot(gap, gap) < limit).then(|| [middle(0), middle(1), middle(2)])
}

fn inside([x, y, z]: Vector, &[xmin, xmax, ymin, ymax, zmin, zmax]: &[f64; 6]) -> bool {
    xmin < x && x < xmax && ymin < y && y < ymax && zmin < z && z < zmax
}

/// Every pair of rows, tested exactly and one by one.
fn all_pairs(data: &[f64], max_distance: f64, bounds: &[f64; 6]) -> Vec<[f64; 6]> {
    let lines: Vec<Line> = usable(Rows::new(data, 7).unwrap()).collect();
    let mut found = Vec::new();
    for (index, p) in lines.iter().enumerate() {
        for q in &lines[index + 1..] {
            if let Some([x, y, z]) = meet(p, q, max_distance * max_distance)
                && inside([x, y, z], bounds)
            {
                found.push([f64::midpoint(p.time, q.time), x, y, z, p.row as f64, q.row as f64]);
            }
        }
    }
    found.sort_by(|a, b| a[0].partial_cmp(&b[0]).unwrap());
    found
}

fn pairs(found: &[[f64; 6]]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<_> = found.iter().map(|row| (row[4] as usize, row[5] as usize)).collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn crossing_lines_meet_at_their_crossing_and_mean_time() {
    assert_eq!(find(&CROSSING, 0.1, Some(EVERYWHERE)), [[15.0, 1.0, 2.0, 3.0, 0.0, 1.0]]);
}

#[test]
fn distance_and_cutoffs_are_exclusive() {
    let mut data = CROSSING;
    (data[10], data[13]) = (3.5, 3.5);
    assert_eq!(find(&data, 0.5, Some(EVERYWHERE)), [[0.0; 6]; 0]);
    assert_eq!(find(&data, 0.5 + 1e-12, Some(EVERYWHERE)).len(), 1);
    let mut bounds = [0.0, 9.0, 0.0, 9.0, 3.25, 9.0];
    assert_eq!(find(&data, 1.0, Some(bounds)).len(), 0);
    bounds[4] -= 1e-12;
    assert_eq!(find(&data, 1.0, Some(bounds)).len(), 1);
}

#[test]
fn lines_are_infinite() {
    let mut data = CROSSING;
    (data[12], data[9]) = (-6.0, -7.0);
    assert_eq!(pairs(&find(&data, 0.1, Some(EVERYWHERE))), [(0, 1)]);
}

#[test]
fn parallel_and_repeated_lines_give_nothing() {
    let row = [0.0, 1.0, 2.0, 3.0, 400.1, 500.2, 600.3];
    let shifted = [0.0, 1.1, 2.0, 3.0, 400.2, 500.2, 600.3];
    let data = [row, row, shifted, row].concat();
    assert_eq!(find(&data, f64::INFINITY, Some(EVERYWHERE)).len(), 0);
}

#[test]
fn few_or_broken_rows_give_nothing() {
    assert_eq!(find(&[], 1.0, None).len(), 0);
    assert_eq!(find(&CROSSING[..7], 1.0, None).len(), 0);
    for value in [f64::NAN, f64::INFINITY] {
        for column in 0..7 {
            let mut data = CROSSING;
            data[column] = value;
            assert_eq!(find(&data, 1.0, Some(EVERYWHERE)).len(), 0);
        }
    }
    let subnormal = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5e-324];
    assert_eq!(find(&[&CROSSING[..7], &subnormal].concat(), 1.0, None).len(), 0);
}

#[test]
fn threads_do_not_matter() {
    let data: Vec<f64> = (0..7 * 1500).map(|k| f64::from((k * 7919) % 1009) * 0.1).collect();
    let search = Cutpoints { max_distance: 0.5, cutoffs: None, append_indices: true };
    let find = |threads| {
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        scratch.set_threads(threads);
        search.find(Rows::new(&data, 7).unwrap(), &mut scratch, &Control::new(), &mut found).unwrap();
        found
    };
    let one = find(1);
    assert!(one.len() > 6 * 1000);
    assert_eq!(one, find(2));
    assert_eq!(one, find(3));
}

#[test]
fn no_distance_gives_nothing_and_nan_is_refused() {
    assert_eq!(find(&CROSSING, 0.0, None).len(), 0);
    assert_eq!(find(&CROSSING, -1.0, None).len(), 0);
    let rows = Rows::new(&CROSSING, 7).unwrap();
    let mut search = Cutpoints { max_distance: f64::NAN, cutoffs: None, append_indices: false };
    let run = |search: Cutpoints| search.find(rows, &mut Scratch::default(), &Control::new(), &mut Vec::new());
    assert!(matches!(run(search), Err(Error::Argument { argument: "max_distance", .. })));
    search = Cutpoints { max_distance: 1.0, cutoffs: Some([f64::NAN; 6]), append_indices: false };
    assert!(matches!(run(search), Err(Error::Argument { argument: "cutoffs", .. })));
}

#[test]
fn a_cancelled_search_ends() {
    let control = Control::new();
    control.cancel();
    let search = Cutpoints { max_distance: 1.0, cutoffs: None, append_indices: false };
    let rows = Rows::new(&CROSSING, 7).unwrap();
    assert_eq!(search.find(rows, &mut Scratch::default(), &control, &mut Vec::new()), Err(Error::Cancelled));
}

#[test]
fn cutoffs_ignore_rows_with_nan() {
    let mut data = [&CROSSING[..], &[0.0, 99.0, 0.0, 0.0, 0.0, 0.0, f64::NAN]].concat();
    let expected = Some([0.0, 5.0, -5.0, 7.0, 3.0, 3.0]);
    assert_eq!(cutoffs(Rows::new(&data, 7).unwrap()), expected);
    data.fill(f64::NAN);
    assert_eq!(cutoffs(Rows::new(&data, 7).unwrap()), None);
}

/// A row through two points in a box of the given size about `centre`.
fn row(centre: f64, size: f64) -> impl Strategy<Value = [f64; 7]> {
    (0..100_u32, prop::array::uniform6(-1.0..1.0)).prop_map(move |(time, x)| {
        let [a, b, c, d, e, f] = x.map(|x: f64| centre + size * x);
        [f64::from(time), a, b, c, d, e, f]
    })
}

fn table(len: usize, centre: f64, size: f64) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(row(centre, size), 0..len).prop_map(|rows| rows.concat())
}

fn normalize(v: Vector) -> Vector {
    let length = dot(v, v).sqrt();
    v.map(|x| x / length)
}

/// Turns (by an orthonormal basis from two directions) and moves all points.
fn moved(data: &[f64], a: Vector, b: Vector, shift: Vector) -> Vec<f64> {
    let x = normalize(a);
    let y = normalize(cross(a, b));
    let basis = [x, y, cross(x, y)];
    let place = |point: &[f64]| [0, 1, 2].map(|k| dot(basis[k], [point[0], point[1], point[2]]) + shift[k]);
    data.chunks(7).flat_map(|row| [vec![row[0]], place(&row[1..4]).into(), place(&row[4..]).into()].concat()).collect()
}

proptest! {
    #[test]
    fn every_pair_is_tested(data in table(80, 0.0, 100.0), distance in 1e-3..50.0) {
        let bounds = cutoffs(Rows::new(&data, 7).unwrap()).unwrap_or(EVERYWHERE);
        prop_assert_eq!(find(&data, distance, None), all_pairs(&data, distance, &bounds));
    }

    #[test]
    fn any_place_and_scale_will_do(
        (data, distance) in (-8..12, -8..8, -8..8).prop_flat_map(|(place, size, distance)| {
            let (place, size) = (10_f64.powi(place), 10_f64.powi(size));
            (table(40, place, size), Just(size * 10_f64.powi(distance)))
        }),
        everywhere: bool,
    ) {
        let own = cutoffs(Rows::new(&data, 7).unwrap()).unwrap_or(EVERYWHERE);
        let bounds = if everywhere { EVERYWHERE } else { own };
        prop_assert_eq!(find(&data, distance, Some(bounds)), all_pairs(&data, distance, &bounds));
    }

    #[test]
    fn lines_that_pass_at_just_the_distance_are_not_lost(
        point in prop::array::uniform3(-300.0..300.0),
        directions in prop::array::uniform6(-1.0..1.0),
        angle in -7..1,
        distance in 1e-6..10.0,
        (along, across) in (-500.0..500.0, -500.0..500.0),
    ) {
        let [a, b, c, d, e, f] = directions;
        let u = normalize([a, b, c]);
        let r = normalize([0, 1, 2].map(|k| u[k] + 10_f64.powi(angle) * [d, e, f][k]));
        let normal = normalize(cross(u, r));
        let mut data = Vec::new();
        for k in -4..4 {
            let gap = distance * (1.0 + f64::from(k) * f64::EPSILON);
            let foot = [0, 1, 2].map(|k| point[k] + gap * normal[k]);
            let row = |p: Vector, v: Vector, s: f64| {
                let at = |s: f64| [0, 1, 2].map(|k| p[k] + s * v[k]);
                [vec![0.0], at(s).into(), at(s + 700.0).into()].concat()
            };
            data.extend(row(point, u, along));
            data.extend(row(foot, r, across));
        }
        prop_assert_eq!(find(&data, distance, Some(EVERYWHERE)), all_pairs(&data, distance, &EVERYWHERE));
    }

    #[test]
    fn moving_all_lines_moves_the_cutpoints(
        data in table(40, 0.0, 100.0),
        a in prop::array::uniform3(0.1..1.0),
        b in prop::array::uniform3(-1.0..-0.1),
        shift in prop::array::uniform3(-500.0..500.0),
        distance in 1e-2..20.0,
    ) {
        let after = find(&moved(&data, a, b, shift), distance, Some(EVERYWHERE));
        let sure = pairs(&find(&data, distance * (1.0 - 1e-9), Some(EVERYWHERE)));
        let perhaps = pairs(&find(&data, distance * (1.0 + 1e-9), Some(EVERYWHERE)));
        let after = pairs(&after);
        prop_assert!(sure.iter().all(|pair| after.contains(pair)));
        prop_assert!(after.iter().all(|pair| perhaps.contains(pair)));
    }

    #[test]
    fn the_order_of_lines_does_not_matter(data in table(40, 0.0, 100.0), turn in 0..40_usize) {
        let len = data.len() / 7;
        let turn = turn % len.max(1);
        let mut turned = data.clone();
        turned.rotate_left(7 * turn);
        let original = |index: usize| (index + turn) % len;
        let mut after: Vec<_> = pairs(&find(&turned, 5.0, Some(EVERYWHERE)))
            .into_iter()
            .map(|(i, j)| (original(i).min(original(j)), original(i).max(original(j))))
            .collect();
        after.sort_unstable();
        let sure = pairs(&find(&data, 5.0 - 1e-9, Some(EVERYWHERE)));
        let perhaps = pairs(&find(&data, 5.0 + 1e-9, Some(EVERYWHERE)));
        prop_assert!(sure.iter().all(|pair| after.contains(pair)));
        prop_assert!(after.iter().all(|pair| perhaps.contains(pair)));
    }
}
