//! The Gaussian whose integrals over three neighbouring cells are in given proportions, by bisection.

use std::f64::consts::FRAC_1_SQRT_2;

/// Halvings of an interval, enough for the last bits of the centre and the width.
const HALVINGS: usize = 60;

/// Widths between which the solution lies, in cells.
const WIDTHS: (f64, f64) = (1e-3, 1e6);

/// Centre and width of the Gaussian, in cells from the middle one.
///
/// There is exactly one if the middle value is the largest, not all are the same and the outer ones are positive; `None`
/// otherwise. The centre is at most half a cell away. O(1), some thousand error functions.
pub(super) fn through([before, middle, after]: [f64; 3]) -> Option<(f64, f64)> {
    let least = before.min(after);
    let most = before.max(after);
    if !(least > 0.0 && middle >= most && middle > least && middle.is_finite()) {
        return None;
    }
    let outer = (before + after) / middle;
    let centre = bisect(-0.5, 0.5, |mu| {
        let [first, _, last] = bands(mu, width(mu, outer));
        last * before < first * after
    });
    Some((centre, width(centre, outer)))
}

/// The width at which both outer integrals together are `outer` times the middle one; they grow with it.
fn width(mu: f64, outer: f64) -> f64 {
    let low = bisect(WIDTHS.0.ln(), WIDTHS.1.ln(), |log| {
        let [first, middle, last] = bands(mu, log.exp());
        first + last < outer * middle
    });
    low.exp()
}

/// Where `below` ceases to hold between `low` and `high`.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Integrals over the three cells, in tails from the side where nothing cancels.
fn bands(mu: f64, sigma: f64) -> [f64; 3] {
    let edge = |k: f64| (k - mu) * FRAC_1_SQRT_2 / sigma;
    let [a, b, c, d] = [-1.5, -0.5, 0.5, 1.5].map(edge);
    [libm::erfc(-b) - libm::erfc(-a), libm::erf(c) - libm::erf(b), libm::erfc(c) - libm::erfc(d)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_gaussian_is_found_where_newton_stalls() {
        let (mu, sigma) = through([11.0, 82.0, 1.0]).unwrap();
        assert!((sigma - 0.286).abs() < 5e-4, "{sigma}");
        let [first, middle, last] = bands(mu, sigma);
        assert!((first / middle - 11.0 / 82.0).abs() < 1e-12 && (last / middle - 1.0 / 82.0).abs() < 1e-12);
    }

    #[test]
    fn any_gaussian_is_found_again() {
        for mu in [-0.5, -0.499, -0.31, 0.0, 0.07, 0.45, 0.5] {
            for sigma in [0.2, 0.35, 1.0, 4.0, 30.0] {
                let (centre, width) = through(bands(mu, sigma)).unwrap();
                assert!((centre - mu).abs() < 1e-6 && (width / sigma - 1.0).abs() < 1e-6, "{mu} {sigma}");
            }
        }
    }

    #[test]
    fn values_of_no_gaussian() {
        for values in [[0.0, 5.0, 1.0], [1.0, 5.0, 0.0], [3.0, 3.0, 3.0], [4.0, 3.0, 1.0], [1.0, f64::NAN, 1.0]] {
            assert_eq!(through(values), None);
        }
    }
}
