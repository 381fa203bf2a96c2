//! Clusters of points.

mod blocks;
mod condense;
mod core_distance;
pub mod hdbscan;
pub mod segregate;
mod spanning_tree;
pub mod tracers;

pub use hdbscan::{Hdbscan, Points, hdbscan};
pub use segregate::{Segregate, segregate};
pub use tracers::TracerClusters;

/// The label of a point that is in no cluster.
pub const NOISE: i32 = -1;
