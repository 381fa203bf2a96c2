//! The probability of a correlation by chance.

/// From here on a quotient of gamma functions is Stirling's series.
const LARGE: f64 = 200.0;
const MOST_TERMS: usize = 10_000;
const PRECISION: f64 = 1e-16;

/// Two-tailed p of a correlation `r` of `n` pixels without any: I(1 - r²; n/2 - 1, 1/2).
pub(super) fn p_value(r: f64, n: u64) -> f64 {
    match n {
        0 | 1 => f64::NAN,
        2 => 1.0,
        _ if r.is_nan() => f64::NAN,
        _ => {
            let (x, y) = ((1.0 - r) * (1.0 + r), r * r);
            regularised(x, y, (n - 2) as f64 / 2.0)
        }
    }
}

/// The regularised incomplete beta function I(x; a, 1/2), with y = 1 - x.
fn regularised(x: f64, y: f64, a: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let front = (a * ln_from_complement(x, y) + 0.5 * y.ln() - ln_beta(a)).exp();
    if x < (a + 1.0) / (a + 2.5) { front * fraction(x, a, 0.5) / a } else { 1.0 - front * fraction(y, 0.5, a) / 0.5 }
}

/// ln x, by the smaller of x and 1 - x.
fn ln_from_complement(x: f64, y: f64) -> f64 {
    if y < 0.5 { libm::log1p(-y) } else { x.ln() }
}

/// ln B(a, 1/2).
fn ln_beta(a: f64) -> f64 {
    let half_ln_pi = 0.5 * std::f64::consts::PI.ln();
    if a < LARGE {
        return libm::lgamma(a) + half_ln_pi - libm::lgamma(a + 0.5);
    }
    // ln Γ(a + 1/2) - ln Γ(a).
    let quotient = 0.5 * a.ln() - 1.0 / (8.0 * a) + 1.0 / (192.0 * a.powi(3)) - 1.0 / (640.0 * a.powi(5));
    half_ln_pi - quotient
}

/// Continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes, 6.4).
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let floor = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / floor(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..MOST_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / floor(1.0 + even * d);
        c = floor(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / floor(1.0 + odd * d);
        c = floor(1.0 + odd / c);
        result *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::p_value;

    #[test]
    fn known_probabilities() {
        // scipy.special.betainc(n / 2 - 1, 1 / 2, (1 - r) * (1 + r)).
        for (r, n, p) in [
            (0.5, 3, 0.666_666_666_666_666_7),
            (0.5, 10, 0.141_113_281_250_000_06),
            (0.1, 1000, 0.001_544_116_107_401_180_3),
            (-0.9, 20, 6.574_284_544_497_207e-8),
            (0.01, 100_000, 0.001_565_189_745_279_250_9),
        ] {
            let found = p_value(r, n);
            assert!((found / p - 1.0).abs() < 1e-9, "{r} {n}: {found} {p}");
        }
        assert_eq!(p_value(1.0, 5), 0.0);
        assert_eq!(p_value(0.3, 2), 1.0);
        assert_eq!(p_value(0.0, 50), 1.0);
        assert!(p_value(f64::NAN, 9).is_nan());
    }
}
