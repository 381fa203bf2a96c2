//! What must hold for any input of the kernels of `lumentrace`: no panic, no hang, no memory without bounds.
//!
//! Each target takes any bytes. Those of parsers are files; those of kernels are numbers, counts, offsets, labels and
//! shapes, made from the bytes by [`Made`].

#![allow(missing_docs)] // of use to fuzzers only

mod cells;
mod channels;
mod cluster;
mod frames;
mod grid;
mod lines;
mod made;
mod motion;
mod movie;
mod parsers;
mod plan;
mod registration;
mod samples;
mod seeds;
mod spikes;
mod subtraction;
mod tracker;

pub use made::Made;

/// A part of the crate that takes input from outside.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    parser("adac_forte", parsers::adac_forte, seeds::adac_forte),
    parser("modular_camera", parsers::modular_camera, seeds::modular_camera),
    parser("asd", parsers::asd, seeds::asd),
    parser("matlab", parsers::matlab, seeds::matlab),
    kernel("movie_file", movie::file),
    kernel("movie_memory", movie::memory),
    kernel("samples", samples::samples),
    kernel("cutpoints", lines::cutpoints),
    kernel("minpoints", lines::minpoints),
    kernel("cluster_lines", lines::cluster_lines),
    kernel("line_points", lines::points),
    kernel("hdbscan", cluster::hdbscan),
    kernel("tracer_clusters", cluster::tracer_clusters),
    kernel("dbscan", cluster::dbscan),
    kernel("k_means", cluster::k_means),
    kernel("segregate", cluster::segregate),
    kernel("velocity", plan::velocity),
    kernel("plan", plan::plan),
    kernel("traverse", grid::traverse),
    kernel("peaks", grid::peaks),
    kernel("occupancy", grid::occupancy),
    kernel("labels", channels::labels),
    kernel("levels", channels::levels),
    kernel("floats", channels::floats),
    kernel("shuffles", channels::shuffles),
    kernel("filters", frames::filters),
    kernel("features", frames::features),
    kernel("blobs", frames::blobs),
    kernel("flood", frames::flood),
    kernel("links", frames::links),
    kernel("cells", cells::cells),
    kernel("projections", cells::projections),
    kernel("motion_estimate", motion::estimate),
    kernel("motion_apply", motion::correct),
    kernel("reduce", registration::reduce),
    kernel("warp", registration::warp),
    kernel("align", registration::align),
    kernel("tiles", registration::tiles),
    kernel("spikes", spikes::spikes),
    kernel("tally", subtraction::tally),
    kernel("spots", subtraction::spots),
    kernel("tracker", tracker::whole),
    kernel("tracker_stream", tracker::stream),
];

const fn parser(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, run, seeds }
}

const fn kernel(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, seeds: seeds::noise }
}

/// The target of a name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
