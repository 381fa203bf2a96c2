//! Radioactive tracers among cutpoints: HDBSCAN with the scale of the field of view.

use super::hdbscan::{self, Hdbscan, Points};
use super::{NOISE, hdbscan as cluster};
use crate::{Control, Error, Result, Rows};

/// Finds the clusters of points around each tracer of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TracerClusters {
    true_fraction: f64,
    max_tracers: usize,
}

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
        Ok(Self { true_fraction, max_tracers })
    }

    /// Labels the rows (t, x, y, z, …) of one sample: 0, 1, … by first appearance, or [`NOISE`].
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
        cluster(Points { x, y, z }, options, hdbscan, control, found)?;
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

    /// Appends a cluster that is no tracer, so that a single tracer is one of two clusters.
    fn inject(&self, scratch: &mut Scratch) -> usize {
        let n = scratch.rows.len();
        let count = (n as f64 * self.true_fraction / self.max_tracers as f64) as usize;
        let Scratch { axes, sorted, normals, .. } = scratch;
        normal_sequence(normals, count);
        for (k, axis) in axes.iter_mut().enumerate() {
            let (low, high) = quartiles(axis, sorted);
            let range = high - low;
            let (mean, deviation) = (high + 1.5 * range, 0.3 * range);
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
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
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
