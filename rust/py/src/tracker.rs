//! Bindings of `lumentrace::tracker`.

use lumentrace::tracker::{Event, Here, LOCATION, News, Order, Stream, Times, Tracer, Tracker};
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

/// Follows tracers while lines come in.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct LineStream(Stream);

type Told<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyDict>);

#[pymethods]
impl LineStream {
    #[new]
    #[pyo3(signature = (tracers = None, every = None, lag = None))]
    fn new(py: Python<'_>, tracers: Option<usize>, every: Option<f64>, lag: Option<f64>) -> PyResult<Self> {
        let times = every.map_or(Times::Rate, Times::Every);
        Stream::new(tracers, times, lag).map(Self).map_err(|error| run::to_python(py, &error))
    }

    /// Takes more lines: filtered locations, smoothed ones, and what is known by now.
    #[pyo3(signature = (lines, threads = 0))]
    fn feed<'py>(&mut self, py: Python<'py>, lines: Input2<'py, f64>, threads: usize) -> PyResult<Told<'py>> {
        let rows = tables::rows(&lines)?;
        let stream = &mut self.0;
        let news = run::watched(py, None, |control| stream.feed(rows, threads, control))?;
        told(py, news)
    }

    /// The same of what is left, after the last lines.
    #[pyo3(signature = (threads = 0))]
    fn finish<'py>(&mut self, py: Python<'py>, threads: usize) -> PyResult<Told<'py>> {
        let stream = &mut self.0;
        let news = run::watched(py, None, |control| stream.finish(threads, control))?;
        told(py, news)
    }
}

fn told(py: Python<'_>, news: News) -> PyResult<Told<'_>> {
    let News { filtered, smoothed, fitted, tracers, time, lines, unused, rate, lag, events } = news;
    let about = PyDict::new(py);
    about.set_item("time", time)?;
    about.set_item("lines", lines)?;
    about.set_item("unused", unused)?;
    about.set_item("rate", rate)?;
    about.set_item("lag", lag)?;
    about.set_item("tracers", tracers.iter().map(|here| present(py, here)).collect::<PyResult<Vec<_>>>()?)?;
    let known = fitted.iter().map(|one| Ok((described(py, &one.tracer)?, one.lines))).collect::<PyResult<Vec<_>>>()?;
    about.set_item("fitted", known)?;
    about.set_item("events", events.iter().map(happened).collect::<Vec<_>>())?;
    Ok((tables::table(py, filtered, LOCATION)?, tables::table(py, smoothed, LOCATION)?, about))
}

fn present<'py>(py: Python<'py>, here: &Here) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("label", here.label)?;
    found.set_item("time", here.time)?;
    found.set_item("position", here.position)?;
    found.set_item("velocity", here.velocity)?;
    found.set_item("sigma", here.sigma)?;
    found.set_item("rate", here.rate)?;
    found.set_item("blur", here.blur)?;
    found.set_item("share", here.share)?;
    Ok(found)
}

/// What happened, after which time, and how long it was.
fn happened(event: &Event) -> (&'static str, f64, f64) {
    match event {
        Event::Gap { after, time } => ("gap", *after, *time),
        Event::Reset { after, time } => ("reset", *after, *time),
    }
}
