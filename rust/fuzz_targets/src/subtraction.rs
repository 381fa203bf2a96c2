//! Ratios and spots of two images.

use lumentrace::Control;
use lumentrace::subtraction::{Spots, Tally};

use crate::made::Made;

pub(crate) fn tally(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (width, rows) = (made.upto(12), made.upto(12));
    let tally = Tally {
        width: if made.upto(31) == 0 { made.count() } else { width },
        margin: made.count(),
        floor: made.number(),
        decades: made.number(),
        ratio_bins: made.count(),
        block: made.count(),
        height: if made.upto(3) == 0 { made.count() } else { rows },
        most: made.numbers(),
        joint_bins: made.count(),
        dither: made.numbers(),
        seed: made.seed(),
    };
    // Histograms that a caller has the memory for.
    let bins = tally.blocks().saturating_mul(tally.ratio_bins).max(tally.joint_bins.saturating_mul(tally.joint_bins));
    if (4096..=1 << 30).contains(&bins) {
        return;
    }
    let Ok(mut counts) = tally.counts() else { return };
    let size = width * rows;
    let fixed = made.nearly(size, |made| made.number() as u16);
    let [moving, sharp] = [0, 1].map(|_| made.nearly(size, |made| made.number() as f32));
    let start = made.count();
    let inner = start..if made.upto(7) == 0 { made.count() } else { start.saturating_add(made.upto(rows)) };
    let _ = tally.add(&fixed, &moving, &sharp, made.count(), inner, &mut counts, made.threads(), &Control::new());
}

pub(crate) fn spots(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let width = if made.upto(31) == 0 { made.count() } else { made.upto(12) };
    let Ok(mut spots) = Spots::new(width, made.number() as f32, made.number() as f32, made.count()) else { return };
    for _ in 0..made.upto(4) {
        let size = width.min(64) * made.upto(4);
        let [height, values] = [0, 1].map(|_| made.nearly(size, |made| made.number() as f32));
        let _ = spots.add(&height, &values);
    }
    let _ = spots.finish();
}
