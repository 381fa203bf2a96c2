//! From raw detector events and image stacks to trajectories and tables: the Rust core of lumentrace.
//!
//! | module | what is in it |
//! |---|---|
//! | [`samples`] | sample ranges over a table of rows |
//! | [`lines`] | geometry of lines of response: cutpoints, least-squares points and motions, the Birmingham method |
//! | [`channels`] | colocalization of two channels: correlation, thresholds, randomisation |
//! | [`cluster`] | HDBSCAN, tracer clusters, trajectory segregation, DBSCAN, k-means |
//! | [`frames`] | frames of image stacks: levelling, objects, blobs, links from frame to frame; movies on disk |
//! | [`grid`] | space cut into cells: line counts, peaks |
//! | [`occupancy`] | shares of moving discs and balls in the cells of a grid |
//! | [`photons`] | photons of annihilations: directions, hits on screens |
//! | [`points`] | velocities of trajectories |
//! | [`registration`] | images laid over each other |
//! | [`spikes`] | events behind calcium traces: non-negative deconvolution |
//! | [`subtraction`] | ratios, differences and spots of two images |
//! | [`track`] | plans: chains of the above over many samples in one call |
//! | [`formats`] | scanner files: bytes in, columns out |
//!
//! Kernels take slices and small structs, return [`Result`], and never print, panic on input or touch
//! global state. Lines, points and grids are in millimetres and milliseconds, images in pixels and grey values; each
//! module's front page says so for itself.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod control;
mod error;
pub mod pool;
mod random;
mod rows;
mod simd;

pub mod channels;
pub mod cluster;
pub mod formats;
pub mod frames;
pub mod grid;
pub mod lines;
pub mod occupancy;
pub mod photons;
pub mod points;
pub mod registration;
pub mod samples;
pub mod spikes;
pub mod subtraction;
pub mod track;
pub mod tracker;

pub use control::Control;
pub use error::{Error, Result};
pub use rows::Rows;
