//! Bindings of `lumentrace::channels`.

use lumentrace::channels::{self, Channel, Float, Levels, Pair, Search};
use lumentrace::{Control, pool};
use numpy::{PyArray1, PyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Input1, Input2};
use crate::{run, tables};

/// Columns of [`measure_channels`]: n, Pearson's r and p, Spearman's r and p, ICQ, M1, M2, thresholds, slope, intercept,
/// r below, status; least and greatest value of both channels, NaN if one is not finite.
pub(crate) const COLUMNS: usize = 18;

/// Pixels from which on a region is worth a thread of its own.
const LARGE: usize = 1 << 18;

pub(crate) const PEARSON: u32 = 1;
pub(crate) const SPEARMAN: u32 = 2;
pub(crate) const ICQ: u32 = 4;
pub(crate) const MANDERS: u32 = 8;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    metrics: u32,
    search: Search,
}

/// A row of [`COLUMNS`] values for each region: pixels `starts[i]..starts[i + 1]` of two flat channels.
///
/// `progress` is told of pixels, each counted once for Pearson's, Spearman's, Li's and Manders' figures and once for a
/// search of thresholds. `thresholds` holds a pair for each region; without it they are looked for. Channels are both uint8 or uint16 (levels above `base`), or both float32 or float64.
#[pyfunction]
#[pyo3(signature = (a, b, base, starts, metrics, search, n_steps, thresholds, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)] // a row of settings
pub(crate) fn measure_channels<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    base: [f64; 2],
    starts: Vec<usize>,
    metrics: u32,
    search: &str,
    n_steps: usize,
    thresholds: Option<Vec<[f64; 2]>>,
    threads: usize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    if thresholds.as_ref().is_some_and(|pairs| pairs.len() + 1 != starts.len()) {
        return Err(PyValueError::new_err("`thresholds`: expected a pair for each region"));
    }
    let wanted = Wanted { metrics, search: search_of(search, n_steps)? };
    macro_rules! try_type {
        ($ty:ty, $wrap:expr) => {
            if let (Ok(a), Ok(b)) = (a.extract::<Input1<'py, $ty>>(), b.extract::<Input1<'py, $ty>>()) {
                let (a, b) = (a.as_slice()?, b.as_slice()?);
                let wrap = $wrap;
                let found = run::watched(py, progress, |control| {
                    regions_of(
                        wrap(a, base[0]),
                        wrap(b, base[1]),
                        &starts,
                        thresholds.as_deref(),
                        wanted,
                        threads,
                        control,
                    )
                })?;
                return tables::table(py, found, COLUMNS);
            }
        };
    }
    try_type!(u8, |x, base| Levels::<u8>::new(x, base));
    try_type!(u16, |x, base| Levels::<u16>::new(x, base));
    try_type!(f32, |x, _| Float::<f32>::new(x));
    try_type!(f64, |x, _| Float::<f64>::new(x));
    Err(wrong_type())
}

fn wrong_type() -> PyErr {
    PyTypeError::new_err("`a`, `b`: expected two flat arrays of uint8, uint16, float32 or float64")
}

pub(crate) fn search_of(name: &str, n_steps: usize) -> PyResult<Search> {
    match name {
        "grid" => Ok(Search::Grid(n_steps)),
        "exact" => Ok(Search::Exact),
        "exact-orthogonal" => Ok(Search::ExactPrincipalAxis),
        "bisection" => Ok(Search::Bisection),
        _ => Err(PyValueError::new_err(format!("`search`: found {name:?}"))),
    }
}

fn regions_of<A: Channel + Send + Copy, B: Channel + Send + Copy>(
    a: A,
    b: B,
    starts: &[usize],
    thresholds: Option<&[[f64; 2]]>,
    wanted: Wanted,
    threads: usize,
    control: &Control,
) -> lumentrace::Result<Vec<f64>> {
    let spans: Vec<(usize, usize)> = starts.windows(2).map(|s| (s[0], s[1])).collect();
    let whole = a.len();
    if b.len() != whole {
        return Err(lumentrace::Error::argument("b", format!("{whole} pixels"), format!("{} pixels", b.len())));
    }
    if spans.iter().any(|&(start, end)| start > end || end > whole) {
        return Err(lumentrace::Error::argument("starts", "ascending numbers of pixels", format!("{starts:?}")));
    }
    let measure = |number: usize, threads: usize| {
        let (start, end) = spans[number];
        let part = Pair::new(a.part(start, end), b.part(start, end))?;
        row(&part, thresholds.map(|pairs| pairs[number]), wanted, threads, control)
    };
    if spans.len() < 2 || spans.iter().any(|&(start, end)| end - start >= LARGE) {
        let rows = (0..spans.len()).map(|number| measure(number, threads));
        return Ok(rows.collect::<lumentrace::Result<Vec<_>>>()?.concat());
    }
    Ok(pool::map(spans.len(), threads, control, || (), |(), number| measure(number, 1))?.concat())
}

fn row<A: Channel, B: Channel>(
    pair: &Pair<A, B>,
    thresholds: Option<[f64; 2]>,
    wanted: Wanted,
    threads: usize,
    control: &Control,
) -> lumentrace::Result<Vec<f64>> {
    let mut row = vec![f64::NAN; COLUMNS];
    let pixels = pair.len() as u64;
    row[0] = pair.len() as f64;
    row[14..].copy_from_slice(pair.ranges().as_flattened());
    if wanted.metrics & PEARSON != 0 {
        let found = channels::pearson(pair, threads, control)?;
        (row[1], row[2]) = (found.r, found.p);
        control.advance(pixels);
    }
    if wanted.metrics & SPEARMAN != 0 {
        let found = channels::spearman(pair, threads, control)?;
        (row[3], row[4]) = (found.r, found.p);
        control.advance(pixels);
    }
    if wanted.metrics & ICQ != 0 {
        row[5] = channels::li_icq(pair, threads, control)?;
        control.advance(pixels);
    }
    if wanted.metrics & MANDERS != 0 {
        let thresholds = if let Some(given) = thresholds {
            given
        } else {
            let found = channels::costes(pair, wanted.search, threads, control)?;
            row[10..14].copy_from_slice(&[found.slope, found.intercept, found.r_below, f64::from(found.status as u8)]);
            control.advance(pixels);
            found.thresholds
        };
        [row[8], row[9]] = thresholds;
        [row[6], row[7]] = channels::manders(pair, thresholds, threads, control)?;
        control.advance(pixels);
    }
    Ok(row)
}

/// Labels other than 0, where the pixels of each begin in the order, and that order.
#[pyfunction]
#[allow(clippy::type_complexity)] // three arrays
pub(crate) fn group_labels<'py>(
    py: Python<'py>,
    labels: Input1<'py, i64>,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Vec<usize>, Bound<'py, PyArray1<u32>>)> {
    let labels = labels.as_slice()?;
    let found = run::quick(py, || channels::regions(labels))?;
    Ok((PyArray1::from_vec(py, found.labels), found.starts, PyArray1::from_vec(py, found.order)))
}

/// Overlap coefficients r, k1, k2 of two flat channels, as of [`measure_channels`].
#[pyfunction]
pub(crate) fn overlap_coefficients<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    base: [f64; 2],
) -> PyResult<(f64, f64, f64)> {
    macro_rules! try_type {
        ($ty:ty, $wrap:expr) => {
            if let (Ok(a), Ok(b)) = (a.extract::<Input1<'py, $ty>>(), b.extract::<Input1<'py, $ty>>()) {
                let (a, b) = (a.as_slice()?, b.as_slice()?);
                let wrap = $wrap;
                let found = run::watched(py, None, |control| {
                    channels::overlap(&Pair::new(wrap(a, base[0]), wrap(b, base[1]))?, 0, control)
                })?;
                return Ok((found.r, found.k1, found.k2));
            }
        };
    }
    try_type!(u8, |x, base| Levels::<u8>::new(x, base));
    try_type!(u16, |x, base| Levels::<u16>::new(x, base));
    try_type!(f32, |x, _| Float::<f32>::new(x));
    try_type!(f64, |x, _| Float::<f64>::new(x));
    Err(wrong_type())
}

/// Kendall's tau-b of two flat float64 channels and its probability by chance.
///
/// `progress` is told of pixels, each counted once for each pass of the sort.
#[pyfunction]
#[pyo3(signature = (a, b, progress=None))]
pub(crate) fn kendall_tau(
    py: Python<'_>,
    a: Input1<'_, f64>,
    b: Input1<'_, f64>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(f64, f64)> {
    let (a, b) = (a.as_slice()?, b.as_slice()?);
    let found =
        run::watched(py, progress, |control| channels::kendall(&Pair::new(Float::new(a), Float::new(b))?, control))?;
    Ok((found.tau, found.p))
}

/// Sums of products for shuffles of the blocks (rows) of `x`, and their exact mean and standard deviation.
///
/// `progress` is told of shuffles.
#[pyfunction]
#[pyo3(signature = (x, y, count, seed, threads=0, progress=None))]
pub(crate) fn shuffle_blocks<'py>(
    py: Python<'py>,
    x: Input2<'py, f32>,
    y: Input2<'py, f32>,
    count: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, f64, f64)> {
    use channels::blocks::{Blocks, null_moments, shuffled_products};
    let sizes = [x.shape()[1], y.shape()[1]];
    let (x, y) = (x.as_slice()?, y.as_slice()?);
    let (sums, mean, sd) = run::watched(py, progress, |control| {
        let (x, y) = (Blocks::new(x, sizes[0])?, Blocks::new(y, sizes[1])?);
        let (mean, sd) = null_moments(x, y, threads, control)?;
        Ok((shuffled_products(x, y, count, seed, threads, control)?, mean, sd))
    })?;
    Ok((PyArray1::from_vec(py, sums), mean, sd))
}
