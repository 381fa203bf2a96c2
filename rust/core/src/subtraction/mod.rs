//! What a stain added to an image: ratios of two registered images, their joint histogram, and spots of the difference.
//!
//! Images come in bands of whole rows, so that memory does not grow with them.
//!
//! Values are grey values, places pixels with centres on whole numbers.

mod spots;
mod tally;

#[cfg(test)]
mod tests;

pub use spots::{SPOT_COLUMNS, Spots};
pub use tally::{Counts, Tally};
