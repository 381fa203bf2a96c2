"""Reports on two-photon recordings."""
