//! Costes' randomisation: one channel's blocks are put in random places, and the correlation is measured again.

use crate::random::Random;
use crate::simd::wide;
use crate::{Control, Error, Result, pool};

/// Blocks of pixels, one per row.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    pixels: &'a [f32],
    size: usize,
}

impl<'a> Blocks<'a> {
    /// Blocks of `size` pixels.
    ///
    /// # Errors
    /// [`Error::Argument`] if `size` is 0 or does not divide the number of pixels.
    pub fn new(pixels: &'a [f32], size: usize) -> Result<Self> {
        if size == 0 || !pixels.len().is_multiple_of(size) {
            return Err(Error::argument("blocks", format!("whole blocks of {size} pixels"), pixels.len()));
        }
        Ok(Self { pixels, size })
    }

    fn len(&self) -> usize {
        self.pixels.len() / self.size
    }

    fn row(&self, number: usize) -> &'a [f32] {
        &self.pixels[number * self.size..(number + 1) * self.size]
    }

    fn rows(&self) -> std::slice::ChunksExact<'a, f32> {
        self.pixels.chunks_exact(self.size)
    }
}

/// Most shuffles of one call.
pub const MOST_SHUFFLES: usize = 100_000_000;

/// Shuffles that are measured together, so that each block of the second channel is read once for all of them.
const TOGETHER: usize = 8;

/// For each of `count` shuffles the sum of products of all pixels of `x` and of `y`, whose blocks (rows) trade places.
///
/// Shuffle number k depends on `seed` and k alone. `control` counts shuffles. O(count · pixels). Costes & al., Biophys. J. 86 (2004) 3993.
///
/// # Errors
/// [`Error::Argument`] if the two differ in shape, there are 2³² blocks or more, or more than [`MOST_SHUFFLES`] are asked
/// for; [`Error::Cancelled`].
pub fn shuffled_products(
    x: Blocks<'_>,
    y: Blocks<'_>,
    count: usize,
    seed: u64,
    threads: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    check(x, y)?;
    if count > MOST_SHUFFLES {
        return Err(Error::argument("count", format!("at most {MOST_SHUFFLES} shuffles"), count));
    }
    let groups = count.div_ceil(TOGETHER);
    let parts = pool::map(
        groups,
        threads,
        control,
        || vec![Vec::new(); TOGETHER],
        |places: &mut Vec<Vec<u32>>, group| {
            let shuffles = group * TOGETHER..count.min((group + 1) * TOGETHER);
            for (place, k) in places.iter_mut().zip(shuffles.clone()) {
                permutation(place, x.len(), seed, k as u64);
            }
            let sums = products(x.pixels, y.pixels, x.size, &places[..shuffles.len()]);
            control.advance(shuffles.len() as u64);
            Ok(sums)
        },
    )?;
    Ok(parts.concat())
}

/// Mean and standard deviation of the sums of products over all shuffles.
///
/// Exact: with rows less their means u and v, the variance is tr(Σ uuᵀ Σ vvᵀ) / (blocks - 1). O(blocks · s · min(s,
/// blocks)) for s pixels per block.
///
/// # Errors
/// [`Error::Argument`] as [`shuffled_products`]; [`Error::Cancelled`].
pub fn null_moments(x: Blocks<'_>, y: Blocks<'_>, threads: usize, control: &Control) -> Result<(f64, f64)> {
    check(x, y)?;
    let (blocks, size) = (x.len(), x.size);
    if blocks < 2 {
        return Ok((f64::NAN, f64::NAN));
    }
    let (mean_x, mean_y) = (mean_row(x), mean_row(y));
    let mean = mean_x.iter().zip(&mean_y).map(|(a, b)| a * b).sum::<f64>() * blocks as f64;
    let squares: f64 = if size <= blocks {
        let (u, v) = (cross(x, &mean_x, threads, control)?, cross(y, &mean_y, threads, control)?);
        u.iter().zip(&v).map(|(a, b)| a * b).sum()
    } else {
        let (u, v) = (centred(x, &mean_x), centred(y, &mean_y));
        let of_row = |(): &mut (), row: usize| {
            let row = &u[row * size..(row + 1) * size];
            Ok(v.chunks_exact(size).map(|other| inner(row, other).powi(2)).sum::<f64>())
        };
        pool::map(blocks, threads, control, || (), of_row)?.iter().sum()
    };
    Ok((mean, (squares / (blocks - 1) as f64).sqrt()))
}

fn check(x: Blocks<'_>, y: Blocks<'_>) -> Result<()> {
    if x.len() != y.len() || x.size != y.size {
        let found = format!("{} of {}", y.len(), y.size);
        return Err(Error::argument("y", format!("{} blocks of {}", x.len(), x.size), found));
    }
    if u32::try_from(x.len()).is_err() {
        return Err(Error::argument("x", "fewer than 2³² blocks", x.len()));
    }
    Ok(())
}

const LANES: usize = 16;

wide! {
    /// For each order of the blocks of `x` the sum of their products with those of `y`.
    fn products(x: &[f32], y: &[f32], size: usize, places: &[Vec<u32>]) -> Vec<f64> {
        let mut sums = vec![[0.0_f64; LANES]; places.len()];
        for (number, block) in y.chunks_exact(size).enumerate() {
            let (whole, rest) = block.as_chunks::<LANES>();
            for (sum, place) in sums.iter_mut().zip(places) {
                let start = place[number] as usize * size;
                let (other, other_rest) = x[start..start + size].as_chunks::<LANES>();
                let mut lanes = [0.0_f32; LANES];
                for (a, b) in other.iter().zip(whole) {
                    for lane in 0..LANES {
                        lanes[lane] += a[lane] * b[lane];
                    }
                }
                for ((lane, a), b) in lanes.iter_mut().zip(other_rest).zip(rest) {
                    *lane += a * b;
                }
                for (total, lane) in sum.iter_mut().zip(lanes) {
                    *total += f64::from(lane);
                }
            }
        }
        sums.iter().map(|lanes| lanes.iter().sum()).collect()
    }
}

wide! {
    fn inner(x: &[f64], y: &[f64]) -> f64 {
        const LANES: usize = 8;
        let mut sums = [0.0; LANES];
        let ((x_whole, x_rest), (y_whole, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (a, b) in x_whole.iter().zip(y_whole) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        sums.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum::<f64>()
    }
}

fn mean_row(rows: Blocks<'_>) -> Vec<f64> {
    let mut mean = vec![0.0; rows.size];
    for row in rows.rows() {
        mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    for sum in &mut mean {
        *sum /= rows.len() as f64;
    }
    mean
}

/// Rows less their mean.
fn centred(rows: Blocks<'_>, mean: &[f64]) -> Vec<f64> {
    rows.rows().flat_map(|row| row.iter().zip(mean).map(|(x, m)| f64::from(*x) - m)).collect()
}

/// Rows whose products are summed in one go, unless blocks are so large that the sums of one go fill the memory.
const ROWS: usize = 1 << 13;
const LARGE: usize = 512;

/// Sum of the products of each row, less the mean, with itself: (size, size).
fn cross(rows: Blocks<'_>, mean: &[f64], threads: usize, control: &Control) -> Result<Vec<f64>> {
    let size = rows.size;
    let length = if size <= LARGE { ROWS } else { rows.len() };
    let of_piece = |less: &mut Vec<f64>, piece: usize| {
        let mut sums = vec![0.0; size * size];
        for number in piece * length..rows.len().min((piece + 1) * length) {
            control.check()?;
            less.clear();
            less.extend(rows.row(number).iter().zip(mean).map(|(x, m)| f64::from(*x) - m));
            add_products(&mut sums, less);
        }
        Ok(sums)
    };
    let parts = pool::map(rows.len().div_ceil(length), threads, control, Vec::new, of_piece)?;
    let mut total = vec![0.0; size * size];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
    }
    Ok(total)
}

wide! {
    fn add_products(sums: &mut [f64], row: &[f64]) {
        for (x, line) in row.iter().zip(sums.chunks_exact_mut(row.len())) {
            for (sum, y) in line.iter_mut().zip(row) {
                *sum += x * y;
            }
        }
    }
}

/// Numbers below `len` in the random order of shuffle `number` (Fisher and Yates).
fn permutation(order: &mut Vec<u32>, len: usize, seed: u64, number: u64) {
    let mut random = Random::new(seed, number);
    order.clear();
    order.extend(0..len as u32);
    for last in (1..len).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
}
