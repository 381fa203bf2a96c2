//! How alike neighbouring pixels are, and how far each rises above its noise.

use crate::Result;
use crate::pool::{Workers, for_chunks};

/// Neighbours that a pixel is compared with, (down, right); the other four are the same pairs seen from there.
const PAIRS: [(usize, isize); 4] = [(0, 1), (1, -1), (1, 0), (1, 1)];

/// Correlation of each pixel with its eight neighbours, and its peak, over bins that come one after another.
///
/// Slow changes are taken out by segments: `c_pq = Σ_segments (Σ z_p z_q - Σ z_p Σ z_q / n)`, and the local correlation
/// is the mean of `c_pq / √(c_pp c_qq)` over neighbours q (Smith & Häusser 2010). O(pixels bins).
#[derive(Debug, Clone)]
pub(super) struct Local {
    columns: usize,
    segment: usize,
    filled: usize,
    pixels: Vec<Sums>,
    firsts: Vec<f64>,
}

/// Sums of a pixel: in the segment, and over all segments.
#[derive(Debug, Clone, Copy)]
struct Sums {
    products: [f64; 5],
    totals: [f64; 5],
    highest: f64,
    peak: f64,
}

impl Local {
    /// Of a frame of so many pixels in rows of `columns`, with `segment` bins together.
    pub(super) fn new(size: usize, columns: usize, segment: usize) -> Self {
        let lowest = f64::NEG_INFINITY;
        let nothing = Sums { products: [0.0; 5], totals: [0.0; 5], highest: lowest, peak: lowest };
        Self { columns, segment: segment.max(1), filled: 0, pixels: vec![nothing; size], firsts: vec![0.0; size] }
    }

    /// Takes the values of a bin.
    pub(super) fn add(&mut self, values: &[f64], workers: &Workers<'_>) -> Result<()> {
        let width = self.columns;
        for_chunks(
            &mut self.pixels,
            width,
            workers.threads,
            workers.control,
            || (),
            |(), row, own| {
                for (column, sums) in own.iter_mut().enumerate() {
                    let value = values[row * width + column];
                    sums.products[0] += value * value;
                    sums.highest = sums.highest.max(value);
                    for (product, pair) in sums.products[1..].iter_mut().zip(PAIRS) {
                        *product += value * beside(values, width, row, column, pair).unwrap_or(0.0);
                    }
                }
                Ok(())
            },
        )?;
        self.firsts.iter_mut().zip(values).for_each(|(first, value)| *first += value);
        self.filled += 1;
        if self.filled == self.segment { self.close(workers) } else { Ok(()) }
    }

    /// Ends a segment.
    fn close(&mut self, workers: &Workers<'_>) -> Result<()> {
        let (width, firsts, count) = (self.columns, &self.firsts, self.filled as f64);
        for_chunks(
            &mut self.pixels,
            width,
            workers.threads,
            workers.control,
            || (),
            |(), row, own| {
                for (column, sums) in own.iter_mut().enumerate() {
                    let first = firsts[row * width + column];
                    sums.totals[0] += sums.products[0] - first * first / count;
                    for (number, pair) in PAIRS.into_iter().enumerate() {
                        let other = beside(firsts, width, row, column, pair).unwrap_or(0.0);
                        sums.totals[number + 1] += sums.products[number + 1] - first * other / count;
                    }
                    sums.peak = sums.peak.max(sums.highest - first / count);
                    (sums.products, sums.highest) = ([0.0; 5], f64::NEG_INFINITY);
                }
                Ok(())
            },
        )?;
        self.firsts.fill(0.0);
        self.filled = 0;
        Ok(())
    }

    /// Correlation with the neighbours and height of the peak of each pixel; NaN where nothing changes.
    pub(super) fn images(&self, workers: &Workers<'_>) -> Result<(Vec<f64>, Vec<f64>)> {
        let mut whole = self.clone();
        if whole.filled > 0 {
            whole.close(workers)?;
        }
        let (mut sums, mut counts) = (vec![0.0; whole.pixels.len()], vec![0_u32; whole.pixels.len()]);
        for (place, own) in whole.pixels.iter().enumerate() {
            let (row, column) = (place / whole.columns, place % whole.columns);
            for (number, pair) in PAIRS.into_iter().enumerate() {
                let Some(other) = neighbour(whole.pixels.len(), whole.columns, row, column, pair) else { continue };
                let size = own.totals[0] * whole.pixels[other].totals[0];
                if size > 0.0 {
                    let alike = own.totals[number + 1] / size.sqrt();
                    for each in [place, other] {
                        sums[each] += alike;
                        counts[each] += 1;
                    }
                }
            }
        }
        let alike = sums.iter().zip(&counts).map(|(sum, count)| sum / f64::from(*count)).collect();
        let moving = |own: &Sums| if own.totals[0] > 0.0 { own.peak } else { f64::NAN };
        Ok((alike, whole.pixels.iter().map(moving).collect()))
    }
}

/// Number of the pixel beside another one, if it lies in the frame.
fn neighbour(size: usize, width: usize, row: usize, column: usize, (down, right): (usize, isize)) -> Option<usize> {
    let column = column.checked_add_signed(right).filter(|column| *column < width)?;
    Some((row + down) * width + column).filter(|place| *place < size)
}

fn beside(values: &[f64], width: usize, row: usize, column: usize, pair: (usize, isize)) -> Option<f64> {
    neighbour(values.len(), width, row, column, pair).map(|place| values[place])
}
