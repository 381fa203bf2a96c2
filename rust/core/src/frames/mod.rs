//! Work on the frames of an image stack: objects and their statistics, links from frame to frame.

mod assignment;
mod blobs;
mod components;
mod features;
mod links;
mod opening;
#[cfg(test)]
mod tests;

pub use blobs::{Blobs, COLUMNS as BLOB_COLUMNS, Scratch as BlobScratch};
pub use features::{COLUMNS as FEATURE_COLUMNS, Features, Holes, Scratch as FeatureScratch};
pub use links::{Links, Method, Scale};
