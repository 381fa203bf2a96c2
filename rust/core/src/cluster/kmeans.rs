//! k-means: k centres with the least sum of squared distances to the points nearest to each.

use crate::random::Random;
use crate::{Control, Error, Result, Rows, pool};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeans {
    /// Number of centres.
    pub k: usize,
    /// Starts, of which the best is kept.
    pub starts: usize,
    /// Seed of the starts.
    pub seed: u64,
    /// Most steps of a start.
    pub max_iter: usize,
    /// A start ends when the centres move less, squared and in sum, than this share of the mean variance of the columns.
    pub tol: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// One row per centre.
    pub centres: Vec<f64>,
    /// The centre of each point.
    pub labels: Vec<i64>,
    /// Sum of squared distances.
    pub inertia: f64,
}

impl KMeans {
    /// Finds the centres: k-means++ starts (Arthur & Vassilvitskii, SODA 2007), Lloyd's steps (IEEE Trans. Inf. Theory 28
    /// (1982) 129). A centre without points moves to the point farthest from its own.
    ///
    /// The result does not depend on `threads`. O(starts · steps · n · k).
    ///
    /// # Errors
    /// [`Error::Argument`] unless there are at least `k` >= 1 points, all finite, and a start; [`Error::Cancelled`].
    pub fn fit(&self, points: Rows<'_>, threads: usize, control: &Control) -> Result<Clusters> {
        if self.k < 1 || self.k > points.len() {
            return Err(Error::argument("k", format!("1 to the {} points", points.len()), self.k));
        }
        if self.starts < 1 {
            return Err(Error::argument("n_init", "at least 1", self.starts));
        }
        if points.data().iter().any(|x| !x.is_finite()) {
            return Err(Error::argument("points", "finite coordinates", "some that are not"));
        }
        let tolerance = self.tol * variance(points);
        let start = |scratch: &mut Scratch, number: usize| {
            let mut centres = spread(points, self.k, &mut Random::new(self.seed, number as u64));
            for _ in 0..self.max_iter {
                control.check()?;
                scratch.assign(points, &centres);
                if scratch.step(points, &mut centres) <= tolerance {
                    break;
                }
            }
            scratch.assign(points, &centres);
            let labels = scratch.labels.iter().map(|&label| label as i64).collect();
            Ok(Clusters { centres, labels, inertia: scratch.squares.iter().sum() })
        };
        let found = pool::map(self.starts, threads, control, Scratch::default, start)?;
        let best = found.into_iter().reduce(|best, next| if next.inertia < best.inertia { next } else { best });
        best.ok_or_else(|| Error::argument("n_init", "at least 1", self.starts))
    }
}

/// Mean variance of the columns.
fn variance(points: Rows<'_>) -> f64 {
    let (n, width) = (points.len() as f64, points.width());
    let of_column = |column: usize| {
        let mean = points.iter().map(|row| row[column]).sum::<f64>() / n;
        points.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / n
    };
    (0..width).map(of_column).sum::<f64>() / width as f64
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// First centres: each point is drawn in proportion to its squared distance from those drawn before.
fn spread(points: Rows<'_>, k: usize, random: &mut Random) -> Vec<f64> {
    let row = |number: usize| points.slice(number, number + 1).data();
    let first = random.below(points.len() as u64) as usize;
    let mut centres = row(first).to_vec();
    let mut least: Vec<f64> = points.iter().map(|point| squared(point, row(first))).collect();
    for _ in 1..k {
        let mut left = random.unit() * least.iter().sum::<f64>();
        let drawn = least.iter().position(|&distance| {
            left -= distance;
            left < 0.0
        });
        // All points lie on centres: any will do.
        let next = drawn.unwrap_or_else(|| random.below(points.len() as u64) as usize);
        centres.extend_from_slice(row(next));
        least.iter_mut().zip(points.iter()).for_each(|(least, point)| *least = least.min(squared(point, row(next))));
    }
    centres
}

#[derive(Default)]
struct Scratch {
    labels: Vec<usize>,
    squares: Vec<f64>,
}

impl Scratch {
    /// The nearest centre of each point; the first of equals.
    fn assign(&mut self, points: Rows<'_>, centres: &[f64]) {
        self.labels.clear();
        self.squares.clear();
        for point in &points {
            let mut nearest = (f64::INFINITY, 0);
            for (number, centre) in centres.chunks_exact(points.width()).enumerate() {
                let distance = squared(point, centre);
                if distance < nearest.0 {
                    nearest = (distance, number);
                }
            }
            self.labels.push(nearest.1);
            self.squares.push(nearest.0);
        }
    }

    /// Moves the centres to the means of their points; the sum of their squared ways.
    fn step(&self, points: Rows<'_>, centres: &mut [f64]) -> f64 {
        let width = points.width();
        let (mut sums, mut counts) = (vec![0.0; centres.len()], vec![0_usize; centres.len() / width]);
        for (point, &label) in points.iter().zip(&self.labels) {
            counts[label] += 1;
            sums[label * width..(label + 1) * width].iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
        }
        let mut farthest: Vec<usize> = (0..self.squares.len()).collect();
        if counts.contains(&0) {
            farthest.sort_by(|&a, &b| self.squares[b].total_cmp(&self.squares[a]));
        }
        let mut spare = farthest.into_iter();
        let mut moved = 0.0;
        for ((centre, sum), count) in centres.chunks_exact_mut(width).zip(sums.chunks_exact(width)).zip(counts) {
            let new: Vec<f64> = match (count, spare.as_slice().first()) {
                (0, Some(&point)) => {
                    spare.next();
                    points.slice(point, point + 1).data().to_vec()
                }
                _ => sum.iter().map(|total| total / count.max(1) as f64).collect(),
            };
            moved += squared(&new, centre);
            centre.copy_from_slice(&new);
        }
        moved
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(k: usize) -> KMeans {
        KMeans { k, starts: 5, seed: 42, max_iter: 300, tol: 1e-4 }
    }

    #[test]
    fn two_groups() {
        let data = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0];
        let points = Rows::new(&data, 1).unwrap();
        let found = options(2).fit(points, 1, &Control::default()).unwrap();
        assert_eq!(found, options(2).fit(points, 3, &Control::default()).unwrap());
        let mut centres = found.centres.clone();
        centres.sort_by(f64::total_cmp);
        assert_eq!((centres, found.inertia), (vec![1.0, 11.0], 4.0));
        assert_ne!(found.labels[0], found.labels[5]);
    }

    #[test]
    fn as_many_centres_as_points_and_equal_points() {
        let data = [3.0, 3.0, 3.0, 5.0];
        let points = Rows::new(&data, 1).unwrap();
        assert_eq!(options(4).fit(points, 1, &Control::default()).unwrap().inertia, 0.0);
    }

    #[test]
    fn settings_out_of_range() {
        let data = [1.0, f64::NAN];
        let points = Rows::new(&data, 1).unwrap();
        for options in [options(0), options(3), options(1), KMeans { starts: 0, ..options(1) }] {
            assert!(options.fit(points, 1, &Control::default()).is_err());
        }
    }
}
