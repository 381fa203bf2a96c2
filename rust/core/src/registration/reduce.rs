//! Smaller images by averaging squares of pixels.

use crate::{Control, Error, Result, pool};

/// Means of squares of `factor` x `factor` pixels; rows and columns that do not fill a square are left out.
///
/// Values that are NaN have no weight; a square of which less than half is known is NaN. The pixel (x, y) of the result
/// is centred on `factor * (x + 1/2) - 1/2` of the image.
///
/// # Errors
/// [`Error::Argument`] if the factor is 0 or the image smaller than one square.
pub fn reduce<T: Copy + Into<f64> + Sync>(
    image: &[T],
    width: usize,
    factor: usize,
    threads: usize,
    control: &Control,
) -> Result<(Vec<f32>, usize)> {
    let height = image.len() / width.max(1);
    if factor == 0 || height < factor || width < factor {
        return Err(Error::argument("factor", format!("1 to {}", height.min(width)), factor));
    }
    let (rows, columns) = (height / factor, width / factor);
    let lines = pool::map(rows, threads, control, Vec::new, |sums: &mut Vec<(f64, u32)>, row| {
        sums.clear();
        sums.resize(columns, (0.0, 0));
        for line in image[row * factor * width..(row + 1) * factor * width].chunks_exact(width) {
            for (square, sum) in line.chunks_exact(factor).zip(sums.iter_mut()) {
                for value in square {
                    let value: f64 = (*value).into();
                    let known = !value.is_nan();
                    sum.0 += if known { value } else { 0.0 };
                    sum.1 += u32::from(known);
                }
            }
        }
        let enough = (factor * factor) as u32;
        Ok(sums.iter().map(|(sum, n)| if 2 * n >= enough { (sum / f64::from(*n)) as f32 } else { f32::NAN }).collect())
    })?;
    let lines: Vec<Vec<f32>> = lines;
    Ok((lines.concat(), columns))
}
