//! Bindings of `lumentrace::frames::cells`.

use lumentrace::frames::cells::{Binned, Binning, Cells, Noise, Part, Projections, Search};
use lumentrace::pool::Workers;
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2};
use crate::movie::{MovieFrames, Span, plane};
use crate::run;

/// Mean and noise of the pixels of a window of a movie.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct PixelNoise {
    kernel: Noise,
    width: usize,
}

#[pymethods]
impl PixelNoise {
    #[new]
    fn new(rows: usize, columns: usize) -> Self {
        Self { kernel: Noise::new(rows.saturating_mul(columns)), width: columns }
    }

    /// Mean and standard deviation of the noise (rows, columns) of each; NaN where there is none.
    #[allow(clippy::type_complexity)] // two images
    fn images<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>)> {
        Ok((plane(py, self.kernel.mean(), self.width)?, plane(py, self.kernel.deviation(), self.width)?))
    }
}

/// A window of a movie in bins of time and space, in units of the noise.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct BinnedMovie {
    kernel: Binned,
}

#[pymethods]
impl BinnedMovie {
    /// `frames` to a bin and `factor` pixels along the side of a cell of the grid; `segment` bins have a mean of their own
    /// in local correlations.
    #[new]
    fn new(
        mean: Input2<'_, f64>,
        noise: Input2<'_, f64>,
        factor: usize,
        frames: usize,
        bins: usize,
        segment: usize,
    ) -> PyResult<Self> {
        let plan = Binning { shape: [mean.shape()[0], mean.shape()[1]], factor, frames, bins, segment };
        let kernel = Binned::new(plan, mean.as_slice()?, noise.as_slice()?);
        Ok(Self { kernel: kernel.map_err(|error| run::to_python(mean.py(), &error))? })
    }

    /// Bins (rows, columns, bins) of the grid.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let [rows, columns] = self.kernel.plan().grid();
        PyArray1::from_vec(py, self.kernel.to_vec()).reshape([rows, columns, self.kernel.done()])
    }

    /// Correlation of each pixel with its neighbours, and its peak in units of the noise of a bin (rows, columns).
    #[pyo3(signature = (threads=0))]
    #[allow(clippy::type_complexity)] // two images
    fn images<'py>(
        &self,
        py: Python<'py>,
        threads: usize,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>)> {
        let found = run::watched(py, None, |control| self.kernel.images(&Workers { threads, control }))?;
        let width = self.kernel.plan().shape[1];
        Ok((plane(py, found.0, width)?, plane(py, found.1, width)?))
    }

    /// Cells of a diameter in cells of the grid; slow changes are taken out over `window` bins.
    #[pyo3(signature = (diameter, window, progress=None, threads=0))]
    fn cells<'py>(
        &self,
        py: Python<'py>,
        diameter: f64,
        window: usize,
        progress: Option<&Bound<'py, PyAny>>,
        threads: usize,
    ) -> PyResult<Found<'py>> {
        let search = Search { diameter, window };
        let found = run::watched(py, progress, |control| search.run(&self.kernel, &Workers { threads, control }))?;
        told(py, &found, self.kernel.done())
    }

    /// Activity (rows, columns) of the grid under the filter of a cell of a diameter.
    #[pyo3(signature = (diameter, window, threads=0))]
    fn activity<'py>(
        &self,
        py: Python<'py>,
        diameter: f64,
        window: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let search = Search { diameter, window };
        let found = run::watched(py, None, |control| search.activity(&self.kernel, &Workers { threads, control }))?;
        plane(py, found, self.kernel.plan().grid()[1])
    }
}

type Found<'py> = (
    Bound<'py, PyArray2<f64>>,
    Vec<Bound<'py, PyArray2<f32>>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
);

/// Figures of cells (first row, first column, activity, correlation of halves, patch), their footprints, courses where they
/// are active, whole courses, and courses of the surroundings of each patch.
fn told<'py>(py: Python<'py>, cells: &Cells, bins: usize) -> PyResult<Found<'py>> {
    let (mut figures, mut active, mut free, mut footprints) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for cell in &cells.found {
        let [row, column] = cell.place.map(|place| place as f64);
        figures.extend([row, column, f64::from(cell.activity), f64::from(cell.halves), cell.patch as f64]);
        active.extend_from_slice(&cell.active);
        free.extend_from_slice(&cell.free);
        footprints.push(plane(py, cell.weights.clone(), cell.shape[1])?);
    }
    let table = |values: Vec<f32>, rows: usize| PyArray1::from_vec(py, values).reshape([rows, bins]);
    let count = cells.found.len();
    let figures = PyArray1::from_vec(py, figures).reshape([count, 5])?;
    let around = table(cells.around.concat(), cells.around.len())?;
    Ok((figures, footprints, table(active, count)?, table(free, count)?, around))
}

/// Projections of a window of a movie on time courses, in parts of it.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct MovieProjections {
    kernel: Projections,
}

#[pymethods]
impl MovieProjections {
    /// `parts` are first and end row, first and end column, and numbers of courses; `courses` are (courses, bins).
    #[new]
    fn new(
        mean: Input2<'_, f64>,
        frames: usize,
        courses: Input2<'_, f64>,
        parts: Vec<(Span, Span, Vec<usize>)>,
    ) -> PyResult<Self> {
        let part = |((top, bottom), (left, right), courses)| Part { rows: top..bottom, columns: left..right, courses };
        let parts = parts.into_iter().map(part).collect();
        let shape = [mean.shape()[0], mean.shape()[1]];
        let bins = courses.shape()[1];
        let kernel = Projections::new(shape, mean.as_slice()?, frames, courses.as_slice()?, bins, parts);
        Ok(Self { kernel: kernel.map_err(|error| run::to_python(mean.py(), &error))? })
    }

    /// Sums of each part, its courses and pixels in a row.
    fn sums<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyArray1<f64>>> {
        self.kernel.sums().iter().map(|sums| PyArray1::from_slice(py, sums)).collect()
    }
}

/// What takes the frames of a movie.
#[derive(FromPyObject)]
pub(crate) enum Taker<'py> {
    Noise(PyRefMut<'py, PixelNoise>),
    Binned(PyRefMut<'py, BinnedMovie>),
    Projections(PyRefMut<'py, MovieProjections>),
}

/// Hands frames of a window over, those that are kept.
#[pyfunction]
#[pyo3(signature = (movie, taker, frames, rows, columns, kept, progress=None, threads=0))]
#[allow(clippy::too_many_arguments)] // a part of a movie
pub(crate) fn hand_frames(
    py: Python<'_>,
    movie: &MovieFrames,
    taker: Taker<'_>,
    frames: Span,
    rows: Span,
    columns: Span,
    kept: Input1<'_, bool>,
    progress: Option<&Bound<'_, PyAny>>,
    threads: usize,
) -> PyResult<()> {
    let window = (frames, rows, columns);
    match taker {
        Taker::Noise(mut own) => movie.hand_to(py, &mut own.kernel, window, &kept, progress, threads),
        Taker::Binned(mut own) => movie.hand_to(py, &mut own.kernel, window, &kept, progress, threads),
        Taker::Projections(mut own) => movie.hand_to(py, &mut own.kernel, window, &kept, progress, threads),
    }
}
