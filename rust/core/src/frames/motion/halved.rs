//! Frames and references with pixels of twice the size.

use super::Reference;

/// What [`Reference`] borrows, of pixels of twice the size.
pub(super) struct Halved {
    pub(super) shape: [usize; 2],
    pattern: Vec<f32>,
    rate: Vec<f32>,
}

impl Halved {
    /// None if there are no two pixels along an axis.
    pub(super) fn of(reference: &Reference<'_>) -> Option<Self> {
        let shape = reference.shape.map(|size| size / 2);
        if shape.contains(&0) {
            return None;
        }
        let columns = reference.shape[1];
        let (mut even, mut odd, mut rate) = (Vec::new(), Vec::new(), Vec::new());
        for (from, to) in [(reference.even, &mut even), (reference.odd, &mut odd), (reference.rate, &mut rate)] {
            halve(from, columns, shape, to);
        }
        // Each pixel has a row of even and one of odd number, wherever it is moved to.
        let pattern = even.iter().zip(&odd).map(|(even, odd)| (even + odd) / 8.0).collect();
        Some(Self { shape, pattern, rate })
    }

    pub(super) fn reference(&self) -> Reference<'_> {
        Reference { shape: self.shape, even: &self.pattern, odd: &self.pattern, rate: &self.rate, bin: 1 }
    }
}

/// Sums of two by two pixels; a last row or column without another is left out.
pub(super) fn halve(values: &[f32], columns: usize, shape: [usize; 2], out: &mut Vec<f32>) {
    out.clear();
    for pair in values.chunks_exact(2 * columns).take(shape[0]) {
        let (upper, lower) = pair.split_at(columns);
        let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
        out.extend(upper.iter().zip(lower).take(shape[1]).map(|(a, b)| a[0] + a[1] + b[0] + b[1]));
    }
}
