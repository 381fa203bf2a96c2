//! Two channels of pixels.

use lumentrace::Control;
use lumentrace::channels::blocks::{Blocks, null_moments, shuffled_products};
use lumentrace::channels::{
    self, Channel, Float, Levels, Moments, Pair, Search, costes, kendall, li_icq, manders, overlap, pearson, spearman,
};

use crate::made::Made;

pub(crate) fn labels(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let count = made.upto(200);
    let labels = made.list(count, Made::label);
    let Ok(found) = channels::regions(&labels) else { return };
    assert_eq!(found.order.len(), labels.iter().filter(|label| **label != 0).count());
    for (region, label) in found.labels.iter().enumerate() {
        let own = &found.order[found.starts[region]..found.starts[region + 1]];
        assert!(own.iter().all(|place| labels[*place as usize] == *label));
    }
}

fn search(made: &mut Made<'_>) -> Search {
    match made.upto(3) {
        0 => Search::Grid(made.count().min(2000)),
        1 => Search::Exact,
        2 => Search::ExactPrincipalAxis,
        _ => Search::Bisection,
    }
}

pub(crate) fn levels(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let count = made.upto(120);
    let base = made.numbers::<2>();
    if made.yes() {
        let [a, b] = [0, 1].map(|_| made.nearly(count, |made| made.number() as u8));
        measure(&mut made, Levels::new(&a, base[0]), Levels::new(&b, base[1]));
    } else {
        let [a, b] = [0, 1].map(|_| made.nearly(count, |made| made.number() as u16));
        measure(&mut made, Levels::new(&a, base[0]), Levels::new(&b, base[1]));
    }
}

pub(crate) fn floats(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let count = made.upto(120);
    if made.yes() {
        let [a, b] = [0, 1].map(|_| made.nearly(count, |made| made.number() as f32));
        measure(&mut made, Float::new(&a), Float::new(&b));
    } else {
        let [a, b] = [0, 1].map(|_| made.nearly(count, Made::number));
        measure(&mut made, Float::new(&a), Float::new(&b));
    }
}

fn measure<A: Channel, B: Channel>(made: &mut Made<'_>, a: A, b: B) {
    let Ok(pair) = Pair::new(a, b) else { return };
    let (threads, control) = (made.threads(), Control::new());
    if let Ok(found) = pearson(&pair, threads, &control) {
        assert!(found.r.is_nan() || found.r.abs() <= 1.0 + 1e-9);
    }
    if let Ok(found) = spearman(&pair, threads, &control) {
        assert!(found.r.is_nan() || found.r.abs() <= 1.0 + 1e-9);
    }
    let _ = li_icq(&pair, threads, &control);
    let _ = Moments::new(&pair, threads, &control).map(|moments| (moments.line(), moments.principal_axis()));
    let _ = costes(&pair, search(made), threads, &control);
    let _ = manders(&pair, made.numbers(), threads, &control);
    let _ = overlap(&pair, threads, &control);
    if let Ok(found) = kendall(&pair, &control) {
        assert!(found.tau.is_nan() || found.tau.abs() <= 1.0 + 1e-9);
    }
}

pub(crate) fn shuffles(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (blocks, sizes) = (made.upto(20), [made.count(), made.count()]);
    let count = if made.upto(15) == 0 { usize::MAX } else { made.upto(20) };
    let [x, y] = sizes.map(|size| made.nearly(blocks * size.min(40), |made| made.number() as f32));
    let (Ok(x), Ok(y)) = (Blocks::new(&x, sizes[0]), Blocks::new(&y, sizes[1])) else { return };
    let (seed, threads) = (made.seed(), made.threads());
    let _ = null_moments(x, y, threads, &Control::new());
    if let Ok(sums) = shuffled_products(x, y, count, seed, threads, &Control::new()) {
        assert_eq!(sums.len(), count);
    }
}
