//! Scanner files: bytes in, columns out, every size checked.

pub mod adac_forte;
pub mod asd;
mod list_mode;
pub mod modular_camera;
