#![allow(clippy::unwrap_used)]

use super::*;
use crate::Control;

#[test]
fn branches_that_meet_later_are_one_spot() {
    // Two columns that a bottom row joins, and a pixel that touches over a corner.
    let rows = [
        [1.0_f32, 0.0, 1.0, 0.0, 0.0],
        [1.0, 0.0, 1.0, 0.0, 0.0],
        [1.0, 1.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ];
    let mut spots = Spots::new(5, 1.0, 2.0, 1).unwrap();
    for row in rows {
        spots.add(&row, &row).unwrap();
    }
    let found = spots.finish();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0][2..], [8.0, 9.0, 2.0, 0.0, 0.0, 4.0, 4.0]);
}

#[test]
fn limits_and_sizes_are_checked() {
    assert!(Spots::new(5, 2.0, 1.0, 1).is_err());
    assert!(Spots::new(5, f32::NAN, 1.0, 1).is_err());
    assert!(Spots::new(0, 1.0, 2.0, 1).is_err());
    assert!(Spots::new(5, 1.0, 2.0, 1).unwrap().add(&[0.0; 4], &[0.0; 4]).is_err());
}

const TALLY: Tally = Tally {
    width: 4,
    margin: 0,
    floor: 0.5,
    decades: 1.0,
    ratio_bins: 10,
    block: 4,
    height: 3,
    most: [8.0; 2],
    joint_bins: 8,
    dither: [0.0; 2],
    seed: 0,
};

#[test]
fn a_band_must_lie_in_the_image() {
    let tally = TALLY;
    let mut counts = tally.counts().unwrap();
    let control = Control::new();
    assert!(tally.add(&[1_u8; 8], &[1.0; 8], &[1.0; 8], 2, 0..2, &mut counts, 1, &control).is_err());
    assert!(tally.add(&[1_u8; 8], &[1.0; 4], &[1.0; 8], 0, 0..2, &mut counts, 1, &control).is_err());
    assert!(tally.add(&[1_u8; 8], &[1.0; 8], &[1.0; 4], 0, 0..2, &mut counts, 1, &control).is_err());
    tally.add(&[1_u8; 8], &[1.0; 8], &[1.0; 8], 0, 0..2, &mut counts, 2, &control).unwrap();
    assert_eq!(counts.ratios.iter().sum::<u32>(), 8);
    assert_eq!(counts.joint[9], 8);
}

#[test]
fn sizes_beyond_all_bounds() {
    assert_eq!(Tally { block: 0, ..TALLY }.blocks(), 0);
    for refused in [
        Tally { block: 0, ..TALLY },
        Tally { joint_bins: 0, ..TALLY },
        Tally { joint_bins: usize::MAX, ..TALLY },
        Tally { height: usize::MAX, block: 1, ..TALLY },
    ] {
        assert!(refused.counts().unwrap_err().to_string().contains("bins"));
    }
    let control = Control::new();
    let mut counts = TALLY.counts().unwrap();
    assert!(TALLY.add(&[1_u8; 8], &[1.0; 8], &[1.0; 8], usize::MAX, 0..2, &mut counts, 1, &control).is_err());
    let wide = Tally { margin: usize::MAX, ..TALLY };
    wide.add(&[1_u8; 8], &[1.0; 8], &[1.0; 8], 0, 0..2, &mut counts, 1, &control).unwrap();
    assert_eq!((counts.ratios.iter().sum::<u32>(), counts.joint[9]), (0, 8));
}
