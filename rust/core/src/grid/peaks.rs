//! Where counts of lines peak, to a fraction of a cell: feature point identification (FPI).

use std::collections::HashSet;

use super::traverse::Marks;
use super::{Space, bell};
use crate::lines::finite;
use crate::simd::wide;
use crate::{Control, Error, Result, Rows};

/// Columns of a location: t, x, y, z, the three errors and their norm.
pub const COLUMNS: usize = 8;

/// Newton steps before the fit gives up.
const STEPS: usize = 100;

/// Sum of the absolute residuals, or of the steps, at which the fit has converged.
const CONVERGED: f64 = 1e-4;

/// Feature point identification (Wiggins et al., *A feature point identification method for positron emission particle
/// tracking with multiple tracers*, Nucl. Instrum. Methods Phys. Res. A 843 (2017) 22-28).
///
/// A voxel at least `w` voxels away from every face is a feature point if its value is at least `r` times the largest of
/// them and above `lld_counts`, no voxel within `w` on each axis is larger, and none of equal value among those came
/// before it (the last axis runs fastest). On each axis, a Gaussian integrated over each of three voxels,
/// `I σ √(π/2) (erf((k + ½ - μ) / √2σ) - erf((k - ½ - μ) / √2σ))`, is fitted to the values about the point by Newton's
/// method, and by bisection where that stalls. The location is the centre of the Gaussians, `lower + (μ + ½) size`; the
/// error on each axis is `σ size`. Values that no such Gaussian has, those beside a zero, are fitted as far as Newton's
/// method comes, or by the parabola through their logarithms; where neither has a maximum within a voxel of the point,
/// μ is the point itself and σ one voxel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks {
    /// Half of the edge of the cube in which a feature point is the largest value, in voxels.
    pub w: usize,
    /// Smallest value as a fraction of the largest.
    pub r: f64,
    /// Value to exceed.
    pub lld_counts: f64,
}

/// Limits of the grid on each axis; `None` stands for the box around the lines of the sample.
pub type Limits = [Option<[f64; 2]>; 3];

/// Half of the edge of a box that holds one coordinate only, in mm.
const LEAST_HALF: f64 = 0.5;

/// The grid for `lines`: `limits`, and the box around both points of all finite lines where there are none.
///
/// # Errors
/// As [`Space::new`].
pub fn space_around(lines: Rows<'_>, shape: [usize; 3], limits: Limits) -> Result<Space> {
    let around = crate::lines::cutpoints::cutoffs(lines).unwrap_or_default();
    let (mut lower, mut upper) = ([0.0; 3], [0.0; 3]);
    for axis in 0..3 {
        let [low, high] = limits[axis].unwrap_or([around[2 * axis], around[2 * axis + 1]]);
        let flat = limits[axis].is_none() && low == high;
        (lower[axis], upper[axis]) = if flat { (low - LEAST_HALF, high + LEAST_HALF) } else { (low, high) };
    }
    Space::new(shape, lower, upper)
}

impl Peaks {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `w` >= 1 and neither `r` nor `lld_counts` is NaN.
    pub fn check(&self) -> Result<()> {
        if self.w < 1 {
            return Err(Error::argument("w", "at least 1", self.w));
        }
        for (name, value) in [("r", self.r), ("lld_counts", self.lld_counts)] {
            if value.is_nan() {
                return Err(Error::argument(name, "a number", value));
            }
        }
        Ok(())
    }

    /// Appends a row `t, x, y, z, error_x, error_y, error_z, error` per feature point of `values` to `out`.
    ///
    /// A grid that holds NaN, is constant zero or too small for `w` has none. O(cells + candidates · w³).
    ///
    /// # Errors
    /// As [`check`](Self::check); [`Error::Argument`] if `values` has another size than `space`.
    pub fn find(&self, values: &[f64], space: &Space, time: f64, out: &mut Vec<f64>) -> Result<()> {
        self.check()?;
        if values.len() != space.cells() {
            let found = format!("{} cells", values.len());
            return Err(Error::argument("values", format!("{} cells", space.cells()), found));
        }
        if !values.iter().any(|value| value.is_nan()) {
            self.search(View { values, shape: space.shape }, space, time, out);
        }
        Ok(())
    }

    /// Appends the feature points of values without NaN.
    fn search<T: Value>(&self, view: View<'_, T>, space: &Space, time: f64, out: &mut Vec<f64>) {
        let rows = || view.inner_rows(self.w);
        let tops: Vec<f64> = rows().filter_map(|(_, row)| T::largest(row)).collect();
        let Some(largest) = tops.iter().copied().reduce(f64::max) else {
            return;
        };
        let least = self.r * largest;
        let high = |value: f64| value >= least && value > self.lld_counts && value > 0.0;
        let mut ties = HashSet::new();
        for (([i, j], row), _) in rows().zip(&tops).filter(|(_, top)| high(**top)) {
            for (k, &value) in row.iter().enumerate() {
                let cell = [i, j, k + self.w];
                if high(value.into()) && !ties.contains(&cell) && view.leads(cell, self.w, &mut ties) {
                    view.locate(cell, space, time, out);
                }
            }
        }
    }

    /// The feature points of the grid that `lines` make, at the mean of their times.
    ///
    /// # Errors
    /// As [`find`](Self::find) and [`space_around`]; [`Error::Cancelled`].
    pub fn of_lines(
        &self,
        lines: Rows<'_>,
        shape: [usize; 3],
        limits: Limits,
        scratch: &mut Scratch,
        control: &Control,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        self.check()?;
        lines.require_width("lines", 7)?;
        if lines.iter().find_map(finite).is_none() {
            return Ok(());
        }
        let space = space_around(lines, shape, limits)?;
        scratch.marks.reset(&space);
        scratch.marks.add(&space, lines, control)?;
        let view = View { values: scratch.marks.counts(), shape };
        self.search(view, &space, mean_time(lines), out);
        Ok(())
    }
}

/// Buffers of [`Peaks::of_lines`], to be reused from sample to sample.
#[derive(Debug, Default)]
pub struct Scratch {
    marks: Marks,
}

/// What a cell may hold.
trait Value: Copy + PartialOrd + Into<f64> {
    /// The largest of some values.
    fn largest(values: &[Self]) -> Option<f64>;
}

impl Value for f64 {
    fn largest(values: &[f64]) -> Option<f64> {
        values.iter().copied().reduce(f64::max)
    }
}

impl Value for u32 {
    fn largest(values: &[u32]) -> Option<f64> {
        (!values.is_empty()).then(|| f64::from(largest(values)))
    }
}

wide! {
    fn largest(values: &[u32]) -> u32 {
        values.iter().fold(0, |most, &value| most.max(value))
    }
}

/// The mean time of the rows whose first seven values are finite; NaN without one.
pub fn mean_time(lines: Rows<'_>) -> f64 {
    let (sum, count) =
        lines.iter().filter_map(finite).fold((0.0, 0_u32), |(sum, count), row| (sum + row[0], count + 1));
    sum / f64::from(count)
}

/// Values of a grid, by cell.
#[derive(Clone, Copy)]
struct View<'a, T> {
    values: &'a [T],
    shape: [usize; 3],
}

impl<'a, T: Value> View<'a, T> {
    fn at(&self, [i, j, k]: [usize; 3]) -> T {
        self.values[(i * self.shape[1] + j) * self.shape[2] + k]
    }

    /// The rows along the last axis of the cells at least `w` cells away from every face, by their first two indices.
    fn inner_rows(self, w: usize) -> impl Iterator<Item = ([usize; 2], &'a [T])> {
        let [x, y, z] = self.shape.map(|n| w..n.saturating_sub(w).max(w));
        x.flat_map(move |i| y.clone().map(move |j| [i, j])).map(move |[i, j]| {
            let start = (i * self.shape[1] + j) * self.shape[2];
            ([i, j], &self.values[start + z.start..start + z.end])
        })
    }

    /// Whether no cell within `w` of `cell` has a larger value; those of equal value are added to `ties`.
    fn leads(&self, cell: [usize; 3], w: usize, ties: &mut HashSet<[usize; 3]>) -> bool {
        let value = self.at(cell);
        let [x, y, z] = cell.map(|n| n - w..=n + w);
        let mut equal = Vec::new();
        for i in x {
            for j in y.clone() {
                for k in z.clone() {
                    let other = self.at([i, j, k]);
                    if other > value {
                        return false;
                    }
                    if other == value && [i, j, k] != cell {
                        equal.push([i, j, k]);
                    }
                }
            }
        }
        ties.extend(equal);
        true
    }

    fn locate(&self, cell: [usize; 3], space: &Space, time: f64, out: &mut Vec<f64>) {
        let mut errors = [0.0; 3];
        out.push(time);
        for axis in 0..3 {
            let near = |step: usize| {
                let mut other = cell;
                other[axis] = other[axis] + step - 1;
                self.at(other).into()
            };
            let (offset, sigma) = fit([near(0), near(1), near(2)]);
            let centre = cell[axis] as f64 + offset + 0.5;
            out.push(space.lower[axis] + centre * space.size[axis]);
            errors[axis] = sigma * space.size[axis];
        }
        let norm = errors.iter().map(|e| e * e).sum::<f64>().sqrt();
        out.extend([errors[0], errors[1], errors[2], norm]);
    }
}

/// Centre and width of the Gaussian through three neighbouring values, in cells from the middle one.
fn fit(values: [f64; 3]) -> (f64, f64) {
    let sound = |(mu, sigma): &(f64, f64)| mu.abs() < 1.0 && sigma.is_finite();
    let shape = |at: [f64; 3]| (at[1], at[2].abs());
    let stepped = newton(values);
    (stepped.filter(|at| reached(*at, values)).map(shape).filter(sound))
        .or_else(|| bell::through(values))
        .or_else(|| stepped.map(shape).filter(sound))
        .or_else(|| parabola(values).filter(sound))
        .unwrap_or((0.0, 1.0))
}

/// The parabola through the logarithms.
fn parabola(values: [f64; 3]) -> Option<(f64, f64)> {
    let [a, b, c] = values.map(f64::ln);
    let curvature = a - 2.0 * b + c;
    (curvature < 0.0).then(|| ((a - c) / (2.0 * curvature), (-1.0 / curvature).sqrt()))
}

/// Whether the integrals are the values, to a small part of the least one.
fn reached(at: [f64; 3], values: [f64; 3]) -> bool {
    let least = values.into_iter().fold(f64::INFINITY, f64::min);
    sum(model(at, values).0) < CONVERGED * least
}

/// Intensity, centre and width of the Gaussian whose integrals over the three cells are the values, or where the steps
/// towards it end.
fn newton(values: [f64; 3]) -> Option<[f64; 3]> {
    let mut at = [values[1], 0.0, 1.0];
    let (mut residual, mut jacobian) = model(at, values);
    for _ in 0..STEPS {
        if sum(residual) < CONVERGED {
            break;
        }
        let step = solve(jacobian, residual)?;
        let before = half_square(residual);
        let mut scale = 1.0;
        loop {
            let next = [0, 1, 2].map(|k| at[k] - scale * step[k]);
            (residual, jacobian) = model(next, values);
            let after = half_square(residual);
            let small = scale * sum(step) < CONVERGED;
            if after <= before || small {
                at = next;
                if small {
                    return Some(at);
                }
                break;
            }
            // A residual that is not a number asks for a far smaller step.
            scale *= if after.is_finite() { before / (before + after) } else { 0.1 };
        }
    }
    at.iter().all(|x| x.is_finite()).then_some(at)
}

fn sum(values: [f64; 3]) -> f64 {
    values.iter().map(|v| v.abs()).sum()
}

fn half_square(residual: [f64; 3]) -> f64 {
    0.5 * residual.iter().map(|r| r * r).sum::<f64>()
}

/// Residuals of intensity, centre and width at the three cells, and their derivatives.
fn model([intensity, mu, sigma]: [f64; 3], values: [f64; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let root = std::f64::consts::SQRT_2 * sigma;
    let area = (std::f64::consts::PI / 2.0).sqrt();
    let (mut residual, mut jacobian) = ([0.0; 3], [[0.0; 3]; 3]);
    for (k, value) in values.into_iter().enumerate() {
        let (u, v) = (k as f64 - 0.5 - mu, k as f64 - 1.5 - mu);
        let band = libm::erf(u / root) - libm::erf(v / root);
        let (bell_u, bell_v) = ((-(u / root) * (u / root)).exp(), (-(v / root) * (v / root)).exp());
        residual[k] = intensity * sigma * area * band - value;
        jacobian[k] = [
            sigma * area * band,
            intensity * (bell_v - bell_u),
            intensity * (area * band - (u * bell_u - v * bell_v) / sigma),
        ];
    }
    (residual, jacobian)
}

/// The solution of three linear equations by Cramer's rule.
fn solve(matrix: [[f64; 3]; 3], right: [f64; 3]) -> Option<[f64; 3]> {
    let determinant = |[a, b, c]: [[f64; 3]; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    let whole = determinant(matrix);
    let solution = [0, 1, 2].map(|column| {
        let mut replaced = matrix;
        for row in 0..3 {
            replaced[row][column] = right[row];
        }
        determinant(replaced) / whole
    });
    solution.iter().all(|x| x.is_finite()).then_some(solution)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SETTINGS: Peaks = Peaks { w: 3, r: 0.4, lld_counts: 0.0 };

    fn space(n: usize) -> Space {
        Space::new([n; 3], [0.0; 3], [2.0 * n as f64; 3]).unwrap()
    }

    fn find(values: &[f64], n: usize, settings: Peaks) -> Vec<[f64; 8]> {
        let mut out = Vec::new();
        settings.find(values, &space(n), 7.0, &mut out).unwrap();
        out.as_chunks().0.to_vec()
    }

    fn blob(n: usize, centre: [f64; 3], sigma: f64) -> Vec<f64> {
        let root = std::f64::consts::SQRT_2 * sigma;
        let band = |k: usize, c: f64| libm::erf((k as f64 + 1.0 - c) / root) - libm::erf((k as f64 - c) / root);
        let mut values = Vec::new();
        for i in 0..n {
            for j in 0..n {
                for k in 0..n {
                    values.push(100.0 * band(i, centre[0]) * band(j, centre[1]) * band(k, centre[2]));
                }
            }
        }
        values
    }

    #[test]
    fn a_blob_is_found_where_it_is() {
        for centre in [[10.5, 10.5, 10.5], [9.2, 11.0, 10.9], [8.31, 12.77, 10.05]] {
            let found = find(&blob(20, centre, 1.3), 20, SETTINGS);
            assert_eq!(found.len(), 1);
            for axis in 0..3 {
                assert!((found[0][1 + axis] - 2.0 * centre[axis]).abs() < 1e-3, "{found:?}");
                assert!((found[0][4 + axis] - 2.6).abs() < 1e-2, "{found:?}");
            }
            assert_eq!(found[0][0], 7.0);
        }
    }

    #[test]
    fn only_the_first_of_equal_values_counts() {
        let mut values = vec![0.0; 1000];
        for cell in [444, 445, 555] {
            values[cell] = 3.0;
        }
        let found = find(&values, 10, SETTINGS);
        assert_eq!(found.len(), 1);
        assert!((found[0][1] - 2.0 * 4.5).abs() < 1e-6);
        assert_eq!(find(&vec![1.0; 1000], 10, Peaks { w: 1, ..SETTINGS }).len(), 64);
    }

    #[test]
    fn grids_without_a_feature_point() {
        assert_eq!(find(&vec![0.0; 1000], 10, SETTINGS).len(), 0);
        assert_eq!(find(&vec![1.0; 64], 4, SETTINGS).len(), 0);
        let mut values = blob(10, [5.0; 3], 1.0);
        assert_eq!(find(&values, 10, Peaks { lld_counts: 1e6, ..SETTINGS }).len(), 0);
        values[3] = f64::NAN;
        assert_eq!(find(&values, 10, SETTINGS).len(), 0);
    }

    #[test]
    fn lines_through_a_point_meet_there() {
        let point = [41.3, 52.9, 47.1];
        let mut lines: Vec<f64> = Vec::new();
        for k in 0..60 {
            let a = f64::from(k) * 0.37;
            let u = [a.cos() * 0.6, a.sin() * 0.6, 1.0 - f64::from(k % 7) * 0.2];
            lines.push(f64::from(k));
            lines.extend((0..3).map(|axis| point[axis] - 60.0 * u[axis]));
            lines.extend((0..3).map(|axis| point[axis] + 60.0 * u[axis]));
        }
        let rows = Rows::new(&lines, 7).unwrap();
        let limits = [Some([0.0, 100.0]); 3];
        let (mut out, mut scratch) = (Vec::new(), Scratch::default());
        SETTINGS.of_lines(rows, [50; 3], limits, &mut scratch, &Control::new(), &mut out).unwrap();
        assert_eq!(out.len(), COLUMNS);
        assert_eq!(out[0], 29.5);
        assert!((0..3).all(|axis| (out[1 + axis] - point[axis]).abs() < 1.0), "{out:?}");
    }

    #[test]
    fn a_cube_without_width_is_refused_with_lines_too() {
        let line = [0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0];
        let (settings, mut out) = (Peaks { w: 0, ..SETTINGS }, Vec::new());
        let rows = Rows::new(&line, 7).unwrap();
        let found = settings.of_lines(rows, [5; 3], [None; 3], &mut Scratch::default(), &Control::new(), &mut out);
        assert!(found.unwrap_err().to_string().contains("`w`"));
    }
}
