//! Work on the frames of an image stack: filters, objects and their statistics, links from frame to frame; movies on disk.
//!
//! Places and sizes are in pixels with centres on whole numbers, times in frames, heights in the unit of the frames.

mod assignment;
mod blobs;
pub mod cells;
mod components;
mod convolution;
mod features;
mod filters;
mod flood;
mod links;
pub mod motion;
pub mod movie;
mod opening;
mod outline;
#[cfg(test)]
mod tests;

pub use blobs::{Blobs, COLUMNS as BLOB_COLUMNS, Scratch as BlobScratch};
pub use features::{COLUMNS as FEATURE_COLUMNS, Features, Holes, Scratch as FeatureScratch};
pub use filters::{Failure, Filter, Filters, Scars};
pub use flood::flood;
pub use links::{Links, Method, Scale};
