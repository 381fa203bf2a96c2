//! Tracers from the lines behind clusters of points.

use super::line::{COLUMNS, usable};
use super::motion::{Lines, Motion};
use crate::{Error, Result, Rows};

/// Values per location: `t, x, y, z` and the error.
pub const LOCATION: usize = 5;

/// Most rounds of rejection; nearly all clusters settle after two or three, a few go round in circles.
const ROUNDS: usize = 10;

/// Label of points that belong to no cluster.
const NOISE: f64 = -1.0;

/// Locates the tracer of each cluster by the lines that its points were made of.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterLines {
    /// Columns of the points with the rows of their lines.
    pub indices: Vec<usize>,
    /// Column of the points with their labels.
    pub label: usize,
    /// How many median distances a line of the tracer may pass from it, at least 1.
    pub reject: f64,
}

/// Buffers reused from one sample to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Points of clusters, by label.
    order: Vec<usize>,
    /// How many points of a cluster each line of the sample made.
    counts: Vec<u32>,
    /// The same of each line in `lines`.
    weights: Vec<u32>,
    lines: Lines,
    /// Lines of the cluster, by distance.
    nearest: Vec<usize>,
}

impl ClusterLines {
    /// Columns that the points have at least.
    pub fn columns(&self) -> usize {
        self.indices.iter().chain([&self.label]).max().map_or(4, |last| 4.max(last.saturating_add(1)))
    }

    /// Appends `t, x, y, z, error` of each cluster to `out`, in ascending order of the labels.
    ///
    /// From the mean of a cluster's points it goes to the point in uniform motion that is nearest to their lines, in
    /// the least-squares sense, and on from there, until nothing changes or for ten rounds. A line only counts while it
    /// passes within `reject` times the median distance, the median being over the lines of every point: a line of the
    /// tracer makes many points, one that is there by chance makes few. The time is the mean of that of the lines that
    /// count in the end, the location where the point is then, the error the root mean square of their distances from
    /// it as it moves. Fewer than ten lines do not tell a motion: then it is at rest. Where they are parallel or fewer
    /// than two, the location is the mean of the points, and all lines count for the error, which is NaN without any.
    /// Points of label -1 or NaN belong to no cluster. O(n log n) per round.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 1 <= `reject` < ∞, the tables have the columns, and the points name rows of `lines`.
    pub fn locate(&self, points: Rows<'_>, lines: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) -> Result<()> {
        if !(self.reject >= 1.0 && self.reject.is_finite()) {
            return Err(Error::argument("reject", "a number from 1", self.reject));
        }
        points.require_width("points", self.columns())?;
        lines.require_width("lines", COLUMNS)?;
        let row = |i: usize| &points.data()[i * points.width()..(i + 1) * points.width()];
        // Adding zero makes one label of the zeros of both signs.
        let label = |i: usize| row(i)[self.label] + 0.0;
        let mut order = std::mem::take(&mut scratch.order);
        order.clear();
        order.extend((0..points.len()).filter(|&i| !label(i).is_nan() && label(i) != NOISE));
        order.sort_by(|&a, &b| label(a).total_cmp(&label(b)));
        for cluster in order.chunk_by(|&a, &b| label(a) == label(b)) {
            let rows = || cluster.iter().map(|&i| row(i));
            scratch.load(rows().flat_map(|row| self.indices.iter().map(|&column| row[column])), lines)?;
            let mean = [0, 1, 2, 3].map(|k| rows().map(|row| row[k]).sum::<f64>() / cluster.len() as f64);
            out.extend(scratch.locate(mean, self.reject));
        }
        scratch.order = order;
        Ok(())
    }
}

impl Scratch {
    /// Takes the lines that `indices` name.
    fn load(&mut self, indices: impl Iterator<Item = f64>, lines: Rows<'_>) -> Result<()> {
        self.counts.clear();
        self.counts.resize(lines.len(), 0);
        for index in indices {
            let count = self.counts.get_mut(index as usize).filter(|_| index >= 0.0 && index.fract() == 0.0);
            *count.ok_or_else(|| Error::argument("points", format!("rows of {} lines", lines.len()), index))? += 1;
        }
        let counts = &self.counts;
        let own = || usable(lines).filter(|line| counts[line.row] > 0);
        self.weights.clear();
        self.weights.extend(own().map(|line| counts[line.row]));
        self.lines.load(own);
        Ok(())
    }

    fn locate(&mut self, [time, x, y, z]: [f64; 4], reject: f64) -> [f64; LOCATION] {
        let mut motion = self.lines.at_rest([x, y, z]);
        let mut found = false;
        for _ in 0..ROUNDS {
            let limit = reject * reject * self.median(motion);
            self.lines.use_within(limit);
            let next = self.lines.nearest();
            found = next.is_some();
            let Some(next) = next.filter(|&next| next != motion) else { break };
            motion = next;
        }
        if !found {
            motion = self.lines.at_rest([x, y, z]);
            self.lines.use_all();
        }
        self.lines.measure(motion);
        let location = self.lines.location(motion).filter(|_| found);
        let (time, [x, y, z]) = location.unwrap_or((time, [x, y, z]));
        [time, x, y, z, self.lines.error()]
    }

    /// Median of the squared distances, each as often as its line made a point; the lower one of two.
    fn median(&mut self, motion: Motion) -> f64 {
        let squared = self.lines.measure(motion);
        self.nearest.clear();
        self.nearest.extend(0..squared.len());
        self.nearest.sort_unstable_by(|&a, &b| squared[a].total_cmp(&squared[b]));
        let half = self.weights.iter().sum::<u32>().div_ceil(2);
        let mut passed = 0;
        let middle = self.nearest.iter().find(|&&line| {
            passed += self.weights[line];
            passed >= half
        });
        middle.map_or(0.0, |&line| squared[line])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Lines along the axes through (1, 2, 3) at times 0, 1, 2, and one far from it.
    const LINES: [f64; 28] = [
        0.0, -5.0, 2.0, 3.0, 5.0, 2.0, 3.0, // along x
        1.0, 1.0, -5.0, 3.0, 1.0, 7.0, 3.0, // along y
        2.0, 1.0, 2.0, -5.0, 1.0, 2.0, 8.0, // along z
        9.0, 0.0, 0.0, 7.0, 1.0, 9.0, 7.0, // elsewhere
    ];

    /// Points t, x, y, z, line, line, label: all pairs of the first three lines a little off, and a pair by chance.
    const POINTS: [f64; 28] = [
        0.5, 1.1, 2.0, 3.0, 0.0, 1.0, 0.0, //
        1.0, 1.0, 2.2, 3.0, 0.0, 2.0, 0.0, //
        1.5, 1.0, 2.0, 3.1, 1.0, 2.0, 0.0, //
        5.0, 1.0, 2.0, 5.0, 2.0, 3.0, 0.0, //
    ];

    fn located(points: &[f64], lines: &[f64], reject: f64) -> Result<Vec<f64>> {
        let mut out = Vec::new();
        let clusters = ClusterLines { indices: vec![4, 5], label: 6, reject };
        let (points, lines) = (Rows::new(points, 7).unwrap(), Rows::new(lines, 7).unwrap());
        clusters.locate(points, lines, &mut Scratch::default(), &mut out).map(|()| out)
    }

    #[test]
    fn a_line_that_is_there_by_chance_does_not_count() {
        let found = located(&POINTS, &LINES, 4.0).unwrap();
        assert!(found.iter().zip([1.0, 1.0, 2.0, 3.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        let loose = located(&POINTS, &LINES, 1e9).unwrap();
        assert!(loose[0] == 3.0 && loose[3] > 3.5 && loose[4] > 1.0, "{loose:?}");
    }

    #[test]
    fn clusters_come_by_label_and_noise_is_left_out() {
        let mut points = [POINTS, POINTS, POINTS, POINTS].concat();
        for (row, label) in points.chunks_exact_mut(7).zip([2.0, 1.0, -1.0, f64::NAN].into_iter().flat_map(|l| [l; 4]))
        {
            row[6] = label;
        }
        points[..7].copy_from_slice(&[3.0, 1.0, 2.0, 8.0, 2.0, 2.0, 2.0]);
        let found = located(&points, &LINES, 4.0).unwrap();
        let only = |label: f64| -> Vec<f64> {
            points.chunks_exact(7).filter(|row| row[6] == label).flatten().copied().collect()
        };
        let alone = [located(&only(1.0), &LINES, 4.0).unwrap(), located(&only(2.0), &LINES, 4.0).unwrap()].concat();
        assert_eq!(found, alone);
        assert_eq!(found.len(), 2 * LOCATION);
        assert_eq!(located(&[], &LINES, 4.0).unwrap(), []);
    }

    #[test]
    fn where_lines_have_no_point_the_mean_of_the_points_stands() {
        let parallel = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 9.0, 4.0, 1.0, 4.0, 0.0, 1.0, 4.0, 9.0];
        let points = [2.0, 1.0, 3.0, 5.0, 0.0, 1.0, 0.0];
        assert_eq!(located(&points, &parallel, 3.0).unwrap(), [2.0, 1.0, 3.0, 5.0, 1.0]);
        let none = located(&points, &[0.0; 14], 3.0).unwrap();
        assert_eq!(none[..4], [2.0, 1.0, 3.0, 5.0]);
        assert!(none[4].is_nan());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |points: &[f64], reject| located(points, &LINES, reject).unwrap_err().to_string();
        for reject in [0.5, f64::NAN, f64::INFINITY] {
            assert!(refused(&POINTS, reject).contains("`reject`"));
        }
        for index in [4.0, -1.0, 0.5, f64::NAN] {
            let error = refused(&[0.0, 1.0, 1.0, 1.0, 0.0, index, 0.0], 3.0);
            assert!(error.contains("rows of 4 lines"), "{error}");
        }
    }

    #[test]
    fn a_column_that_no_table_has_is_refused() {
        let clusters = ClusterLines { indices: vec![4, 5], label: usize::MAX, reject: 3.0 };
        let (points, lines) = (Rows::new(&POINTS, 7).unwrap(), Rows::new(&LINES, 7).unwrap());
        let found = clusters.locate(points, lines, &mut Scratch::default(), &mut Vec::new());
        assert!(found.unwrap_err().to_string().contains("`points`"));
    }
}
