//! How dense lines are around a tracer: its blur, activity and background together.

use super::blur::Blur;

/// Rings, and how many of them there are in a standard deviation of the lines.
const RINGS: usize = 40;
const PER_WIDTH: f64 = 4.0;
/// Rounds of expectation-maximisation, and the change of the narrow width, as a part, that is none.
const ROUNDS: usize = 200;
const SETTLED: f64 = 1e-4;
/// Least variance, mm²: below it, lines that happen to be the same would be a tracer of their own.
const SHARPEST: f64 = 0.01;
/// Fewest lines that tell of one width, and of two.
const FEWEST: f64 = 4.0;
const TWO_WIDTHS: f64 = 200.0;
/// How much wider the wide width may be, as a ratio of variances, and its share at first.
const WIDER: [f64; 2] = [1.5, 25.0];
const FIRST: [f64; 2] = [4.0, 0.2];

/// Lines in rings around a tracer.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    /// The variance that the rings are counted in, mm².
    scale: f64,
    /// Number of lines and sum of their squared distances.
    rings: [[f64; 2]; RINGS],
}

/// What a profile says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) blur: Blur,
    /// Lines of the tracer.
    pub(super) own: f64,
    /// Other lines per mm².
    pub(super) density: f64,
}

impl Profile {
    pub(super) fn new(blur: &Blur) -> Self {
        Self { scale: blur.mean(), rings: [[0.0; 2]; RINGS] }
    }

    /// Counts a line at a squared distance, as far as it is no other tracer's.
    pub(super) fn add(&mut self, squared: f64, weight: f64) {
        let ring = ((squared / self.scale).sqrt() * PER_WIDTH) as usize;
        if let Some([count, sum]) = self.rings.get_mut(ring) {
            *count += weight;
            *sum += weight * squared;
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (own, ring) in self.rings.iter_mut().zip(&other.rings) {
            own[0] += ring[0];
            own[1] += ring[1];
        }
    }

    /// The same with a part of the lines.
    pub(super) fn faded(&self, part: f64) -> Self {
        Self { rings: self.rings.map(|ring| ring.map(|value| part * value)), ..*self }
    }

    /// The likeliest blur, activity and background, from a guess; `two` says whether there may be two widths.
    pub(super) fn fit(&self, guess: &Around, two: bool) -> Around {
        let mut found = *guess;
        if two && found.blur.share == 0.0 && found.own > TWO_WIDTHS {
            found.blur = Blur { wide: FIRST[0] * found.blur.narrow, share: FIRST[1], ..found.blur };
        }
        for _ in 0..ROUNDS {
            let better = self.better(&found);
            let change = (better.blur.narrow / found.blur.narrow - 1.0).abs();
            found = better;
            if change < SETTLED {
                break;
            }
        }
        found
    }

    fn better(&self, before: &Around) -> Around {
        let (mut weights, mut squares, mut others) = ([0.0; 2], [0.0; 2], 0.5);
        for &[count, sum] in &self.rings {
            if count <= 0.0 {
                continue;
            }
            let squared = sum / count;
            let densities = before.blur.densities(squared, 0.0).map(|density| density * before.own);
            let all = densities[0] + densities[1] + before.density;
            for k in 0..2 {
                weights[k] += count * densities[k] / all;
                squares[k] += sum * densities[k] / all;
            }
            others += count * before.density / all;
        }
        let reach = self.scale * (RINGS as f64 / PER_WIDTH).powi(2);
        let density = others / (std::f64::consts::PI * reach);
        let own = weights[0] + weights[1];
        Around { blur: widths(weights, squares, &before.blur), own, density }
    }
}

fn widths(weights: [f64; 2], squares: [f64; 2], before: &Blur) -> Blur {
    if weights[0] < FEWEST {
        return *before;
    }
    let narrow = (0.5 * squares[0] / weights[0]).max(SHARPEST);
    if before.share == 0.0 {
        return Blur::plain(narrow);
    }
    let wide = if weights[1] > 1.0 { 0.5 * squares[1] / weights[1] } else { before.wide };
    let wide = wide.clamp(WIDER[0] * narrow, WIDER[1] * narrow);
    Blur { narrow, wide, share: (weights[1] / (weights[0] + weights[1])).max(1e-6) }
}
