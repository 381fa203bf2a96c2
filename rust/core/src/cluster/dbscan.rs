//! DBSCAN: clusters of points that are close to many others.

use crate::{Control, Error, Result, Rows};

/// Points between checks for cancellation.
const BLOCK: usize = 1024;

/// Cluster of each point, -1 for noise (Ester & al., *A density-based algorithm for discovering clusters in large spatial
/// databases with noise*, KDD 1996).
///
/// A point with at least `min_samples` points within `eps` (closed, itself included) is in the core of a cluster; a cluster
/// is what cores reach. Clusters are numbered by their first core point; a point that several reach belongs to the first
/// of them. Rows that are not finite are noise. O(n · points within `eps` along the first axis).
///
/// # Errors
/// [`Error::Argument`] unless `eps` is above 0 and `min_samples` at least 1; [`Error::Cancelled`].
pub fn dbscan(points: Rows<'_>, eps: f64, min_samples: usize, control: &Control) -> Result<Vec<i64>> {
    if eps.is_nan() || eps <= 0.0 {
        return Err(Error::argument("eps", "a number above 0", eps));
    }
    if min_samples < 1 {
        return Err(Error::argument("min_samples", "at least 1", min_samples));
    }
    let near = Near::new(points, eps);
    let mut core = vec![false; points.len()];
    let mut found = Vec::new();
    for (point, core) in core.iter_mut().enumerate() {
        if point % BLOCK == 0 {
            control.check()?;
        }
        near.of(point, &mut found);
        *core = found.len() >= min_samples;
    }
    let mut labels = vec![-1; points.len()];
    let (mut count, mut open) = (0, Vec::new());
    for first in 0..points.len() {
        if !core[first] || labels[first] >= 0 {
            continue;
        }
        control.check()?;
        labels[first] = count;
        open.push(first);
        while let Some(point) = open.pop() {
            near.of(point, &mut found);
            for &other in &found {
                if labels[other] >= 0 {
                    continue;
                }
                labels[other] = count;
                if core[other] {
                    open.push(other);
                }
            }
        }
        count += 1;
    }
    Ok(labels)
}

/// Finite points in the order of their first coordinate.
struct Near<'a> {
    points: Rows<'a>,
    eps: f64,
    order: Vec<usize>,
    firsts: Vec<f64>,
}

impl<'a> Near<'a> {
    fn new(points: Rows<'a>, eps: f64) -> Self {
        let finite = |(number, row): (usize, &[f64])| row.iter().all(|x| x.is_finite()).then_some((number, row[0]));
        let mut order: Vec<(usize, f64)> = points.iter().enumerate().filter_map(finite).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (order, firsts) = order.into_iter().unzip();
        Self { points, eps, order, firsts }
    }

    /// Points within `eps` of a point.
    fn of(&self, point: usize, found: &mut Vec<usize>) {
        found.clear();
        let at = self.points.slice(point, point + 1).data();
        let start = self.firsts.partition_point(|&first| first < at[0] - self.eps);
        for (&other, &first) in self.order[start..].iter().zip(&self.firsts[start..]) {
            if first.is_nan() || first > at[0] + self.eps {
                break;
            }
            let row = self.points.slice(other, other + 1).data();
            let squared: f64 = row.iter().zip(at).map(|(a, b)| (a - b) * (a - b)).sum();
            if squared.sqrt() <= self.eps {
                found.push(other);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn labels(points: &[f64], eps: f64, min_samples: usize) -> Vec<i64> {
        dbscan(Rows::new(points, 1).unwrap(), eps, min_samples, &Control::default()).unwrap()
    }

    #[test]
    fn clusters_borders_and_noise() {
        assert_eq!(labels(&[9.0, 0.0, 1.0, 2.0, 20.0, 8.0, 7.0], 1.0, 3), [1, 0, 0, 0, -1, 1, 1]);
        // The middle point is within reach of both cores, which come in this order.
        assert_eq!(labels(&[4.0, 5.0, 6.0, 3.0, 2.0, 1.0], 1.0, 3)[3], 0);
        assert_eq!(labels(&[1.0, f64::NAN, 1.0], 0.5, 2), [0, -1, 0]);
        assert_eq!(labels(&[], 0.5, 2), []);
    }

    #[test]
    fn settings_out_of_range() {
        let points = Rows::new(&[1.0], 1).unwrap();
        assert!(dbscan(points, 0.0, 1, &Control::default()).is_err());
        assert!(dbscan(points, f64::NAN, 1, &Control::default()).is_err());
        assert!(dbscan(points, 1.0, 0, &Control::default()).is_err());
    }
}
