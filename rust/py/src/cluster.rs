//! Bindings of `lumentrace::cluster`.

use lumentrace::cluster::{self, Hdbscan, Points, Segregate, TracerClusters, hdbscan, tracers};
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays::Input2;
use crate::{run, tables};

type Labels = Py<PyArray1<i32>>;

/// Up to this many points are clustered within some milliseconds.
const FEW_POINTS: usize = 3000;

#[pyfunction]
pub(crate) fn hdbscan_labels(
    py: Python<'_>,
    points: Input2<'_, f64>,
    min_cluster_size: usize,
    min_samples: usize,
) -> PyResult<Labels> {
    let points = tables::rows(&points)?;
    let options = Hdbscan { min_cluster_size, min_samples };
    let labels = run::watched(py, None, |control| {
        points.require_width("points", 3)?;
        let axis = |k: usize| points.iter().map(|row| row[k]).collect::<Vec<_>>();
        let (x, y, z) = (axis(0), axis(1), axis(2));
        let (mut scratch, mut labels) = (hdbscan::Scratch::default(), Vec::new());
        let points = Points { x: &x, y: &y, z: &z };
        cluster::hdbscan(points, options, &mut scratch, control, &mut labels)?;
        Ok(labels)
    })?;
    Ok(PyArray1::from_vec(py, labels).unbind())
}

#[pyfunction]
#[pyo3(signature = (points, true_fraction, max_tracers, injection = 1.5))]
pub(crate) fn tracer_labels(
    py: Python<'_>,
    points: Input2<'_, f64>,
    true_fraction: f64,
    max_tracers: usize,
    injection: f64,
) -> PyResult<Labels> {
    let points = tables::rows(&points)?;
    let labels = run::sized(py, points.len() <= FEW_POINTS, |control| {
        let clusters = tracer_clusters(true_fraction, max_tracers, injection)?;
        let (mut scratch, mut labels) = (tracers::Scratch::default(), Vec::new());
        clusters.label(points, &mut scratch, control, &mut labels)?;
        Ok(labels)
    })?;
    Ok(PyArray1::from_vec(py, labels).unbind())
}

/// Points `x, y, z` that `tracer_labels` injects, and its `min_cluster_size` = `min_samples`.
#[pyfunction]
#[pyo3(signature = (points, true_fraction, max_tracers, injection = 1.5))]
pub(crate) fn tracer_injection<'py>(
    py: Python<'py>,
    points: Input2<'py, f64>,
    true_fraction: f64,
    max_tracers: usize,
    injection: f64,
) -> PyResult<(Bound<'py, PyArray2<f64>>, usize)> {
    let points = tables::rows(&points)?;
    let (injected, smallest) =
        run::quick(py, || tracer_clusters(true_fraction, max_tracers, injection)?.injection(points))?;
    Ok((tables::table(py, injected, 3)?, smallest))
}

pub(crate) fn tracer_clusters(
    true_fraction: f64,
    max_tracers: usize,
    injection: f64,
) -> lumentrace::Result<TracerClusters> {
    TracerClusters::new(true_fraction, max_tracers)?.injected_at(injection)
}

#[pyfunction]
#[pyo3(signature = (points, window, cut_distance, min_trajectory_size, max_time_interval = f64::INFINITY))]
pub(crate) fn segregate(
    py: Python<'_>,
    points: Input2<'_, f64>,
    window: usize,
    cut_distance: f64,
    min_trajectory_size: usize,
    max_time_interval: f64,
) -> PyResult<(Py<PyArray1<i64>>, Labels)> {
    let points = tables::rows(&points)?;
    let options = Segregate { window, cut_distance, min_trajectory_size, max_time_interval };
    let (order, labels) = run::watched(py, None, |control| {
        let (order, labels) = cluster::segregate(points, options, control)?;
        Ok((order.into_iter().map(|row| row as i64).collect(), labels))
    })?;
    let order = PyArray1::from_vec(py, order).unbind();
    Ok((order, PyArray1::from_vec(py, labels).unbind()))
}

/// Cluster of each point, -1 for noise.
#[pyfunction]
pub(crate) fn dbscan_labels<'py>(
    py: Python<'py>,
    points: Input2<'py, f64>,
    eps: f64,
    min_samples: usize,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let rows = tables::rows(&points)?;
    let labels = run::watched(py, None, |control| cluster::dbscan(rows, eps, min_samples, control))?;
    Ok(PyArray1::from_vec(py, labels))
}

/// Centres, the centre of each point, and the sum of squared distances.
#[pyfunction]
#[pyo3(signature = (points, k, starts, seed, max_iter, tol, threads=0))]
#[allow(clippy::too_many_arguments, clippy::type_complexity)] // a row of settings
pub(crate) fn k_means<'py>(
    py: Python<'py>,
    points: Input2<'py, f64>,
    k: usize,
    starts: usize,
    seed: u64,
    max_iter: usize,
    tol: f64,
    threads: usize,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>, f64)> {
    let rows = tables::rows(&points)?;
    let options = cluster::KMeans { k, starts, seed, max_iter, tol };
    let found = run::watched(py, None, |control| options.fit(rows, threads, control))?;
    let centres = tables::table(py, found.centres, rows.width())?;
    Ok((centres, PyArray1::from_vec(py, found.labels), found.inertia))
}
