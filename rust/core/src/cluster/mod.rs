//! Clusters of points.
