//! Bindings of `lumentrace::tracker`.

use lumentrace::tracker::{LOCATION, Order, Times, Tracer, Tracker};
use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::Input2;
use crate::{run, tables};

/// Locations of all tracers among lines, and what is known of the tracers.
///
/// Locations are at times of `at`, at multiples of `every` ms, or as often as there are lines for them.
#[pyfunction]
#[pyo3(signature = (lines, tracers = None, every = None, at = None, threads = 0))]
pub(crate) fn track_lines<'py>(
    py: Python<'py>,
    lines: Input2<'py, f64>,
    tracers: Option<usize>,
    every: Option<f64>,
    at: Option<Vec<f64>>,
    threads: usize,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyDict>)> {
    let rows = tables::rows(&lines)?;
    let times = at.map(Times::At).or(every.map(Times::Every)).unwrap_or(Times::Rate);
    let tracker = Tracker { tracers, times };
    let found = run::watched(py, None, |control| tracker.track(rows, threads, control))?;
    let about = PyDict::new(py);
    let each = found.tracers.iter().map(|tracer| described(py, tracer)).collect::<PyResult<Vec<_>>>()?;
    about.set_item("tracers", each)?;
    about.set_item("explained", found.explained)?;
    about.set_item("unused", found.unused)?;
    about.set_item("passes", found.passes)?;
    about.set_item("settled", found.settled)?;
    Ok((tables::table(py, found.locations, LOCATION)?, about))
}

fn described<'py>(py: Python<'py>, tracer: &Tracer) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("label", tracer.label)?;
    found.set_item("blur", tracer.blur)?;
    found.set_item("wide", tracer.wide)?;
    found.set_item("activity", tracer.activity)?;
    found.set_item("background", tracer.background)?;
    found.set_item(
        "order",
        match tracer.order {
            Order::Velocity => "velocity",
            Order::Acceleration => "acceleration",
        },
    )?;
    found.set_item("noise", tracer.noise)?;
    found.set_item("jumps", tracer.jumps)?;
    found.set_item("evidence", tracer.evidence)?;
    Ok(found)
}
