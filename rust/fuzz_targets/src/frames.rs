//! Frames of image stacks.

use lumentrace::Control;
use lumentrace::frames::{
    self, BLOB_COLUMNS, BlobScratch, Blobs, FEATURE_COLUMNS, FeatureScratch, Features, Filter, Filters, Holes, Links,
    Method, Scale, Scars,
};

use crate::made::Made;

/// Pixels of a frame, its width, and one that does not fit now and then.
fn frame(made: &mut Made<'_>, most: usize) -> (usize, usize) {
    let (height, width) = (made.upto(most), made.upto(most));
    (height * width, if made.upto(31) == 0 { made.count() } else { width })
}

fn filter(made: &mut Made<'_>) -> Filter {
    match made.upto(10) {
        0 => Filter::RowMedian,
        1 => Filter::RowPolynomial { order: made.count() },
        2 => Filter::MatchRows,
        3 => Filter::Surface { order: made.count() },
        4 => Filter::AutoSurface {
            order: made.count(),
            factor: made.number(),
            both_sides: made.yes(),
            iterations: made.upto(9),
        },
        5 => Filter::ThreePoints { places: [0; 3].map(|_| made.numbers()), radius: made.count() },
        6 => Filter::ZeroMean,
        7 => Filter::ZeroMedian,
        8 => Filter::Scars(Scars {
            high: made.number(),
            low: made.number(),
            min_length: made.count(),
            max_width: made.count(),
        }),
        9 => Filter::Gaussian { sigma: made.number() },
        _ => Filter::Flip,
    }
}

pub(crate) fn filters(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let steps = made.upto(3);
    let steps = made.list(steps, filter);
    let [count, height, width] = made.shape(6);
    let Ok(filters) = Filters::new(steps, height, width) else { return };
    let size = [count, height, width].iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
    let size = size.unwrap_or(0).min(4096);
    let mut pixels = made.nearly(size, Made::number);
    let source = made.yes().then(|| made.nearly(size, Made::number));
    let mask = made.yes().then(|| made.nearly(size, Made::yes));
    let (keep, threads) = (made.yes(), made.threads());
    let _ = filters.apply(&mut pixels, source.as_deref(), mask.as_deref(), keep, threads, &Control::new());
}

pub(crate) fn features(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let options = Features {
        holes: made.yes().then(|| if made.yes() { Holes::Enclosed } else { Holes::Below(made.number()) }),
        opening: made.count(),
        merge: made.yes(),
        min_size: made.number(),
        remove_edge: made.yes(),
    };
    let (size, width) = frame(&mut made, 14);
    let values = made.nearly(size, Made::number);
    let mask = made.nearly(size, Made::yes);
    let mut labels = made.nearly(size, |_| 0);
    let mut rows = Vec::new();
    let found = options.find(&values, &mask, width, &mut FeatureScratch::default(), &mut labels, &mut rows);
    assert!(rows.len().is_multiple_of(FEATURE_COLUMNS));
    let objects = (rows.len() / FEATURE_COLUMNS) as i32;
    assert!(found.is_err() || labels.iter().all(|label| (0..=objects).contains(label)));
}

pub(crate) fn blobs(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let count = made.upto(3);
    let sigmas = made.list(count, Made::number);
    let blobs = Blobs { sigmas, threshold: made.number(), overlap: made.number(), refine: made.yes() };
    let (size, width) = frame(&mut made, 10);
    let image = made.list(size, Made::number);
    let mut rows = Vec::new();
    let _ = blobs.find(&image, width, &mut BlobScratch::default(), &Control::new(), &mut rows);
    assert!(rows.len().is_multiple_of(BLOB_COLUMNS));
}

pub(crate) fn flood(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (size, width) = frame(&mut made, 14);
    let heights = made.list(size, Made::number);
    let mut labels = made.nearly(size, |made| made.label() as i32);
    let _ = frames::flood(&heights, width, &mut labels, &Control::new());
}

pub(crate) fn links(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let links = Links {
        max_distance: made.number(),
        max_missing: made.count(),
        scale: made.one(&[Scale::Constant, Scale::Sqrt, Scale::Linear]),
        method: made.one(&[Method::Greedy, Method::Optimal]),
    };
    let width = 1 + made.upto(2);
    let points = made.table(40, width);
    let Some(points) = points.rows() else { return };
    let mut starts = vec![0];
    while starts.len() < 12 {
        let last = starts[starts.len() - 1];
        starts.push(last + made.upto(8).min(points.len() - last));
    }
    starts.push(points.len());
    if made.upto(15) == 0 {
        starts = made.list(4, Made::count);
    }
    if let Ok(ids) = links.find(points, &starts, &Control::new()) {
        assert_eq!(ids.len(), points.len());
    }
}
