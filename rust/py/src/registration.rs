//! Bindings of `lumentrace::registration`.

use lumentrace::registration::{Align, Field, Interpolation, Map, Model, Sampled, TILE_COLUMNS, Tiles, reduce, warp};
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Input2, Input3};
use crate::{run, tables};

/// Origin and spacing of the nodes along x and y, and their shifts (rows, columns, 2).
type PyField<'py> = ([f64; 2], [f64; 2], Input3<'py, f64>);
type PyAligned<'py> = (Bound<'py, PyArray1<f64>>, f64, f64, usize, bool, f64);

/// Calls `$work` with a 2-D array of the type that `$image` has.
macro_rules! for_pixels {
    ($image:expr, $name:literal, $work:expr) => {{
        let image: &Bound<'_, PyAny> = $image;
        if let Ok(pixels) = image.extract::<Input2<'_, u8>>() {
            $work(Plane::new(&pixels)?)
        } else if let Ok(pixels) = image.extract::<Input2<'_, u16>>() {
            $work(Plane::new(&pixels)?)
        } else if let Ok(pixels) = image.extract::<Input2<'_, u32>>() {
            $work(Plane::new(&pixels)?)
        } else if let Ok(pixels) = image.extract::<Input2<'_, f32>>() {
            $work(Plane::new(&pixels)?)
        } else {
            let found = image.getattr("dtype").map_or_else(|_| "no array".to_owned(), |dtype| dtype.to_string());
            Err(PyTypeError::new_err(format!(
                concat!("`", $name, "`: expected a plane of uint8, uint16, uint32 or float32, found {}"),
                found
            )))
        }
    }};
}
pub(crate) use for_pixels;

/// A contiguous image.
pub(crate) struct Plane<'a, T> {
    pub(crate) pixels: &'a [T],
    pub(crate) width: usize,
}

impl<'a, T: Element> Plane<'a, T> {
    pub(crate) fn new(array: &'a Input2<'_, T>) -> PyResult<Self> {
        Ok(Self { pixels: array.as_slice()?, width: array.shape()[1] })
    }
}

/// Means of squares of `factor` x `factor` pixels, as float32.
#[pyfunction]
#[pyo3(signature = (image, factor, threads=0))]
pub(crate) fn reduce_image<'py>(
    py: Python<'py>,
    image: &Bound<'py, PyAny>,
    factor: usize,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    fn work<'py, T: Copy + Into<f64> + Sync>(
        py: Python<'py>,
        plane: &Plane<'_, T>,
        factor: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (pixels, width) =
            run::watched(py, None, |control| reduce(plane.pixels, plane.width, factor, threads, control))?;
        PyArray1::from_vec(py, pixels).reshape([plane.pixels.len() / plane.width / factor, width])
    }
    for_pixels!(image, "image", |plane| work(py, &plane, factor, threads))
}

fn to_map(matrix: [f64; 9], field: Option<PyField<'_>>) -> PyResult<Map> {
    let field = field.map(|(origin, spacing, shifts)| {
        let shifts = shifts.as_array();
        let (_, columns, components) = shifts.dim();
        if components != 2 {
            return Err(PyValueError::new_err("`field`: expected shifts of shape (rows, columns, 2)"));
        }
        let nodes = shifts.rows().into_iter().map(|shift| [shift[0], shift[1]]).collect();
        Ok(Field { origin, spacing, columns, shifts: nodes })
    });
    Map::new(matrix, field.transpose()?).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Rows `first..first + rows` of the fixed image's grid, filled with the moving image; NaN outside.
#[pyfunction]
#[pyo3(signature = (moving, matrix, field, first, rows, columns, interpolation, threads=0))]
#[allow(clippy::too_many_arguments)] // an image, a map and a part of a grid
pub(crate) fn warp_rows<'py>(
    py: Python<'py>,
    moving: &Bound<'py, PyAny>,
    matrix: [f64; 9],
    field: Option<PyField<'py>>,
    first: usize,
    rows: usize,
    columns: usize,
    interpolation: &str,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let map = to_map(matrix, field)?;
    let interpolation = match interpolation {
        "linear" => Interpolation::Linear,
        "cubic" => Interpolation::Cubic,
        "smooth" => Interpolation::Smooth,
        _ => {
            let told = format!("`interpolation`: expected linear, cubic or smooth, found {interpolation:?}");
            return Err(PyValueError::new_err(told));
        }
    };
    // numpy's own function: it raises where memory is short.
    let zeros = py.import("numpy")?.call_method1("zeros", ((rows, columns), "float32"))?;
    let out: Bound<'py, PyArray2<f32>> = zeros.extract()?;
    let mut write = out.readwrite();
    let lines = write.as_slice_mut().map_err(|_| PyValueError::new_err("expected a contiguous array"))?;
    for_pixels!(moving, "moving", |plane: Plane<'_, _>| {
        run::watched(py, None, |control| {
            warp(plane.pixels, plane.width, &map, interpolation, first, columns, lines, threads, control)
        })
    })?;
    drop(write);
    Ok(out)
}

fn to_model(name: &str) -> PyResult<Model> {
    match name {
        "translation" => Ok(Model::Translation),
        "affine" => Ok(Model::Affine),
        "homography" => Ok(Model::Homography),
        _ => Err(PyValueError::new_err(format!("`model`: expected translation, affine or homography, found {name:?}"))),
    }
}

/// Matrix, correlation, overlap, steps, whether it converged, and the spread of residuals. Progress counts steps.
#[pyfunction]
#[pyo3(signature = (fixed, moving, start, model, iterations, tolerance, robust, progress=None, threads=0))]
#[allow(clippy::too_many_arguments)] // two images and a row of settings
pub(crate) fn align_images<'py>(
    py: Python<'py>,
    fixed: Input2<'py, f32>,
    moving: Input2<'py, f32>,
    start: [f64; 9],
    model: &str,
    iterations: usize,
    tolerance: f64,
    robust: bool,
    progress: Option<&Bound<'py, PyAny>>,
    threads: usize,
) -> PyResult<PyAligned<'py>> {
    let settings = Align { model: to_model(model)?, iterations, tolerance, robust };
    let (fixed, moving) = (Plane::new(&fixed)?, Plane::new(&moving)?);
    let found = run::watched(py, progress, |control| {
        let moving = Sampled::new(moving.pixels, moving.width)?;
        settings.run(fixed.pixels, fixed.width, &moving, start, threads, control)
    })?;
    let matrix = PyArray1::from_slice(py, &found.matrix);
    Ok((matrix, found.correlation, found.overlap, found.iterations, found.converged, found.residual))
}

/// A row for each centre (x, y): shift, correlation, information (xx, xy, yy), share in both images. Progress counts
/// centres.
#[pyfunction]
#[pyo3(signature = (fixed, moving, centres, radius, longest, iterations, progress=None, threads=0))]
#[allow(clippy::too_many_arguments)] // two images and a row of settings
pub(crate) fn tile_shifts<'py>(
    py: Python<'py>,
    fixed: Input2<'py, f32>,
    moving: Input2<'py, f32>,
    centres: Input2<'py, f64>,
    radius: usize,
    longest: f64,
    iterations: usize,
    progress: Option<&Bound<'py, PyAny>>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let settings = Tiles { radius, longest, iterations };
    if centres.shape()[1] != 2 {
        return Err(PyValueError::new_err("`centres`: expected rows (x, y)"));
    }
    let centres: Vec<[f64; 2]> = centres.as_array().rows().into_iter().map(|row| [row[0], row[1]]).collect();
    let (fixed, moving) = (Plane::new(&fixed)?, Plane::new(&moving)?);
    let found = run::watched(py, progress, |control| {
        let moving = Sampled::new(moving.pixels, moving.width)?;
        settings.find(fixed.pixels, &moving, &centres, threads, control)
    })?;
    tables::table(py, found.concat(), TILE_COLUMNS)
}
