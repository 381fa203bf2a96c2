//! Bindings of `lumentrace::channels::streamed`.

use lumentrace::channels::Search;
use lumentrace::channels::streamed::{Lookup, Tally, Wanted};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;

use crate::arrays::Input1;
use crate::channels::{COLUMNS, ICQ, MANDERS, PEARSON, SPEARMAN, search_of};
use crate::run;

/// Two channels of a region whose pixels come in pieces, all of them twice.
///
/// `count` every piece, `prepare`, `look_up` every piece if that says so; then `row` and `overlap` are what
/// `measure_channels` and `overlap_coefficients` give for all pixels at once. Pieces are flat, uint8 or uint16, levels above
/// `base`.
#[pyclass(module = "lumentrace._core")]
pub(crate) struct StreamedPair {
    counted: Tally,
    prepared: Option<(Lookup, u32)>,
}

/// Pixels up to which a piece is not worth a thread of its own that looks for Ctrl-C.
const SHORT: usize = 1 << 16;

macro_rules! for_levels {
    ($py:expr, $a:expr, $b:expr, $work:expr) => {{
        macro_rules! try_type {
            ($ty:ty) => {
                if let (Ok(a), Ok(b)) = ($a.extract::<Input1<'_, $ty>>(), $b.extract::<Input1<'_, $ty>>()) {
                    let (a, b) = (a.as_slice()?, b.as_slice()?);
                    return run::sized($py, a.len() < SHORT, |control| ($work)(a, b, control));
                }
            };
        }
        try_type!(u8);
        try_type!(u16);
        Err(PyTypeError::new_err("`a`, `b`: expected two flat arrays of uint8 or uint16"))
    }};
}

#[pymethods]
impl StreamedPair {
    #[new]
    fn new(py: Python<'_>, base: [f64; 2]) -> PyResult<Self> {
        let counted = Tally::new(base).map_err(|error| run::to_python(py, &error))?;
        Ok(Self { counted, prepared: None })
    }

    /// Counts the pixels of a piece.
    #[pyo3(signature = (a, b, threads=0))]
    fn count(&mut self, py: Python<'_>, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, threads: usize) -> PyResult<()> {
        let counted = &mut self.counted;
        for_levels!(py, a, b, |a, b, control| counted.add(a, b, threads, control))
    }

    /// Number of pixels of each level of both channels, one after the other.
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        self.counted.counts().into_pyarray(py)
    }

    /// Says what is measured; whether all pieces have to be looked up. Without `search` thresholds are given to `row`.
    #[pyo3(signature = (metrics, search, n_steps))]
    fn prepare(&mut self, py: Python<'_>, metrics: u32, search: Option<&str>, n_steps: usize) -> PyResult<bool> {
        let search: Option<Search> = search.map(|name| search_of(name, n_steps)).transpose()?;
        let search = search.filter(|_| metrics & MANDERS != 0);
        let wanted = Wanted { spearman: metrics & SPEARMAN != 0, icq: metrics & ICQ != 0, search };
        let counted = &self.counted;
        let lookup = run::quick(py, || Lookup::new(counted, wanted))?;
        let needed = lookup.is_needed();
        self.prepared = Some((lookup, metrics));
        Ok(needed)
    }

    /// Looks up the pixels of a piece.
    #[pyo3(signature = (a, b, threads=0))]
    fn look_up(&mut self, py: Python<'_>, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, threads: usize) -> PyResult<()> {
        let Some((lookup, _)) = &mut self.prepared else { return Err(unprepared()) };
        for_levels!(py, a, b, |a, b, control| lookup.add(a, b, threads, control))
    }

    /// A row of `measure_channels`.
    #[pyo3(signature = (thresholds=None))]
    fn row<'py>(&self, py: Python<'py>, thresholds: Option<[f64; 2]>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let Some((lookup, metrics)) = &self.prepared else { return Err(unprepared()) };
        let (counted, mut row) = (lookup.tally(), vec![f64::NAN; COLUMNS]);
        row[0] = counted.pixels() as f64;
        for (k, range) in counted.ranges().into_iter().enumerate() {
            let (low, high) = range.unwrap_or((f64::NAN, f64::NAN));
            row[14 + 2 * k..16 + 2 * k].copy_from_slice(&[low, high]);
        }
        if metrics & PEARSON != 0 {
            let found = counted.pearson();
            row[1..3].copy_from_slice(&[found.r, found.p]);
        }
        let found = lookup.spearman();
        row[3..5].copy_from_slice(&[found.r, found.p]);
        row[5] = lookup.icq();
        if metrics & MANDERS != 0 {
            let costes = lookup.costes();
            if let Some(found) = costes {
                row[10..14].copy_from_slice(&[
                    found.slope,
                    found.intercept,
                    found.r_below,
                    f64::from(found.status as u8),
                ]);
            }
            let thresholds = costes.map(|found| found.thresholds).or(thresholds).unwrap_or([f64::NAN; 2]);
            row[6..8].copy_from_slice(&counted.manders(thresholds));
            row[8..10].copy_from_slice(&thresholds);
        }
        Ok(row.into_pyarray(py))
    }

    /// Overlap coefficients r, k1 and k2.
    fn overlap(&self) -> (f64, f64, f64) {
        let found = self.counted.overlap();
        (found.r, found.k1, found.k2)
    }
}

fn unprepared() -> PyErr {
    PyRuntimeError::new_err("expected `prepare` before")
}
