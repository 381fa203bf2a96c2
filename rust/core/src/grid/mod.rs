//! Space cut into cells: which of them lines pass, where their counts peak.
//!
//! Lines, limits and peaks are in mm; counts are numbers of lines, and a cell holds its lower faces.

mod bell;
mod space;

pub mod peaks;
pub mod traverse;

pub use space::Space;
