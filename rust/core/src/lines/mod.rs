//! Geometry of lines of response (`LoRs`).
