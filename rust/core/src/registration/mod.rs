//! Registration: where the pixels of a fixed image lie in a moving image, and the moving image seen from there.
//!
//! Images are rows of pixels with centres on whole numbers; NaN is unknown. Starts are searched elsewhere; [`Align`]
//! refines one, [`Tiles`] tells how far parts of the aligned images still are from each other, and [`warp`] applies
//! the [`Map`] that came of it.

mod ecc;
mod map;
mod model;
mod normal;
mod reduce;
mod sampled;
mod tiles;
mod warp;

#[cfg(test)]
mod tests;

pub use ecc::{Align, Aligned};
pub use map::{Field, Map};
pub use model::Model;
pub use reduce::reduce;
pub use sampled::Sampled;
pub use tiles::{TILE_COLUMNS, Tiles};
pub use warp::{Interpolation, warp};
