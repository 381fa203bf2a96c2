//! Bindings of `lumentrace::track`: the one call in which a run of built-in filters does its work.

use lumentrace::grid::peaks::Peaks;
use lumentrace::lines::clusters::ClusterLines;
use lumentrace::lines::cutpoints::Cutpoints;
use lumentrace::lines::minpoints::Minpoints;
use lumentrace::points::velocity::Velocity;
use lumentrace::track::{Plan, Step};
use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Input1, Input2};
use crate::cluster::tracer_clusters;
use crate::{run, tables};

type Tables = (Py<PyArray2<f64>>, Py<PyArray2<i64>>, Py<PyArray1<i64>>);

/// Runs `steps` over the samples of `rows`; returns rows, ranges of tables and owners of tables.
#[pyfunction]
#[pyo3(signature = (rows, ranges, owners, steps, threads=0, progress=None))]
pub(crate) fn run_plan(
    py: Python<'_>,
    rows: Input2<'_, f64>,
    ranges: Input2<'_, i64>,
    owners: Option<Input1<'_, i64>>,
    steps: Vec<(String, Bound<'_, PyDict>)>,
    threads: usize,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Tables> {
    let rows = tables::rows(&rows)?;
    let ranges = tables::ranges(&ranges, rows.len())?;
    let owners = owners.as_ref().map(offsets).transpose()?;
    let steps = steps.iter().map(|(name, options)| step(name, options)).collect::<PyResult<Vec<_>>>()?;
    let short = is_short(&steps, &ranges);
    let plan = Plan::new(steps, rows.width()).map_err(|error| run::to_python(py, &error))?;
    let job = |control: &lumentrace::Control| plan.run(rows, &ranges, owners.as_deref(), threads, control);
    let outcome = if short {
        run::quick(py, || job(&lumentrace::Control::new()))?
    } else {
        run::watched(py, progress.as_ref(), job)?
    };
    let owners = outcome.owners.iter().map(|&owner| owner as i64).collect();
    Ok((
        tables::table(py, outcome.groups.data, outcome.groups.width)?.unbind(),
        tables::from_ranges(py, &outcome.groups.ranges)?,
        PyArray1::from_vec(py, owners).unbind(),
    ))
}

/// Work of a few milliseconds at most is not worth a thread that waits for it.
fn is_short(steps: &[Step], ranges: &[(usize, usize)]) -> bool {
    const PAIRS: f64 = 1e7;
    let pairs: f64 = ranges.iter().map(|(start, end)| most_pairs(steps, (end - start) as f64)).sum();
    pairs <= PAIRS
}

/// Pairs of rows that the steps look at for a table of `rows` rows, if every pair of lines has a cutpoint.
fn most_pairs(steps: &[Step], mut rows: f64) -> f64 {
    let mut pairs = rows;
    for step in steps {
        match step {
            Step::Minpoints(_) => return f64::INFINITY,
            Step::Cutpoints(_) => {
                rows *= rows;
                pairs += rows;
            }
            Step::Hdbscan(_) => pairs += rows * rows,
            Step::Peaks { shape, .. } => pairs += shape.iter().product::<usize>() as f64,
            _ => {}
        }
    }
    pairs
}

fn offsets(array: &Input1<'_, i64>) -> PyResult<Vec<usize>> {
    let values = array.as_slice()?;
    let offset = |&value: &i64| {
        usize::try_from(value)
            .map_err(|_| PyValueError::new_err(format!("`owners`: expected numbers >= 0, found {value}")))
    };
    values.iter().map(offset).collect()
}

fn step(name: &str, options: &Bound<'_, PyDict>) -> PyResult<Step> {
    let py = options.py();
    match name {
        "cutpoints" => Ok(Step::Cutpoints(Cutpoints {
            max_distance: option(options, "max_distance")?,
            cutoffs: option(options, "cutoffs")?,
            append_indices: option(options, "append_indices")?,
        })),
        "hdbscan" => tracer_clusters(
            option(options, "true_fraction")?,
            option(options, "max_tracers")?,
            option(options, "injection")?,
        )
        .map(Step::Hdbscan)
        .map_err(|error| run::to_python(py, &error)),
        "split_labels" => Ok(Step::SplitLabels {
            column: option(options, "column")?,
            remove: option(options, "remove")?,
            noise: option(options, "noise")?,
        }),
        "centroids" => Ok(Step::Centroids {
            error: option(options, "error")?,
            cluster_size: option(options, "cluster_size")?,
            weight: option(options, "weight")?,
        }),
        "cluster_lines" => Ok(Step::ClusterLines(ClusterLines {
            indices: option(options, "indices")?,
            label: option(options, "label")?,
            reject: option(options, "reject")?,
        })),
        "minpoints" => Ok(Step::Minpoints(Minpoints {
            num_lines: option(options, "num_lines")?,
            max_distance: option(options, "max_distance")?,
            cutoffs: option(options, "cutoffs")?,
            append_indices: option(options, "append_indices")?,
        })),
        "lines_centroids" => {
            Ok(Step::LinesCentroids { remove: option(options, "remove")?, iterations: option(options, "iterations")? })
        }
        "velocity" => Ok(Step::Velocity(Velocity {
            window: option(options, "window")?,
            degree: option(options, "degree")?,
            absolute: option(options, "absolute")?,
        })),
        "peaks" => Ok(Step::Peaks {
            peaks: Peaks {
                w: option(options, "w")?,
                r: option(options, "r")?,
                lld_counts: option(options, "lld_counts")?,
            },
            shape: option(options, "shape")?,
            limits: option(options, "limits")?,
        }),
        "birmingham" => Ok(Step::Birmingham { fopt: option(options, "fopt")? }),
        _ => Err(PyValueError::new_err(format!("`steps`: no built-in step is named {name:?}"))),
    }
}

fn option<T>(options: &Bound<'_, PyDict>, name: &str) -> PyResult<T>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error: Into<PyErr>>,
{
    match options.get_item(name)? {
        Some(value) => value.extract().map_err(Into::into),
        None => Err(PyKeyError::new_err(name.to_owned())),
    }
}
