//! Bindings of `lumentrace::frames::movie` and of the watershed.

use std::ops::Range;
use std::path::PathBuf;

use lumentrace::Control;
use lumentrace::frames::cells::TakesFrames;
use lumentrace::frames::flood;
use lumentrace::frames::movie::{
    Background, Chunk, ChunkedFile, Filter, Frames, Layout, Packed, Pixel, Regions, Target, Window,
};
use lumentrace::pool::Workers;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{Input1, Input2, Input3};
use crate::run;

/// Frames (n, rows, columns) in chunks of a file, or in an array.
#[pyclass(module = "lumentrace._core", frozen)]
pub(crate) struct MovieFrames {
    held: Held,
    dtype: String,
}

enum Held {
    File(String, ChunkedFile),
    Memory(Py<PyAny>),
}

pub(crate) type Span = (usize, usize);
type Images<'py> =
    (Bound<'py, PyArray2<u32>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>);
type Columns<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>);
type Areas<'py> = (Input1<'py, i64>, Input1<'py, u32>);

/// Runs `$work` on frames of the type that the movie has.
macro_rules! on_frames {
    ($movie:expr, $py:expr, |$frames:ident| $work:expr) => {
        match $movie.dtype.as_str() {
            "uint8" => on_frames!(@ u8, $movie, $py, $frames, $work),
            "int8" => on_frames!(@ i8, $movie, $py, $frames, $work),
            "uint16" => on_frames!(@ u16, $movie, $py, $frames, $work),
            "int16" => on_frames!(@ i16, $movie, $py, $frames, $work),
            "uint32" => on_frames!(@ u32, $movie, $py, $frames, $work),
            "int32" => on_frames!(@ i32, $movie, $py, $frames, $work),
            "float32" => on_frames!(@ f32, $movie, $py, $frames, $work),
            "float64" => on_frames!(@ f64, $movie, $py, $frames, $work),
            other => Err(PyTypeError::new_err(format!("movie: expected 8- to 32-bit numbers or float64, found {other}"))),
        }
    };
    (@ $ty:ty, $movie:expr, $py:expr, $frames:ident, $work:expr) => {
        match &$movie.held {
            Held::File(_, file) => {
                let $frames = Frames::<$ty>::in_file(file).map_err(|error| run::to_python($py, &error))?;
                $work
            }
            Held::Memory(values) => {
                let array = values.bind($py).extract::<Input3<'_, $ty>>()?;
                let shape = [array.shape()[0], array.shape()[1], array.shape()[2]];
                let pixels = array.as_slice()?;
                let $frames = Frames::in_memory(pixels, shape).map_err(|error| run::to_python($py, &error))?;
                $work
            }
        }
    };
}

fn window(rows: Span, columns: Span) -> Window {
    Window { rows: rows.0..rows.1, columns: columns.0..columns.1 }
}

pub(crate) fn plane<T: Element>(py: Python<'_>, values: Vec<T>, width: usize) -> PyResult<Bound<'_, PyArray2<T>>> {
    let rows = values.len() / width.max(1);
    PyArray1::from_vec(py, values).reshape([rows, width])
}

impl MovieFrames {
    /// What a kernel found; damaged data names the file.
    fn told<T>(&self, py: Python<'_>, found: PyResult<T>) -> PyResult<T> {
        found.map_err(|error| match &self.held {
            Held::File(path, _) => run::in_file(py, path, error),
            Held::Memory(_) => error,
        })
    }

    /// Hands frames, rows and columns over to a kernel that takes them block by block.
    pub(crate) fn hand_to(
        &self,
        py: Python<'_>,
        taker: &mut (impl TakesFrames + Send),
        (frames, rows, columns): (Span, Span, Span),
        kept: &Input1<'_, bool>,
        progress: Option<&Bound<'_, PyAny>>,
        threads: usize,
    ) -> PyResult<()> {
        let (kept, window) = (kept.as_slice()?, window(rows, columns));
        let found = on_frames!(self, py, |movie| {
            run::watched(py, progress, |control| {
                movie.hand_to(taker, frames.0..frames.1, &window, kept, &Workers { threads, control })
            })
        });
        self.told(py, found)
    }
}

#[pymethods]
impl MovieFrames {
    /// Frames in a file: a row (first byte, bytes, filters that were skipped) for each chunk.
    #[staticmethod]
    fn open(
        path: PathBuf,
        shape: [usize; 3],
        chunk: [usize; 3],
        dtype: String,
        filters: Vec<String>,
        chunks: Input2<'_, u64>,
    ) -> PyResult<Self> {
        let filters = filters.iter().map(|name| match name.as_str() {
            "shuffle" => Ok(Filter::Shuffle),
            "gzip" => Ok(Filter::Deflate),
            _ => Err(PyValueError::new_err(format!("`filters`: expected shuffle or gzip, found {name:?}"))),
        });
        let pixel = match dtype.as_str() {
            "uint8" | "int8" => 1,
            "uint16" | "int16" => 2,
            "float64" => 8,
            _ => 4,
        };
        let layout = Layout { shape, chunk, pixel, filters: filters.collect::<PyResult<_>>()? };
        if chunks.shape()[1] != 3 {
            return Err(PyValueError::new_err("`chunks`: expected three columns"));
        }
        let chunks = chunks.as_array();
        let places = chunks.rows().into_iter();
        let places = places.map(|row| Chunk { offset: row[0], size: row[1], skipped: row[2] as u32 });
        let file = ChunkedFile::open(&path, layout, places.collect())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { held: Held::File(path.display().to_string(), file), dtype })
    }

    /// Frames in an array, which is not copied.
    #[staticmethod]
    fn memory(values: Bound<'_, PyAny>) -> PyResult<Self> {
        let dtype = values.getattr("dtype")?.getattr("name")?.extract()?;
        Ok(Self { held: Held::Memory(values.unbind()), dtype })
    }

    /// A part of the movie.
    #[pyo3(signature = (frames, rows, columns, threads=0))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        frames: Span,
        rows: Span,
        columns: Span,
        threads: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        fn work<'py, P: Pixel + Element>(
            py: Python<'py>,
            movie: &Frames<'_, P>,
            frames: Range<usize>,
            window: &Window,
            threads: usize,
        ) -> PyResult<Bound<'py, PyAny>> {
            let shape = [frames.len(), window.rows.len(), window.columns.len()];
            let pixels = run::watched(py, None, |control| movie.read(frames, window, threads, control))?;
            Ok(PyArray1::from_vec(py, pixels).reshape(shape)?.into_any())
        }
        let found = on_frames!(self, py, |movie| work(py, &movie, frames.0..frames.1, &window(rows, columns), threads));
        self.told(py, found)
    }

    /// Raw, background and corrected means (frames, regions).
    ///
    /// The background is none, 'global' with pixels in `dark`, 'local' with pixels for each region, or 'stripes'.
    /// `progress` is called with the number of frames that are done.
    #[pyo3(signature = (frames, rows, columns, regions, background, dark=None, stripes=(0, 0.0), progress=None, threads=0))]
    #[allow(clippy::too_many_arguments)] // a part of a movie, regions, and a background
    fn traces<'py>(
        &self,
        py: Python<'py>,
        frames: Span,
        rows: Span,
        columns: Span,
        regions: Areas<'py>,
        background: &str,
        dark: Option<Areas<'py>>,
        stripes: (usize, f64),
        progress: Option<&Bound<'py, PyAny>>,
        threads: usize,
    ) -> PyResult<Columns<'py>> {
        let window = window(rows, columns);
        let size = window.rows.len() * window.columns.len();
        let areas = |(starts, pixels): &'_ Areas<'py>| -> PyResult<(Vec<i64>, Vec<u32>)> {
            Ok((starts.as_slice()?.to_vec(), pixels.as_slice()?.to_vec()))
        };
        let (starts, pixels) = areas(&regions)?;
        let (dark_starts, dark) = dark.as_ref().map_or_else(|| Ok((vec![0], Vec::new())), areas)?;
        let error = |error| run::to_python(py, &error);
        let regions = Regions::new(&starts, &pixels, size).map_err(error)?;
        let dark_regions = Regions::new(&dark_starts, &dark, size).map_err(error)?;
        let background = match background {
            "none" => Background::None,
            "global" => Background::Global(&dark),
            "local" => Background::Local(dark_regions),
            "stripes" => Background::Stripes { height: stripes.0, share: stripes.1 },
            _ => return Err(PyValueError::new_err(format!("`background`: found {background:?}"))),
        };
        let found = on_frames!(self, py, |movie| {
            run::watched(py, progress, |control| {
                movie.traces(frames.0..frames.1, &window, regions, background, threads, control)
            })
        });
        let found = self.told(py, found)?;
        let count = starts.len() - 1;
        Ok((plane(py, found.raw, count)?, plane(py, found.background, count)?, plane(py, found.corrected, count)?))
    }

    /// Weighted sums of the pixels of regions (frames, regions).
    #[pyo3(signature = (frames, rows, columns, regions, weights, threads=0))]
    #[allow(clippy::too_many_arguments)] // a part of a movie, regions, and weights
    fn weighted_sums<'py>(
        &self,
        py: Python<'py>,
        frames: Span,
        rows: Span,
        columns: Span,
        regions: Areas<'py>,
        weights: Input1<'py, f64>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let window = window(rows, columns);
        let size = window.rows.len() * window.columns.len();
        let (starts, pixels, weights) = (regions.0.as_slice()?, regions.1.as_slice()?, weights.as_slice()?);
        let regions = Regions::new(starts, pixels, size).map_err(|error| run::to_python(py, &error))?;
        let found = on_frames!(self, py, |movie| {
            run::watched(py, None, |control| {
                movie.weighted_sums(frames.0..frames.1, &window, regions, weights, threads, control)
            })
        });
        plane(py, self.told(py, found)?, starts.len() - 1)
    }

    /// Count, sum, smallest and largest of the finite values of each pixel over frames that are kept.
    ///
    /// With `base`, the sum is that of absolute differences from it. `progress` is called with the number of pixels of
    /// frames that are done.
    #[pyo3(signature = (frames, rows, columns, kept, base=None, progress=None, threads=0))]
    #[allow(clippy::too_many_arguments)] // a part of a movie and what to do with it
    fn images<'py>(
        &self,
        py: Python<'py>,
        frames: Span,
        rows: Span,
        columns: Span,
        kept: Input1<'py, bool>,
        base: Option<Input2<'py, f64>>,
        progress: Option<&Bound<'py, PyAny>>,
        threads: usize,
    ) -> PyResult<Images<'py>> {
        let window = window(rows, columns);
        let kept = kept.as_slice()?;
        let base = base.as_ref().map(|base| base.as_slice()).transpose()?;
        let found = on_frames!(self, py, |movie| {
            run::watched(py, progress, |control| {
                movie.images(frames.0..frames.1, kept, &window, base, threads, control)
            })
        });
        let found = self.told(py, found)?;
        let width = window.columns.len();
        Ok((
            plane(py, found.count, width)?,
            plane(py, found.sum, width)?,
            plane(py, found.low, width)?,
            plane(py, found.high, width)?,
        ))
    }

    /// Chunks of frames as pixels of another type, shuffled and deflated; sum and number of the finite values of frames
    /// that are also `summed`.
    ///
    /// The chunks are None if a value does not fit the type. `progress` is called with the number of frames that are done.
    #[pyo3(signature = (frames, summed, chunk, dtype, *, transpose=false, level=1, progress=None, threads=0))]
    #[allow(clippy::too_many_arguments, clippy::type_complexity)] // frames and how they are to lie in a file
    fn pack<'py>(
        &self,
        py: Python<'py>,
        frames: Span,
        summed: (i64, i64),
        chunk: [usize; 3],
        dtype: &str,
        transpose: bool,
        level: i32,
        progress: Option<&Bound<'py, PyAny>>,
        threads: usize,
    ) -> PyResult<(Option<Vec<Bound<'py, PyBytes>>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<u32>>)> {
        let target = Target { chunk, transpose, level };
        let (frames, summed) = (frames.0..frames.1, summed.0.max(0) as usize..summed.1.max(0) as usize);
        let packed = on_frames!(self, py, |movie| {
            run::watched(py, progress, |control| pack(&movie, frames, summed, &target, dtype, threads, control))
        });
        let packed = self.told(py, packed)?;
        let chunks = packed.chunks.iter().map(|bytes| PyBytes::new(py, bytes)).collect();
        Ok((
            packed.lossless.then_some(chunks),
            PyArray1::from_vec(py, packed.sum),
            PyArray1::from_vec(py, packed.count),
        ))
    }
}

fn pack<P: Pixel>(
    movie: &Frames<'_, P>,
    frames: Range<usize>,
    summed: Range<usize>,
    target: &Target,
    dtype: &str,
    threads: usize,
    control: &Control,
) -> lumentrace::Result<Packed> {
    match dtype {
        "uint8" => movie.pack::<u8>(frames, summed, target, threads, control),
        "int8" => movie.pack::<i8>(frames, summed, target, threads, control),
        "uint16" => movie.pack::<u16>(frames, summed, target, threads, control),
        "int16" => movie.pack::<i16>(frames, summed, target, threads, control),
        "uint32" => movie.pack::<u32>(frames, summed, target, threads, control),
        "int32" => movie.pack::<i32>(frames, summed, target, threads, control),
        "float32" => movie.pack::<f32>(frames, summed, target, threads, control),
        "float64" => movie.pack::<f64>(frames, summed, target, threads, control),
        _ => Err(lumentrace::Error::argument("dtype", "8- to 32-bit numbers or float64", dtype)),
    }
}

/// Hands labels on to all pixels of an image, from the highest down; `labels` is changed in place.
#[pyfunction]
pub(crate) fn flood_labels(
    py: Python<'_>,
    image: Input2<'_, f64>,
    mut labels: PyReadwriteArray2<'_, i32>,
) -> PyResult<()> {
    let width = image.shape()[1];
    let heights = image.as_slice()?;
    let labels = labels.as_slice_mut().map_err(|_| PyValueError::new_err("`labels`: expected a contiguous array"))?;
    run::watched(py, None, |control| flood(heights, width, labels, control))
}
