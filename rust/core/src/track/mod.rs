//! Chains of kernels run over many samples in one call.

mod groups;
mod plan;
mod steps;

pub use groups::Groups;
pub use plan::{Outcome, Plan};
pub use steps::Step;
