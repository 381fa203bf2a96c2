//! Pixels of labelled regions, brought together.

use crate::{Error, Result};

/// The regions of a label image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    /// Labels other than 0, ascending.
    pub labels: Vec<i64>,
    /// Where the pixels of each region begin in `order`, and where the last one ends.
    pub starts: Vec<usize>,
    /// Numbers of the pixels of all regions, region by region, ascending in each.
    pub order: Vec<u32>,
}

/// Labels of which so many more than there are pixels are counted; others are looked up.
const ROOM: u64 = 4;

/// Finds the regions of a label image by a counting sort: O(N), O(N log R) for labels that are far apart.
///
/// # Errors
/// [`Error::Argument`] for 2³² pixels or more.
pub fn regions(labels: &[i64]) -> Result<Regions> {
    if u32::try_from(labels.len()).is_err() {
        return Err(Error::argument("labels", "fewer than 2³² pixels", labels.len()));
    }
    let (Some(&low), Some(&high)) = (labels.iter().min(), labels.iter().max()) else {
        return Ok(Regions { labels: Vec::new(), starts: vec![0], order: Vec::new() });
    };
    if low.abs_diff(high) < labels.len() as u64 * ROOM + 1024 {
        return Ok(sorted(
            labels,
            low.abs_diff(high) as usize + 1,
            |label| label.abs_diff(low) as usize,
            |place| low + place as i64,
        ));
    }
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |label: i64| distinct.binary_search(&label).unwrap_or(0);
    Ok(sorted(labels, distinct.len(), place, |place| distinct[place]))
}

fn sorted(labels: &[i64], places: usize, place: impl Fn(i64) -> usize, label: impl Fn(usize) -> i64) -> Regions {
    let mut counts = vec![0_usize; places];
    labels.iter().filter(|label| **label != 0).for_each(|label| counts[place(*label)] += 1);
    let (mut names, mut starts, mut next) = (Vec::new(), Vec::new(), vec![0; places]);
    let mut total = 0;
    for (number, &count) in counts.iter().enumerate() {
        next[number] = total;
        if count > 0 {
            names.push(label(number));
            starts.push(total);
        }
        total += count;
    }
    starts.push(total);
    let mut order = vec![0; total];
    for (pixel, &value) in labels.iter().enumerate() {
        if value != 0 {
            let slot = &mut next[place(value)];
            order[*slot] = pixel as u32;
            *slot += 1;
        }
    }
    Regions { labels: names, starts, order }
}
