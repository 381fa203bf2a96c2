//! Bindings of `lumentrace::samples`.

use lumentrace::samples;
use numpy::PyArray2;
use pyo3::prelude::*;

use crate::arrays::Input1;
use crate::{run, tables};

#[pyfunction]
pub(crate) fn time_windows(
    py: Python<'_>,
    times: Input1<'_, f64>,
    window: f64,
    overlap: f64,
) -> PyResult<Py<PyArray2<i64>>> {
    let times = times.as_slice()?;
    let ranges = run::quick(py, || samples::time_windows(times, window, overlap))?;
    tables::from_ranges(py, &ranges)
}

#[pyfunction]
pub(crate) fn adaptive_windows(
    py: Python<'_>,
    times: Input1<'_, f64>,
    window: f64,
    overlap: f64,
    max_elements: usize,
) -> PyResult<Py<PyArray2<i64>>> {
    let times = times.as_slice()?;
    let ranges = run::quick(py, || samples::adaptive_windows(times, window, overlap, max_elements))?;
    tables::from_ranges(py, &ranges)
}
