//! Bindings of `lumentrace::lines`.

use lumentrace::lines::{birmingham as birmingham_method, centroid, clusters, cutpoints};
use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2};
use crate::{run, tables};

/// A table of one row or none, and a flag per line.
type Location<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<bool>>);

/// Up to this many lines, all pairs take some milliseconds: not worth a thread to watch.
const FEW_LINES: usize = 3000;

/// Rows `t, x, y, z(, i, j)` of all cutpoints of `lines`.
#[pyfunction]
#[pyo3(signature = (lines, max_distance, cutoffs=None, append_indices=false))]
pub(crate) fn find_cutpoints<'py>(
    py: Python<'py>,
    lines: Input2<'py, f64>,
    max_distance: f64,
    cutoffs: Option<Input1<'py, f64>>,
    append_indices: bool,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let rows = tables::rows(&lines)?;
    let cutoffs = cutoffs.map(|array| bounds(&array)).transpose()?;
    let search = cutpoints::Cutpoints { max_distance, cutoffs, append_indices };
    let found = run::sized(py, rows.len() <= FEW_LINES, |control| {
        let mut found = Vec::new();
        let mut scratch = cutpoints::Scratch::default();
        scratch.set_threads(0);
        search.find(rows, &mut scratch, control, &mut found)?;
        Ok(found)
    })?;
    tables::table(py, found, search.columns())
}

fn bounds(array: &Input1<'_, f64>) -> PyResult<[f64; 6]> {
    let values = array.as_slice()?;
    values.try_into().map_err(|_| {
        PyValueError::new_err(format!(
            "`cutoffs`: expected 6 values [xmin, xmax, ymin, ymax, zmin, zmax], found {}",
            values.len()
        ))
    })
}

/// `[xmin, xmax, ymin, ymax, zmin, zmax]` around both points of all finite lines, or None without one.
#[pyfunction]
pub(crate) fn get_cutoffs<'py>(
    py: Python<'py>,
    lines: Input2<'py, f64>,
) -> PyResult<Option<Bound<'py, PyArray1<f64>>>> {
    let rows = tables::rows(&lines)?;
    let found = run::quick(py, || {
        rows.require_width("lines", 7)?;
        Ok(cutpoints::cutoffs(rows))
    })?;
    Ok(found.map(|bounds| PyArray1::from_slice(py, &bounds)))
}

/// One row `t, x, y, z, error` (none without an answer) and a flag per line.
#[pyfunction]
pub(crate) fn birmingham<'py>(py: Python<'py>, lines: Input2<'py, f64>, fopt: f64) -> PyResult<Location<'py>> {
    let rows = tables::rows(&lines)?;
    let mut used = Vec::new();
    let row = run::quick(py, || {
        birmingham_method::locate(rows, fopt, &mut birmingham_method::Scratch::default(), Some(&mut used))
    })?;
    let flat = row.map_or_else(Vec::new, Vec::from);
    Ok((tables::table(py, flat, 5)?, PyArray1::from_vec(py, used)))
}

/// One row `t, x, y, z, error` per cluster of `points`, from the rows of `lines` that their columns `indices` name.
#[pyfunction]
pub(crate) fn cluster_lines<'py>(
    py: Python<'py>,
    points: Input2<'py, f64>,
    lines: Input2<'py, f64>,
    indices: Vec<usize>,
    label: usize,
    reject: f64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (points, lines) = (tables::rows(&points)?, tables::rows(&lines)?);
    let located = run::quick(py, || {
        let mut located = Vec::new();
        let clusters = clusters::ClusterLines { indices, label, reject };
        clusters.locate(points, lines, &mut clusters::Scratch::default(), &mut located)?;
        Ok(located)
    })?;
    tables::table(py, located, clusters::LOCATION)
}

/// The point nearest to all lines, or None if there is no single one.
#[pyfunction]
pub(crate) fn lsq_point<'py>(py: Python<'py>, lines: Input2<'py, f64>) -> PyResult<Option<Bound<'py, PyArray1<f64>>>> {
    let rows = tables::rows(&lines)?;
    let point = run::quick(py, || centroid::nearest_point(rows))?;
    Ok(point.map(|point| PyArray1::from_slice(py, &point)))
}
