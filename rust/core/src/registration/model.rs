//! What an alignment may change.

/// What may change between the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A shift.
    Translation,
    /// Any affine map.
    Affine,
    /// Any projective map.
    Homography,
}

impl Model {
    /// Its parameters: which of (a, b, c), and the powers of x and y.
    pub(super) fn parameters(self) -> Vec<[usize; 3]> {
        let plane = |which: usize| [[which, 1, 0], [which, 0, 1], [which, 0, 0]];
        match self {
            Self::Translation => vec![[0, 0, 0], [1, 0, 0]],
            Self::Affine => [plane(0), plane(1)].concat(),
            Self::Homography => [&plane(0)[..], &plane(1), &plane(2)[..2]].concat(),
        }
    }
}
