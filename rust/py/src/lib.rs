//! Python bindings of the `lumentrace` crate: the private module `lumentrace._core`.

use pyo3::prelude::*;

mod run;
mod samples;
mod tables;

#[pymodule(name = "_core")]
mod core_module {
    #[pymodule_export]
    use super::samples::{adaptive_windows, time_windows};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
