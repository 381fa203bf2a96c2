//! Bindings of `lumentrace::formats`: a file is handed over in pieces, first to calibrate, then to decode.

use lumentrace::formats::adac_forte::{COLUMNS, Calibration, Clock, ClockSource, Decoder, Header};
use lumentrace::formats::{asd, modular_camera};
use numpy::{PyReadwriteArray2, PyReadwriteArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Input1;
use crate::run;

#[pyclass]
pub(crate) struct AdacCalibration {
    header: Header,
    calibration: Calibration,
}

#[pymethods]
impl AdacCalibration {
    #[new]
    fn new(py: Python<'_>, head: Input1<'_, u8>) -> PyResult<Self> {
        let head = head.as_slice()?;
        let header = Header::parse(head).map_err(|error| run::to_python(py, &error))?;
        Ok(Self { header, calibration: Calibration::new() })
    }

    fn push(&mut self, py: Python<'_>, words: Input1<'_, u8>) -> PyResult<()> {
        let words = words.as_slice()?;
        py.detach(|| self.calibration.push(words));
        Ok(())
    }

    fn decoder(&self) -> AdacDecoder {
        let clock = self.calibration.finish();
        let decoder = Decoder::new(self.header, clock);
        AdacDecoder { header: self.header, clock, decoder }
    }
}

#[pyclass]
pub(crate) struct AdacDecoder {
    header: Header,
    clock: Clock,
    decoder: Decoder,
}

#[pymethods]
impl AdacDecoder {
    fn fill(
        &mut self,
        py: Python<'_>,
        words: Input1<'_, u8>,
        mut rows: PyReadwriteArray2<'_, f64>,
    ) -> PyResult<(usize, usize)> {
        let words = words.as_slice()?;
        let rows = seven_columns(&mut rows)?;
        Ok(py.detach(|| self.decoder.fill(words, rows)))
    }

    #[getter]
    fn separation(&self) -> i32 {
        self.header.separation
    }

    #[getter]
    fn ticks_per_ms(&self) -> f64 {
        self.clock.ticks_per_ms
    }

    #[getter]
    fn clock_source(&self) -> &'static str {
        match self.clock.source {
            ClockSource::Fit => "fit",
            ClockSource::Mean => "mean",
            ClockSource::Nominal => "nominal",
        }
    }

    #[getter]
    fn clock_correlation(&self) -> f64 {
        self.clock.correlation
    }

    #[getter]
    fn buffers(&self) -> u64 {
        self.clock.buffers
    }
}

fn strided(name: &str) -> PyErr {
    PyValueError::new_err(format!("`{name}`: expected a C-contiguous array, found a strided one"))
}

/// Reads the words of a modular camera's file, piece by piece.
#[pyclass]
#[derive(Default)]
pub(crate) struct ModularDecoder {
    decoder: modular_camera::Decoder,
}

#[pymethods]
impl ModularDecoder {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn fill(
        &mut self,
        py: Python<'_>,
        words: Input1<'_, u8>,
        mut rows: PyReadwriteArray2<'_, f64>,
    ) -> PyResult<(usize, usize)> {
        let words = words.as_slice()?;
        let rows = seven_columns(&mut rows)?;
        Ok(py.detach(|| self.decoder.fill(words, rows)))
    }

    #[getter]
    fn skipped(&self) -> u64 {
        self.decoder.skipped()
    }
}

fn seven_columns<'a>(rows: &'a mut PyReadwriteArray2<'_, f64>) -> PyResult<&'a mut [f64]> {
    if rows.shape()[1] != COLUMNS {
        let found = rows.shape()[1];
        return Err(PyValueError::new_err(format!("`rows`: expected {COLUMNS} columns, found {found}")));
    }
    rows.as_slice_mut().map_err(|_| strided("rows"))
}

/// What the header of an .asd file says.
#[pyclass(frozen)]
pub(crate) struct AsdHeader {
    header: asd::Header,
}

#[pymethods]
impl AsdHeader {
    #[new]
    fn new(py: Python<'_>, file: Input1<'_, u8>) -> PyResult<Self> {
        let header = asd::Header::parse(file.as_slice()?).map_err(|error| run::to_python(py, &error))?;
        Ok(Self { header })
    }

    /// Turn whole frames of a channel into nm or degrees.
    fn decode(
        &self,
        py: Python<'_>,
        frames: Input1<'_, u8>,
        channel: usize,
        unipolar_sign: f64,
        mut out: PyReadwriteArray3<'_, f64>,
    ) -> PyResult<()> {
        let frames = frames.as_slice()?;
        let out = out.as_slice_mut().map_err(|_| strided("out"))?;
        run::quick(py, || self.header.decode(frames, channel, unipolar_sign, out))
    }

    fn complete_frames(&self, channel: usize, bytes: u64) -> u64 {
        self.header.complete_frames(channel, bytes)
    }

    fn channel_start(&self, channel: usize) -> u64 {
        self.header.channel_start(channel)
    }

    #[getter]
    fn stride(&self) -> u64 {
        self.header.stride()
    }

    #[getter]
    fn version(&self) -> i32 {
        self.header.version
    }

    #[getter]
    fn channels(&self) -> [Option<&'static str>; 2] {
        self.header.channels.map(|channel| channel.map(asd::Kind::name))
    }

    #[getter]
    fn shape(&self) -> (u64, usize, usize) {
        (self.header.frames, self.header.height, self.header.width)
    }

    /// Along the fast and the slow axis.
    #[getter]
    fn size_nm(&self) -> [f64; 2] {
        self.header.size_nm
    }

    #[getter]
    fn frame_time_ms(&self) -> f64 {
        self.header.frame_time_ms
    }

    #[getter]
    fn date(&self) -> [i32; 6] {
        self.header.date
    }

    #[getter]
    fn scan_direction(&self) -> i32 {
        self.header.scan_direction
    }

    #[getter]
    fn code_page(&self) -> i32 {
        self.header.code_page
    }

    #[getter]
    fn comment<'py>(&self, py: Python<'py>) -> Bound<'py, pyo3::types::PyBytes> {
        pyo3::types::PyBytes::new(py, &self.header.comment)
    }
}
