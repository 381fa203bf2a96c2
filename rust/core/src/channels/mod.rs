//! How two channels of an image vary together: correlation, co-occurrence, thresholds.
//!
//! Kernels take the pixels of a region as two slices of equal length, in any order that is the same for both. Integers of
//! up to 16 bits ([`Levels`]) are summed and counted exactly; numbers ([`Float`]) are summed in `f64`, in pieces of fixed
//! length, so that results do not depend on threads.
//!
//! Thresholds are grey values, areas and shifts pixels.

mod below;
mod beta;
mod correlation;
mod costes;
mod kendall;
mod manders;
mod moments;
mod pixels;
mod ranks;
mod regions;
#[cfg(test)]
mod tests;

pub mod blocks;
pub mod streamed;

pub use correlation::{Correlation, li_icq, pearson, spearman};
pub use costes::{Costes, Search, Status, costes};
pub use kendall::{Kendall, kendall};
pub use manders::{Overlap, manders, overlap};
pub use moments::Moments;
pub use pixels::{Channel, Float, Levels, Pair};
pub use regions::{Regions, regions};
