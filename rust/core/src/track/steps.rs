//! The steps of a plan: each turns the tables of one sample into the tables of the next step.

use super::groups::Groups;
use crate::cluster::tracers::{self, TracerClusters};
use crate::grid::peaks::{self, Limits, Peaks};
use crate::lines::birmingham;
use crate::lines::clusters::{self, ClusterLines};
use crate::lines::cutpoints::{self, Cutpoints};
use crate::lines::minpoints::{self, Minpoints};
use crate::lines::rejection;
use crate::points::velocity::Velocity;
use crate::{Control, Error, Result, Rows};

/// One built-in filter.
#[derive(Debug, Clone)]
pub enum Step {
    /// Lines to the cutpoints of all their pairs.
    Cutpoints(Cutpoints),
    /// Points to points with a last column `label`.
    Hdbscan(TracerClusters),
    /// Labelled points to one table per label, in ascending order.
    SplitLabels {
        /// Column of the labels.
        column: usize,
        /// Leave that column out of the tables.
        remove: bool,
        /// Make a table of label -1 too.
        noise: bool,
    },
    /// Tables to one table with a row of column means per non-empty table.
    Centroids {
        /// Append the standard deviation of the distances from the centroid.
        error: bool,
        /// Append the number of points.
        cluster_size: bool,
        /// Column of weights, which is used and left out.
        weight: Option<usize>,
    },
    /// Labelled points to the locations of their clusters' lines, which are those of the sample.
    ClusterLines(ClusterLines),
    /// Lines to one location and its error.
    Birmingham {
        /// Fraction of the lines to keep, in (0, 1].
        fopt: f64,
    },
    /// Lines to the points near several of them.
    Minpoints(Minpoints),
    /// Lines to one location.
    LinesCentroids {
        /// Share of the lines to remove in each round.
        remove: f64,
        /// Number of rounds.
        iterations: usize,
    },
    /// Points to points with their velocities.
    Velocity(Velocity),
    /// Lines to the peaks of the grid of their counts.
    Peaks {
        /// What counts as a peak.
        peaks: Peaks,
        /// Cells of the grid.
        shape: [usize; 3],
        /// Limits of the grid.
        limits: Limits,
    },
}

/// Buffers that a thread reuses from sample to sample.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    cutpoints: cutpoints::Scratch,
    tracers: tracers::Scratch,
    clusters: clusters::Scratch,
    birmingham: birmingham::Scratch,
    minpoints: minpoints::Scratch,
    rejection: rejection::Scratch,
    peaks: peaks::Scratch,
    labels: Vec<i32>,
    order: Vec<usize>,
}

impl Scratch {
    /// Lets steps of a single sample use several threads.
    pub(super) fn set_threads(&mut self, threads: usize) {
        self.cutpoints.set_threads(threads);
    }
}

impl Step {
    /// Columns of the result for an input of `width` columns.
    ///
    /// # Errors
    /// [`Error::Argument`] if the input has too few columns.
    pub fn width(&self, width: usize) -> Result<usize> {
        let (least, result) = match self {
            Self::Cutpoints(options) => (7, if options.append_indices { 6 } else { 4 }),
            Self::Hdbscan(_) => (4, width + 1),
            Self::SplitLabels { column, remove, .. } => {
                (5.max(column.saturating_add(1)), width.saturating_sub(usize::from(*remove)))
            }
            Self::Centroids { error, cluster_size, weight } => {
                let least = weight.map_or(4, |column| 5.max(column.saturating_add(1)));
                let extra = usize::from(*error) + usize::from(*cluster_size);
                (least, (width + extra).saturating_sub(usize::from(weight.is_some())))
            }
            Self::ClusterLines(options) => (options.columns(), clusters::LOCATION),
            Self::Birmingham { .. } => (7, 5),
            Self::Minpoints(options) => (7, options.columns()),
            Self::LinesCentroids { .. } => (7, 4),
            Self::Velocity(options) => (4, width + options.columns()),
            Self::Peaks { .. } => (7, peaks::COLUMNS),
        };
        if width < least {
            let found = format!("{width} columns");
            return Err(Error::argument("rows", format!("at least {least} columns"), found));
        }
        Ok(result)
    }

    /// Whether the step takes exactly one table per sample.
    pub(super) fn wants_single(&self) -> bool {
        !matches!(self, Self::Centroids { .. })
    }

    /// Whether the step makes a list of tables.
    pub(super) fn makes_list(&self) -> bool {
        matches!(self, Self::SplitLabels { .. })
    }

    /// Whether the step makes points that name the rows of the sample's lines.
    pub(super) fn names_lines(&self) -> bool {
        match self {
            Self::Cutpoints(options) => options.append_indices,
            Self::Minpoints(options) => options.append_indices,
            _ => false,
        }
    }

    /// Whether the step takes such points.
    pub(super) fn wants_named_lines(&self) -> bool {
        matches!(self, Self::ClusterLines(_))
    }

    /// Runs the step on one sample, `sample` before the first step; `output` has been reset to this step's width.
    pub(super) fn run(
        &self,
        sample: Rows<'_>,
        input: &Groups,
        output: &mut Groups,
        scratch: &mut Scratch,
        control: &Control,
    ) -> Result<()> {
        let rows = Rows::new(&input.data, input.width)?;
        match self {
            Self::Cutpoints(options) => {
                options.find(rows, &mut scratch.cutpoints, control, &mut output.data)?;
                output.close();
            }
            Self::Hdbscan(options) => {
                options.label(rows, &mut scratch.tracers, control, &mut scratch.labels)?;
                for (row, &label) in rows.iter().zip(&scratch.labels) {
                    output.data.extend_from_slice(row);
                    output.data.push(f64::from(label));
                }
                if rows.len() <= 1 {
                    output.data.clear();
                }
                output.close();
            }
            Self::SplitLabels { column, remove, noise } => {
                split(rows, *column, *remove, *noise, &mut scratch.order, output);
            }
            Self::Centroids { error, cluster_size, weight } => {
                for table in input.tables() {
                    centroid(table, input.width, *error, *cluster_size, *weight, &mut output.data);
                }
                output.close();
            }
            Self::ClusterLines(options) => {
                options.locate(rows, sample, &mut scratch.clusters, &mut output.data)?;
                output.close();
            }
            Self::Birmingham { fopt } => {
                if let Some(location) = birmingham::locate(rows, *fopt, &mut scratch.birmingham, None)? {
                    output.data.extend_from_slice(&location);
                }
                output.close();
            }
            Self::Minpoints(options) => {
                options.find(rows, &mut scratch.minpoints, control, &mut output.data)?;
                output.close();
            }
            Self::LinesCentroids { remove, iterations } => {
                if let Some(location) = rejection::locate(rows, *remove, *iterations, &mut scratch.rejection)? {
                    output.data.extend_from_slice(&location);
                }
                output.close();
            }
            Self::Velocity(options) => {
                options.append(rows, &mut output.data)?;
                output.close();
            }
            Self::Peaks { peaks, shape, limits } => {
                peaks.of_lines(rows, *shape, *limits, &mut scratch.peaks, control, &mut output.data)?;
                output.close();
            }
        }
        Ok(())
    }
}

fn split(rows: Rows<'_>, column: usize, remove: bool, noise: bool, order: &mut Vec<usize>, output: &mut Groups) {
    let width = rows.width();
    // Adding zero makes one label of the zeros of both signs.
    let label = |row: usize| rows.data()[row * width + column] + 0.0;
    order.clear();
    // A row without a label, NaN, belongs nowhere.
    order.extend((0..rows.len()).filter(|&row| !label(row).is_nan() && (noise || label(row) != -1.0)));
    order.sort_by(|&a, &b| label(a).total_cmp(&label(b)));
    let mut previous = None;
    for &row in order.iter() {
        if previous.is_some_and(|before: f64| before != label(row)) {
            output.close();
        }
        previous = Some(label(row));
        let values = &rows.data()[row * width..(row + 1) * width];
        if remove {
            output.data.extend_from_slice(&values[..column]);
            output.data.extend_from_slice(&values[column + 1..]);
        } else {
            output.data.extend_from_slice(values);
        }
    }
    output.close();
}

/// Appends the mean row of `table`, the standard deviation of the distances from it and its size.
fn centroid(table: &[f64], width: usize, error: bool, cluster_size: bool, weight: Option<usize>, out: &mut Vec<f64>) {
    let weight_of = |row: &[f64]| weight.map_or(1.0, |column| row[column]);
    let total: f64 = table.chunks_exact(width).map(weight_of).sum();
    if table.is_empty() || total == 0.0 {
        return;
    }
    let start = out.len();
    for column in (0..width).filter(|&column| Some(column) != weight) {
        let sum: f64 = table.chunks_exact(width).map(|row| row[column] * weight_of(row)).sum();
        out.push(sum / total);
    }
    // Columns 1 to 3 keep their places: a weight column stands behind them.
    let centre = [out[start + 1], out[start + 2], out[start + 3]];
    let distance = |row: &[f64]| {
        let d = [row[1] - centre[0], row[2] - centre[1], row[3] - centre[2]];
        (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
    };
    if error {
        let moment = |f: &dyn Fn(f64) -> f64| -> f64 {
            table.chunks_exact(width).map(|row| weight_of(row) * f(distance(row))).sum::<f64>() / total
        };
        let mean = moment(&|d| d);
        out.push(moment(&|d| (d - mean) * (d - mean)).sqrt());
    }
    if cluster_size {
        out.push(total);
    }
}
