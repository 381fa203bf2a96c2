//! How far the lines of a tracer pass it: two normal distributions of the distance in the plane across the line.

/// Squared widths beyond which a line is not looked at.
const REACH: f64 = 36.0;
/// How different the variances of tracers are at most before each of them is known, as a ratio.
const ALIKE: f64 = 4.0;

/// Two widths and the share of the wider one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blur {
    /// Variance along one direction of the plane, mm².
    pub(super) narrow: f64,
    pub(super) wide: f64,
    pub(super) share: f64,
}

impl Blur {
    /// One width.
    pub(super) fn plain(variance: f64) -> Self {
        Self { narrow: variance, wide: 6.25 * variance, share: 0.0 }
    }

    /// The same with widths as near to another's as those of tracers of one scanner are.
    pub(super) fn like(&self, usual: &Self) -> Self {
        let narrow = usual.near(self.narrow);
        Self { narrow, wide: self.wide * (narrow / self.narrow), share: self.share }
    }

    /// A variance as near to that of this blur as tracers of one scanner are to each other.
    pub(super) fn near(&self, variance: f64) -> f64 {
        variance.clamp(self.narrow / ALIKE, self.narrow * ALIKE)
    }

    /// The squared distance beyond which a line is not the tracer's, where its place has a variance in the plane across.
    pub(super) fn reach(&self, spread: f64) -> f64 {
        let wide = if self.share > 0.0 { self.wide } else { self.narrow };
        REACH * (wide + 0.5 * spread)
    }

    /// Expected density of lines at a squared distance per mm² for each width, where the place itself is uncertain: `spread` is its
    /// variance in the plane. As expectation-maximisation has it, the squared distance is that which is expected.
    pub(super) fn densities(&self, squared: f64, spread: f64) -> [f64; 2] {
        let one = |variance: f64, share: f64| {
            if share == 0.0 {
                return 0.0;
            }
            share * (-0.5 * (squared + spread) / variance).exp() / (std::f64::consts::TAU * variance)
        };
        [one(self.narrow, 1.0 - self.share), one(self.wide, self.share)]
    }

    /// Density of lines at a squared distance from a place that is only predicted.
    pub(super) fn predicted(&self, squared: f64, spread: f64) -> [f64; 2] {
        let one = |variance: f64, share: f64| {
            if share == 0.0 {
                return 0.0;
            }
            let total = variance + 0.5 * spread;
            share * (-0.5 * squared / total).exp() / (std::f64::consts::TAU * total)
        };
        [one(self.narrow, 1.0 - self.share), one(self.wide, self.share)]
    }

    /// The mean variance along one direction.
    pub(super) fn mean(&self) -> f64 {
        (1.0 - self.share) * self.narrow + self.share * self.wide
    }
}

/// Sums from which a blur is found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Widths {
    pub(super) weights: [f64; 2],
    pub(super) squares: [f64; 2],
}

impl Widths {
    pub(super) fn add(&mut self, weights: [f64; 2], expected: f64) {
        for (k, weight) in weights.into_iter().enumerate() {
            self.weights[k] += weight;
            self.squares[k] += weight * expected;
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for k in 0..2 {
            self.weights[k] += other.weights[k];
            self.squares[k] += other.squares[k];
        }
    }

    /// The likeliest blur; `before` where there is too little to tell.
    pub(super) fn blur(&self, before: &Blur) -> Blur {
        let total = self.weights[0] + self.weights[1];
        if total < 4.0 {
            return *before;
        }
        if before.share == 0.0 {
            return Blur::plain((self.squares[0] / self.weights[0] / 2.0).max(1e-8));
        }
        let narrow = if self.weights[0] > 1.0 { self.squares[0] / self.weights[0] / 2.0 } else { before.narrow };
        let wide = if self.weights[1] > 1.0 { self.squares[1] / self.weights[1] / 2.0 } else { before.wide };
        let narrow = narrow.max(1e-8);
        Blur { narrow, wide: wide.clamp(1.5 * narrow, 25.0 * narrow), share: self.weights[1] / total }
    }
}
