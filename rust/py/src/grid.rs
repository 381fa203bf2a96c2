//! Bindings of `lumentrace::grid`.

use lumentrace::grid::{self, Space};
use numpy::{PyArray2, PyReadwriteArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Input2, Input3};
use crate::{run, tables};

/// Adds to each cell of `counts`, in place, the number of lines that pass through it.
#[pyfunction]
#[pyo3(signature = (counts, lines, lower, upper, threads=0))]
pub(crate) fn traverse(
    py: Python<'_>,
    mut counts: PyReadwriteArray3<'_, f64>,
    lines: Input2<'_, f64>,
    lower: [f64; 3],
    upper: [f64; 3],
    threads: usize,
) -> PyResult<()> {
    let lines = tables::rows(&lines)?;
    let &[nx, ny, nz] = counts.shape() else {
        return Err(PyValueError::new_err("`counts`: expected three axes"));
    };
    let cells = counts.as_slice_mut().map_err(|_| PyValueError::new_err("`counts`: expected a contiguous array"))?;
    run::watched(py, None, |control| {
        let space = Space::new([nx, ny, nz], lower, upper)?;
        grid::traverse::traverse(&space, lines, cells, threads, control)
    })
}

/// Rows `t, x, y, z, error_x, error_y, error_z, error` of the feature points of a grid; the time is the mean of that of `lines`.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // they are the keywords of FPI
pub(crate) fn find_peaks<'py>(
    py: Python<'py>,
    values: Input3<'py, f64>,
    lower: [f64; 3],
    upper: [f64; 3],
    lines: Option<Input2<'py, f64>>,
    w: usize,
    r: f64,
    lld_counts: f64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let &[nx, ny, nz] = values.shape() else {
        return Err(PyValueError::new_err("`values`: expected three axes"));
    };
    let cells = values.as_slice()?;
    let lines = lines.as_ref().map(|lines| tables::rows(lines)).transpose()?;
    let found = run::quick(py, || {
        let space = Space::new([nx, ny, nz], lower, upper)?;
        let time = lines.map_or(f64::NAN, grid::peaks::mean_time);
        let mut found = Vec::new();
        grid::peaks::Peaks { w, r, lld_counts }.find(cells, &space, time, &mut found)?;
        Ok(found)
    })?;
    tables::table(py, found, grid::peaks::COLUMNS)
}
