//! Tables over the Arrow C data and C stream interfaces, by which other libraries take them without knowing ours:
//! <https://arrow.apache.org/docs/format/CDataInterface.html> and `CStreamInterface.html` beside it.
//!
//! The structures have the layout of that specification. Whoever holds one calls its `release` once; what they point to
//! belongs to `private_data` until then.

#![allow(unsafe_code)] // C structures are filled and freed through pointers

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use numpy::{PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// Rows of a batch.
const ROWS: usize = 1 << 16;
/// What a callback answers if it fails, by the number of the system's error.
const FAILED: c_int = 5;

#[repr(C)]
struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut Schema,
    dictionary: *mut Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct Array {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut Array,
    dictionary: *mut Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct Stream {
    get_schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut Stream)>,
    private_data: *mut c_void,
}

// SAFETY: what they point to is owned by them, and has no ties to a thread (a `Py` may be dropped on any).
unsafe impl Send for Schema {}
// SAFETY: as above.
unsafe impl Send for Stream {}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it was not released yet, as it would have no `release` then.
            unsafe { release(self) }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it was not released yet, as it would have no `release` then.
            unsafe { release(self) }
        }
    }
}

/// A column: its name, what is said about it as Arrow packs it, and whether its numbers are whole.
#[derive(Clone)]
struct Column {
    name: CString,
    metadata: Vec<u8>,
    whole: bool,
}

impl Column {
    fn new((name, unit, whole): (String, String, bool)) -> PyResult<Self> {
        let metadata = packed(&[("unit", unit.as_str())][..usize::from(!unit.is_empty())])?;
        let name = CString::new(name)
            .map_err(|error| PyValueError::new_err(format!("`columns`: expected names without NUL, found {error}")))?;
        Ok(Self { name, metadata, whole })
    }
}

/// Pairs of texts as Arrow packs them; nothing for none.
fn packed(pairs: &[(&str, &str)]) -> PyResult<Vec<u8>> {
    let length = |number: usize| -> PyResult<[u8; 4]> {
        let number = i32::try_from(number).map_err(|_| PyValueError::new_err("`units`: expected shorter ones"))?;
        Ok(number.to_ne_bytes())
    };
    let mut bytes = Vec::new();
    if !pairs.is_empty() {
        bytes.extend(length(pairs.len())?);
    }
    for text in pairs.iter().flat_map(|&(key, value)| [key, value]) {
        bytes.extend(length(text.len())?);
        bytes.extend(text.as_bytes());
    }
    Ok(bytes)
}

/// What a schema points to.
struct HeldSchema {
    column: Option<Column>,
    children: Vec<*mut Schema>,
}

impl Schema {
    /// A table: a structure of columns, none of which has missing values.
    fn table(columns: &[Column]) -> Self {
        let children = columns.iter().map(|column| Box::into_raw(Box::new(Self::column(column.clone())))).collect();
        Self::holding(c"+s".as_ptr(), HeldSchema { column: None, children })
    }

    fn column(column: Column) -> Self {
        let format = if column.whole { c"l" } else { c"g" };
        Self::holding(format.as_ptr(), HeldSchema { column: Some(column), children: Vec::new() })
    }

    fn holding(format: *const c_char, held: HeldSchema) -> Self {
        let mut held = Box::new(held);
        let said = |bytes: &[u8]| if bytes.is_empty() { null() } else { bytes.as_ptr().cast() };
        Self {
            format,
            name: held.column.as_ref().map_or(c"".as_ptr(), |column| column.name.as_ptr()),
            metadata: held.column.as_ref().map_or(null(), |column| said(&column.metadata)),
            flags: 0,
            n_children: held.children.len() as i64,
            children: held.children.as_mut_ptr(),
            dictionary: null_mut(),
            release: Some(release_schema),
            private_data: Box::into_raw(held).cast(),
        }
    }
}

/// # Safety
/// `schema` is one of ours that was not released.
unsafe extern "C" fn release_schema(schema: *mut Schema) {
    // SAFETY: by contract of the caller; `private_data` and the children came from boxes in `holding` and `table`.
    // Dropping a child releases it unless somebody has taken it.
    unsafe {
        let held = Box::from_raw((*schema).private_data.cast::<HeldSchema>());
        for &child in &held.children {
            drop(Box::from_raw(child));
        }
        (*schema).release = None;
    }
}

/// Numbers of a column.
enum Values {
    Whole(Vec<i64>),
    Real(Vec<f64>),
}

/// What an array points to.
struct HeldArray {
    values: Option<Values>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut Array>,
}

impl Array {
    /// What stands for the end of a stream: an array that was released.
    fn end() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: null_mut(),
            children: null_mut(),
            dictionary: null_mut(),
            release: None,
            private_data: null_mut(),
        }
    }

    /// A batch: columns of rows of `width` numbers each, which lie one after the other.
    fn table(rows: &[f64], width: usize, columns: &[Column]) -> Self {
        let length = rows.len() / width.max(1);
        let column = |(place, column): (usize, &Column)| {
            let values = rows.iter().skip(place).step_by(width.max(1));
            let values = if column.whole {
                Values::Whole(values.map(|&value| value as i64).collect())
            } else {
                Values::Real(values.copied().collect())
            };
            Box::into_raw(Box::new(Self::holding(length, Some(values), Vec::new())))
        };
        let children = columns.iter().enumerate().map(column).collect();
        Self::holding(length, None, children)
    }

    fn holding(length: usize, values: Option<Values>, children: Vec<*mut Self>) -> Self {
        let mut held = Box::new(HeldArray { values, buffers: vec![null()], children });
        match &held.values {
            Some(Values::Whole(values)) => held.buffers.push(values.as_ptr().cast()),
            Some(Values::Real(values)) => held.buffers.push(values.as_ptr().cast()),
            None => {}
        }
        Self {
            length: length as i64,
            n_buffers: held.buffers.len() as i64,
            n_children: held.children.len() as i64,
            buffers: held.buffers.as_mut_ptr(),
            children: held.children.as_mut_ptr(),
            release: Some(release_array),
            private_data: Box::into_raw(held).cast(),
            ..Self::end()
        }
    }
}

/// # Safety
/// `array` is one of ours that was not released.
unsafe extern "C" fn release_array(array: *mut Array) {
    // SAFETY: by contract of the caller; `private_data` and the children came from boxes in `holding` and `table`. A
    // child that somebody has taken has no `release`.
    unsafe {
        let held = Box::from_raw((*array).private_data.cast::<HeldArray>());
        for &child in &held.children {
            let mut child = Box::from_raw(child);
            if let Some(release) = child.release {
                release(&raw mut *child);
            }
        }
        (*array).release = None;
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
