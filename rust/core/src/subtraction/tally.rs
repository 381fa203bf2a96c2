//! Histograms of two registered images, in one pass over their rows.

use crate::random::Random;
use crate::{Control, Error, Result, pool};

/// Pieces that a band is counted in; each has histograms of its own.
const PIECES: usize = 4;
/// Most bins of a histogram.
const MOST_BINS: usize = 1 << 30;

/// What is counted, and how finely.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Columns of the images.
    pub width: usize,
    /// Ratios are of pixels at least so far (in rows and columns) from pixels that one image does not have.
    pub margin: usize,
    /// Ratios are of pixels whose (smooth) moving value is at least this.
    pub floor: f64,
    /// Decades of ratios on both sides of 1.
    pub decades: f64,
    /// Bins of ratios.
    pub ratio_bins: usize,
    /// Ratios are counted apart in squares of so many rows and columns.
    pub block: usize,
    /// Rows of the whole image.
    pub height: usize,
    /// Largest values in the joint histogram: of the fixed and the moving image.
    pub most: [f64; 2],
    /// Bins of the joint histogram along each axis.
    pub joint_bins: usize,
    /// Half the width of the noise that is added to whole numbers: 1/2, or 0.
    pub dither: [f64; 2],
    /// Chooses that noise.
    pub seed: u64,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Ratios: for each block, row by row, `ratio_bins` numbers.
    pub ratios: Vec<u32>,
    /// `joint_bins` rows by the fixed, columns by the moving value.
    pub joint: Vec<u32>,
}

impl Tally {
    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        if self.block == 0 {
            return 0;
        }
        self.width.div_ceil(self.block).saturating_mul(self.height.div_ceil(self.block))
    }

    /// Nothing counted yet.
    ///
    /// # Errors
    /// [`Error::Argument`] for histograms without bins or of more than 2³⁰ in all.
    pub fn counts(&self) -> Result<Counts> {
        let bins = |rows: usize, columns: usize| {
            rows.checked_mul(columns).filter(|bins| (1..=MOST_BINS).contains(bins)).ok_or_else(|| {
                Error::argument("bins", format!("1 to {MOST_BINS} in all"), format!("{rows} x {columns}"))
            })
        };
        let (ratios, joint) = (bins(self.blocks(), self.ratio_bins)?, bins(self.joint_bins, self.joint_bins)?);
        Ok(Counts { ratios: vec![0; ratios], joint: vec![0; joint] })
    }

    /// Counts rows `inner` of a band whose first row is row `first` of the image; other rows only tell where pixels are
    /// missing, as beyond the band they are.
    ///
    /// Ratios are those of `fixed` and `sharp`, the joint histogram is that of `fixed` and `moving`: the same image, the
    /// one with its fine details and more noise, the other smoother.
    ///
    /// # Errors
    /// [`Error::Argument`] if a size does not fit; [`Error::Cancelled`].
    #[allow(clippy::too_many_arguments)] // a band of three images and its place
    pub fn add<T: Copy + Into<f64> + Sync>(
        &self,
        fixed: &[T],
        moving: &[f32],
        sharp: &[f32],
        first: usize,
        inner: std::ops::Range<usize>,
        counts: &mut Counts,
        threads: usize,
        control: &Control,
    ) -> Result<()> {
        let rows = fixed.len() / self.width.max(1);
        let whole = self.width > 0 && self.block > 0 && rows * self.width == fixed.len();
        let alike = moving.len() == fixed.len() && sharp.len() == fixed.len();
        if !whole || !alike || inner.end > rows || first.saturating_add(rows) > self.height {
            let sizes = [fixed.len(), moving.len(), sharp.len()];
            let found = format!("{sizes:?} pixels, rows {inner:?} from {first}");
            return Err(Error::argument("band", format!("three bands of rows of {} pixels", self.width), found));
        }
        let band = Band { fixed, moving, sharp, rows, width: self.width };
        let rows = inner.len().div_ceil(PIECES).max(1);
        let parts = pool::map(
            inner.len().div_ceil(rows),
            threads,
            control,
            || (),
            |(), piece| {
                let start = inner.start + piece * rows;
                self.piece(&band, first, start..(start + rows).min(inner.end))
            },
        )?;
        for part in parts {
            for (ours, theirs) in [(&mut counts.ratios, part.ratios), (&mut counts.joint, part.joint)] {
                for (count, more) in ours.iter_mut().zip(theirs) {
                    *count += more;
                }
            }
        }
        Ok(())
    }

    fn piece<T: Copy + Into<f64>>(
        &self,
        band: &Band<'_, T>,
        first: usize,
        rows: std::ops::Range<usize>,
    ) -> Result<Counts> {
        // A margin of the width leaves no pixel, nor does a wider one.
        let margin = self.margin.min(self.width);
        let across: Vec<Vec<bool>> = (0..rows.len() + 2 * margin)
            .map(|row| (rows.start + row).checked_sub(margin).map_or_else(Vec::new, |row| band.inside(row, margin)))
            .collect();
        let columns = self.width.div_ceil(self.block);
        let scale = self.ratio_bins as f64 / (2.0 * self.decades);
        let [tall, wide] = self.most.map(|most| self.joint_bins as f64 / most);
        let last = self.joint_bins as f64 - 1.0;
        let mut counts = self.counts()?;
        for (number, row) in rows.enumerate() {
            let near = &across[number..=number + 2 * margin];
            let whole = near.iter().all(|line| !line.is_empty());
            let line = (first + row) / self.block * columns;
            for column in 0..self.width {
                let place = row * self.width + column;
                let (fixed, moving): (f64, f64) = (band.fixed[place].into(), f64::from(band.moving[place]));
                if !fixed.is_finite() || !moving.is_finite() {
                    continue;
                }
                let [down, right] = [fixed * tall, moving * wide].map(|bin| bin.clamp(0.0, last) as usize);
                counts.joint[down * self.joint_bins + right] += 1;
                if moving < self.floor || !whole || !near.iter().all(|line| line[column]) {
                    continue;
                }
                let mut noise = Random::new(self.seed, ((first + row) * self.width + column) as u64);
                let above = fixed + self.dither[0] * (2.0 * noise.unit() - 1.0);
                let below = f64::from(band.sharp[place]) + self.dither[1] * (2.0 * noise.unit() - 1.0);
                let bin = ((above / below).log10() + self.decades) * scale;
                if bin >= 0.0 && bin < self.ratio_bins as f64 {
                    counts.ratios[(line + column / self.block) * self.ratio_bins + bin as usize] += 1;
                }
            }
        }
        Ok(counts)
    }
}

struct Band<'a, T> {
    fixed: &'a [T],
    moving: &'a [f32],
    sharp: &'a [f32],
    rows: usize,
    width: usize,
}

impl<T: Copy + Into<f64>> Band<'_, T> {
    /// Whether both images are positive within `margin` columns of each pixel of a row; empty beyond the band.
    fn inside(&self, row: usize, margin: usize) -> Vec<bool> {
        if row >= self.rows {
            return Vec::new();
        }
        let own = row * self.width..(row + 1) * self.width;
        let mut until = vec![0_usize; self.width + 1];
        for (place, (fixed, moving)) in self.fixed[own.clone()].iter().zip(&self.moving[own]).enumerate() {
            let fixed: f64 = (*fixed).into();
            until[place + 1] = until[place] + usize::from(fixed > 0.0 && *moving > 0.0);
        }
        (0..self.width)
            .map(|place| {
                let fits = place >= margin && place + margin < self.width;
                fits && until[place + margin + 1] - until[place - margin] == 2 * margin + 1
            })
            .collect()
    }
}
