//! Tracks a tracer in a `.da01` file of an ADAC Forte camera: lines of response in, a trajectory out.
//!
//! `cargo run --release --example track -- run.da01`; without a file it takes a small simulated one: a tracer on a wheel
//! of 80 mm radius at 42 rpm, seen through 30 % noise.

use std::io::Write;
use std::path::PathBuf;

use lumentrace::cluster::{NOISE, Segregate, TracerClusters, segregate};
use lumentrace::formats::adac_forte;
use lumentrace::lines::cutpoints::Cutpoints;
use lumentrace::track::{Plan, Step};
use lumentrace::{Control, Rows};

/// Lines per location, and lines from one location to the next.
const SAMPLE: (usize, usize) = (200, 50);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let example = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/tracer.da01"));
    let path = std::env::args_os().nth(1).map_or_else(example, PathBuf::from);
    let control = Control::new();
    let lines = adac_forte::read(&std::fs::read(&path)?, &control)?;
    let rows = Rows::new(&lines.rows, adac_forte::COLUMNS)?;

    let plan = Plan::new(
        vec![
            Step::Cutpoints(Cutpoints { max_distance: 0.5, cutoffs: None, append_indices: false }),
            Step::Hdbscan(TracerClusters::new(0.15, 1)?),
            Step::SplitLabels { column: 4, remove: true, noise: false },
            Step::Centroids { error: true, cluster_size: false, weight: None },
        ],
        adac_forte::COLUMNS,
    )?;
    let (size, step) = SAMPLE;
    let starts = (0..(rows.len() + 1).saturating_sub(size)).step_by(step);
    let samples: Vec<_> = starts.map(|start| (start, start + size)).collect();
    let located = plan.run(rows, &samples, None, 0, &control)?.groups;

    let points = Rows::new(&located.data, located.width)?;
    let options =
        Segregate { window: 20, cut_distance: 10.0, min_trajectory_size: 5, max_time_interval: f64::INFINITY };
    let (order, labels) = segregate(points, options, &control)?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {} lines, {} locations", path.display(), rows.len(), points.len())?;
    writeln!(out, "trajectory    t (ms)    x (mm)    y (mm)    z (mm)")?;
    for (&row, &label) in order.iter().zip(&labels).filter(|(_, label)| **label != NOISE) {
        let location = &located.data[row * located.width..];
        writeln!(out, "{label:10} {:9.2} {:9.2} {:9.2} {:9.2}", location[0], location[1], location[2], location[3])?;
    }
    Ok(())
}
