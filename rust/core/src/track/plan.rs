//! Many samples through a chain of steps, in parallel over samples and serial inside one.

use std::cell::Cell;

use super::groups::Groups;
use super::steps::{Scratch, Step};
use crate::{Control, Error, Result, Rows, pool};

/// A chain of steps that fit together.
///
/// ```
/// use lumentrace::{Control, Rows, cluster::tracers::TracerClusters, lines::cutpoints::Cutpoints};
/// use lumentrace::track::{Plan, Step};
///
/// // Four lines through the point (1, 2, 3).
/// let lines = [
///     [0.0, 0.0, 2.0, 3.0, 2.0, 2.0, 3.0],
///     [1.0, 1.0, 0.0, 3.0, 1.0, 4.0, 3.0],
///     [2.0, 1.0, 2.0, 0.0, 1.0, 2.0, 6.0],
///     [3.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0],
/// ]
/// .concat();
/// let plan = Plan::new(
///     vec![
///         Step::Cutpoints(Cutpoints { max_distance: 0.1, cutoffs: None, append_indices: false }),
///         Step::Centroids { error: true, cluster_size: true, weight: None },
///     ],
///     7,
/// )?;
/// let outcome = plan.run(Rows::new(&lines, 7)?, &[(0, 4)], None, 1, &Control::new())?;
/// assert_eq!(outcome.groups.data, [1.5, 1.0, 2.0, 3.0, 0.0, 6.0]);
/// # Ok::<(), lumentrace::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<Step>,
    /// Columns before the first step, and after each.
    widths: Vec<usize>,
}

/// The tables of all samples in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// All tables.
    pub groups: Groups,
    /// Sample `i` owns the tables `owners[i]..owners[i + 1]`.
    pub owners: Vec<usize>,
}

/// Most samples that one thread takes at a time: consecutive ones, as they share rows.
const BLOCK: usize = 16;

/// Blocks per thread that there are at least, so that all threads end at about the same time.
const BLOCKS_PER_THREAD: usize = 8;

impl Plan {
    /// A plan of `steps` for tables of `width` columns.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no step, or one cannot follow the one before.
    pub fn new(steps: Vec<Step>, width: usize) -> Result<Self> {
        if steps.is_empty() {
            return Err(Error::argument("steps", "at least one step", 0));
        }
        let mut widths = vec![width];
        let mut list = false;
        for step in &steps {
            if list && step.wants_single() {
                let expected = "a step that takes a list of tables";
                return Err(Error::argument("steps", expected, format!("{step:?}")));
            }
            if step.wants_named_lines() && !steps[0].names_lines() {
                let expected = "a first step that names lines";
                return Err(Error::argument("steps", expected, format!("{:?}", steps[0])));
            }
            widths.push(step.width(widths[widths.len() - 1])?);
            list = step.makes_list();
        }
        Ok(Self { steps, widths })
    }

    /// Runs the plan over samples of `rows`.
    ///
    /// `ranges` are the tables of the samples; `owners` says which tables belong to which sample
    /// (`owners[i]..owners[i + 1]`), and `None` that each sample is one table. The result does not depend on `threads`
    /// (0: one per core). Each finished sample advances `control` by one.
    ///
    /// # Errors
    /// [`Error::Argument`] if `rows` has not the plan's width, a range or owner lies outside, or a step refuses its
    /// input; [`Error::Cancelled`] soon after `control` was cancelled.
    pub fn run(
        &self,
        rows: Rows<'_>,
        ranges: &[(usize, usize)],
        owners: Option<&[usize]>,
        threads: usize,
        control: &Control,
    ) -> Result<Outcome> {
        if rows.width() != self.widths[0] {
            let expected = format!("{} columns", self.widths[0]);
            return Err(Error::argument("rows", expected, format!("{} columns", rows.width())));
        }
        check(rows, ranges, owners, self.steps[0].wants_single())?;
        let samples = owners.map_or(ranges.len(), |owners| owners.len().saturating_sub(1));
        let tables = |sample: usize| match owners {
            Some(owners) => &ranges[owners[sample]..owners[sample + 1]],
            None => &ranges[sample..=sample],
        };
        let size = (samples / (BLOCKS_PER_THREAD * pool::resolve(threads))).clamp(1, BLOCK);
        let block = |worker: &mut Worker, piece: usize| {
            let mut outcome = Outcome::new(self.widths[self.steps.len()]);
            for sample in piece * size..samples.min((piece + 1) * size) {
                control.check()?;
                outcome.push(self.sample(rows, tables(sample), worker, control)?);
                control.advance(1);
            }
            Ok(outcome)
        };
        if samples <= 1 {
            return Worker::kept(|worker| {
                worker.scratch.set_threads(threads);
                block(worker, 0)
            });
        }
        let pieces = pool::map(samples.div_ceil(size), threads, control, Worker::default, block)?;
        Ok(Outcome::join(pieces, self.widths[self.steps.len()]))
    }

    fn sample<'w>(
        &self,
        rows: Rows<'_>,
        tables: &[(usize, usize)],
        worker: &'w mut Worker,
        control: &Control,
    ) -> Result<&'w mut Groups> {
        let Worker { input, output, scratch } = worker;
        input.reset(rows.width());
        for &(start, end) in tables {
            input.data.extend_from_slice(rows.slice(start, end).data());
            input.close();
        }
        let sample = tables.first().map_or(rows.slice(0, 0), |&(start, end)| rows.slice(start, end));
        for (step, &width) in self.steps.iter().zip(&self.widths[1..]) {
            output.reset(width);
            step.run(sample, input, output, scratch, control)?;
            std::mem::swap(input, output);
        }
        Ok(input)
    }
}

/// What a thread reuses from sample to sample.
#[derive(Default)]
struct Worker {
    input: Groups,
    output: Groups,
    scratch: Scratch,
}

thread_local! {
    /// The worker of the last short run on this thread: a loop over single samples need not allocate again.
    static KEPT: Cell<Option<Box<Worker>>> = const { Cell::new(None) };
}

/// Runs with more rows than this in their result do not keep their buffers.
const KEPT_ROWS: usize = 200_000;

impl Worker {
    fn kept(run: impl FnOnce(&mut Self) -> Result<Outcome>) -> Result<Outcome> {
        let mut worker = KEPT.take().unwrap_or_default();
        let outcome = run(&mut worker)?;
        if outcome.groups.rows() <= KEPT_ROWS {
            KEPT.set(Some(worker));
        }
        Ok(outcome)
    }
}

impl Outcome {
    fn new(width: usize) -> Self {
        let groups = Groups { width, ..Groups::default() };
        Self { groups, owners: vec![0] }
    }

    fn push(&mut self, sample: &mut Groups) {
        let shift = self.groups.rows();
        if self.groups.ranges.is_empty() {
            std::mem::swap(&mut self.groups, sample);
            self.owners.push(self.groups.ranges.len());
            return;
        }
        self.groups.data.extend_from_slice(&sample.data);
        let moved = sample.ranges.iter().map(|&(start, end)| (start + shift, end + shift));
        self.groups.ranges.extend(moved);
        self.owners.push(self.groups.ranges.len());
    }

    fn join(mut pieces: Vec<Self>, width: usize) -> Self {
        if pieces.len() == 1 {
            return pieces.swap_remove(0);
        }
        let mut all = Self::new(width);
        all.groups.data.reserve_exact(pieces.iter().map(|p| p.groups.data.len()).sum());
        for piece in pieces {
            let first = all.groups.ranges.len();
            let shift = all.groups.rows();
            all.groups.data.extend_from_slice(&piece.groups.data);
            let moved = piece.groups.ranges.iter().map(|&(start, end)| (start + shift, end + shift));
            all.groups.ranges.extend(moved);
            all.owners.extend(piece.owners[1..].iter().map(|owner| owner + first));
        }
        all
    }
}

fn check(rows: Rows<'_>, ranges: &[(usize, usize)], owners: Option<&[usize]>, single: bool) -> Result<()> {
    if let Some(&(start, end)) = ranges.iter().find(|&&(start, end)| start > end || end > rows.len()) {
        let expected = format!("0 <= start <= end <= {}", rows.len());
        return Err(Error::argument("ranges", expected, format!("[{start}, {end}]")));
    }
    let Some(owners) = owners else { return Ok(()) };
    let fits = owners.first() == Some(&0) && owners.last() == Some(&ranges.len()) && owners.is_sorted();
    if !fits {
        let expected = format!("ascending numbers from 0 to {}", ranges.len());
        return Err(Error::argument("owners", expected, format!("{} other numbers", owners.len())));
    }
    if single && owners.windows(2).any(|pair| pair[1] - pair[0] != 1) {
        return Err(Error::argument("owners", "one table per sample", "a list of tables"));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cluster::tracers::TracerClusters;
    use crate::lines::clusters::ClusterLines;
    use crate::lines::cutpoints::Cutpoints;

    /// `n` lines through the origin and as many anywhere, without order.
    fn lines(n: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let mut rows = Vec::new();
        for i in 0..2 * n {
            let u = [random(), random(), random()].map(|v| 100.0 * v);
            let p = [random(), random(), random()].map(|v| if i % 2 == 0 { 0.1 * v } else { 100.0 * v });
            rows.push(i as f64);
            rows.extend((0..3).map(|k| p[k] - u[k]));
            rows.extend((0..3).map(|k| p[k] + u[k]));
        }
        rows
    }

    fn recipe() -> Vec<Step> {
        vec![
            Step::Cutpoints(Cutpoints { max_distance: 1.0, cutoffs: None, append_indices: false }),
            Step::Hdbscan(TracerClusters::new(0.3, 1).unwrap()),
            Step::SplitLabels { column: 4, remove: true, noise: false },
            Step::Centroids { error: true, cluster_size: true, weight: None },
        ]
    }

    fn sliding(rows: usize) -> Vec<(usize, usize)> {
        (0..=rows - 60).step_by(7).map(|start| (start, start + 60)).collect()
    }

    #[test]
    fn the_tracer_is_found_whatever_the_number_of_threads() {
        let data = lines(400);
        let rows = Rows::new(&data, 7).unwrap();
        let plan = Plan::new(recipe(), 7).unwrap();
        let run = |threads| plan.run(rows, &sliding(800), None, threads, &Control::new()).unwrap();
        let alone = run(1);
        assert_eq!(alone, run(2));
        assert_eq!(alone, run(5));
        assert_eq!(alone.groups.width, 6);
        assert_eq!(alone.owners.len(), sliding(800).len() + 1);
        let far = alone.groups.data.chunks_exact(6).filter(|row| row[1].hypot(row[2]).hypot(row[3]) > 1.0).count();
        assert!(alone.groups.rows() > 90 && far == 0, "{far} of {} locations are off", alone.groups.rows());
    }

    #[test]
    fn one_sample_at_a_time_gives_the_same() {
        let data = lines(100);
        let rows = Rows::new(&data, 7).unwrap();
        let plan = Plan::new(recipe(), 7).unwrap();
        let together = plan.run(rows, &sliding(200), None, 2, &Control::new()).unwrap();
        let mut apart = Vec::new();
        for range in sliding(200) {
            let one = plan.run(rows.slice(range.0, range.1), &[(0, 60)], None, 1, &Control::new()).unwrap();
            apart.extend(one.groups.data);
        }
        assert_eq!(together.groups.data, apart);
    }

    #[test]
    fn lists_stay_with_their_samples() {
        let plan = Plan::new(vec![Step::Centroids { error: false, cluster_size: true, weight: None }], 4).unwrap();
        let data = [0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0, 5.0, 5.0];
        let rows = Rows::new(&data, 4).unwrap();
        let ranges = [(0, 2), (2, 3), (3, 3)];
        let outcome = plan.run(rows, &ranges, Some(&[0, 2, 2, 3]), 1, &Control::new()).unwrap();
        assert_eq!(outcome.groups.data, [1.0, 2.0, 2.0, 2.0, 2.0, 4.0, 5.0, 5.0, 5.0, 1.0]);
        assert_eq!(outcome.groups.ranges, [(0, 2), (2, 2), (2, 2)]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |steps, width| Plan::new(steps, width).unwrap_err().to_string();
        assert!(refused(Vec::new(), 7).contains("at least one step"));
        assert!(refused(recipe(), 6).contains("at least 7 columns"));
        assert!(refused(vec![recipe().remove(0), Step::Birmingham { fopt: 0.5 }], 7).contains("found 4 columns"));
        let twice = [&recipe()[..3], &recipe()[2..3]].concat();
        assert!(refused(twice, 7).contains("list of tables"));
        let by_lines = Step::ClusterLines(ClusterLines { indices: vec![2, 3], label: 4, reject: 3.5 });
        let nameless = [&recipe()[..2], std::slice::from_ref(&by_lines)].concat();
        assert!(refused(nameless, 7).contains("a first step that names lines"));

        let data = lines(1);
        let rows = Rows::new(&data, 7).unwrap();
        let plan = Plan::new(recipe(), 7).unwrap();
        let run = |ranges: &[(usize, usize)], owners: Option<&[usize]>| {
            plan.run(rows, ranges, owners, 1, &Control::new()).unwrap_err().to_string()
        };
        assert!(run(&[(0, 3)], None).contains("`ranges`"));
        assert!(run(&[(2, 1)], None).contains("`ranges`"));
        assert!(run(&[(0, 2)], Some(&[0, 2])).contains("`owners`"));
        assert!(run(&[(0, 1), (1, 2)], Some(&[0, 2])).contains("one table per sample"));
    }

    #[test]
    fn a_cancelled_run_says_so() {
        let data = lines(50);
        let control = Control::new();
        control.cancel();
        let plan = Plan::new(recipe(), 7).unwrap();
        let result = plan.run(Rows::new(&data, 7).unwrap(), &sliding(100), None, 2, &control);
        assert_eq!(result, Err(Error::Cancelled));
    }

    #[test]
    fn columns_that_no_table_has_are_refused() {
        for step in [
            Step::SplitLabels { column: usize::MAX, remove: true, noise: false },
            Step::Centroids { error: false, cluster_size: false, weight: Some(usize::MAX) },
        ] {
            for width in [0, 7] {
                assert!(Plan::new(vec![step.clone()], width).unwrap_err().to_string().contains("columns"));
            }
        }
    }
}
