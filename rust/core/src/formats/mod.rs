//! Scanner files: bytes in, columns out, every size checked.

pub mod adac_forte;
pub mod modular_camera;
