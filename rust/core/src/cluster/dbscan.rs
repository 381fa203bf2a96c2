//! DBSCAN: clusters of points that are close to many others.

use std::cmp::Ordering;

use crate::{Control, Error, Result, Rows};

/// Places counted in cells are whole numbers up to here.
const MOST_CELLS: f64 = 1e15;
/// Cells are a little smaller than they may be, so that points of one cell are neighbours in spite of rounding.
const MARGIN: f64 = 1.0 - 1e-9;

/// Cluster of each point, -1 for noise (Ester & al., *A density-based algorithm for discovering clusters in large spatial
/// databases with noise*, KDD 1996).
///
/// A point with at least `min_samples` points within `eps` (closed, itself included) is in the core of a cluster; a cluster
/// is what cores reach. Clusters are numbered by their first core point; a point that several reach belongs to the first
/// of them. Rows that are not finite are noise.
///
/// Points are sorted into cells whose diagonal is `eps`: points of a cell are neighbours of each other, and two cells are
/// joined by the first pair of cores that are (Gunawan, *A faster algorithm for DBSCAN*, 2013). O(n log n) for one and two
/// axes; for more, times the cells that are close along the first two.
///
/// # Errors
/// [`Error::Argument`] unless `eps` is above 0, `min_samples` at least 1 and places are below 1e15 `eps`;
/// [`Error::Cancelled`].
pub fn dbscan(points: Rows<'_>, eps: f64, min_samples: usize, control: &Control) -> Result<Vec<i64>> {
    if eps.is_nan() || eps <= 0.0 {
        return Err(Error::argument("eps", "a number above 0", eps));
    }
    if min_samples < 1 {
        return Err(Error::argument("min_samples", "at least 1", min_samples));
    }
    let cells = Cells::new(points, eps)?;
    let neighbours = cells.neighbours(control)?;
    let core = cells.cores(&neighbours, min_samples, control)?;
    let mut groups = cells.joined(&neighbours, &core, control)?;
    let mut labels = vec![-1; points.len()];
    let cluster_of_cell = cells.number_clusters(&core, &mut groups, &mut labels);
    cells.label_borders(&neighbours, &core, &cluster_of_cell, &mut labels);
    Ok(labels)
}

/// Finite points in the order of their cells.
struct Cells {
    eps: f64,
    width: usize,
    /// Numbers of the points.
    order: Vec<usize>,
    /// Coordinates of the points in that order.
    places: Vec<f64>,
    /// Where the points of each cell begin, and where the last ones end.
    starts: Vec<usize>,
    /// Places of the cells, counted in cells.
    keys: Vec<f64>,
}

impl Cells {
    fn new(points: Rows<'_>, eps: f64) -> Result<Self> {
        let width = points.width();
        let side = eps / (width as f64).sqrt() * MARGIN;
        let mut order: Vec<usize> = Vec::with_capacity(points.len());
        let mut own = Vec::with_capacity(points.len() * width);
        for (number, row) in points.iter().enumerate() {
            // Adding 0 leaves one kind of 0.
            own.extend(row.iter().map(|x| (x / side).floor() + 0.0));
            if row.iter().all(|x| x.is_finite()) {
                order.push(number);
            }
        }
        let key = |point: usize| &own[point * width..(point + 1) * width];
        if let Some(far) = order.iter().flat_map(|&point| key(point)).find(|place| place.abs() > MOST_CELLS) {
            return Err(Error::argument("eps", "points within 1e15 times this", format!("{eps} for {}", far * side)));
        }
        order.sort_by(|&a, &b| compare(key(a), key(b)).then(a.cmp(&b)));
        let mut found = Self { eps, width, order, places: Vec::new(), starts: Vec::new(), keys: Vec::new() };
        for (at, &point) in found.order.iter().enumerate() {
            if at == 0 || compare(key(found.order[at - 1]), key(point)).is_ne() {
                found.starts.push(at);
                found.keys.extend_from_slice(key(point));
            }
            found.places.extend_from_slice(points.slice(point, point + 1).data());
        }
        found.starts.push(found.order.len());
        Ok(found)
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn key(&self, cell: usize) -> &[f64] {
        &self.keys[cell * self.width..(cell + 1) * self.width]
    }

    fn points(&self, cell: usize) -> std::ops::Range<usize> {
        self.starts[cell]..self.starts[cell + 1]
    }

    /// For each cell all later ones that may hold points within reach.
    fn neighbours(&self, control: &Control) -> Result<Vec<Vec<usize>>> {
        let reach = (self.width as f64).sqrt().ceil();
        let mut found = Vec::with_capacity(self.count());
        for cell in 0..self.count() {
            control.check()?;
            let own = self.key(cell);
            let mut near = Vec::new();
            for step in 0..=reach as usize {
                let first = own[0] + step as f64;
                let last = self.key_range(cell + 1, first, own.get(1).map(|second| [second - reach, second + reach]));
                near.extend(
                    last.filter(|&other| self.key(other).iter().zip(own).skip(2).all(|(a, b)| (a - b).abs() <= reach)),
                );
            }
            found.push(near);
        }
        Ok(found)
    }

    /// Cells from `start` on whose first place is given and whose second lies between two.
    fn key_range(&self, start: usize, first: f64, second: Option<[f64; 2]>) -> std::ops::Range<usize> {
        let [low, high] = second.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        let place = |cell: usize| (self.key(cell)[0], self.key(cell).get(1).copied().unwrap_or(0.0));
        let before = |cell: usize| place(cell) < (first, low);
        let within = |cell: usize| place(cell) <= (first, high);
        let begin = search(start, self.count(), before);
        begin..search(begin, self.count(), within)
    }

    fn close(&self, a: usize, b: usize) -> bool {
        let row = |point: usize| &self.places[point * self.width..(point + 1) * self.width];
        let squared: f64 = row(a).iter().zip(row(b)).map(|(p, q)| (p - q) * (p - q)).sum();
        squared.sqrt() <= self.eps
    }

    /// Which points, in the order of the cells, have enough neighbours.
    fn cores(&self, neighbours: &[Vec<usize>], min_samples: usize, control: &Control) -> Result<Vec<bool>> {
        let mut counts = vec![0_usize; self.order.len()];
        for (cell, near) in neighbours.iter().enumerate() {
            control.check()?;
            let size = self.points(cell).len();
            for point in self.points(cell) {
                counts[point] += size;
            }
            for &other in near {
                if size >= min_samples && self.points(other).len() >= min_samples {
                    continue;
                }
                for a in self.points(cell) {
                    for b in self.points(other) {
                        if (counts[a] < min_samples || counts[b] < min_samples) && self.close(a, b) {
                            counts[a] += 1;
                            counts[b] += 1;
                        }
                    }
                }
            }
        }
        Ok(counts.into_iter().map(|count| count >= min_samples).collect())
    }

    /// Cells with cores, joined where cores of both are close.
    fn joined(&self, neighbours: &[Vec<usize>], core: &[bool], control: &Control) -> Result<Groups> {
        let mut groups = Groups((0..self.count()).collect());
        for (cell, near) in neighbours.iter().enumerate() {
            control.check()?;
            for &other in near {
                if groups.root(cell) == groups.root(other) {
                    continue;
                }
                let own = self.points(cell).filter(|&point| core[point]);
                let reached = own.flat_map(|a| self.points(other).map(move |b| (a, b)));
                if reached.into_iter().any(|(a, b)| core[b] && self.close(a, b)) {
                    groups.join(cell, other);
                }
            }
        }
        Ok(groups)
    }

    /// Numbers clusters by their first core points and labels all cores; the cluster of each cell with cores.
    fn number_clusters(&self, core: &[bool], groups: &mut Groups, labels: &mut [i64]) -> Vec<i64> {
        let mut cell_of = vec![usize::MAX; labels.len()];
        for cell in 0..self.count() {
            for point in self.points(cell).filter(|&point| core[point]) {
                cell_of[self.order[point]] = cell;
            }
        }
        let mut clusters = vec![-1; self.count()];
        let mut count = 0;
        for (label, cell) in labels.iter_mut().zip(cell_of) {
            if cell == usize::MAX {
                continue;
            }
            let root = groups.root(cell);
            if clusters[root] < 0 {
                clusters[root] = count;
                count += 1;
            }
            *label = clusters[root];
        }
        (0..self.count()).map(|cell| clusters[groups.root(cell)]).collect()
    }

    /// Labels points near cores with the first of their clusters.
    fn label_borders(&self, neighbours: &[Vec<usize>], core: &[bool], clusters: &[i64], labels: &mut [i64]) {
        let bordered: Vec<bool> = (0..self.count()).map(|cell| self.points(cell).any(|point| !core[point])).collect();
        let mut from = |cell: usize, source: usize| {
            if clusters[source] < 0 || !bordered[cell] {
                return;
            }
            for border in self.points(cell).filter(|&point| !core[point]) {
                let reached = |point: usize| core[point] && (cell == source || self.close(border, point));
                let label = &mut labels[self.order[border]];
                let better = *label < 0 || clusters[source] < *label;
                if better && self.points(source).any(reached) {
                    *label = clusters[source];
                }
            }
        };
        for (cell, near) in neighbours.iter().enumerate() {
            from(cell, cell);
            for &other in near {
                from(cell, other);
                from(other, cell);
            }
        }
    }
}

/// The first number from `start` on for which `low` does not hold; it holds for all before.
fn search(start: usize, end: usize, low: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (start, end);
    while start < end {
        let middle = start.midpoint(end);
        if low(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

fn compare(a: &[f64], b: &[f64]) -> Ordering {
    a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Disjoint sets.
struct Groups(Vec<usize>);

impl Groups {
    fn root(&mut self, mut item: usize) -> usize {
        while self.0[item] != item {
            self.0[item] = self.0[self.0[item]];
            item = self.0[item];
        }
        item
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
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
