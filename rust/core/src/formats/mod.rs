//! Scanner files: bytes in, columns out, every size checked.
