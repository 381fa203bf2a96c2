//! numpy arrays in and out.

use lumentrace::Rows;
use numpy::{PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Input2;
use pyo3::types::{PyDict, PyFloat, PyString, PyTuple};

/// A dictionary for each row of a table.
///
/// `layout` lists names, columns and whether they hold whole numbers; several columns make a tuple.
#[pyfunction]
pub(crate) fn row_dicts<'py>(
    py: Python<'py>,
    table: Input2<'py, f64>,
    layout: Vec<(Bound<'py, PyString>, Vec<usize>, bool)>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let width = table.shape()[1];
    if layout.iter().any(|(_, columns, _)| columns.is_empty() || columns.iter().any(|&column| column >= width)) {
        return Err(PyValueError::new_err(format!("`layout`: expected columns below {width}")));
    }
    let value = |row: &[f64], column: usize, whole: bool| -> PyResult<Bound<'py, PyAny>> {
        // What is no whole number stays what it is: NaN above all.
        Ok(if whole && row[column].abs() < i64::MAX as f64 {
            (row[column] as i64).into_pyobject(py)?.into_any()
        } else {
            PyFloat::new(py, row[column]).into_any()
        })
    };
    let values = table.as_slice()?;
    let rows = values.chunks_exact(width.max(1)).map(|row| {
        let dict = PyDict::new(py);
        for (name, columns, whole) in &layout {
            if let [column] = columns[..] {
                dict.set_item(name, value(row, column, *whole)?)?;
            } else {
                let parts = columns.iter().map(|&column| value(row, column, *whole)).collect::<PyResult<Vec<_>>>()?;
                dict.set_item(name, PyTuple::new(py, parts)?)?;
            }
        }
        Ok(dict)
    });
    rows.collect()
}

/// An `(n, width)` array as rows.
pub(crate) fn rows<'a>(array: &'a Input2<'_, f64>) -> PyResult<Rows<'a>> {
    Rows::new(array.as_slice()?, array.shape()[1].max(1)).map_err(|e| PyValueError::new_err(e.to_string()))
}

/// Sample ranges `(n, 2)` checked against `rows` rows.
pub(crate) fn ranges(array: &Input2<'_, i64>, rows: usize) -> PyResult<Vec<(usize, usize)>> {
    let data = array.as_slice()?;
    if array.shape()[1] != 2 {
        return Err(PyValueError::new_err("`ranges`: expected two columns (start, end)"));
    }
    data.chunks_exact(2)
        .map(|pair| match (usize::try_from(pair[0]), usize::try_from(pair[1])) {
            (Ok(start), Ok(end)) if start <= end && end <= rows => Ok((start, end)),
            _ => Err(PyValueError::new_err(format!(
                "`ranges`: expected 0 <= start <= end <= {rows}, found [{}, {}]",
                pair[0], pair[1]
            ))),
        })
        .collect()
}

/// A numpy table from flat rows, without a copy; an empty one is `(0, width)`.
pub(crate) fn table(py: Python<'_>, flat: Vec<f64>, width: usize) -> PyResult<Bound<'_, PyArray2<f64>>> {
    let len = flat.len() / width.max(1);
    numpy::PyArray1::from_vec(py, flat).reshape([len, width])
}

/// Sample ranges as a numpy `(n, 2)` array.
pub(crate) fn from_ranges(py: Python<'_>, ranges: &[(usize, usize)]) -> PyResult<Py<PyArray2<i64>>> {
    let flat: Vec<i64> = ranges.iter().flat_map(|&(a, b)| [a as i64, b as i64]).collect();
    Ok(numpy::PyArray1::from_vec(py, flat).reshape([ranges.len(), 2])?.unbind())
}
