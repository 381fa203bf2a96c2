//! Sums of values and products.

use super::pixels::{Channel, Pair};
use crate::{Control, Result, pool};

/// Pixels that are summed in one go: partial sums are merged in the order of the pixels.
pub(super) const PIECE: usize = 1 << 15;

/// Sums over pixels of two channels: of the values, and of products of their distances from the means.
///
/// Of whole numbers they are exact before the last division.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Number of pixels.
    pub n: u64,
    /// Means.
    pub mean: [f64; 2],
    /// Sums of squared distances from the means.
    pub square: [f64; 2],
    /// Sum of products of distances from the means.
    pub product: f64,
}

/// Exact sums of levels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) n: u64,
    pub(super) a: u64,
    pub(super) b: u64,
    pub(super) aa: u128,
    pub(super) bb: u128,
    pub(super) ab: u128,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.a += other.a;
        self.b += other.b;
        self.aa += other.aa;
        self.bb += other.bb;
        self.ab += other.ab;
    }

    /// n times the sum of products of distances from the means.
    pub(super) fn product(&self) -> i128 {
        i128::from(self.n) * self.ab as i128 - i128::from(self.a) * i128::from(self.b)
    }

    /// n times the sums of squared distances from the means.
    pub(super) fn squares(&self) -> [i128; 2] {
        let n = i128::from(self.n);
        [
            n * self.aa as i128 - i128::from(self.a) * i128::from(self.a),
            n * self.bb as i128 - i128::from(self.b) * i128::from(self.b),
        ]
    }

    fn of<A: Channel, B: Channel>(pair: &Pair<A, B>) -> Self {
        let mut sums = Self { n: pair.len() as u64, ..Self::default() };
        let (mut aa, mut bb, mut ab) = (0_u64, 0_u64, 0_u64);
        for i in 0..pair.len() {
            let (a, b) = (level(&pair.a, i), level(&pair.b, i));
            sums.a += a;
            sums.b += b;
            aa += a * a;
            bb += b * b;
            ab += a * b;
        }
        // A piece has 2¹⁵ pixels of products below 2³².
        (sums.aa, sums.bb, sums.ab) = (u128::from(aa), u128::from(bb), u128::from(ab));
        sums
    }
}

/// The level of a pixel of a channel that has levels.
pub(super) fn level<C: Channel>(channel: &C, index: usize) -> u64 {
    u64::from(channel.level(index).unwrap_or(0))
}

/// Exact sums of two channels that both have levels.
pub(super) fn sums<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Sums> {
    let parts = in_pieces(pair, threads, control, |part, _| Sums::of(&part))?;
    let mut total = Sums::default();
    for part in &parts {
        total.add(part);
    }
    Ok(total)
}

/// Applies `work` to pieces of equal length, in parallel; results in order.
pub(super) fn in_pieces<A: Channel, B: Channel, T: Send>(
    pair: &Pair<A, B>,
    threads: usize,
    control: &Control,
    work: impl Fn(Pair<A, B>, usize) -> T + Sync + Send,
) -> Result<Vec<T>> {
    let pieces = pair.len().div_ceil(PIECE);
    pool::map(
        pieces,
        threads,
        control,
        || (),
        |(), piece| {
            let start = piece * PIECE;
            Ok(work(pair.part(start, pair.len().min(start + PIECE)), start))
        },
    )
}

impl Moments {
    /// Moments of all pixels; O(N).
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn new<A: Channel, B: Channel>(pair: &Pair<A, B>, threads: usize, control: &Control) -> Result<Self> {
        if pair.exact() {
            return Ok(Self::exact(&sums(pair, threads, control)?, [pair.a.base(), pair.b.base()]));
        }
        let n = pair.len() as f64;
        let shift = if pair.is_empty() { [0.0; 2] } else { [pair.a.value(0), pair.b.value(0)] };
        let totals = in_pieces(pair, threads, control, |part, _| {
            (0..part.len())
                .fold([0.0; 2], |[a, b], i| [a + (part.a.value(i) - shift[0]), b + (part.b.value(i) - shift[1])])
        })?;
        let total = totals.iter().fold([0.0; 2], |[a, b], part| [a + part[0], b + part[1]]);
        let mean = [0, 1].map(|k| shift[k] + total[k] / n);
        let products = in_pieces(pair, threads, control, |part, _| {
            (0..part.len()).fold([0.0; 5], |[aa, bb, ab, a, b], i| {
                let (x, y) = (part.a.value(i) - mean[0], part.b.value(i) - mean[1]);
                [aa + x * x, bb + y * y, ab + x * y, a + x, b + y]
            })
        })?;
        let [aa, bb, ab, a, b] = products.iter().fold([0.0; 5], |mut total, part| {
            total.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
            total
        });
        // What the means lack to be exact is taken off again.
        Ok(Self { n: pair.len() as u64, mean, square: [aa - a * a / n, bb - b * b / n], product: ab - a * b / n })
    }

    fn exact(sums: &Sums, base: [f64; 2]) -> Self {
        let n = sums.n as f64;
        let [aa, bb] = sums.squares();
        Self {
            n: sums.n,
            mean: [base[0] + sums.a as f64 / n, base[1] + sums.b as f64 / n],
            square: [aa as f64 / n, bb as f64 / n],
            product: sums.product() as f64 / n,
        }
    }

    /// Pearson's r; NaN if a channel is constant.
    pub fn r(&self) -> f64 {
        let [aa, bb] = self.square;
        if !(aa > 0.0 && bb > 0.0) {
            return f64::NAN;
        }
        let r = if aa == bb { self.product / aa } else { self.product / aa.sqrt() / bb.sqrt() };
        r.clamp(-1.0, 1.0)
    }

    /// Slope and intercept of the least-squares line of the second channel over the first.
    pub fn line(&self) -> (f64, f64) {
        let slope = self.product / self.square[0];
        (slope, self.mean[1] - slope * self.mean[0])
    }

    /// Slope and intercept of the principal axis; NaN if the channels do not vary together.
    pub fn principal_axis(&self) -> (f64, f64) {
        let (d, twice) = (self.square[1] - self.square[0], 2.0 * self.product);
        let h = d.hypot(twice);
        let slope = if twice == 0.0 {
            f64::NAN
        } else if d < 0.0 {
            twice / (h - d)
        } else {
            (d + h) / twice
        };
        (slope, self.mean[1] - slope * self.mean[0])
    }
}
