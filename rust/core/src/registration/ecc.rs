//! Alignment by the enhanced correlation coefficient (Evangelidis & Psarakis 2008), with robust weights.

use super::model::Model;
use super::normal::{Frame, Sums, TERMS, solve};
use super::sampled::{Sampled, between};
use crate::simd::wide;
use crate::{Control, Error, Result, pool};

/// Rows that are worked on at a time; fixed, so that sums do not depend on threads.
const BAND: usize = 16;
/// Tukey's constant: 95 % efficient for normal residuals.
const TUKEY: f64 = 4.685;
/// Residuals that the spread is taken from, at most.
const SAMPLE: usize = 20_000;

/// Settings of an alignment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Align {
    /// What may change.
    pub model: Model,
    /// Steps, at most.
    pub iterations: usize,
    /// Ends when no corner moves farther in a step, in pixels.
    pub tolerance: f64,
    /// Whether pixels that fit badly (new stain) are left out.
    pub robust: bool,
}

/// The end of an alignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// Sends fixed to moving coordinates.
    pub matrix: [f64; 9],
    /// Correlation over the pixels that both images have, weighted if robust.
    pub correlation: f64,
    /// Share of the fixed image's pixels that lie in the moving one.
    pub overlap: f64,
    /// Steps that were made.
    pub iterations: usize,
    /// Whether the last step was below the tolerance.
    pub converged: bool,
    /// Spread (standard deviation) of what the moving image does not explain, in units of the fixed image.
    pub residual: f64,
}

impl Align {
    /// Aligns `moving` with `fixed`, both with NaN where nothing is known. Progress counts steps.
    ///
    /// # Errors
    /// [`Error::Argument`] if a size does not fit; [`Error::Cancelled`].
    pub fn run(
        &self,
        fixed: &[f32],
        width: usize,
        moving: &Sampled<'_>,
        start: [f64; 9],
        threads: usize,
        control: &Control,
    ) -> Result<Aligned> {
        if width == 0 || !fixed.len().is_multiple_of(width) || fixed.is_empty() {
            return Err(Error::argument("fixed", format!("rows of {width} pixels"), fixed.len()));
        }
        let frame = Frame::new(width, fixed.len() / width, moving.width(), moving.height());
        let known = fixed.iter().filter(|value| value.is_finite()).count().max(1) as f64;
        let mut matrix = frame.normalise(start);
        let mut pace = Pace::default();
        let mut fit = Fit { gain: 1.0, bias: 0.0, cut: f64::INFINITY };
        let mut state = Aligned {
            matrix: start,
            correlation: f64::NAN,
            overlap: 0.0,
            iterations: 0,
            converged: false,
            residual: f64::NAN,
        };
        if self.robust {
            let first = self.sums(fixed, &frame, moving, &matrix, fit, threads, control)?;
            fit = refit(fixed, &frame, moving, &matrix, &first);
        }
        for iteration in 0..=self.iterations {
            let sums = self.sums(fixed, &frame, moving, &matrix, fit, threads, control)?;
            control.advance(1);
            state.matrix = frame.restore(matrix);
            state.overlap = sums.count() / known;
            state.correlation = sums.correlation();
            state.residual = sums.residual();
            state.iterations = iteration;
            if iteration == self.iterations || sums.count() < 64.0 {
                break;
            }
            let Some(step) = solve(&sums, self.model) else { break };
            let moved = frame.apply(&mut matrix, &pace.shorten(step));
            if !moved.is_finite() || moved > 4.0 * frame.extent() {
                break;
            }
            if moved < self.tolerance {
                state.converged = true;
                state.matrix = frame.restore(matrix);
                state.iterations = iteration + 1;
                break;
            }
            if self.robust {
                fit = refit(fixed, &frame, moving, &matrix, &sums);
            }
        }
        Ok(state)
    }

    #[allow(clippy::too_many_arguments)] // two images and where they are
    fn sums(
        &self,
        fixed: &[f32],
        frame: &Frame,
        moving: &Sampled<'_>,
        matrix: &[f64; 9],
        fit: Fit,
        threads: usize,
        control: &Control,
    ) -> Result<Sums> {
        let bands = frame.height.div_ceil(BAND);
        let projective = self.model == Model::Homography;
        let parts = pool::map(
            bands,
            threads,
            control,
            || Lines::new(frame),
            |lines, band| {
                let mut sums = Sums::default();
                for row in band * BAND..((band + 1) * BAND).min(frame.height) {
                    let own = &fixed[row * frame.width..(row + 1) * frame.width];
                    lines.fill(own, frame, moving, matrix, row, fit);
                    let mut line = [0.0; TERMS];
                    row_sums(&lines.values, &lines.x, projective, &mut line);
                    sums.add_row(&line, frame.y(row));
                }
                Ok(sums)
            },
        )?;
        let mut total = Sums::default();
        for part in &parts {
            total.add(part);
        }
        Ok(total)
    }
}

/// Ends steps to and fro: at a whole shift a column of pixels lies in the moving image or outside, and the best
/// places with it and without it may lie on either side of where it changes.
struct Pace {
    last: [f64; 8],
    share: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { last: [0.0; 8], share: 1.0 }
    }
}

impl Pace {
    /// The step to make: half the share of those before it, if it takes back more than half of the last one.
    fn shorten(&mut self, step: [f64; 8]) -> [f64; 8] {
        let product = |one: &[f64; 8], two: &[f64; 8]| one.iter().zip(two).map(|(a, b)| a * b).sum::<f64>();
        let taken = step.map(|value| self.share * value);
        if product(&taken, &self.last) < -0.5 * product(&self.last, &self.last) {
            self.share *= 0.5;
        }
        self.last = step.map(|value| self.share * value);
        self.last
    }
}

/// Gain and bias of the fixed image over the moving one, and the residual beyond which pixels do not count.
fn refit(fixed: &[f32], frame: &Frame, moving: &Sampled<'_>, matrix: &[f64; 9], sums: &Sums) -> Fit {
    let (gain, bias) = sums.line();
    let mut lines = Lines::new(frame);
    let stride = (frame.width * frame.height / SAMPLE).max(1);
    let step = (stride as f64).sqrt().floor().max(1.0) as usize;
    let mut found = Vec::new();
    for row in (step / 2..frame.height).step_by(step) {
        let own = &fixed[row * frame.width..(row + 1) * frame.width];
        lines.fill(own, frame, moving, matrix, row, Fit { gain, bias, cut: f64::INFINITY });
        let [a, b, _, moved, still, weight] = &lines.values;
        for place in (row % step..frame.width).step_by(step) {
            if weight[place] > 0.0 {
                let misfit = f64::from(still[place]) - gain * f64::from(moved[place]) - bias;
                found.push((f64::from(a[place] * a[place] + b[place] * b[place]), misfit.abs()));
            }
        }
    }
    // Where nothing varies nothing misfits either: the empty surroundings must not set the scale.
    let least = 0.25 * found.iter().map(|(steep, _)| steep).sum::<f64>() / found.len().max(1) as f64;
    let mut residuals: Vec<f64> = found.iter().filter(|(steep, _)| *steep >= least).map(|found| found.1).collect();
    if residuals.len() < 16 {
        return Fit { gain, bias, cut: f64::INFINITY };
    }
    let middle = residuals.len() / 2;
    let (_, median, _) = residuals.select_nth_unstable_by(middle, f64::total_cmp);
    let spread = 1.4826 * *median;
    Fit { gain, bias, cut: if spread > 0.0 { TUKEY * spread } else { f64::INFINITY } }
}

/// How values of the moving image become those of the fixed one.
#[derive(Clone, Copy)]
struct Fit {
    gain: f64,
    bias: f64,
    cut: f64,
}

/// What one row contributes, and what it is made from.
struct Lines {
    /// Gradients a, b, c, moving and fixed values, weights.
    values: [Vec<f32>; 6],
    /// Columns of the fixed image, from -1 to 1.
    x: Vec<f32>,
    places: Places,
    sampled: Vec<[f32; 3]>,
}

/// Where pixels of a row lie in the moving image.
struct Places {
    /// Pixel above and to the left; for those that lie outside some other.
    corners: Vec<u32>,
    /// Parts of a pixel beyond it.
    beyond: [Vec<f32>; 2],
    /// From the centre of the moving image.
    from_centre: [Vec<f32>; 2],
    /// One over the depth; NaN outside.
    over: Vec<f32>,
}

impl Lines {
    fn new(frame: &Frame) -> Self {
        let padded = frame.width.next_multiple_of(LANES);
        let line = || vec![0.0_f32; padded];
        let mut x = line();
        for (column, x) in x.iter_mut().enumerate().take(frame.width) {
            *x = frame.x(column) as f32;
        }
        let places =
            Places { corners: vec![0; padded], beyond: [line(), line()], from_centre: [line(), line()], over: line() };
        Self { values: std::array::from_fn(|_| line()), x, places, sampled: vec![[0.0; 3]; padded] }
    }

    /// Samples the moving image along a row of the fixed one.
    fn fill(&mut self, fixed: &[f32], frame: &Frame, moving: &Sampled<'_>, m: &[f64; 9], row: usize, fit: Fit) {
        let width = fixed.len();
        if moving.width() < 4 || moving.height() < 4 {
            self.values[5][..width].fill(0.0);
            return;
        }
        find_places(&mut self.places, width, frame, m, frame.y(row), moving.ends(), moving.width());
        let Places { corners, beyond: [across, down], .. } = &self.places;
        let (corners, across, down) = (&corners[..width], &across[..width], &down[..width]);
        sample(moving.pixels(), moving.width(), corners, across, down, &mut self.sampled);
        weigh(&mut self.values, fixed, &self.sampled, &self.places, fit);
    }
}

wide! {
    /// Where the pixels of row `y` lie.
    fn find_places(places: &mut Places, width: usize, frame: &Frame, m: &[f64; 9], y: f64, ends: [f64; 2], row: usize) {
        let Places { corners, beyond: [across, down], from_centre: [us, vs], over } = places;
        let (right, below, depth) = (m[1] * y + m[2], m[4] * y + m[5], m[7] * y + m[8]);
        let [most_x, most_y] = ends;
        let lines = corners[..width].iter_mut().zip(&mut across[..width]).zip(&mut down[..width]);
        let lines = lines.zip(us[..width].iter_mut().zip(&mut vs[..width])).zip(&mut over[..width]);
        for (column, ((((corner, tx), ty), (u_out, v_out)), over)) in lines.enumerate() {
            let x = frame.x(column);
            let share = 1.0 / (m[6] * x + depth);
            let (u, v) = ((m[0] * x + right) * share, (m[3] * x + below) * share);
            let (px, py) = (u + frame.centre[0], v + frame.centre[1]);
            let inside = px >= 1.0 && py >= 1.0 && px < most_x && py < most_y;
            let (px, py) = if inside { (px, py) } else { (1.0, 1.0) };
            let (left, top) = (px as u32, py as u32);
            *corner = top * row as u32 + left;
            (*tx, *ty) = ((px - f64::from(left)) as f32, (py - f64::from(top)) as f32);
            (*u_out, *v_out) = (u as f32, v as f32);
            *over = if inside { share as f32 } else { f32::NAN };
        }
    }
}

wide! {
    /// Values and gradients at places given by a corner and the parts of a pixel beyond it.
    fn sample(pixels: &[f32], row: usize, corners: &[u32], across: &[f32], down: &[f32], out: &mut [[f32; 3]]) {
        for (((corner, tx), ty), out) in corners.iter().zip(across).zip(down).zip(out) {
            *out = between(pixels, row, *corner as usize, *tx, *ty);
        }
    }
}

wide! {
    /// Values and weights of a row from what was sampled; zeros where one image has nothing.
    fn weigh(values: &mut [Vec<f32>; 6], fixed: &[f32], sampled: &[[f32; 3]], places: &Places, fit: Fit) {
        let [a, b, c, moved, still, weight] = values;
        let width = fixed.len();
        let (gain, bias, cut) = (fit.gain as f32, fit.bias as f32, (1.0 / (fit.cut * fit.cut)) as f32);
        let [us, vs] = &places.from_centre;
        let (a, b, c) = (&mut a[..width], &mut b[..width], &mut c[..width]);
        let (moved, still, weight) = (&mut moved[..width], &mut still[..width], &mut weight[..width]);
        let (sampled, over, us, vs) = (&sampled[..width], &places.over[..width], &us[..width], &vs[..width]);
        for place in 0..width {
            let [there, gx, gy] = sampled[place];
            let value = fixed[place];
            // If any of them is NaN, one image has nothing here.
            let all = there + gx + gy + over[place] + value;
            let held = all.is_finite();
            let misfit = value - gain * there - bias;
            let inlier = (1.0 - misfit * misfit * cut).max(0.0);
            let (gx, gy) = (gx * over[place], gy * over[place]);
            a[place] = if held { gx } else { 0.0 };
            b[place] = if held { gy } else { 0.0 };
            c[place] = if held { -(gx * us[place] + gy * vs[place]) } else { 0.0 };
            moved[place] = if held { there } else { 0.0 };
            still[place] = if held { value } else { 0.0 };
            weight[place] = if held { inlier * inlier } else { 0.0 };
        }
    }
}

const LANES: usize = 16;

wide! {
    /// Sums over a row of products that the normal equations need, in the order of [`Sums::add_row`].
    fn row_sums(values: &[Vec<f32>; 6], x: &[f32], projective: bool, out: &mut [f64; TERMS]) {
        let [a, b, c, moved, still, weight] = values;
        let mut sums = [[0.0_f32; LANES]; TERMS];
        let pieces = x.len() / LANES;
        for piece in 0..pieces {
            let own = piece * LANES..(piece + 1) * LANES;
            let load = |line: &[f32]| -> [f32; LANES] {
                let mut lanes = [0.0; LANES];
                lanes.copy_from_slice(&line[own.clone()]);
                lanes
            };
            let (xs, w, iw, ir) = (load(x), load(weight), load(moved), load(still));
            let q = [load(a), load(b), load(c)];
            let used = if projective { 3 } else { 2 };
            let mut term = 0;
            for (i, one) in q.iter().enumerate() {
                for (j, two) in q.iter().enumerate().skip(i) {
                    if j < used {
                        for lane in 0..LANES {
                            let product = w[lane] * one[lane] * two[lane];
                            let first = product * xs[lane];
                            sums[term][lane] += product;
                            sums[term + 1][lane] += first;
                            sums[term + 2][lane] += first * xs[lane];
                        }
                    }
                    term += 3;
                }
            }
            for (i, one) in q.iter().enumerate() {
                if i < used {
                    for lane in 0..LANES {
                        let plain = w[lane] * one[lane];
                        let (own, other) = (plain * iw[lane], plain * ir[lane]);
                        sums[term][lane] += plain;
                        sums[term + 1][lane] += plain * xs[lane];
                        sums[term + 2][lane] += own;
                        sums[term + 3][lane] += own * xs[lane];
                        sums[term + 4][lane] += other;
                        sums[term + 5][lane] += other * xs[lane];
                    }
                }
                term += 6;
            }
            for lane in 0..LANES {
                let (own, other) = (w[lane] * iw[lane], w[lane] * ir[lane]);
                sums[term][lane] += w[lane];
                sums[term + 1][lane] += own;
                sums[term + 2][lane] += other;
                sums[term + 3][lane] += own * iw[lane];
                sums[term + 4][lane] += other * ir[lane];
                sums[term + 5][lane] += own * ir[lane];
                sums[term + 6][lane] += if w[lane] > 0.0 { 1.0 } else { 0.0 };
            }
        }
        for (sum, lanes) in out.iter_mut().zip(sums) {
            *sum = lanes.iter().map(|lane| f64::from(*lane)).sum();
        }
    }
}
