//! Clusters of points.

use lumentrace::Control;
use lumentrace::cluster::{self, Hdbscan, KMeans, Points, Segregate, TracerClusters, tracers};

use crate::made::Made;

pub(crate) fn hdbscan(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let options = Hdbscan { min_cluster_size: made.count(), min_samples: made.count() };
    let count = made.upto(60);
    let [x, y, z] = [0, 1, 2].map(|_| made.nearly(count, Made::number));
    let mut labels = Vec::new();
    let points = Points { x: &x, y: &y, z: &z };
    let found =
        cluster::hdbscan(points, options, &mut cluster::hdbscan::Scratch::default(), &Control::new(), &mut labels);
    assert!(found.is_err() || labels.len() == count);
}

pub(crate) fn tracer_clusters(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let share = if made.upto(7) > 0 { (1 + made.upto(9)) as f64 / 10.0 } else { made.number() };
    let Ok(clusters) = TracerClusters::new(share, made.count()) else { return };
    let Ok(clusters) = clusters.injected_at(made.number()) else { return };
    let points = made.table(60, 4);
    let Some(points) = points.rows() else { return };
    let mut labels = Vec::new();
    let found = clusters.label(points, &mut tracers::Scratch::default(), &Control::new(), &mut labels);
    assert!(found.is_err() || labels.len() == points.len());
    let _ = clusters.injection(points);
}

pub(crate) fn dbscan(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (eps, least) = (made.number(), made.count());
    let width = 1 + made.upto(4);
    let points = made.table(60, width);
    let Some(points) = points.rows() else { return };
    if let Ok(labels) = cluster::dbscan(points, eps, least, &Control::new()) {
        assert_eq!(labels.len(), points.len());
    }
}

pub(crate) fn k_means(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let options = KMeans {
        k: made.count(),
        starts: made.upto(3),
        seed: made.seed(),
        max_iter: made.upto(20),
        tol: made.number(),
    };
    let threads = made.threads();
    let width = 1 + made.upto(4);
    let points = made.table(60, width);
    let Some(points) = points.rows() else { return };
    if let Ok(found) = options.fit(points, threads, &Control::new()) {
        assert_eq!(found.labels.len(), points.len());
        assert!(found.labels.iter().all(|label| (0..options.k as i64).contains(label)));
    }
}

pub(crate) fn segregate(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let options = Segregate {
        window: made.count(),
        cut_distance: made.number(),
        min_trajectory_size: made.count(),
        max_time_interval: made.number(),
    };
    let points = if made.yes() { made.events(60, 4) } else { made.table(60, 4) };
    let Some(points) = points.rows() else { return };
    if let Ok((mut order, labels)) = cluster::segregate(points, options, &Control::new()) {
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..points.len()));
        assert_eq!(labels.len(), points.len());
    }
}
