//! Arrays that kernels read.

use std::ops::Deref;

use numpy::ndarray::{Dimension, Ix1, Ix2, Ix3};
use numpy::{Element, PyReadonlyArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// A read-only array in C order and aligned: one that is strided or unaligned is copied on its way in.
pub(crate) struct Input<'py, T: Element, D: Dimension>(PyReadonlyArray<'py, T, D>);

pub(crate) type Input1<'py, T> = Input<'py, T, Ix1>;
pub(crate) type Input2<'py, T> = Input<'py, T, Ix2>;
pub(crate) type Input3<'py, T> = Input<'py, T, Ix3>;

impl<'a, 'py, T: Element + 'a, D: Dimension + 'a> FromPyObject<'a, 'py> for Input<'py, T, D>
where
    'py: 'a,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let array: PyReadonlyArray<'py, T, D> = object.extract()?;
        if array.is_c_contiguous() && array.is_aligned() {
            return Ok(Self(array));
        }
        Ok(Self(object.call_method1("copy", ("C",))?.extract()?))
    }
}

impl<'py, T: Element, D: Dimension> Deref for Input<'py, T, D> {
    type Target = PyReadonlyArray<'py, T, D>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
