//! Bindings of `lumentrace::frames::motion`.

use lumentrace::frames::motion::{Field, Moved, Reference, Roughness, Sampling, Search, Template, apply};
use lumentrace::frames::movie::Pixel;
use numpy::{Element, PyArray1, PyArray2, PyArray3, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2, Input3};
use crate::run;

/// Reasons, shifts, standard errors and contrast of frames, and shifts and standard errors of their tiles.
type Found<'py> = (
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray3<f64>>,
);

/// Calls `$work` with a film of the type that `$frames` has.
macro_rules! for_films {
    ($frames:expr, $work:expr) => { for_films!(@ $frames, $work, u8 i8 u16 i16 u32 i32 f32 f64) };
    (@ $frames:expr, $work:expr, $($ty:ty)*) => {{
        let frames: &Bound<'_, PyAny> = $frames;
        $(if let Ok(film) = frames.extract::<Input3<'_, $ty>>() {
            $work(film)
        } else)* {
            let found = frames.getattr("dtype").map_or_else(|_| "no array".to_owned(), |dtype| dtype.to_string());
            Err(PyTypeError::new_err(format!(
                "`frames`: expected (frames, rows, columns) of 8- to 32-bit numbers or float64, found {found}"
            )))
        }
    }};
}

/// A reference that frames are compared with.
#[pyclass(module = "lumentrace._core", frozen)]
pub(crate) struct MotionTemplate {
    template: Template,
    shape: [usize; 2],
    tiles: usize,
}

#[pymethods]
impl MotionTemplate {
    #[new]
    #[pyo3(signature = (even, odd, rate, *, bin, gain, zero, full, tiles, reach, lags, roughness=None, growth=1.5))]
    #[allow(clippy::too_many_arguments)] // a reference, and how frames are compared with it
    fn new(
        py: Python<'_>,
        even: Input2<'_, f32>,
        odd: Input2<'_, f32>,
        rate: Input2<'_, f32>,
        bin: usize,
        gain: f64,
        zero: f64,
        full: f64,
        tiles: [usize; 2],
        reach: usize,
        lags: usize,
        roughness: Option<f64>,
        growth: f64,
    ) -> PyResult<Self> {
        let shape = [even.shape()[0], even.shape()[1]];
        let (even, odd, rate) = (even.as_slice()?, odd.as_slice()?, rate.as_slice()?);
        let reference = Reference { shape, even, odd, rate, bin };
        let roughness = roughness.map(|pixels| Roughness { pixels, growth });
        let search = Search { gain, zero, full, tiles, reach, lags, roughness };
        let template = run::quick(py, || Template::new(&reference, search))?;
        Ok(Self { template, shape, tiles: tiles[0] * tiles[1] })
    }

    /// Motion of frames (n, rows, columns): numbers of reasons (0 where there is a shift), shifts (n, 2), standard errors
    /// (n, 2), contrast (n,), shifts and standard errors of tiles (n, tiles, 4).
    #[pyo3(signature = (frames, threads=0))]
    fn estimate<'py>(&self, py: Python<'py>, frames: &Bound<'py, PyAny>, threads: usize) -> PyResult<Found<'py>> {
        for_films!(frames, |film: Input3<'py, _>| self.found(py, &film, threads))
    }
}

impl MotionTemplate {
    fn found<'py, P: Pixel + Element>(
        &self,
        py: Python<'py>,
        film: &Input3<'py, P>,
        threads: usize,
    ) -> PyResult<Found<'py>> {
        if film.shape()[1..] != self.shape {
            let message = format!("`frames`: expected frames of {:?}, found {:?}", self.shape, &film.shape()[1..]);
            return Err(PyValueError::new_err(message));
        }
        let pixels = film.as_slice()?;
        let moved = run::watched(py, None, |control| self.template.estimate(pixels, threads, control))?;
        let count = moved.len();
        let table = |of: fn(&Moved) -> [f64; 2]| {
            PyArray1::from_vec(py, moved.iter().flat_map(of).collect()).reshape([count, 2])
        };
        let blocks = moved.iter().flat_map(|own| own.blocks.iter().flatten().copied()).collect();
        Ok((
            PyArray1::from_vec(py, moved.iter().map(|own| own.reason as u8).collect()),
            table(|own| own.shift)?,
            table(|own| own.sigma)?,
            PyArray1::from_vec(py, moved.iter().map(|own| own.contrast).collect()),
            PyArray1::from_vec(py, blocks).reshape([count, self.tiles, 4])?,
        ))
    }
}

/// Frames (n, rows, columns) as float32 without their motion; NaN where that is unknown.
///
/// `shifts` (n, nodes, 2) holds displacements at nodes, row by row; `sampling` is nearest, linear or cubic.
#[pyfunction]
#[pyo3(signature = (frames, nodes, shifts, line_offset, sampling, threads=0))]
pub(crate) fn apply_motion<'py>(
    py: Python<'py>,
    frames: &Bound<'py, PyAny>,
    nodes: (Input1<'py, f64>, Input1<'py, f64>),
    shifts: Input3<'py, f64>,
    line_offset: f64,
    sampling: &str,
    threads: usize,
) -> PyResult<Bound<'py, PyArray3<f32>>> {
    let sampling = match sampling {
        "nearest" => Sampling::Nearest,
        "linear" => Sampling::Linear,
        "cubic" => Sampling::Cubic,
        _ => {
            let message = format!("`sampling`: expected nearest, linear or cubic, found {sampling:?}");
            return Err(PyValueError::new_err(message));
        }
    };
    let nodes = [nodes.0.as_slice()?, nodes.1.as_slice()?];
    let field = Field { nodes, shifts: shifts.as_slice()?.as_chunks().0, line_offset };
    for_films!(frames, |film: Input3<'py, _>| applied(py, &film, &field, sampling, threads))
}

fn applied<'py, P: Pixel + Element>(
    py: Python<'py>,
    film: &Input3<'py, P>,
    field: &Field<'_>,
    sampling: Sampling,
    threads: usize,
) -> PyResult<Bound<'py, PyArray3<f32>>> {
    let shape = [film.shape()[0], film.shape()[1], film.shape()[2]];
    let pixels = film.as_slice()?;
    let made = run::watched(py, None, |control| {
        let mut out = vec![0.0; pixels.len()];
        apply(pixels, [shape[1], shape[2]], field, sampling, &mut out, threads, control)?;
        Ok(out)
    })?;
    PyArray1::from_vec(py, made).reshape(shape)
}
