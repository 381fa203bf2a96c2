//! Tables over the Arrow C stream interface, by which other libraries take them without knowing ours:
//! <https://arrow.apache.org/docs/format/CStreamInterface.html>.

#![allow(unsafe_code)] // C structures are filled and freed through pointers

use std::ffi::{c_char, c_int, c_void};

use numpy::{PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow_layout::{Array, Column, Schema};

/// Rows of a batch.
const ROWS: usize = 1 << 16;
/// What a callback answers if it fails, by the number of the system's error.
const FAILED: c_int = 5;

#[repr(C)]
struct Stream {
    get_schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut Stream)>,
    private_data: *mut c_void,
}

// SAFETY: what it points to is owned by it, and has no ties to a thread (a `Py` may be dropped on any).
unsafe impl Send for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it was not released yet, as it would have no `release` then.
            unsafe { release(self) }
        }
    }
}

/// The rows of a stream, and how many of them were handed over.
struct Rows {
    table: Py<PyArray2<f64>>,
    columns: Vec<Column>,
    done: usize,
}

impl Rows {
    /// The next batch; `None` if the rows cannot be read.
    fn next(&mut self) -> Option<Array> {
        Python::try_attach(|py| {
            let table = self.table.bind(py).try_readonly().ok()?;
            let width = table.shape()[1];
            let rest = table.as_slice().ok()?.get(self.done * width..)?;
            let batch = rest.get(..ROWS * width).unwrap_or(rest);
            if batch.is_empty() {
                return Some(Array::end());
            }
            self.done += batch.len() / width;
            Some(Array::table(batch, width, &self.columns))
        })?
    }
}

/// # Safety
/// `stream` is one of ours that was not released, and `schema` can be written to.
unsafe extern "C" fn get_schema(stream: *mut Stream, schema: *mut Schema) -> c_int {
    // SAFETY: by contract of the caller, who owns nothing in `schema` yet.
    unsafe {
        let rows = &*(*stream).private_data.cast::<Rows>();
        schema.write(Schema::table(&rows.columns));
    }
    0
}

/// # Safety
/// `stream` is one of ours that was not released, and `array` can be written to.
unsafe extern "C" fn get_next(stream: *mut Stream, array: *mut Array) -> c_int {
    // SAFETY: by contract of the caller, who owns nothing in `array` yet and asks for one batch at a time.
    unsafe {
        let rows = &mut *(*stream).private_data.cast::<Rows>();
        let Some(batch) = rows.next() else { return FAILED };
        array.write(batch);
    }
    0
}

/// # Safety
/// Any pointer will do.
unsafe extern "C" fn get_last_error(_: *mut Stream) -> *const c_char {
    c"the rows cannot be read: they are being changed, or Python is ending".as_ptr()
}

/// # Safety
/// `stream` is one of ours that was not released.
unsafe extern "C" fn release_stream(stream: *mut Stream) {
    // SAFETY: by contract of the caller; `private_data` came from a box in `arrow_stream`.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<Rows>()));
        (*stream).release = None;
    }
}

fn described(columns: Vec<(String, String, bool)>) -> PyResult<Vec<Column>> {
    columns.into_iter().map(Column::new).collect()
}

/// The schema of a table as a capsule `arrow_schema`: names, units and whether numbers are whole, column by column.
#[pyfunction]
pub(crate) fn arrow_schema(py: Python<'_>, columns: Vec<(String, String, bool)>) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, Schema::table(&described(columns)?), c"arrow_schema")
}

/// The rows of a table as a capsule `arrow_array_stream`, batch by batch; each is copied once, when it is asked for.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(
    py: Python<'py>,
    table: Bound<'py, PyArray2<f64>>,
    columns: Vec<(String, String, bool)>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let columns = described(columns)?;
    if table.shape()[1] != columns.len() || !table.is_c_contiguous() {
        let found = format!("shape {:?} and {} columns", table.shape(), columns.len());
        return Err(PyValueError::new_err(format!(
            "`table`: expected rows in C order with as many columns, found {found}"
        )));
    }
    let rows = Box::new(Rows { table: table.unbind(), columns, done: 0 });
    let stream = Stream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(rows).cast(),
    };
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
