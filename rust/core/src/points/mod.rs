//! What is worked out from the points of a trajectory.

pub mod velocity;
