//! Work on the frames of an image stack: filters, objects and their statistics, links from frame to frame.

mod assignment;
mod blobs;
mod components;
mod convolution;
mod features;
mod filters;
mod links;
mod opening;
mod outline;
#[cfg(test)]
mod tests;

pub use blobs::{Blobs, COLUMNS as BLOB_COLUMNS, Scratch as BlobScratch};
pub use features::{COLUMNS as FEATURE_COLUMNS, Features, Holes, Scratch as FeatureScratch};
pub use filters::{Failure, Filter, Filters, Scars};
pub use links::{Links, Method, Scale};
