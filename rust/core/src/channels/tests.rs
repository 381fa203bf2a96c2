#![allow(clippy::unwrap_used)]

use super::blocks::{Blocks, null_moments, shuffled_products};
use super::streamed::{Lookup, Tally, Wanted};
use super::{
    Float, Levels, Pair, Search, Status, costes, kendall, li_icq, manders, overlap, pearson, regions, spearman,
};
use crate::Control;

const A: [u16; 8] = [3, 9, 4, 7, 7, 1, 0, 12];
const B: [u16; 8] = [2, 8, 8, 6, 9, 1, 3, 10];

fn levels() -> Pair<Levels<'static, u16>, Levels<'static, u16>> {
    Pair::new(Levels::new(&A, 0.0), Levels::new(&B, 0.0)).unwrap()
}

/// A sequence without pattern.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let step = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some((*state >> 40) as f64 / f64::from(1 << 24))
    };
    std::iter::repeat(()).scan(seed, |state, ()| step(state)).take(count).collect()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn eight_pixels() {
    // numpy.corrcoef, scipy.stats.spearmanr, scipy.stats.kendalltau; the others by hand.
    let (pair, control) = (levels(), Control::default());
    near(pearson(&pair, 1, &control).unwrap().r, 0.843_554_649_184_748_2);
    near(spearman(&pair, 1, &control).unwrap().r, 0.819_277_108_433_734_8);
    near(kendall(&pair, &control).unwrap().tau, 0.666_666_666_666_666_6);
    near(li_icq(&pair, 1, &control).unwrap(), 7.0 / 8.0 - 0.5);
    let [m1, m2] = manders(&pair, [6.0, 7.0], 1, &control).unwrap();
    near(m1, 32.0 / 43.0);
    near(m2, 33.0 / 47.0);
    let found = overlap(&pair, 1, &control).unwrap();
    near(found.k1, 336.0 / 349.0);
    near(found.k2, 336.0 / 359.0);
    near(found.r * found.r, found.k1 * found.k2);
}

#[test]
fn levels_and_numbers_agree() {
    let control = Control::default();
    let values: Vec<f64> = noise(70_000, 3).iter().map(|x| (x * 4000.0).floor()).collect();
    let others: Vec<f64> = noise(70_000, 4).iter().zip(&values).map(|(x, y)| (x * 3000.0 + y * 0.5).floor()).collect();
    let (a, b): (Vec<u16>, Vec<u16>) = values.iter().zip(&others).map(|(x, y)| (*x as u16, *y as u16)).unzip();
    let exact = Pair::new(Levels::new(&a, 0.0), Levels::new(&b, 0.0)).unwrap();
    let float = Pair::new(Float::new(&values), Float::new(&others)).unwrap();
    near(pearson(&exact, 1, &control).unwrap().r, pearson(&float, 2, &control).unwrap().r);
    assert_eq!(spearman(&exact, 2, &control), spearman(&float, 1, &control));
    near(li_icq(&exact, 1, &control).unwrap(), li_icq(&float, 1, &control).unwrap());
    for search in [Search::Grid(256), Search::Exact, Search::ExactPrincipalAxis] {
        let (one, two) = (costes(&exact, search, 2, &control).unwrap(), costes(&float, search, 1, &control).unwrap());
        assert_eq!(one.status, two.status);
        assert!((one.thresholds[0] - two.thresholds[0]).abs() < 1e-6, "{one:?} {two:?}");
    }
}

#[test]
fn costes_finds_the_background() {
    // A background without correlation below 100, signal on a line above.
    let (x, y) = (noise(4000, 5), noise(4000, 6));
    let a: Vec<f64> = (0..4000).map(|i| if i % 4 == 0 { 100.0 + 900.0 * x[i] } else { 100.0 * x[i] }).collect();
    let b: Vec<f64> = (0..4000).map(|i| if i % 4 == 0 { a[i] } else { 100.0 * y[i] }).collect();
    let pair = Pair::new(Float::new(&a), Float::new(&b)).unwrap();
    for search in [Search::Grid(256), Search::Exact, Search::ExactPrincipalAxis, Search::Bisection] {
        let found = costes(&pair, search, 1, &Control::default()).unwrap();
        assert_eq!(found.status, Status::Crossed);
        assert!((50.0..130.0).contains(&found.thresholds[0]), "{search:?} {found:?}");
    }
}

#[test]
fn what_cannot_be_measured() {
    let control = Control::default();
    let (flat, sloped, strange) = ([0.1; 3], [1.0, 2.0, 3.0], [1.0, f64::NAN, 2.0]);
    for (a, status) in
        [(&flat, Status::Degenerate), (&strange, Status::Degenerate), (&[3.0, 2.0, 1.0], Status::NoSlope)]
    {
        let pair = Pair::new(Float::new(a), Float::new(&sloped)).unwrap();
        assert_eq!(costes(&pair, Search::Grid(256), 1, &control).unwrap().status, status);
        assert_eq!(pearson(&pair, 1, &control).unwrap().r.is_nan(), status == Status::Degenerate);
        assert_eq!(li_icq(&pair, 1, &control).unwrap().is_nan(), status == Status::Degenerate);
    }
    let none = Pair::new(Float::<f64>::new(&[]), Float::<f64>::new(&[])).unwrap();
    assert_eq!(costes(&none, Search::Grid(1), 1, &control).unwrap().thresholds, [0.0; 2]);
    assert!(costes(&none, Search::Grid(0), 1, &control).is_err());
    assert!(Pair::new(Float::new(&flat), Float::new(&sloped[..2])).is_err());
}

#[test]
fn regions_in_order() {
    let found = regions(&[0, 7, -2, 7, 0, -2, 9_000_000_000]).unwrap();
    assert_eq!(
        (found.labels, found.starts, found.order),
        (vec![-2, 7, 9_000_000_000], vec![0, 2, 4, 5], vec![2, 5, 1, 3, 6])
    );
    assert_eq!(regions(&[]).unwrap().starts, [0]);
}

#[test]
fn shuffles_have_the_exact_moments() {
    let control = Control::default();
    let (x, y): (Vec<f32>, Vec<f32>) =
        noise(240, 1).iter().zip(noise(240, 2)).map(|(a, b)| (*a as f32, b as f32)).unzip();
    for size in [4, 60] {
        let (x, y) = (Blocks::new(&x, size).unwrap(), Blocks::new(&y, size).unwrap());
        let (mean, sd) = null_moments(x, y, 2, &control).unwrap();
        let sums = shuffled_products(x, y, 20_000, 7, 2, &control).unwrap();
        assert_eq!(sums, shuffled_products(x, y, 20_000, 7, 1, &control).unwrap());
        let found = sums.iter().sum::<f64>() / 20_000.0;
        let spread = (sums.iter().map(|s| (s - found).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!((found - mean).abs() < 5.0 * sd / 20_000_f64.sqrt(), "{found} {mean}");
        assert!((spread / sd - 1.0).abs() < 0.03, "{spread} {sd}");
    }
    assert!(Blocks::new(&x, 7).is_err());
    let x = Blocks::new(&x, 4).unwrap();
    assert!(shuffled_products(x, x, usize::MAX, 7, 1, &control).unwrap_err().to_string().contains("`count`"));
}

#[test]
fn pieces_give_the_figures_of_all_pixels() {
    let control = Control::default();
    let (x, y) = (noise(3000, 8), noise(3000, 9));
    let (a, b): (Vec<u16>, Vec<u16>) =
        (0..3000)
            .map(|i| {
                if i % 3 == 0 {
                    (900.0 * x[i] + 99.0, 800.0 * x[i] + 100.0 * y[i])
                } else {
                    (300.0 * x[i], 300.0 * y[i])
                }
            })
            .map(|(a, b)| (a as u16, b as u16))
            .unzip();
    for base in [[0.0; 2], [-70.0, 3.0]] {
        let pair = Pair::new(Levels::new(&a, base[0]), Levels::new(&b, base[1])).unwrap();
        for search in [Search::Grid(256), Search::Exact, Search::ExactPrincipalAxis] {
            for piece in [7, 1000, 3000] {
                let pieces = || a.chunks(piece).zip(b.chunks(piece)).rev();
                let mut tally = Tally::new(base).unwrap();
                pieces().for_each(|(a, b)| tally.add(a, b, 2, &control).unwrap());
                let wanted = Wanted { spearman: true, icq: true, search: Some(search) };
                let mut lookup = Lookup::new(&tally, wanted).unwrap();
                assert!(lookup.is_needed());
                pieces().for_each(|(a, b)| lookup.add(a, b, 2, &control).unwrap());
                let found = costes(&pair, search, 1, &control).unwrap();
                assert_eq!(lookup.costes().unwrap(), found);
                assert_eq!(found.status, Status::Crossed);
                assert_eq!(tally.pearson(), pearson(&pair, 1, &control).unwrap());
                assert_eq!(lookup.spearman(), spearman(&pair, 1, &control).unwrap());
                assert_eq!(lookup.icq(), li_icq(&pair, 1, &control).unwrap());
                let [m1, m2] = tally.manders(found.thresholds);
                let [one, two] = manders(&pair, found.thresholds, 1, &control).unwrap();
                assert_eq!([m1.to_bits(), m2.to_bits()], [one.to_bits(), two.to_bits()]);
                let (found, expected) = (tally.overlap(), overlap(&pair, 1, &control).unwrap());
                assert_eq!(found.r.to_bits(), expected.r.to_bits());
            }
        }
    }
}

#[test]
fn pieces_that_cannot_be_measured() {
    let control = Control::default();
    let mut tally = Tally::new([0.0; 2]).unwrap();
    assert!(tally.pearson().r.is_nan());
    assert!(Tally::new([0.5, 0.0]).is_err());
    assert!(Tally::new([1e300, 0.0]).is_err());
    assert!(tally.add(&A, &B[1..], 1, &control).is_err());
    tally.add(&[4_u8; 5], &[1, 2, 3, 4, 5], 1, &control).unwrap();
    let wanted = |search| Wanted { spearman: true, icq: true, search: Some(search) };
    let mut lookup = Lookup::new(&tally, wanted(Search::Grid(256))).unwrap();
    assert!(!lookup.is_needed());
    assert_eq!(lookup.costes().unwrap().status, Status::Degenerate);
    assert!(lookup.spearman().r.is_nan() && lookup.icq().is_nan());
    assert!(lookup.add(&[4_u16], &[9], 1, &control).is_err());
    assert!(Lookup::new(&tally, wanted(Search::Bisection)).is_err());
}
