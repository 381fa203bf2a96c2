//! Chains of kernels run over many samples in one call.
