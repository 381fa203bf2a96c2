//! Clusters of points.
//!
//! Points have the columns t, x, y, z in ms and mm for PEPT ([`hdbscan()`], [`TracerClusters`], [`segregate()`]); [`dbscan()`]
//! and [`KMeans`] take any number of columns, and distances are in their unit.

mod blocks;
mod condense;
mod core_distance;
mod dbscan;
pub mod hdbscan;
mod kmeans;
pub mod segregate;
mod spanning_tree;
pub mod tracers;

pub use dbscan::dbscan;
pub use hdbscan::{Hdbscan, Points, hdbscan};
pub use kmeans::{Clusters, KMeans};
pub use segregate::{Segregate, segregate};
pub use tracers::TracerClusters;

/// The label of a point that is in no cluster.
pub const NOISE: i32 = -1;
