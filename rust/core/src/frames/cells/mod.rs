//! Cells in an aligned movie of a calcium indicator: statistics of pixels, bins in units of the noise, and local
//! non-negative factorisation.
//!
//! Frames come in blocks ([`TakesFrames`]) and are not held. Places are in pixels of the window that is looked at.

mod binned;
mod blocks;
mod component;
mod course;
mod factors;
mod local;
mod merging;
mod noise;
mod patch;
mod projections;
mod search;
mod seeds;
mod surroundings;
#[cfg(test)]
mod tests;

pub use binned::{Binned, Binning, STEPS};
pub use blocks::TakesFrames;
pub use noise::Noise;
pub use projections::{Part, Projections};
pub use search::{Cells, Found, Search};
