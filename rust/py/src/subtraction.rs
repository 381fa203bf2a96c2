//! Bindings of `lumentrace::subtraction`.

use lumentrace::subtraction::{Counts, SPOT_COLUMNS, Spots, Tally};
use numpy::{PyArray2, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::Input2;
use crate::registration::{Plane, for_pixels};
use crate::{run, tables};

/// Adds rows `inner` of a band to histograms of ratios of `fixed` and `sharp` `(blocks, bins)`, and of values of `fixed`
/// and `moving` `(bins, bins)`.
#[pyfunction]
#[pyo3(signature = (
    fixed, moving, sharp, first, inner, ratios, joint, *, height, margin, floor, decades, block, most, dither, seed,
    threads=0
))]
#[allow(clippy::too_many_arguments)] // a band, its place, and a row of settings
pub(crate) fn tally_ratios<'py>(
    py: Python<'py>,
    fixed: &Bound<'py, PyAny>,
    moving: Input2<'py, f32>,
    sharp: Input2<'py, f32>,
    first: usize,
    inner: (usize, usize),
    mut ratios: PyReadwriteArray2<'py, u32>,
    mut joint: PyReadwriteArray2<'py, u32>,
    height: usize,
    margin: usize,
    floor: f64,
    decades: f64,
    block: usize,
    most: [f64; 2],
    dither: [f64; 2],
    seed: u64,
    threads: usize,
) -> PyResult<()> {
    let (moving, sharp) = (Plane::new(&moving)?, Plane::new(&sharp)?);
    let tally = Tally {
        width: moving.width,
        margin,
        floor,
        decades,
        ratio_bins: ratios.shape()[1],
        block,
        height,
        most,
        joint_bins: joint.shape()[1],
        dither,
        seed,
    };
    if block == 0 || ratios.shape()[0] != tally.blocks() || joint.shape()[0] != joint.shape()[1] {
        let found = format!("{:?} and {:?}", ratios.shape(), joint.shape());
        return Err(PyValueError::new_err(format!(
            "`ratios`, `joint`: expected a row per block and a square, found {found}"
        )));
    }
    let mut counts = tally.counts().map_err(|error| run::to_python(py, &error))?;
    for_pixels!(fixed, "fixed", |plane: Plane<'_, _>| {
        run::watched(py, None, |control| {
            tally.add(plane.pixels, moving.pixels, sharp.pixels, first, inner.0..inner.1, &mut counts, threads, control)
        })
    })?;
    let Counts { ratios: new_ratios, joint: new_joint } = counts;
    for (array, new) in [(&mut ratios, new_ratios), (&mut joint, new_joint)] {
        let own = array.as_slice_mut().map_err(|_| PyValueError::new_err("expected contiguous histograms"))?;
        for (count, more) in own.iter_mut().zip(new) {
            *count = count.saturating_add(more);
        }
    }
    Ok(())
}

/// Spots of an image that comes row by row.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct SpotFinder(Spots);

#[pymethods]
impl SpotFinder {
    #[new]
    fn new(width: usize, low: f32, high: f32, least: usize) -> PyResult<Self> {
        Spots::new(width, low, high, least).map(Self).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Takes more rows: how high pixels are, and the values that are summed.
    fn add(&mut self, py: Python<'_>, height: Input2<'_, f32>, values: Input2<'_, f32>) -> PyResult<()> {
        let (height, values) = (Plane::new(&height)?, Plane::new(&values)?);
        let spots = &mut self.0;
        run::quick(py, move || spots.add(height.pixels, values.pixels))
    }

    /// A row for each spot: x, y, area, sum, peak, left, top, right, bottom.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        tables::table(py, self.0.finish().concat(), SPOT_COLUMNS)
    }
}
