//! Geometry of lines of response (`LoRs`).
//!
//! A line is a table row `[t, x1, y1, z1, x2, y2, z2, ...]`: a time in milliseconds and two points in millimetres.
//! Rows with a value that is not finite (or beyond 1e70), or whose two points coincide (to 1e-70), define no line and
//! are ignored everywhere.

mod by_time;
mod line;
mod motion;
mod nearby;
mod pairs;

pub mod birmingham;
pub mod centroid;
pub mod clusters;
pub mod cutpoints;
pub mod minpoints;
pub mod rejection;

pub(crate) use line::finite;
