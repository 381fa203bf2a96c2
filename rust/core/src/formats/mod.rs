//! Scanner files: bytes in, columns out, every size checked.
//!
//! Times are in ms and places in mm for positron cameras; an `.asd` film gives what it stores: volts or nm, pixels, ms. Of MATLAB files all kinds of values are
//! read.

pub mod adac_forte;
pub mod asd;
mod list_mode;
pub mod matlab;
pub mod modular_camera;
