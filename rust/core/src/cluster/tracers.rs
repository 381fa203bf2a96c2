//! Radioactive tracers among cutpoints: HDBSCAN with the scale of the field of view.

use super::NOISE;
use super::hdbscan::{self, Hdbscan, Points};
use crate::{Control, Error, Result, Rows};

/// Finds the clusters of points around each tracer of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TracerClusters {
    true_fraction: f64,
    max_tracers: usize,
    injection: f64,
}

/// How far beyond the third quartile artificial points are added by default, in interquartile ranges.
pub const INJECTION: f64 = 1.5;

/// Buffers reused from one sample to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    rows: Vec<usize>,
    axes: [Vec<f64>; 3],
    sorted: Vec<f64>,
    /// Normal deviates of the injected points, three per point.
    normals: Vec<f64>,
    found: Vec<i32>,
    /// Real and injected points of every cluster.
    counts: Vec<[usize; 2]>,
    names: Vec<i32>,
    hdbscan: hdbscan::Scratch,
}

impl TracerClusters {
    /// `true_fraction` of the points lie near a tracer, shared by at most `max_tracers` of them.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < `true_fraction` <= 1 and `max_tracers` >= 1.
    pub fn new(true_fraction: f64, max_tracers: usize) -> Result<Self> {
        if !(true_fraction > 0.0 && true_fraction <= 1.0) {
            return Err(Error::argument("true_fraction", "a number in (0, 1]", true_fraction));
        }
        if max_tracers == 0 {
            return Err(Error::argument("max_tracers", "at least 1", 0));
        }
        Ok(Self { true_fraction, max_tracers, injection: INJECTION })
    }

    /// The same with the artificial points `injection` interquartile ranges beyond the third quartile.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < `injection` < ∞.
    pub fn injected_at(self, injection: f64) -> Result<Self> {
        if injection > 0.0 && injection.is_finite() {
            return Ok(Self { injection, ..self });
        }
        Err(Error::argument("injection", "a finite number > 0", injection))
    }

    /// Labels the rows (t, x, y, z, …) of one sample: 0, 1, … by first appearance, or [`NOISE`].
    ///
    /// HDBSCAN* never takes all points for one cluster. So that a single tracer can be found, m = `true_fraction` N /
    /// `max_tracers` artificial points are added beside the N points as a cluster of their own; then
    /// `min_cluster_size` = `min_samples` = `true_fraction` (N + m) / (`max_tracers` + 1), at least 2 and at most N.
    /// The artificial points are always the same, up to the quartiles of the sample, so that labels do not vary from
    /// call to call. A cluster is taken for the artificial one if it has over half of those points or more of them than
    /// real ones; a stray artificial point at the rim of a tracer's cluster does not cost the tracer.
    ///
    /// Rows with a coordinate that is not finite are noise and do not count; a single point is noise; points that are
    /// all the same are one cluster. Cost: that of [`hdbscan`](hdbscan::hdbscan).
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than 4 columns; [`Error::Cancelled`].
    pub fn label(
        &self,
        points: Rows<'_>,
        scratch: &mut Scratch,
        control: &Control,
        labels: &mut Vec<i32>,
    ) -> Result<()> {
        points.require_width("points", 4)?;
        labels.clear();
        labels.resize(points.len(), NOISE);
        scratch.load(points);
        let n = scratch.rows.len();
        if n <= 1 {
            return Ok(());
        }
        if scratch.axes.iter().all(|axis| axis.iter().all(|v| *v == axis[0])) {
            for &row in &scratch.rows {
                labels[row] = 0;
            }
            return Ok(());
        }
        let injected = self.inject(scratch);
        let phi = self.smallest_cluster(n, injected);
        let options = Hdbscan { min_cluster_size: phi, min_samples: phi };
        let Scratch { axes: [x, y, z], hdbscan, found, .. } = scratch;
        hdbscan::hdbscan(Points { x, y, z }, options, hdbscan, control, found)?;
        scratch.number(labels);
        Ok(())
    }

    /// What [`label`](Self::label) hands to HDBSCAN beside the points: the coordinates x, y, z of each injected point,
    /// and `min_cluster_size` = `min_samples`. Nothing is injected for fewer than two finite points.
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than 4 columns.
    pub fn injection(&self, points: Rows<'_>) -> Result<(Vec<f64>, usize)> {
        points.require_width("points", 4)?;
        let mut scratch = Scratch::default();
        scratch.load(points);
        let n = scratch.rows.len();
        if n <= 1 {
            return Ok((Vec::new(), 2));
        }
        let injected = self.inject(&mut scratch);
        let [x, y, z] = &scratch.axes;
        let xyz = x.iter().zip(y).zip(z).skip(n).flat_map(|((&x, &y), &z)| [x, y, z]).collect();
        Ok((xyz, self.smallest_cluster(n, injected)))
    }

    /// Points that a cluster must have at least, among `n` > 1 and the injected ones.
    fn smallest_cluster(&self, n: usize, injected: usize) -> usize {
        let phi = self.true_fraction * (n + injected) as f64 / (self.max_tracers as f64 + 1.0);
        (phi as usize).clamp(2, n)
    }

    /// Appends a cluster that is no tracer, so that a single tracer is one of two clusters: normally distributed
    /// points about Q3 + `injection` IQR with a standard deviation of 0.3 IQR on each axis, Q3 and IQR being the third
    /// quartile and the interquartile range. Their number is the share of one tracer.
    fn inject(&self, scratch: &mut Scratch) -> usize {
        let n = scratch.rows.len();
        let count = (n as f64 * self.true_fraction / self.max_tracers as f64) as usize;
        let Scratch { axes, sorted, normals, .. } = scratch;
        normal_sequence(normals, count);
        let mut spread = axes.each_ref().map(|axis| quartiles(axis, sorted));
        if spread.iter().all(|(low, high)| low == high) {
            // Over half of the points are one; the others tell the scale.
            spread = axes.each_ref().map(|axis| extremes(axis));
        }
        for (k, (axis, (low, high))) in axes.iter_mut().zip(spread).enumerate() {
            let range = high - low;
            let (mean, deviation) = (high + self.injection * range, 0.3 * range);
            axis.extend(normals.iter().skip(k).step_by(3).take(count).map(|u| mean + deviation * u));
        }
        count
    }
}

impl Scratch {
    /// Copies the finite rows.
    fn load(&mut self, points: Rows<'_>) {
        self.rows.clear();
        self.axes.iter_mut().for_each(Vec::clear);
        for (i, row) in points.iter().enumerate() {
            let xyz = &row[1..4];
            if xyz.iter().all(|v| v.is_finite()) {
                self.rows.push(i);
                for (axis, v) in self.axes.iter_mut().zip(xyz) {
                    axis.push(*v);
                }
            }
        }
    }

    /// Numbers the clusters that are not the injected one: not those with over half of the injected points,
    /// nor with more injected than real points.
    fn number(&mut self, labels: &mut [i32]) {
        let (real, injected) = self.found.split_at(self.rows.len());
        let clusters = real.iter().chain(injected).max().map_or(0, |last| (last + 1) as usize);
        self.counts.clear();
        self.counts.resize(clusters, [0, 0]);
        for (points, kind) in [(real, 0), (injected, 1)] {
            for cluster in points.iter().filter_map(|&found| usize::try_from(found).ok()) {
                self.counts[cluster][kind] += 1;
            }
        }
        self.names.clear();
        self.names.resize(clusters, NOISE);
        let mut next = 0;
        for (&row, &found) in self.rows.iter().zip(real) {
            let Ok(cluster) = usize::try_from(found) else { continue };
            let [own, foreign] = self.counts[cluster];
            if foreign > own || 2 * foreign > injected.len() {
                continue;
            }
            if self.names[cluster] == NOISE {
                self.names[cluster] = next;
                next += 1;
            }
            labels[row] = self.names[cluster];
        }
    }
}

/// First and third quartile, linear between the sorted values. `values` is not empty.
fn quartiles(values: &[f64], sorted: &mut Vec<f64>) -> (f64, f64) {
    sorted.clear();
    sorted.extend_from_slice(values);
    let last = values.len() - 1;
    (quantile(sorted, 0.25 * last as f64), quantile(sorted, 0.75 * last as f64))
}

fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
}

/// The value at a fractional place of the sorted `values`; puts the smaller ones before it.
fn quantile(values: &mut [f64], place: f64) -> f64 {
    let (_, &mut low, above) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    if high.is_finite() { low + (high - low) * place.fract() } else { low }
}

/// Three normal deviates per point from the additive recurrence with the plastic-like number of three dimensions
/// (Roberts 2018), which fills space evenly.
fn normal_sequence(normals: &mut Vec<f64>, count: usize) {
    const STEP: [f64; 3] = [0.819_172_513_396_164_4, 0.671_043_606_703_789_2, 0.549_700_477_901_970_2];
    for i in normals.len() / 3..count {
        for step in STEP {
            normals.push(normal_quantile((0.5 + step * (i + 1) as f64).fract()));
        }
    }
}

/// Inverse of the normal distribution function for 0 < p < 1 (Acklam's rational approximation, relative error 1.2e-9).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    const TAIL: f64 = 0.02425;
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    if !(TAIL..=1.0 - TAIL).contains(&p) {
        let q = (-2.0 * p.min(1.0 - p).max(f64::MIN_POSITIVE).ln()).sqrt();
        let lower = polynomial(&C, q) / polynomial(&D, q);
        return if p < 0.5 { lower } else { -lower };
    }
    let q = p - 0.5;
    q * polynomial(&A, q * q) / polynomial(&B, q * q)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `count` points spread evenly over a ball of the given radius, as rows t, x, y, z.
    fn ball(rows: &mut Vec<f64>, count: usize, centre: [f64; 3], radius: f64) {
        let mut normals = Vec::new();
        normal_sequence(&mut normals, count);
        for (i, normal) in normals.chunks_exact(3).enumerate() {
            rows.push(i as f64);
            rows.extend(normal.iter().zip(centre).map(|(u, c)| c + radius * u));
        }
    }

    fn label(rows: &[f64], true_fraction: f64, max_tracers: usize) -> Vec<i32> {
        let clusters = TracerClusters::new(true_fraction, max_tracers).unwrap();
        let (mut scratch, mut labels) = (Scratch::default(), Vec::new());
        let rows = Rows::new(rows, 4).unwrap();
        clusters.label(rows, &mut scratch, &Control::new(), &mut labels).unwrap();
        labels
    }

    #[test]
    fn a_single_tracer_is_found_among_scattered_points() {
        let mut rows = Vec::new();
        ball(&mut rows, 100, [50.0, -20.0, 300.0], 1.0);
        ball(&mut rows, 60, [0.0, 0.0, 250.0], 150.0);
        let labels = label(&rows, 0.5, 1);
        assert!(labels[..100].iter().all(|l| *l == 0));
        assert!(labels[100..].iter().filter(|l| **l == 0).count() < 20);
    }

    #[test]
    fn tracers_are_numbered_by_first_appearance() {
        let mut rows = Vec::new();
        ball(&mut rows, 50, [200.0, 0.0, 0.0], 1.0);
        ball(&mut rows, 50, [-200.0, 0.0, 0.0], 1.0);
        let labels = label(&rows, 0.6, 2);
        assert_eq!(labels, [vec![0; 50], vec![1; 50]].concat());
    }

    #[test]
    fn rows_that_are_not_finite_are_noise_and_change_nothing() {
        let mut rows = Vec::new();
        ball(&mut rows, 60, [0.0; 3], 1.0);
        ball(&mut rows, 60, [90.0; 3], 1.0);
        let expected = label(&rows, 0.6, 2);
        rows.splice(40..40, [0.0, f64::NAN, 1.0, 1.0, 0.0, 1.0, f64::INFINITY, 1.0]);
        let mut labels = label(&rows, 0.6, 2);
        assert_eq!(labels.drain(10..12).collect::<Vec<_>>(), [NOISE, NOISE]);
        assert_eq!(labels, expected);
    }

    #[test]
    fn points_that_coincide_are_one_cluster() {
        assert_eq!(label(&[1.0; 40], 0.5, 1), vec![0; 10]);
        let mut rows = [7.0; 160].to_vec();
        ball(&mut rows, 8, [0.0; 3], 100.0);
        let labels = label(&rows, 0.5, 1);
        assert!(labels[..40].iter().all(|l| *l == 0));
    }

    #[test]
    fn too_few_points_are_noise() {
        for n in 0..4 {
            let mut rows = Vec::new();
            ball(&mut rows, n, [0.0; 3], 1.0);
            assert_eq!(label(&rows, 0.15, 2), vec![NOISE; n]);
        }
    }

    #[test]
    fn parameters_outside_their_domain_are_refused() {
        for fraction in [0.0, -1.0, 1.5, f64::NAN] {
            let error = TracerClusters::new(fraction, 1).unwrap_err().to_string();
            assert!(error.starts_with("`true_fraction`"), "{error}");
        }
        assert!(TracerClusters::new(0.5, 0).unwrap_err().to_string().starts_with("`max_tracers`"));
        for injection in [0.0, -1.5, f64::INFINITY, f64::NAN] {
            let error = TracerClusters::new(0.5, 1).unwrap().injected_at(injection).unwrap_err().to_string();
            assert!(error.starts_with("`injection`"), "{error}");
        }
    }

    #[test]
    fn quartiles_are_those_of_numpy() {
        let mut sorted = Vec::new();
        assert_eq!(quartiles(&[4.0, 1.0, 3.0, 2.0], &mut sorted), (1.75, 3.25));
        assert_eq!(quartiles(&[1.0, 0.0], &mut sorted), (0.25, 0.75));
        assert_eq!(quartiles(&[5.0, 1.0, 9.0], &mut sorted), (3.0, 7.0));
        assert_eq!(quartiles(&[5.0], &mut sorted), (5.0, 5.0));
    }

    #[test]
    fn the_normal_sequence_is_normal() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-8);
        assert!((normal_quantile(0.01) + 2.326_347_874_040_841).abs() < 1e-8);
        assert!(normal_quantile(0.5).abs() < 1e-15);
        let mut normals = Vec::new();
        normal_sequence(&mut normals, 2000);
        for axis in 0..3 {
            let values = || normals.iter().skip(axis).step_by(3);
            let mean = values().sum::<f64>() / 2000.0;
            let variance = values().map(|v| v * v).sum::<f64>() / 2000.0;
            assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        }
    }
}
