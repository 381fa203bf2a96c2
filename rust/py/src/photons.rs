//! Bindings of `lumentrace::photons`.

use lumentrace::photons::{self, Screens};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2};
use crate::run;

/// Places `(3, n)`, and a flag for each.
type Hits<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<bool>>);

/// Vectors `(3, n)`.
fn vectors(py: Python<'_>, values: Vec<f64>) -> PyResult<Bound<'_, PyArray2<f64>>> {
    let shape = (3, values.len() / 3);
    let array = Array2::from_shape_vec(shape, values).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(array.into_pyarray(py))
}

/// Unit vectors `(3, n)` with some cosines of the angle to the z axis at some azimuths, each times a sign.
#[pyfunction]
pub(crate) fn photon_directions<'py>(
    py: Python<'py>,
    cosines: Input1<'py, f64>,
    azimuths: Input1<'py, f64>,
    signs: Input1<'py, f64>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (cosines, azimuths, signs) = (cosines.as_slice()?, azimuths.as_slice()?, signs.as_slice()?);
    vectors(py, run::quick(py, || photons::directions(cosines, azimuths, signs))?)
}

/// Unit vectors `(3, n)` turned by some angles, to sides that some azimuths tell.
#[pyfunction]
pub(crate) fn photons_turned<'py>(
    py: Python<'py>,
    directions: Input2<'py, f64>,
    angles: Input1<'py, f64>,
    azimuths: Input1<'py, f64>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (directions, angles, azimuths) = (directions.as_slice()?, angles.as_slice()?, azimuths.as_slice()?);
    vectors(py, run::quick(py, || photons::turned(directions, angles, azimuths))?)
}

/// Where photons `(3, n)` meet the planes of two screens, and whether they meet a screen there.
#[pyfunction]
pub(crate) fn screen_hits<'py>(
    py: Python<'py>,
    origins: Input2<'py, f64>,
    directions: Input2<'py, f64>,
    x: [f64; 2],
    y: [f64; 2],
    z: [f64; 2],
) -> PyResult<Hits<'py>> {
    let (origins, directions) = (origins.as_slice()?, directions.as_slice()?);
    let (points, hit) = run::quick(py, || Screens { x, y, z }.hits(origins, directions))?;
    Ok((vectors(py, points)?, PyArray1::from_vec(py, hit)))
}
