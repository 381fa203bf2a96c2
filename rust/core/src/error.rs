//! The one error type of the crate: what was wrong, where, what was expected, what was found.

/// Why a kernel could not give a result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// An argument is outside its domain.
    #[error("`{argument}`: expected {expected}, found {found}")]
    Argument {
        /// Name of the argument as the caller wrote it.
        argument: &'static str,
        /// What would have been accepted.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Bytes do not follow their file format.
    #[error("{format}, byte {offset}: expected {expected}, found {found}")]
    Format {
        /// Name of the format.
        format: &'static str,
        /// Where in the input, counted in bytes from its start.
        offset: u64,
        /// What the format asks for.
        expected: String,
        /// What the input holds.
        found: String,
    },
    /// The caller asked for the run to end.
    #[error("cancelled")]
    Cancelled,
}

// Values and messages made on the spot are easier to hand over than to lend.
#[allow(clippy::needless_pass_by_value)]
impl Error {
    /// An [`Error::Argument`] from anything that can be shown.
    pub fn argument(argument: &'static str, expected: impl ToString, found: impl ToString) -> Self {
        Self::Argument { argument, expected: expected.to_string(), found: found.to_string() }
    }

    /// An [`Error::Format`] from anything that can be shown.
    pub fn format(format: &'static str, offset: u64, expected: impl ToString, found: impl ToString) -> Self {
        Self::Format { format, offset, expected: expected.to_string(), found: found.to_string() }
    }
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
