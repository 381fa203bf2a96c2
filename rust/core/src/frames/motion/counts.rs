//! Counts of a frame without their zero, and whether they are of use.

use super::super::movie::Pixel;
use super::Reason;
use crate::simd::wide;

/// Share of pixels that may be not finite, or saturated.
const MOST_WRONG: f64 = 0.1;
/// Share of pixels from which a frame is saturated.
const MOST_FULL: f64 = 0.5;
const LANES: usize = 16;

/// Counts without their zero; pixels that are not finite take the mean of the others.
pub(super) fn prepare<P: Pixel>(pixels: &[P], zero: f64, full: f64, values: &mut [f32]) -> Option<Reason> {
    for (value, pixel) in values.iter_mut().zip(pixels) {
        *value = (pixel.value() - zero) as f32;
    }
    let seen = seen(values, (full - zero) as f32);
    let all = values.len() as f64;
    if (seen.finite as f64) < (1.0 - MOST_WRONG) * all {
        return Some(Reason::NotFinite);
    }
    if seen.full as f64 > MOST_FULL * all {
        return Some(Reason::Saturated);
    }
    let mean = seen.total / seen.finite as f64;
    if seen.high <= seen.low || mean <= 0.0 || !mean.is_finite() {
        return Some(Reason::Blank);
    }
    if seen.finite < values.len() {
        for value in values.iter_mut().filter(|value| !value.is_finite()) {
            *value = mean as f32;
        }
    }
    None
}

/// Sum, least and largest of finite values, how many they are, and how many are saturated.
struct Seen {
    total: f64,
    low: f32,
    high: f32,
    finite: usize,
    full: usize,
}

wide! {
    fn seen(values: &[f32], full: f32) -> Seen {
        let (mut total, mut low, mut high) = ([0.0_f64; LANES], [f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        let (mut finite, mut above) = ([0_u32; LANES], [0_u32; LANES]);
        let (whole, rest) = values.as_chunks::<LANES>();
        let mut last = [f32::NAN; LANES];
        last[..rest.len()].copy_from_slice(rest);
        for own in whole.iter().chain([&last]) {
            for lane in 0..LANES {
                let value = own[lane];
                let counts = value.is_finite();
                total[lane] += if counts { f64::from(value) } else { 0.0 };
                finite[lane] += u32::from(counts);
                above[lane] += u32::from(value >= full);
                low[lane] = if value < low[lane] { value } else { low[lane] };
                high[lane] = if value > high[lane] { value } else { high[lane] };
            }
        }
        let count = |lanes: [u32; LANES]| lanes.iter().map(|own| *own as usize).sum();
        Seen {
            total: total.iter().sum(),
            low: low.iter().copied().fold(f32::INFINITY, f32::min),
            high: high.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            finite: count(finite),
            full: count(above),
        }
    }
}
