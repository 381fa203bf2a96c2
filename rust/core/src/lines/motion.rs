//! The point in uniform motion that is nearest to a set of lines.

use super::line::{Line, Vector, cross, dot};

/// Fewest lines that tell how a point moves: six numbers from two per line, with some to spare.
const MOVING: usize = 10;

/// Pivots below this part of the trace count as 0.
const SINGULAR: f64 = 1e-12;

/// A point and how it moves, in the coordinates of its [`Lines`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    point: Vector,
    velocity: Vector,
}

/// A line at its time, in the coordinates of its set.
#[derive(Debug, Clone, Copy)]
struct TimedLine {
    time: f64,
    point: Vector,
    /// Of length 1.
    direction: Vector,
}

/// Lines about their mean mid point and mean time, in units of the furthest time from it.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<TimedLine>,
    used: Vec<bool>,
    squared: Vec<f64>,
    origin: Vector,
    epoch: f64,
    span: f64,
}

impl Lines {
    /// Takes `lines` and uses all of them.
    pub(super) fn load<I: Iterator<Item = Line>>(&mut self, lines: impl Fn() -> I) {
        let mut count = 0_usize;
        let mut sums = [0.0; 4];
        for Line { point: [x, y, z], direction: [u, v, w], time, .. } in lines() {
            count += 1;
            for (sum, value) in sums.iter_mut().zip([x + u / 2.0, y + v / 2.0, z + w / 2.0, time]) {
                *sum += value;
            }
        }
        let [x, y, z, epoch] = sums.map(|sum| sum / count.max(1) as f64);
        (self.origin, self.epoch) = ([x, y, z], epoch);
        self.span = lines().fold(0.0, |span, line| f64::max(span, (line.time - epoch).abs()));
        let unit = if self.span > 0.0 { self.span } else { 1.0 };
        self.all.clear();
        self.all.extend(lines().map(|line| {
            let length = line.squared_length.sqrt();
            TimedLine {
                time: (line.time - epoch) / unit,
                point: [0, 1, 2].map(|k| line.point[k] - [x, y, z][k]),
                direction: line.direction.map(|v| v / length),
            }
        }));
        self.use_all();
        self.squared.clear();
        self.squared.resize(count, 0.0);
    }

    /// A point at rest.
    pub(super) fn at_rest(&self, point: Vector) -> Motion {
        Motion { point: [0, 1, 2].map(|k| point[k] - self.origin[k]), velocity: [0.0; 3] }
    }

    /// Finds the squared distance of every line from the point at the time of the line.
    pub(super) fn measure(&mut self, motion: Motion) -> &[f64] {
        for (squared, line) in self.squared.iter_mut().zip(&self.all) {
            let at = |k: usize| motion.point[k] + line.time * motion.velocity[k] - line.point[k];
            let gap = cross([at(0), at(1), at(2)], line.direction);
            *squared = dot(gap, gap);
        }
        &self.squared
    }

    /// Uses the lines with a squared distance up to `limit`.
    pub(super) fn use_within(&mut self, limit: f64) {
        self.used.clear();
        self.used.extend(self.squared.iter().map(|&squared| squared <= limit));
    }

    /// Uses all lines.
    pub(super) fn use_all(&mut self) {
        self.used.clear();
        self.used.resize(self.all.len(), true);
    }

    /// The motion with the smallest sum of squared distances to the used lines; at rest for fewer than ten lines or if
    /// they do not tell a velocity. `None` if they are fewer than two or all parallel.
    pub(super) fn nearest(&self) -> Option<Motion> {
        let mut matrix = [[0.0; 6]; 6];
        let mut vector = [0.0; 6];
        let mut count = 0;
        for line in self.used() {
            count += 1;
            // What a line adds is the projection onto the plane across it, for the point and, times `time`, for the
            // velocity.
            let n = line.direction;
            let along = dot(n, line.point);
            for i in 0..3 {
                let offset = line.point[i] - n[i] * along;
                vector[i] += offset;
                vector[i + 3] += line.time * offset;
                for j in 0..3 {
                    let across = if i == j { 1.0 - n[i] * n[j] } else { -(n[i] * n[j]) };
                    matrix[i][j] += across;
                    matrix[i][j + 3] += line.time * across;
                    matrix[i + 3][j] += line.time * across;
                    matrix[i + 3][j + 3] += line.time * line.time * across;
                }
            }
        }
        if count < 2 {
            return None;
        }
        if count >= MOVING
            && let Some([x, y, z, u, v, w]) = solve(matrix, vector)
        {
            return Some(Motion { point: [x, y, z], velocity: [u, v, w] });
        }
        let still = [0, 1, 2].map(|i| [0, 1, 2].map(|j| matrix[i][j]));
        let point = solve(still, [vector[0], vector[1], vector[2]])?;
        Some(Motion { point, velocity: [0.0; 3] })
    }

    /// Mean time of the used lines, and where the point is then; `None` if no line is used.
    pub(super) fn location(&self, motion: Motion) -> Option<(f64, Vector)> {
        let count = self.used().count();
        let time = self.used().map(|line| line.time).sum::<f64>() / count as f64;
        let point = [0, 1, 2].map(|k| self.origin[k] + motion.point[k] + time * motion.velocity[k]);
        (count > 0).then_some((self.epoch + time * self.span, point))
    }

    /// Root mean square distance of the used lines as last measured; NaN without any.
    pub(super) fn error(&self) -> f64 {
        let used = || self.squared.iter().zip(&self.used).filter(|&(_, &used)| used).map(|(squared, _)| squared);
        (used().sum::<f64>() / used().count() as f64).sqrt()
    }

    fn used(&self) -> impl Iterator<Item = &TimedLine> {
        self.all.iter().zip(&self.used).filter(|&(_, &used)| used).map(|(line, _)| line)
    }
}

/// Solves a symmetric positive definite system by elimination; `None` if it is singular to working accuracy.
fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut vector: [f64; N]) -> Option<[f64; N]> {
    let tiny = SINGULAR * (0..N).map(|i| matrix[i][i]).sum::<f64>();
    for i in 0..N {
        let pivot = matrix[i];
        if pivot[i].is_nan() || pivot[i] <= tiny {
            return None;
        }
        for row in i + 1..N {
            let factor = matrix[row][i] / pivot[i];
            for column in i..N {
                matrix[row][column] -= factor * pivot[column];
            }
            vector[row] -= factor * vector[i];
        }
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|column| matrix[i][column] * vector[column]).sum();
        vector[i] = (vector[i] - known) / matrix[i][i];
    }
    Some(vector)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::line::usable;
    use super::*;
    use crate::Rows;

    /// `count` lines in many directions through a point that starts at (1, 2, 3) and moves by (0.5, -1, 2) mm per ms.
    fn moving(count: usize) -> Vec<f64> {
        let line = |i: usize| {
            let t = i as f64;
            let (x, y, z) = (1.0 + 0.5 * t, 2.0 - t, 3.0 + 2.0 * t);
            let (u, v, w) = ((1.7 * t).sin(), (2.9 * t).cos(), (0.6 * t + 1.0).sin());
            [t, x - 9.0 * u, y - 9.0 * v, z - 9.0 * w, x + 20.0 * u, y + 20.0 * v, z + 20.0 * w]
        };
        (0..count).flat_map(line).collect()
    }

    fn load(data: &[f64]) -> Lines {
        let mut lines = Lines::default();
        lines.load(|| usable(Rows::new(data, 7).unwrap()));
        lines
    }

    fn close(a: (f64, Vector), b: (f64, Vector)) -> bool {
        (a.0 - b.0).abs() < 1e-9 && a.1.iter().zip(b.1).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    #[test]
    fn a_moving_point_is_where_it_is_at_the_mean_time() {
        let mut lines = load(&moving(21));
        let motion = lines.nearest().unwrap();
        assert!(close(lines.location(motion).unwrap(), (10.0, [6.0, -8.0, 23.0])));
        lines.measure(motion);
        assert!(lines.error() < 1e-9);
        let rest = lines.at_rest([6.0, -8.0, 23.0]);
        lines.measure(rest);
        assert!(lines.error() > 5.0);
        lines.use_within(1e-12);
        assert!(close(lines.location(rest).unwrap(), (10.0, [6.0, -8.0, 23.0])));
    }

    #[test]
    fn few_lines_or_one_time_give_a_point_at_rest() {
        let few = load(&moving(9));
        assert_eq!(few.nearest().unwrap().velocity, [0.0; 3]);
        let mut data = moving(21);
        data.chunks_exact_mut(7).for_each(|row| row[0] = 4.0);
        let at_once = load(&data);
        let motion = at_once.nearest().unwrap();
        assert_eq!(motion.velocity, [0.0; 3]);
        assert_eq!(at_once.location(motion).unwrap().0, 4.0);
    }

    #[test]
    fn parallel_or_too_few_lines_have_no_point() {
        let row = |i: usize| [i as f64, i as f64, 2.0, 0.0, i as f64, 2.0, 9.0];
        let parallel: Vec<f64> = (0..12).flat_map(row).collect();
        assert_eq!(load(&parallel).nearest(), None);
        assert_eq!(load(&parallel[..7]).nearest(), None);
        let mut none = load(&[]);
        assert_eq!(none.nearest(), None);
        let rest = none.at_rest([1.0; 3]);
        assert_eq!(none.location(rest), None);
        none.measure(rest);
        assert!(none.error().is_nan());
    }
}
