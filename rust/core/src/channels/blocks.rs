//! Costes' randomisation: one channel's blocks are put in random places, and the correlation is measured again.

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

/// Shuffles that are measured together, so that each block of the second channel is read once for all of them.
const TOGETHER: usize = 8;

/// For each of `count` shuffles the sum of products of all pixels of `x` and of `y`, whose blocks (rows) trade places.
///
/// Shuffle number k depends on `seed` and k alone. O(count · pixels). Costes & al., Biophys. J. 86 (2004) 3993.
///
/// # Errors
/// [`Error::Argument`] if the two differ in shape or there are 2³² blocks or more; [`Error::Cancelled`].
pub fn shuffled_products(
    x: Blocks<'_>,
    y: Blocks<'_>,
    count: usize,
    seed: u64,
    threads: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    check(x, y)?;
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
            let mut sums = vec![0.0; shuffles.len()];
            for (number, block) in y.rows().enumerate() {
                for (sum, place) in sums.iter_mut().zip(places.iter()) {
                    *sum += dot(x.row(place[number] as usize), block);
                }
            }
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
pub fn null_moments(x: Blocks<'_>, y: Blocks<'_>, control: &Control) -> Result<(f64, f64)> {
    check(x, y)?;
    let (blocks, size) = (x.len(), x.size);
    if blocks < 2 {
        return Ok((f64::NAN, f64::NAN));
    }
    let (u, mean_x) = centred(x);
    let (v, mean_y) = centred(y);
    let mean = mean_x.iter().zip(&mean_y).map(|(a, b)| a * b).sum::<f64>() * blocks as f64;
    let mut squares = 0.0;
    if size <= blocks {
        let (cross_u, cross_v) = (cross(&u, size, control)?, cross(&v, size, control)?);
        squares += cross_u.iter().zip(&cross_v).map(|(a, b)| a * b).sum::<f64>();
    } else {
        for row in u.chunks_exact(size) {
            control.check()?;
            squares += v.chunks_exact(size).map(|other| inner(row, other).powi(2)).sum::<f64>();
        }
    }
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

fn dot(x: &[f32], y: &[f32]) -> f64 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (x_whole, x_rest) = x.as_chunks::<LANES>();
    let (y_whole, y_rest) = y.as_chunks::<LANES>();
    for (a, b) in x_whole.iter().zip(y_whole) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum();
    f64::from(sums.iter().sum::<f32>() + rest)
}

fn inner(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

/// Rows less their mean, and the mean.
fn centred(rows: Blocks<'_>) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![0.0; rows.size];
    for row in rows.rows() {
        mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    for sum in &mut mean {
        *sum /= rows.len() as f64;
    }
    let less = rows.rows().flat_map(|row| row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m)).collect();
    (less, mean)
}

/// Sum of the products of each row with itself, (size, size).
fn cross(rows: &[f64], size: usize, control: &Control) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; size * size];
    for row in rows.chunks_exact(size) {
        control.check()?;
        for (x, line) in row.iter().zip(sums.chunks_exact_mut(size)) {
            line.iter_mut().zip(row).for_each(|(sum, y)| *sum += x * y);
        }
    }
    Ok(sums)
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

/// `SplitMix64` (Steele & al., OOPSLA 2014), begun at a place that the seed and the number of the shuffle decide.
struct Random(u64);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        let mut first = Self(seed);
        Self(first.next() ^ Self(number.wrapping_mul(0xD1B5_4A32_D192_ED03)).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; the bias is below `bound` / 2⁶⁴.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}
