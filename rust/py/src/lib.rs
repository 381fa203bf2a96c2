//! Python bindings of the `lumentrace` crate: the private module `lumentrace._core`.

// PyO3 hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

use pyo3::prelude::*;

mod arrays;
mod arrow;
mod arrow_layout;
mod cells;
mod channels;
mod cluster;
mod content;
mod filters;
mod formats;
mod frames;
mod grid;
mod lines;
mod matlab;
mod motion;
mod movie;
mod occupancy;
mod photons;
mod registration;
mod run;
mod samples;
mod spikes;
mod streamed;
mod subtraction;
mod tables;
mod thread;
mod track;
mod tracker;

/// Kernels fill and drop buffers of megabytes: the system's allocator would hand them back and fault them in each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule(name = "_core")]
mod core_module {
    #[pymodule_export]
    use super::arrow::{arrow_schema, arrow_stream};
    #[pymodule_export]
    use super::cells::{BinnedMovie, MovieProjections, PixelNoise, hand_frames};
    #[pymodule_export]
    use super::channels::{group_labels, kendall_tau, measure_channels, overlap_coefficients, shuffle_blocks};
    #[pymodule_export]
    use super::cluster::{dbscan_labels, hdbscan_labels, k_means, segregate, tracer_injection, tracer_labels};
    #[pymodule_export]
    use super::content::content_hash;
    #[pymodule_export]
    use super::filters::filter_frames;
    #[pymodule_export]
    use super::formats::{AdacCalibration, AdacDecoder, AsdHeader, ModularDecoder};
    #[pymodule_export]
    use super::frames::{find_blobs, find_features, link_points};
    #[pymodule_export]
    use super::grid::{find_peaks, traverse};
    #[pymodule_export]
    use super::lines::{birmingham, cluster_lines, find_cutpoints, get_cutoffs, lsq_point};
    #[pymodule_export]
    use super::matlab::matlab_variables;
    #[pymodule_export]
    use super::motion::{MotionTemplate, apply_motion};
    #[pymodule_export]
    use super::movie::{MovieFrames, flood_labels};
    #[pymodule_export]
    use super::occupancy::spread_bodies;
    #[pymodule_export]
    use super::photons::{photon_directions, photons_turned, screen_hits};
    #[pymodule_export]
    use super::registration::{align_images, reduce_image, tile_shifts, warp_rows};
    #[pymodule_export]
    use super::samples::{adaptive_windows, time_windows};
    #[pymodule_export]
    use super::spikes::{bootstrap_events, deconvolve_traces, trace_statistics};
    #[pymodule_export]
    use super::streamed::StreamedPair;
    #[pymodule_export]
    use super::subtraction::{SpotFinder, tally_ratios};
    #[pymodule_export]
    use super::tables::row_dicts;
    #[pymodule_export]
    use super::track::run_plan;
    #[pymodule_export]
    use super::tracker::{LineStream, track_lines};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
