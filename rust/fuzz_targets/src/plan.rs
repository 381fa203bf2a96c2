//! Chains of steps over ranges of rows.

use lumentrace::Control;
use lumentrace::cluster::TracerClusters;
use lumentrace::grid::peaks::Peaks;
use lumentrace::lines::clusters::ClusterLines;
use lumentrace::lines::cutpoints::Cutpoints;
use lumentrace::lines::minpoints::Minpoints;
use lumentrace::points::velocity::Velocity;
use lumentrace::track::{Plan, Step};

use crate::made::Made;

pub(crate) fn velocity(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let velocity = Velocity { window: made.count(), degree: made.count(), absolute: made.yes() };
    let points = if made.yes() { made.events(40, 4) } else { made.table(40, 4) };
    let Some(points) = points.rows() else { return };
    let mut out = Vec::new();
    if velocity.check().and_then(|()| velocity.append(points, &mut out)).is_ok() {
        assert_eq!(out.len(), points.len() * (points.width() + velocity.columns()));
    }
}

pub(crate) fn plan(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let count = made.upto(5);
    let steps = made.list(count, step);
    let table = made.events(30, 7);
    let (threads, count) = (made.threads(), made.upto(4));
    let ranges = made.list(count, |made| range(made, 30));
    let owners = made.yes().then(|| made.nearly(count, Made::count));
    let Some(rows) = table.rows() else { return };
    let Ok(plan) = Plan::new(steps.into_iter().flatten().collect(), table.width) else { return };
    if let Ok(found) = plan.run(rows, &ranges, owners.as_deref(), threads, &Control::new()) {
        let rows = found.groups.rows();
        assert_eq!(found.groups.data.len(), rows * found.groups.width);
        assert!(found.groups.ranges.iter().all(|(start, end)| start <= end && *end <= rows));
        assert_eq!(found.owners.last(), Some(&found.groups.ranges.len()));
        assert!(found.owners.is_sorted());
    }
}

fn range(made: &mut Made<'_>, length: usize) -> (usize, usize) {
    if made.upto(15) == 0 {
        return (made.count(), made.count());
    }
    let start = made.upto(length);
    (start, start + made.upto(length - start))
}

fn step(made: &mut Made<'_>) -> Option<Step> {
    Some(match made.upto(9) {
        0 => Step::Cutpoints(Cutpoints { max_distance: made.number(), cutoffs: None, append_indices: made.yes() }),
        1 => Step::Hdbscan(TracerClusters::new(0.5, made.count()).ok()?),
        2 => Step::SplitLabels { column: made.count(), remove: made.yes(), noise: made.yes() },
        3 => Step::Centroids { error: made.yes(), cluster_size: made.yes(), weight: made.yes().then(|| made.count()) },
        4 => {
            let indices = made.list(2, Made::count);
            Step::ClusterLines(ClusterLines { indices, label: made.count(), reject: made.number() })
        }
        5 => Step::Birmingham { fopt: made.number() },
        6 => Step::Minpoints(Minpoints {
            num_lines: made.upto(4),
            max_distance: made.number(),
            cutoffs: None,
            append_indices: made.yes(),
        }),
        7 => Step::LinesCentroids { remove: made.number(), iterations: made.count() },
        8 => Step::Velocity(Velocity { window: made.count(), degree: made.count(), absolute: made.yes() }),
        _ => Step::Peaks {
            peaks: Peaks { w: made.count(), r: made.number(), lld_counts: made.number() },
            shape: made.shape(8),
            limits: [0, 1, 2].map(|_| made.yes().then(|| made.numbers())),
        },
    })
}
