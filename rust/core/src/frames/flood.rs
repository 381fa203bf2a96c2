//! Basins of an image, grown from seeds down.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::{Control, Error, Result};

/// A pixel that waits to hand its label on; the highest comes first, then the lowest label, then the first pixel.
#[derive(PartialEq)]
struct Waiting {
    height: f64,
    label: i32,
    pixel: usize,
}

impl Eq for Waiting {}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        let height = self.height.partial_cmp(&other.height).unwrap_or(Ordering::Equal);
        height.then(other.label.cmp(&self.label)).then(other.pixel.cmp(&self.pixel))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Pixels between two looks at the control.
const ROUND: usize = 1 << 14;

/// Hands labels of seeds on to their eight neighbours, from the highest pixel down, until every pixel has one.
///
/// `labels` holds 0 for pixels without a seed. Among equal heights the lower label comes first, then the pixel that is
/// further up and left. O(n log n). After F. Meyer, "Un algorithme optimal de ligne de partage des eaux" (1991), without
/// lines between basins.
///
/// # Errors
/// [`Error::Argument`] if the lengths do not fit or a height is no number; [`Error::Cancelled`].
pub fn flood(heights: &[f64], width: usize, labels: &mut [i32], control: &Control) -> Result<()> {
    if labels.len() != heights.len() || width == 0 || !heights.len().is_multiple_of(width) {
        return Err(Error::argument("labels", format!("rows of {width} pixels like the image"), labels.len()));
    }
    if heights.iter().any(|height| height.is_nan()) {
        return Err(Error::argument("image", "numbers", "NaN"));
    }
    let (rows, columns) = (heights.len() / width, width);
    let seeds = labels.iter().enumerate().filter(|(_, label)| **label != 0);
    let mut waiting: BinaryHeap<Waiting> =
        seeds.map(|(pixel, label)| Waiting { height: heights[pixel], label: *label, pixel }).collect();
    let mut count = 0_usize;
    while let Some(Waiting { label, pixel, .. }) = waiting.pop() {
        count += 1;
        if count.is_multiple_of(ROUND) {
            control.check()?;
        }
        let (row, column) = (pixel / columns, pixel % columns);
        for r in row.saturating_sub(1)..(row + 2).min(rows) {
            for c in column.saturating_sub(1)..(column + 2).min(columns) {
                let next = r * columns + c;
                if labels[next] == 0 {
                    labels[next] = label;
                    waiting.push(Waiting { height: heights[next], label, pixel: next });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn basins_meet_in_the_valley_and_ties_go_to_the_lower_label() {
        let heights = [5.0, 3.0, 1.0, 3.0, 5.0];
        let mut labels = [2, 0, 0, 0, 1];
        flood(&heights, 5, &mut labels, &Control::new()).unwrap();
        assert_eq!(labels, [2, 2, 1, 1, 1]);
    }

    #[test]
    fn images_of_other_shapes_are_refused() {
        assert!(flood(&[1.0; 5], 2, &mut [0; 5], &Control::new()).is_err());
        assert!(flood(&[1.0; 4], 2, &mut [0; 3], &Control::new()).is_err());
        assert!(flood(&[f64::NAN; 4], 2, &mut [0; 4], &Control::new()).is_err());
    }
}
