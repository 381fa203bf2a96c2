//! Tables in the layout of the Arrow C data interface: <https://arrow.apache.org/docs/format/CDataInterface.html>.
//!
//! Whoever holds a structure calls its `release` once; what it points to belongs to `private_data` until then.

#![allow(unsafe_code)] // C structures are filled and freed through pointers

use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[repr(C)]
pub(crate) struct Schema {
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
pub(crate) struct Array {
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

// SAFETY: what it points to is owned by it, and has no ties to a thread.
unsafe impl Send for Schema {}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it was not released yet, as it would have no `release` then.
            unsafe { release(self) }
        }
    }
}

/// A column: its name, what is said about it as Arrow packs it, and whether its numbers are whole.
#[derive(Clone)]
pub(crate) struct Column {
    name: CString,
    metadata: Vec<u8>,
    whole: bool,
}

impl Column {
    pub(crate) fn new((name, unit, whole): (String, String, bool)) -> PyResult<Self> {
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
    pub(crate) fn table(columns: &[Column]) -> Self {
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
    pub(crate) fn end() -> Self {
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
    pub(crate) fn table(rows: &[f64], width: usize, columns: &[Column]) -> Self {
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
