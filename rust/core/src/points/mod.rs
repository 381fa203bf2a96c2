//! What is worked out from the points of a trajectory.
//!
//! Trajectories have the columns t, x, y, z in ms and mm; velocities are in mm/ms, which is m/s.

pub mod velocity;
