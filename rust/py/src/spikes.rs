//! Bindings of `lumentrace::spikes`.

use lumentrace::spikes::{Bootstrap, EVENT_COLUMNS, Found, Request, Sample, Status, deconvolve, statistics};
use numpy::{Element, PyArray2, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2};
use crate::{run, tables};

/// Calls `$work` with traces of either precision.
macro_rules! for_traces {
    ($traces:expr, $work:expr) => {{
        let traces: &Bound<'_, PyAny> = $traces;
        if let Ok(own) = traces.extract::<Input2<'_, f32>>() {
            $work(&own)
        } else if let Ok(own) = traces.extract::<Input2<'_, f64>>() {
            $work(&own)
        } else {
            Err(PyTypeError::new_err("`traces`: expected an array (traces, frames) of float32 or float64"))
        }
    }};
}

/// Decay and rise per frame, noise, baseline and penalty of each trace.
fn requests(table: &Input2<'_, f64>) -> PyResult<Vec<Request>> {
    let rows = table.as_slice()?.chunks_exact(table.shape()[1].max(1));
    rows.map(|row| match *row {
        [decay, rise, sigma, baseline, penalty] => Ok(Request { roots: [decay, rise], sigma, baseline, penalty }),
        _ => Err(PyValueError::new_err(format!("`requests`: expected 5 columns, found {}", row.len()))),
    })
    .collect()
}

fn code(status: Status) -> f64 {
    match status {
        Status::Solved => 0.0,
        Status::NotFinite => 1.0,
        Status::Flat => 2.0,
        Status::Short => 3.0,
        Status::NoKinetics => 4.0,
        Status::NotSolved => 5.0,
    }
}

/// Noise of traces `(traces, frames)`, and their autocovariances at some lags: `(traces, 1 + lags)`.
#[pyfunction]
#[pyo3(signature = (traces, lags, threads=0))]
pub(crate) fn trace_statistics<'py>(
    py: Python<'py>,
    traces: &Bound<'py, PyAny>,
    lags: Vec<usize>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    fn work<T: Sample + Element>(
        py: Python<'_>,
        traces: &Input2<'_, T>,
        lags: &[usize],
        threads: usize,
    ) -> PyResult<Vec<f64>> {
        let (frames, values) = (traces.shape()[1], traces.as_slice()?);
        run::watched(py, None, |control| statistics(values, frames, lags, threads, control))
    }
    let width = 1 + lags.len();
    tables::table(py, for_traces!(traces, |own| work(py, own, &lags, threads))?, width)
}

/// Writes the events of traces `(traces, frames)` to `events`; a row of baseline, noise, penalty and status for each.
#[pyfunction]
#[pyo3(signature = (traces, requests, least, events, threads=0))]
pub(crate) fn deconvolve_traces<'py>(
    py: Python<'py>,
    traces: &Bound<'py, PyAny>,
    requests: Input2<'py, f64>,
    least: f64,
    events: &Bound<'py, PyAny>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    fn work<T: Sample + Element>(
        py: Python<'_>,
        traces: &Input2<'_, T>,
        requests: &[Request],
        least: f64,
        events: &Bound<'_, PyAny>,
        threads: usize,
    ) -> PyResult<Vec<Found>> {
        let mut events: PyReadwriteArray2<'_, T> =
            events.extract().map_err(|_| PyTypeError::new_err("`events`: expected an array like `traces`"))?;
        let out = events.as_slice_mut().map_err(|_| PyValueError::new_err("`events`: expected a contiguous array"))?;
        let (frames, values) = (traces.shape()[1], traces.as_slice()?);
        run::watched(py, None, |control| deconvolve(values, frames, requests, least, out, threads, control))
    }
    let requests = self::requests(&requests)?;
    let found = for_traces!(traces, |own| work(py, own, &requests, least, events, threads))?;
    let rows = found.iter().flat_map(|each| [each.baseline, each.sigma, each.penalty, code(each.status)]);
    tables::table(py, rows.collect(), 4)
}

/// A row for each event of traces: trace, first and last frame, size, size without bias, deviation, ends of the interval.
#[pyfunction]
#[pyo3(signature = (traces, events, baselines, requests, *, least, replicates, coverage, seed, first, threads=0))]
#[allow(clippy::too_many_arguments)] // traces, what was found, and a row of settings
pub(crate) fn bootstrap_events<'py>(
    py: Python<'py>,
    traces: &Bound<'py, PyAny>,
    events: &Bound<'py, PyAny>,
    baselines: Input1<'py, f64>,
    requests: Input2<'py, f64>,
    least: f64,
    replicates: usize,
    coverage: f64,
    seed: u64,
    first: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    fn work<'py, T: Sample + Element>(
        py: Python<'py>,
        bootstrap: Bootstrap,
        traces: &Input2<'py, T>,
        events: &Bound<'py, PyAny>,
        baselines: &[f64],
        requests: &[Request],
        threads: usize,
    ) -> PyResult<Vec<f64>> {
        let events: Input2<'py, T> =
            events.extract().map_err(|_| PyTypeError::new_err("`events`: expected an array like `traces`"))?;
        let (frames, values, events) = (traces.shape()[1], traces.as_slice()?, events.as_slice()?);
        run::watched(py, None, |control| {
            bootstrap.events(values, events, baselines, frames, requests, threads, control)
        })
    }
    let (requests, baselines) = (self::requests(&requests)?, baselines.as_slice()?);
    let bootstrap = Bootstrap { replicates, coverage, least, seed, first };
    let rows = for_traces!(traces, |own| work(py, bootstrap, own, events, baselines, &requests, threads))?;
    tables::table(py, rows, EVENT_COLUMNS)
}
