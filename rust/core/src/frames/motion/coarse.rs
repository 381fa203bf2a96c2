//! The shift of a whole frame to a few pixels, by Fourier transforms of coarser frames.
//!
//! Roots of counts, whose noise is alike everywhere (Anscombe 1948), are correlated with those of the reference in a
//! window that no shift within reach moves over the rim, and divided by the contrast that the frame has in the window
//! there (Lewis 1995): brighter parts of the frame do not attract it.

use std::f64::consts::SQRT_2;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

use super::windows::{fast, taper};
use super::{Reason, Reference};
use crate::{Error, Result};

/// Standard deviations of noise by which the best shift has to stand above the highest of as many draws of noise.
const ABOVE_CHANCE: f64 = 3.0;
/// Standard deviations of the difference to the best shift that is another one.
const APART: f64 = 4.0;
/// Coarse pixels within which shifts are one.
const NEAR: i64 = 3;
/// Variance of the root of a count of about one, relative to that of large counts.
const FEW: f64 = 0.8;
/// Least contrast of the frame in the window, relative to the largest at any shift.
const LEAST_CONTRAST: f64 = 0.25;

type Spectrum = Vec<Complex<f32>>;

/// Transforms of one size, and those of the reference and its window.
pub(super) struct Coarse {
    shape: [usize; 2],
    bin: usize,
    reach: i64,
    gain: f64,
    /// Sum of squares of the reference in the window, and of the window.
    energy: f64,
    area: f64,
    rows: Arc<dyn RealToComplex<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
    /// What is left of each frequency without slow changes, times what transforms back and forth multiply by.
    fast: Vec<f32>,
    reference: Spectrum,
    window: Spectrum,
}

pub(super) struct Buffers {
    image: Vec<f32>,
    /// Rows of the transform: those of columns of the image.
    spectrum: Spectrum,
    /// Correlations with the reference; of values and of their squares with the window.
    found: [Vec<f32>; 3],
    work: Spectrum,
    row: Spectrum,
    scratch: Spectrum,
}

impl Coarse {
    pub(super) fn new(reference: &Reference<'_>, gain: f64, reach: usize) -> Result<Self> {
        let shape = reference.shape.map(|size| size / reference.bin);
        let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
        let mut made = Self {
            shape,
            bin: reference.bin,
            reach: reach.div_ceil(reference.bin) as i64,
            gain,
            energy: 0.0,
            area: 0.0,
            rows: real.plan_fft_forward(shape[1]),
            rows_back: real.plan_fft_inverse(shape[1]),
            columns: complex.plan_fft_forward(shape[0]),
            columns_back: complex.plan_fft_inverse(shape[0]),
            fast: fast(shape),
            reference: Vec::new(),
            window: Vec::new(),
        };
        let mut buffers = made.buffers();
        made.roots(reference.rate, reference.shape[1], &mut buffers)?;
        let rim = reach as f64 / reference.bin as f64;
        let [down, across] = shape.map(|size| taper(size, rim));
        let window: Vec<f32> =
            down.iter().flat_map(|own| across.iter().map(move |other| (own * other) as f32)).collect();
        made.area = window.iter().map(|value| f64::from(*value)).sum();
        let weighted = window.iter().zip(&buffers.image).map(|(weight, value)| f64::from(weight * value));
        let mean = weighted.sum::<f64>() / made.area;
        for (value, weight) in buffers.image.iter_mut().zip(&window) {
            *value = (*value - mean as f32) * weight;
            made.energy += f64::from(*value).powi(2);
        }
        made.forward(&mut buffers)?;
        made.reference.clone_from(&buffers.spectrum);
        buffers.image.copy_from_slice(&window);
        made.forward(&mut buffers)?;
        made.window = buffers.spectrum;
        Ok(made)
    }

    pub(super) fn buffers(&self) -> Buffers {
        let half = self.shape[1] / 2 + 1;
        let scratch = [
            self.rows.get_scratch_len(),
            self.rows_back.get_scratch_len(),
            self.columns.get_inplace_scratch_len(),
            self.columns_back.get_inplace_scratch_len(),
        ];
        let image = vec![0.0; self.shape[0] * self.shape[1]];
        let spectrum = vec![Complex::default(); half * self.shape[0]];
        Buffers {
            found: [image.clone(), image.clone(), image.clone()],
            image,
            work: spectrum.clone(),
            spectrum,
            row: vec![Complex::default(); half],
            scratch: vec![Complex::default(); scratch.into_iter().max().unwrap_or(0)],
        }
    }

    /// The shift of a frame along rows and columns, to the size of a coarse pixel; or why it has none.
    pub(super) fn search(
        &self,
        values: &[f32],
        columns: usize,
        buffers: &mut Buffers,
    ) -> Result<std::result::Result<[i64; 2], Reason>> {
        self.roots(values, columns, buffers)?;
        self.forward(buffers)?;
        for (place, with) in [&self.reference, &self.window].into_iter().enumerate() {
            self.correlate(buffers, with, place)?;
        }
        for value in &mut buffers.image {
            *value *= *value;
        }
        self.forward(buffers)?;
        self.correlate(buffers, &self.window, 2)?;
        Ok(self.judge(&buffers.found))
    }

    /// Roots of sums of squares of pixels, without slow changes, in `image`.
    fn roots(&self, values: &[f32], width: usize, buffers: &mut Buffers) -> Result<()> {
        buffers.image.fill(0.0);
        let columns = self.shape[1];
        for (number, line) in values.chunks_exact(width).take(self.shape[0] * self.bin).enumerate() {
            let own = &mut buffers.image[number / self.bin * columns..(number / self.bin + 1) * columns];
            for (sum, pixels) in own.iter_mut().zip(line.chunks_exact(self.bin)) {
                *sum += pixels.iter().sum::<f32>();
            }
        }
        let more = 0.375 * self.gain as f32;
        for value in &mut buffers.image {
            *value = (*value + more).max(0.0).sqrt();
        }
        self.forward(buffers)?;
        buffers.work.copy_from_slice(&buffers.spectrum);
        for (value, share) in buffers.work.iter_mut().zip(&self.fast) {
            *value *= share;
        }
        let Buffers { work, row, scratch, image, .. } = buffers;
        self.backward(work, row, scratch, image)
    }

    fn correlate(&self, buffers: &mut Buffers, with: &[Complex<f32>], place: usize) -> Result<()> {
        let Buffers { spectrum, work, row, scratch, found, .. } = buffers;
        let scale = 1.0 / (self.shape[0] * self.shape[1]) as f32;
        for ((value, own), other) in work.iter_mut().zip(&*spectrum).zip(with) {
            *value = own * other.conj() * scale;
        }
        self.backward(work, row, scratch, &mut found[place])
    }

    /// From `image`, which is kept, to `spectrum`.
    fn forward(&self, buffers: &mut Buffers) -> Result<()> {
        let rows = self.shape[0];
        let Buffers { image, spectrum, row, scratch, found, .. } = buffers;
        let line = &mut found[2][..self.shape[1]];
        for (number, values) in image.chunks_exact(self.shape[1]).enumerate() {
            // The transform of a row takes the row apart; the last image is not needed yet.
            line.copy_from_slice(values);
            self.rows.process_with_scratch(line, row, scratch).map_err(|error| wrong(&error))?;
            for (column, value) in row.iter().enumerate() {
                spectrum[column * rows + number] = *value;
            }
        }
        self.columns.process_with_scratch(spectrum, scratch);
        Ok(())
    }

    fn backward(
        &self,
        spectrum: &mut [Complex<f32>],
        row: &mut [Complex<f32>],
        scratch: &mut [Complex<f32>],
        image: &mut [f32],
    ) -> Result<()> {
        let [rows, columns] = self.shape;
        self.columns_back.process_with_scratch(spectrum, scratch);
        for (number, line) in image.chunks_exact_mut(columns).enumerate() {
            for (column, value) in row.iter_mut().enumerate() {
                *value = spectrum[column * rows + number];
            }
            // A real row has real sums and alternating sums; rounding leaves a little beside them.
            row[0].im = 0.0;
            if columns.is_multiple_of(2) {
                row[columns / 2].im = 0.0;
            }
            self.rows_back.process_with_scratch(row, line, scratch).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }

    /// The place where the frame agrees best with the reference, if it is alone and within reach.
    fn judge(&self, found: &[Vec<f32>; 3]) -> std::result::Result<[i64; 2], Reason> {
        let [products, sums, squares] = found;
        // The variance of the root of a count is a quarter of the gain.
        let noise = (self.gain / 4.0 * self.energy).sqrt();
        let contrast = |place: usize| {
            let (sum, square) = (f64::from(sums[place]), f64::from(squares[place]));
            square - sum * sum / self.area - FEW * self.gain / 4.0 * self.area
        };
        let most = (0..products.len()).map(contrast).fold(0.0, f64::max);
        if most <= 0.0 {
            return Err(Reason::Chance);
        }
        let scale: Vec<f64> =
            (0..products.len()).map(|place| contrast(place).max(LEAST_CONTRAST * most).sqrt()).collect();
        let agreement = |place: usize| f64::from(products[place]) / scale[place];
        let Some(best) = self.highest(agreement, None) else { return Err(Reason::Chance) };
        let chance = (2.0 * (products.len() as f64).ln()).sqrt() + ABOVE_CHANCE;
        if f64::from(products[best]) <= chance * noise {
            return Err(Reason::Chance);
        }
        let place = self.place(best);
        if place.iter().any(|own| own.abs() > self.reach) {
            return Err(Reason::Limit);
        }
        if let Some(other) = self.highest(agreement, Some(place)) {
            let apart = (agreement(best) - agreement(other)) * scale[best];
            if apart <= APART * SQRT_2 * noise {
                return Err(Reason::Ambiguous);
            }
        }
        Ok(place.map(|own| own * self.bin as i64))
    }

    /// The place where something is highest, of those that are not near another one.
    fn highest(&self, value: impl Fn(usize) -> f64, apart: Option<[i64; 2]>) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for number in 0..self.shape[0] * self.shape[1] {
            let own = value(number);
            if own.is_finite() && best.is_none_or(|(_, high)| own > high) {
                let near = apart.is_some_and(|other| self.near(self.place(number), other));
                if !near {
                    best = Some((number, own));
                }
            }
        }
        best.map(|(number, _)| number)
    }

    /// Rows and columns of a place, counted from 0 to both sides.
    fn place(&self, number: usize) -> [i64; 2] {
        let [rows, columns] = self.shape.map(|size| size as i64);
        let signed = |own: i64, size: i64| if own > size / 2 { own - size } else { own };
        [signed(number as i64 / columns, rows), signed(number as i64 % columns, columns)]
    }

    /// Whether two places are one, on an image that goes on from its end at its start.
    fn near(&self, one: [i64; 2], other: [i64; 2]) -> bool {
        (0..2).all(|axis| {
            let size = self.shape[axis] as i64;
            let away = (one[axis] - other[axis]).rem_euclid(size);
            away.min(size - away) <= NEAR
        })
    }
}

fn wrong(error: &realfft::FftError) -> Error {
    Error::argument("frames", "frames of the size of the reference", error)
}
