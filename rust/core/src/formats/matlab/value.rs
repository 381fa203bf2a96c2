//! What variables hold.

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Float32,
    Float64,
    Int64,
    Uint64,
}

impl Kind {
    /// The kind of a type of element.
    pub(super) fn of(code: u32) -> Option<Self> {
        Some(match code {
            1 => Self::Int8,
            2 => Self::Uint8,
            3 => Self::Int16,
            4 => Self::Uint16,
            5 => Self::Int32,
            6 => Self::Uint32,
            7 => Self::Float32,
            9 => Self::Float64,
            12 => Self::Int64,
            13 => Self::Uint64,
            _ => return None,
        })
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Float64 | Self::Int64 | Self::Uint64 => 8,
        }
    }

    /// Its name in numpy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Int16 => "int16",
            Self::Uint16 => "uint16",
            Self::Int32 => "int32",
            Self::Uint32 => "uint32",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int64 => "int64",
            Self::Uint64 => "uint64",
        }
    }
}

/// Numbers as they are stored: those of a MATLAB double may be whole and of few bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Of each of them.
    pub kind: Kind,
    /// Little-endian, the first axis fastest.
    pub bytes: Vec<u8>,
}

/// A MATLAB value; of several axes the first is the fastest.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Numbers and logicals.
    Numbers {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// All of them.
        real: Numbers,
        /// As many, of complex numbers.
        imaginary: Option<Numbers>,
    },
    /// Characters.
    Text {
        /// Lengths of all axes but the last, along which a text runs.
        shape: Vec<usize>,
        /// A text for each place.
        rows: Vec<String>,
    },
    /// Values of any kind.
    Cell {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// As many values.
        items: Vec<Value>,
    },
    /// Records; objects of old classes too.
    Struct {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// Names, which differ.
        fields: Vec<String>,
        /// All fields of the first record, then of the next.
        items: Vec<Value>,
    },
    /// Something that is not read: what it is.
    Unread(&'static str),
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// As in MATLAB's workspace.
    pub name: String,
    /// What it holds.
    pub value: Value,
}
