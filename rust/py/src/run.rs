//! How every kernel is run: without the GIL, in reach of Ctrl-C, with typed errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lumentrace::{Control, Error};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::thread;

/// How often a waiting caller looks for signals and reports progress.
const POLL: Duration = Duration::from_millis(50);

/// The Python exception that `error` stands for.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    match error {
        Error::Argument { .. } => PyValueError::new_err(error.to_string()),
        Error::Cancelled => PyKeyboardInterrupt::new_err(error.to_string()),
        Error::Format { .. } => match format_error(py) {
            Ok(class) => PyErr::from_type(class.clone(), error.to_string()),
            Err(failed) => failed,
        },
    }
}

/// An error of a format with the file in front, any other as it is.
pub(crate) fn in_file(py: Python<'_>, file: &str, error: PyErr) -> PyErr {
    match format_error(py) {
        Ok(class) if error.is_instance(py, class) => {
            PyErr::from_type(class.clone(), format!("{file}: {}", error.value(py)))
        }
        _ => error,
    }
}

fn format_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "lumentrace.base.errors", "FormatError")
}

/// Runs a short kernel here, with the GIL released.
pub(crate) fn quick<T: Send>(py: Python<'_>, job: impl FnOnce() -> lumentrace::Result<T> + Send) -> PyResult<T> {
    py.detach(job).map_err(|error| to_python(py, &error))
}

/// Runs a kernel here if it is `short`, otherwise [`watched`].
pub(crate) fn sized<T: Send>(
    py: Python<'_>,
    short: bool,
    job: impl FnOnce(&Control) -> lumentrace::Result<T> + Send,
) -> PyResult<T> {
    if short { quick(py, || job(&Control::new())) } else { watched(py, None, job) }
}

/// Runs a long kernel on another thread while this one handles signals and reports progress.
///
/// `progress`, if given, is called with the number of finished pieces. An exception from it or from a signal
/// handler (Ctrl-C) cancels the kernel, waits for it and is raised.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    job: impl FnOnce(&Control) -> lumentrace::Result<T> + Send,
) -> PyResult<T> {
    let control = Control::new();
    let report = |py: Python<'_>| -> PyResult<()> {
        py.check_signals()?;
        if let Some(callback) = progress {
            callback.call1((control.done(),))?;
        }
        Ok(())
    };
    let (send, receive) = channel();
    let receive = Mutex::new(receive);
    let outcome = thread::beside(|scope| {
        let control = &control;
        // Nothing is sent after a panic, which has printed its message. Sending fails only if the receiver is gone, and it
        // outlives this scope.
        scope.spawn(move |_| drop(catch_unwind(AssertUnwindSafe(|| job(control))).map(|result| send.send(result))));
        let mut interrupted = None;
        loop {
            let message = py.detach(|| {
                let receive = receive.lock().unwrap_or_else(PoisonError::into_inner);
                receive.recv_timeout(POLL)
            });
            match message {
                Ok(_) if interrupted.is_some() => break Err(interrupted),
                Ok(result) => break result.map_err(|error| Some(to_python(py, &error))),
                Err(RecvTimeoutError::Timeout) if interrupted.is_none() => {
                    if let Err(error) = report(py) {
                        control.cancel();
                        interrupted = Some(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Err(None),
            }
        }
    });
    let Some(outcome) = outcome else {
        return Err(PyRuntimeError::new_err("a kernel needs a thread, and the system gives none: close what has many"));
    };
    let outcome = outcome.map_err(|error| error.unwrap_or_else(broken))?;
    report(py)?;
    Ok(outcome)
}

fn broken() -> PyErr {
    PyRuntimeError::new_err("internal error in a kernel: please report it with the message above")
}
