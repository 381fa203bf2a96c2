//! Space cut into cells: which of them lines pass, where their counts peak.

mod space;

pub mod peaks;
pub mod traverse;

pub use space::Space;
