#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::assignment::assign;
use super::{BlobScratch, Blobs, FEATURE_COLUMNS, FeatureScratch, Features, Holes, Links, Method, Scale};
use crate::{Control, Rows};

const PLAIN: Features = Features { holes: None, opening: 0, merge: false, min_size: 0.0, remove_edge: false };

fn labels(options: &Features, picture: &[&str]) -> (Vec<i32>, Vec<Vec<f64>>) {
    let mask: Vec<bool> = picture.iter().flat_map(|row| row.chars().map(|pixel| pixel == '#')).collect();
    let values: Vec<f64> = (0..mask.len()).map(|pixel| pixel as f64).collect();
    let (mut labels, mut rows) = (vec![-1; mask.len()], Vec::new());
    options.find(&values, &mask, picture[0].len(), &mut FeatureScratch::default(), &mut labels, &mut rows).unwrap();
    (labels, rows.chunks(FEATURE_COLUMNS).map(<[f64]>::to_vec).collect())
}

#[test]
fn corners_join_and_labels_follow_first_pixels() {
    let (found, rows) = labels(&PLAIN, &["..#..#", ".#...#", "......", "##..#."]);
    assert_eq!(found, [0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 4, 0]);
    assert_eq!(rows.len(), 4);
    // Label, area, least, greatest, mean, sum, bounds, centre.
    assert_eq!(rows[0][..12], [1.0, 2.0, 2.0, 7.0, 4.5, 9.0, 0.0, 1.0, 2.0, 3.0, 0.5, 1.5]);
}

#[test]
fn small_objects_and_those_at_the_edge_go() {
    let picture = ["......", ".##..#", ".##...", "......"];
    assert_eq!(labels(&Features { remove_edge: true, ..PLAIN }, &picture).1.len(), 1);
    assert_eq!(labels(&Features { min_size: 4.0, ..PLAIN }, &picture).1.len(), 1);
    assert_eq!(labels(&Features { min_size: 4.5, ..PLAIN }, &picture).1.len(), 0);
}

#[test]
fn holes_are_filled() {
    let picture = [".......", ".####..", ".#..#..", ".####.#", "....#.#"];
    let area = |holes| labels(&Features { holes, ..PLAIN }, &picture).1[0][1];
    assert_eq!(area(None), 11.0);
    assert_eq!(area(Some(Holes::Enclosed)), 13.0);
    assert_eq!(area(Some(Holes::Below(2.0))), 11.0);
    assert_eq!(area(Some(Holes::Below(3.0))), 13.0);
}

#[test]
fn opening_parts_objects_that_touch() {
    let picture = ["...........", ".###...###.", ".#########.", ".###...###.", "..........."];
    assert_eq!(labels(&PLAIN, &picture).1.len(), 1);
    let opened = Features { opening: 1, ..PLAIN };
    let (found, rows) = labels(&opened, &picture);
    assert_eq!(rows.iter().map(|row| row[1]).collect::<Vec<_>>(), [8.0, 8.0]);
    assert_eq!(found[2 * 11 + 5], 0);
    // Nothing is left of a line: it stays as it was.
    assert_eq!(labels(&opened, &["....", "####", "...."]).1[0][1], 4.0);
}

#[test]
fn wrong_sizes_are_refused() {
    let mut rows = Vec::new();
    let mut scratch = FeatureScratch::default();
    assert!(PLAIN.find(&[0.0; 4], &[true; 3], 2, &mut scratch, &mut [0; 4], &mut rows).is_err());
    assert!(PLAIN.find(&[0.0; 4], &[true; 4], 3, &mut scratch, &mut [0; 4], &mut rows).is_err());
}

fn links(method: Method, max_missing: usize, frames: &[&[f64]]) -> Vec<usize> {
    let points: Vec<f64> = frames.concat();
    let mut starts = vec![0];
    for frame in frames {
        starts.push(starts[starts.len() - 1] + frame.len());
    }
    let options = Links { max_distance: 5.0, max_missing, scale: Scale::Constant, method };
    options.find(Rows::new(&points, 1).unwrap(), &starts, &Control::default()).unwrap()
}

#[test]
fn the_best_links_together_are_not_those_of_the_first() {
    // The older track takes the point that the younger one needs.
    let frames: [&[f64]; 2] = [&[0.0, 4.0], &[3.0, -4.0]];
    assert_eq!(links(Method::Greedy, 0, &frames), [0, 1, 0, 2]);
    assert_eq!(links(Method::Optimal, 0, &frames), [0, 1, 1, 0]);
}

#[test]
fn tracks_wait_for_missing_points() {
    let frames: [&[f64]; 4] = [&[0.0], &[], &[1.0], &[f64::NAN]];
    for method in [Method::Greedy, Method::Optimal] {
        assert_eq!(links(method, 0, &frames), [0, 1, 2]);
        assert_eq!(links(method, 1, &frames), [0, 0, 1]);
    }
    let bad = Links { max_distance: -1.0, max_missing: 0, scale: Scale::Sqrt, method: Method::Greedy };
    let none = Rows::new(&[], 2).unwrap();
    assert!(bad.find(none, &[0, 0], &Control::default()).is_err());
    assert!(Links { max_distance: 1.0, ..bad }.find(none, &[0, 1], &Control::default()).is_err());
}

fn blobs(options: &Blobs, spots: &[[f64; 3]]) -> Vec<[f64; 4]> {
    let image: Vec<f64> = (0..40 * 50)
        .map(|pixel| {
            let (y, x) = (f64::from(pixel / 50), f64::from(pixel % 50));
            spots.iter().map(|[a, b, s]| (-((y - a).powi(2) + (x - b).powi(2)) / (2.0 * s * s)).exp()).sum()
        })
        .collect();
    let mut rows = Vec::new();
    options.find(&image, 50, &mut BlobScratch::default(), &Control::default(), &mut rows).unwrap();
    rows.as_chunks::<4>().0.to_vec()
}

#[test]
fn blobs_have_the_place_and_size_of_gaussians() {
    let options = Blobs { sigmas: vec![1.0, 2.0, 3.0, 4.0], threshold: 0.1, overlap: 0.5, refine: false };
    let found = blobs(&options, &[[12.0, 10.0, 2.0], [25.0, 36.0, 3.0]]);
    let places: Vec<_> = found.iter().map(|row| [row[0], row[1], row[2]]).collect();
    assert_eq!(places, [[25.0, 36.0, 3.0], [12.0, 10.0, 2.0]]);
    // The response to a Gaussian of the same size is half its height.
    assert!((found[0][3] - 0.5).abs() < 0.01);
    let between = blobs(&Blobs { refine: true, ..options.clone() }, &[[12.3, 10.0, 2.0]]);
    assert!((between[0][0] - 12.3).abs() < 0.03);
    assert_eq!(blobs(&Blobs { threshold: 0.9, ..options.clone() }, &[[12.0, 10.0, 2.0]]).len(), 0);
    assert_eq!(blobs(&options, &[]).len(), 0);
}

#[test]
fn blobs_of_no_size_are_refused() {
    for sigmas in [vec![], vec![0.0], vec![f64::NAN], vec![1e9]] {
        let options = Blobs { sigmas, threshold: 0.1, overlap: 0.5, refine: false };
        let mut rows = Vec::new();
        assert!(options.find(&[0.0; 4], 2, &mut BlobScratch::default(), &Control::default(), &mut rows).is_err());
    }
}

/// All orders of some columns.
fn orders(columns: usize) -> Vec<Vec<usize>> {
    if columns == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(columns - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, columns - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..columns).map(move |at| insert(order, at))).collect()
}

proptest! {
    #[test]
    fn assignments_cost_least(costs in prop::collection::vec(0.0..10.0_f64, 24), rows in 1..5_usize, columns in 4..7_usize) {
        let cost = |row: usize, column: usize| costs[(row * columns + column) % costs.len()];
        let total = |chosen: &[usize]| chosen.iter().enumerate().map(|(row, &column)| cost(row, column)).sum::<f64>();
        let found = assign(rows, columns, cost);
        let mut distinct = found.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), rows);
        let least = orders(columns).iter().map(|order| total(&order[..rows])).fold(f64::INFINITY, f64::min);
        prop_assert!((total(&found) - least).abs() < 1e-9);
    }

    #[test]
    fn components_are_those_of_a_flood(mask in prop::collection::vec(any::<bool>(), 48), width in prop::sample::select(vec![4_usize, 6, 8, 12])) {
        let values = vec![1.0; mask.len()];
        let (mut found, mut rows) = (vec![0; mask.len()], Vec::new());
        PLAIN.find(&values, &mask, width, &mut FeatureScratch::default(), &mut found, &mut rows).unwrap();
        let mut expected = vec![0; mask.len()];
        let mut next = 0;
        for pixel in 0..mask.len() {
            if mask[pixel] && expected[pixel] == 0 {
                next += 1;
                let mut open = vec![pixel];
                while let Some(at) = open.pop() {
                    expected[at] = next;
                    let (y, x) = ((at / width) as isize, (at % width) as isize);
                    for (dy, dx) in (0..9).map(|k| (k / 3 - 1, k % 3 - 1)) {
                        let (y, x) = (y + dy, x + dx);
                        if x >= 0 && x < width as isize && y >= 0 && y < (mask.len() / width) as isize {
                            let other = y as usize * width + x as usize;
                            if mask[other] && expected[other] == 0 {
                                open.push(other);
                            }
                        }
                    }
                }
            }
        }
        prop_assert_eq!(found, expected);
    }
}
