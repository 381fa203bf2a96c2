//! Bindings of `lumentrace::occupancy`.

use lumentrace::grid::Space;
use lumentrace::occupancy::{Bodies, spread};
use numpy::{PyReadwriteArray4, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Input2;
use crate::{run, tables};

/// Adds to `grids` (count, nx, ny, nz), in place, what each body (from, to, radius, kind) holds, spread evenly over it.
///
/// `amounts` has a row per body and a column per grid. Bodies of 2 · 2 + 2 columns are in a plane (nz = 1).
#[pyfunction]
#[pyo3(signature = (grids, bodies, amounts, lower, upper, threads=0))]
pub(crate) fn spread_bodies(
    py: Python<'_>,
    mut grids: PyReadwriteArray4<'_, f64>,
    bodies: Input2<'_, f64>,
    amounts: Input2<'_, f64>,
    lower: [f64; 3],
    upper: [f64; 3],
    threads: usize,
) -> PyResult<()> {
    let (bodies, amounts) = (tables::rows(&bodies)?, tables::rows(&amounts)?.data());
    let &[_, nx, ny, nz] = grids.shape() else {
        return Err(PyValueError::new_err("`grids`: expected four axes"));
    };
    let cells = grids.as_slice_mut().map_err(|_| PyValueError::new_err("`grids`: expected a contiguous array"))?;
    run::watched(py, None, |control| {
        let space = Space::new([nx, ny, nz], lower, upper)?;
        if bodies.width() == 6 {
            spread::<2>(&space, Bodies::new(bodies)?, amounts, cells, threads, control)
        } else {
            spread::<3>(&space, Bodies::new(bodies)?, amounts, cells, threads, control)
        }
    })
}
