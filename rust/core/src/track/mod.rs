//! Chains of kernels run over many samples in one call.
//!
//! Lines and points are in ms and mm, as in [`crate::lines`] and [`crate::points`].

mod groups;
mod plan;
mod steps;

pub use groups::Groups;
pub use plan::{Outcome, Plan};
pub use steps::Step;
