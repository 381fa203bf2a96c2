//! Bindings of the filters of `lumentrace::frames`.

use lumentrace::frames::{Filter, Filters, Scars};
use numpy::{PyReadwriteArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Input3;
use crate::run;

/// Applies filters (a name and its settings each) to frames in place, or to a copy of `source`; lists (frame, step, reason) of what was kept as it was.
#[pyfunction]
#[pyo3(signature = (frames, source, mask, steps, keep, progress=None, threads=0))]
#[allow(clippy::too_many_arguments)] // a row of settings
pub(crate) fn filter_frames(
    py: Python<'_>,
    mut frames: PyReadwriteArray3<'_, f64>,
    source: Option<Input3<'_, f64>>,
    mask: Option<Input3<'_, bool>>,
    steps: Vec<(String, Vec<f64>)>,
    keep: bool,
    progress: Option<&Bound<'_, PyAny>>,
    threads: usize,
) -> PyResult<Vec<(usize, usize, String)>> {
    let (height, width) = (frames.shape()[1], frames.shape()[2]);
    let steps = steps.iter().map(|(name, settings)| filter(name, settings)).collect::<PyResult<_>>()?;
    let filters = Filters::new(steps, height, width).map_err(|error| run::to_python(py, &error))?;
    let pixels = frames.as_slice_mut().map_err(|_| strided("frames"))?;
    let source = source.as_ref().map(|array| array.as_slice()).transpose()?;
    let mask = mask.as_ref().map(|array| array.as_slice()).transpose()?;
    let failures = run::watched(py, progress, |control| filters.apply(pixels, source, mask, keep, threads, control))?;
    Ok(failures.into_iter().map(|failure| (failure.frame, failure.step, failure.error.to_string())).collect())
}

fn strided(name: &str) -> PyErr {
    PyValueError::new_err(format!("`{name}`: expected a C-contiguous array, found a strided one"))
}

fn filter(name: &str, settings: &[f64]) -> PyResult<Filter> {
    Ok(match (name, settings) {
        ("row_median", []) => Filter::RowMedian,
        ("row_polynomial", [order]) => Filter::RowPolynomial { order: *order as usize },
        ("match_rows", []) => Filter::MatchRows,
        ("surface", [order]) => Filter::Surface { order: *order as usize },
        ("auto_surface", [order, factor, both_sides, iterations]) => Filter::AutoSurface {
            order: *order as usize,
            factor: *factor,
            both_sides: *both_sides != 0.0,
            iterations: *iterations as usize,
        },
        ("three_points", [a, b, c, d, e, f, radius]) => {
            Filter::ThreePoints { places: [[*a, *b], [*c, *d], [*e, *f]], radius: *radius as usize }
        }
        ("zero_mean", []) => Filter::ZeroMean,
        ("zero_median", []) => Filter::ZeroMedian,
        ("scars", [high, low, min_length, max_width]) => Filter::Scars(Scars {
            high: *high,
            low: *low,
            min_length: *min_length as usize,
            max_width: *max_width as usize,
        }),
        ("gaussian", [sigma]) => Filter::Gaussian { sigma: *sigma },
        ("flip", []) => Filter::Flip,
        _ => return Err(PyValueError::new_err(format!("`steps`: found {name:?} with {} settings", settings.len()))),
    })
}
