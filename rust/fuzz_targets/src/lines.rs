//! Lines of response: their cutpoints, nearest points and clusters.

use lumentrace::Control;
use lumentrace::lines::{birmingham, centroid, clusters, cutpoints as cut, minpoints as min, rejection};

use crate::made::Made;

pub(crate) fn cutpoints(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let search = cut::Cutpoints {
        max_distance: made.number(),
        cutoffs: made.yes().then(|| made.numbers()),
        append_indices: made.yes(),
    };
    let threads = made.threads();
    let lines = made.events(40, 7);
    let Some(lines) = lines.rows() else { return };
    let _ = cut::cutoffs(lines);
    let (mut scratch, mut out) = (cut::Scratch::default(), Vec::new());
    scratch.set_threads(threads);
    let found = search.find(lines, &mut scratch, &Control::new(), &mut out);
    let pairs = lines.len() * lines.len().saturating_sub(1) / 2;
    assert!(found.is_err() || out.len() <= pairs * search.columns());
    assert!(out.len().is_multiple_of(search.columns()));
}

pub(crate) fn minpoints(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let search = min::Minpoints {
        num_lines: made.count(),
        max_distance: made.number(),
        cutoffs: made.yes().then(|| made.numbers()),
        append_indices: made.yes(),
    };
    let lines = made.events(12, 7);
    let Some(lines) = lines.rows() else { return };
    let mut out = Vec::new();
    let _ = search.find(lines, &mut min::Scratch::default(), &Control::new(), &mut out);
    assert!(out.is_empty() || out.len().is_multiple_of(search.columns()));
}

pub(crate) fn cluster_lines(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let indices = made.upto(3);
    let search =
        clusters::ClusterLines { indices: made.list(indices, Made::count), label: made.count(), reject: made.number() };
    let (points, lines) = (made.table(30, 7), made.events(30, 7));
    let (Some(points), Some(lines)) = (points.rows(), lines.rows()) else { return };
    let mut out = Vec::new();
    let _ = search.locate(points, lines, &mut clusters::Scratch::default(), &mut out);
    assert!(out.len().is_multiple_of(clusters::LOCATION) && out.len() <= points.len() * clusters::LOCATION);
}

pub(crate) fn points(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (fopt, remove, iterations, point) = (made.number(), made.number(), made.count(), made.numbers());
    let lines = made.events(40, 7);
    let Some(lines) = lines.rows() else { return };
    let mut used = Vec::new();
    let _ = birmingham::locate(lines, fopt, &mut birmingham::Scratch::default(), Some(&mut used));
    assert!(used.is_empty() || used.len() == lines.len());
    let _ = centroid::nearest_point(lines);
    let _ = centroid::squared_distances(lines, point, &mut Vec::new());
    let _ = rejection::locate(lines, remove, iterations, &mut rejection::Scratch::default());
}
