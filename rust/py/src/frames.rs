//! Bindings of `lumentrace::frames`.

use lumentrace::frames::{
    BLOB_COLUMNS, BlobScratch, Blobs, FEATURE_COLUMNS, FeatureScratch, Features, Holes, Links, Method, Scale,
};
use lumentrace::{Control, pool};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2, Input3};
use crate::{run, tables};

type Found<'py> = (Bound<'py, PyArray3<i32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>);

/// Labels (n, H, W) of the objects of all frames, how many objects each frame has, and a row of figures for each.
///
/// `holes` is None, 0 for all that are enclosed, or the area below which holes are filled.
#[pyfunction]
#[pyo3(signature = (data, mask, holes, opening, merge, min_size, remove_edge, progress=None, threads=0))]
#[allow(clippy::too_many_arguments)] // a row of settings
pub(crate) fn find_features<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    mask: Input3<'py, bool>,
    holes: Option<f64>,
    opening: usize,
    merge: bool,
    min_size: f64,
    remove_edge: bool,
    progress: Option<&Bound<'_, PyAny>>,
    threads: usize,
) -> PyResult<Found<'py>> {
    let holes = holes.map(|area| if area > 0.0 { Holes::Below(area) } else { Holes::Enclosed });
    let options = Features { holes, opening, merge, min_size, remove_edge };
    let shape = [mask.shape()[0], mask.shape()[1], mask.shape()[2]];
    let pixels = mask.as_slice()?;
    let labels = PyArray3::<i32>::zeros(py, shape, false);
    let mut write = labels.readwrite();
    let painted = write.as_slice_mut().map_err(|_| PyValueError::new_err("labels: expected a contiguous array"))?;
    macro_rules! try_type {
        ($ty:ty) => {
            if let Ok(values) = data.extract::<Input3<'py, $ty>>() {
                let values = values.as_slice()?;
                let rows = run::watched(py, progress, |control| {
                    in_frames(values, pixels, shape, &options, painted, threads, control)
                })?;
                drop(write);
                let counts = rows.iter().map(|rows| (rows.len() / FEATURE_COLUMNS) as i64).collect();
                return Ok((
                    labels,
                    PyArray1::from_vec(py, counts),
                    tables::table(py, rows.concat(), FEATURE_COLUMNS)?,
                ));
            }
        };
    }
    try_type!(f64);
    try_type!(f32);
    Err(PyTypeError::new_err("`data`: expected float64 or float32"))
}

/// Paints labels and returns the rows of each frame.
fn in_frames<T: Copy + Into<f64> + Sync>(
    values: &[T],
    mask: &[bool],
    [frames, height, width]: [usize; 3],
    options: &Features,
    labels: &mut [i32],
    threads: usize,
    control: &Control,
) -> lumentrace::Result<Vec<Vec<f64>>> {
    let size = height * width;
    if values.len() != mask.len() {
        let found = format!("{} pixels", mask.len());
        return Err(lumentrace::Error::argument("mask", format!("{} pixels", values.len()), found));
    }
    if size == 0 {
        return Ok(vec![Vec::new(); frames]);
    }
    pool::for_chunks(labels, size, threads, control, FeatureScratch::default, |scratch, frame, labels| {
        let own = frame * size..(frame + 1) * size;
        let mut rows = Vec::new();
        options.find(&values[own.clone()], &mask[own], width, scratch, labels, &mut rows)?;
        control.advance(1);
        Ok(rows)
    })
}

/// How many blobs each frame has, and a row `y, x, sigma, response` for each.
#[pyfunction]
#[pyo3(signature = (data, sigmas, threshold, overlap, refine, progress=None, threads=0))]
#[allow(clippy::type_complexity, clippy::too_many_arguments)] // two arrays; a row of settings
pub(crate) fn find_blobs<'py>(
    py: Python<'py>,
    data: Input3<'py, f64>,
    sigmas: Vec<f64>,
    threshold: f64,
    overlap: f64,
    refine: bool,
    progress: Option<&Bound<'_, PyAny>>,
    threads: usize,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>)> {
    let (frames, width) = (data.shape()[0], data.shape()[2]);
    let size = data.shape()[1] * width;
    let values = data.as_slice()?;
    let blobs = Blobs { sigmas, threshold, overlap, refine };
    let found = run::watched(py, progress, |control| {
        pool::map(frames, threads, control, BlobScratch::default, |scratch, frame| {
            let mut rows = Vec::new();
            blobs.find(&values[frame * size..(frame + 1) * size], width, scratch, control, &mut rows)?;
            control.advance(1);
            Ok(rows)
        })
    })?;
    let counts = found.iter().map(|rows| (rows.len() / BLOB_COLUMNS) as i64).collect();
    Ok((PyArray1::from_vec(py, counts), tables::table(py, found.concat(), BLOB_COLUMNS)?))
}

/// The number of the track of each point; points of frame f are rows `starts[f]..starts[f + 1]`.
#[pyfunction]
pub(crate) fn link_points<'py>(
    py: Python<'py>,
    points: Input2<'py, f64>,
    starts: Input1<'py, i64>,
    max_distance: f64,
    max_missing: usize,
    scale: &str,
    method: &str,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let scale = match scale {
        "constant" => Scale::Constant,
        "sqrt" => Scale::Sqrt,
        "linear" => Scale::Linear,
        _ => return Err(PyValueError::new_err(format!("`distance_scale`: found {scale:?}"))),
    };
    let method = match method {
        "greedy" => Method::Greedy,
        "optimal" => Method::Optimal,
        _ => return Err(PyValueError::new_err(format!("`method`: found {method:?}"))),
    };
    let rows = tables::rows(&points)?;
    let starts: Vec<usize> = starts.as_array().iter().map(|&start| start.max(0) as usize).collect();
    let links = Links { max_distance, max_missing, scale, method };
    let ids = run::watched(py, None, |control| links.find(rows, &starts, control))?;
    Ok(PyArray1::from_iter(py, ids.into_iter().map(|id| id as i64)))
}
