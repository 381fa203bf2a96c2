//! Many samples through a chain of steps, in parallel over samples and serial inside one.

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

/// Samples that one thread takes at a time: consecutive ones, as they share rows.
const BLOCK: usize = 16;

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
        let block = |worker: &mut Worker, piece: usize| {
            let mut outcome = Outcome::new(self.widths[self.steps.len()]);
            for sample in piece * BLOCK..samples.min((piece + 1) * BLOCK) {
                control.check()?;
                outcome.push(self.sample(rows, tables(sample), worker, control)?);
                control.advance(1);
            }
            Ok(outcome)
        };
        let pieces = pool::map(samples.div_ceil(BLOCK), threads, control, Worker::default, block)?;
        Ok(Outcome::join(pieces, self.widths[self.steps.len()]))
    }

    fn sample<'w>(
        &self,
        rows: Rows<'_>,
        tables: &[(usize, usize)],
        worker: &'w mut Worker,
        control: &Control,
    ) -> Result<&'w Groups> {
        let Worker { input, output, scratch } = worker;
        input.reset(rows.width());
        for &(start, end) in tables {
            input.data.extend_from_slice(rows.slice(start, end).data());
            input.close();
        }
        for (step, &width) in self.steps.iter().zip(&self.widths[1..]) {
            output.reset(width);
            step.run(input, output, scratch, control)?;
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

impl Outcome {
    fn new(width: usize) -> Self {
        let groups = Groups { width, ..Groups::default() };
        Self { groups, owners: vec![0] }
    }

    fn push(&mut self, sample: &Groups) {
        let shift = self.groups.rows();
        self.groups.data.extend_from_slice(&sample.data);
        let moved = sample.ranges.iter().map(|&(start, end)| (start + shift, end + shift));
        self.groups.ranges.extend(moved);
        self.owners.push(self.groups.ranges.len());
    }

    fn join(pieces: Vec<Self>, width: usize) -> Self {
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
