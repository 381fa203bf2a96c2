//! Blobs: bright spots of about the size of a Gaussian, by the Laplacian of Gaussians over several sizes.

use super::convolution::{add_column_sums, convolve, gaussian, mirrored, radius, second_derivative};
use crate::{Control, Error, Result};

/// Columns of a blob: row, column, sigma, response.
pub const COLUMNS: usize = 4;

/// No blob of a frame is larger, and its kernel would fill the memory.
const MOST_SIGMA: f64 = 10_000.0;

/// How blobs are found.
#[derive(Debug, Clone, PartialEq)]
pub struct Blobs {
    /// Sizes, ascending.
    pub sigmas: Vec<f64>,
    /// Response to exceed.
    pub threshold: f64,
    /// Of two blobs that share more than this part of the smaller one, the smaller one goes.
    pub overlap: f64,
    /// Places between pixels, by parabolas through the neighbours.
    pub refine: bool,
}

/// Buffers to be reused from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Responses, one plane per sigma.
    cube: Vec<f64>,
    smooth: Vec<f64>,
    curved: Vec<f64>,
    row: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Peak {
    place: [usize; 2],
    layer: usize,
    response: f64,
}

impl Blobs {
    /// Appends a row of [`COLUMNS`] for each blob of a frame, strongest first.
    ///
    /// The response is -σ² times the Laplacian of Gaussian (Lindeberg, Int. J. Comput. Vis. 30 (1998) 79) with mirrored
    /// edges; a blob is where it is greatest among 3 x 3 x 3 neighbours in place and size. Pairs that overlap are visited
    /// from the strongest on; of equal sizes the weaker one goes. O(pixels · Σσ).
    ///
    /// # Errors
    /// [`Error::Argument`] for sizes that are not above 0 or pixels that do not fill rows; [`Error::Cancelled`].
    pub fn find(
        &self,
        image: &[f64],
        width: usize,
        scratch: &mut Scratch,
        control: &Control,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        if self.sigmas.is_empty() || !self.sigmas.iter().all(|sigma| *sigma > 0.0 && *sigma <= MOST_SIGMA) {
            let expected = format!("sizes above 0 and up to {MOST_SIGMA}");
            return Err(Error::argument("sigmas", expected, format!("{:?}", self.sigmas)));
        }
        if width == 0 || !image.len().is_multiple_of(width) {
            return Err(Error::argument("image", format!("rows of {width} pixels"), image.len()));
        }
        scratch.cube.clear();
        for &sigma in &self.sigmas {
            control.check()?;
            scratch.respond(image, width, sigma);
        }
        let mut peaks = self.peaks(&scratch.cube, image.len(), width);
        self.prune(&mut peaks);
        for peak in peaks {
            let [row, column] = peak.place.map(|place| place as f64);
            let [up, aside] = if self.refine { shift(&scratch.cube, image.len(), width, peak) } else { [0.0; 2] };
            out.extend_from_slice(&[row + up, column + aside, self.sigmas[peak.layer], peak.response]);
        }
        Ok(())
    }

    /// Local maxima above the threshold, strongest first.
    fn peaks(&self, cube: &[f64], size: usize, width: usize) -> Vec<Peak> {
        let height = size / width;
        let layers = self.sigmas.len();
        let first = cube.first().copied().unwrap_or(0.0);
        let mut found = Vec::new();
        if cube.iter().all(|&value| value == first) {
            return found;
        }
        for pixel in 0..size {
            let (y, x) = (pixel / width, pixel % width);
            for layer in 0..layers {
                let response = cube[layer * size + pixel];
                if response > self.threshold && leads(cube, [layers, height, width], [layer, y, x], response) {
                    found.push(Peak { place: [y, x], layer, response });
                }
            }
        }
        found.sort_by(|a, b| b.response.total_cmp(&a.response));
        found
    }

    fn prune(&self, peaks: &mut Vec<Peak>) {
        let mut alive = vec![true; peaks.len()];
        for i in 0..peaks.len() {
            for j in i + 1..peaks.len() {
                if !alive[i] {
                    break;
                }
                if alive[j] && self.shared(peaks[i], peaks[j]) > self.overlap {
                    let dropped = if peaks[i].layer < peaks[j].layer { i } else { j };
                    alive[dropped] = false;
                }
            }
        }
        let mut number = 0;
        peaks.retain(|_| {
            number += 1;
            alive[number - 1]
        });
    }

    /// The part of the smaller disk that two blobs share.
    fn shared(&self, a: Peak, b: Peak) -> f64 {
        let radius = |peak: Peak| self.sigmas[peak.layer] * std::f64::consts::SQRT_2;
        let (r, s) = (radius(a), radius(b));
        let apart = [0, 1].map(|axis| a.place[axis] as f64 - b.place[axis] as f64);
        let d = apart[0].hypot(apart[1]);
        if d > r + s {
            return 0.0;
        }
        if d <= (r - s).abs() {
            return 1.0;
        }
        let angle = |own: f64, other: f64| ((d * d + own * own - other * other) / (2.0 * d * own)).clamp(-1.0, 1.0);
        let triangles = (-d + s + r) * (d - s + r) * (d + s - r) * (d + s + r);
        let area = r * r * libm::acos(angle(r, s)) + s * s * libm::acos(angle(s, r)) - 0.5 * triangles.abs().sqrt();
        area / (std::f64::consts::PI * r.min(s).powi(2))
    }
}

/// Whether no neighbour in place and size is greater; NaN is no peak and hinders none.
fn leads(cube: &[f64], shape: [usize; 3], at: [usize; 3], response: f64) -> bool {
    let range = |axis: usize| at[axis].saturating_sub(1)..shape[axis].min(at[axis] + 2);
    range(0).all(|layer| {
        range(1).all(|y| {
            let row = (layer * shape[1] + y) * shape[2];
            cube[row + range(2).start..row + range(2).end].iter().all(|value| *value <= response || value.is_nan())
        })
    })
}

/// How far the vertices of parabolas through the neighbours are from a peak; 0 at the edge.
fn shift(cube: &[f64], size: usize, width: usize, peak: Peak) -> [f64; 2] {
    let [y, x] = peak.place;
    let at = peak.layer * size + y * width + x;
    let vertex = |inside: bool, step: usize| {
        if !inside {
            return 0.0;
        }
        let (before, after) = (cube[at - step], cube[at + step]);
        let bend = before - 2.0 * cube[at] + after;
        if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
    };
    [vertex(y > 0 && (y + 1) * width < size, width), vertex(x > 0 && x + 1 < width, 1)]
}

impl Scratch {
    /// Appends the responses for one size.
    fn respond(&mut self, image: &[f64], width: usize, sigma: f64) {
        let (plain, second) = (gaussian(sigma), second_derivative(sigma));
        for values in [&mut self.smooth, &mut self.curved] {
            values.clear();
            values.resize(image.len(), 0.0);
        }
        for (y, line) in image.chunks_exact(width).enumerate() {
            mirrored(line, radius(sigma), &mut self.row);
            let own = y * width..(y + 1) * width;
            convolve(&self.row, &plain, &mut self.smooth[own.clone()]);
            convolve(&self.row, &second, &mut self.curved[own]);
        }
        let (start, factor) = (self.cube.len(), -sigma * sigma);
        self.cube.resize(start + image.len(), 0.0);
        for (y, line) in self.cube[start..].chunks_exact_mut(width).enumerate() {
            add_column_sums(line, &self.smooth, y, &second, factor);
            add_column_sums(line, &self.curved, y, &plain, factor);
        }
    }
}
