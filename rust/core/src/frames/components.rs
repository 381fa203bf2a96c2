//! Connected components of a mask, found by runs of equal pixels along rows.

/// Which pixels touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// Those that share an edge.
    Four,
    /// Those that share an edge or a corner.
    Eight,
}

/// Pixels `start..end` of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) row: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// From 1 on, in the order of the first pixels of the components.
    pub(super) label: usize,
}

/// Size and place of a component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) area: usize,
    /// First row and column, and those after the last.
    pub(super) bounds: [usize; 4],
}

/// The components of a mask, and buffers to be reused.
#[derive(Debug, Default)]
pub(super) struct Components {
    pub(super) runs: Vec<Run>,
    /// By label less 1.
    pub(super) extents: Vec<Extent>,
    parents: Vec<usize>,
}

impl Components {
    /// Finds the components of the pixels that are `wanted`; O(pixels).
    pub(super) fn find(&mut self, mask: &[bool], width: usize, wanted: bool, neighbours: Neighbours) {
        self.runs.clear();
        self.parents.clear();
        let mut above = 0..0;
        for (row, pixels) in mask.chunks_exact(width).enumerate() {
            let first = self.runs.len();
            self.push_runs(row, pixels, wanted);
            let own = first..self.runs.len();
            self.join(above, own.clone(), neighbours);
            above = own;
        }
        self.number();
    }

    fn push_runs(&mut self, row: usize, pixels: &[bool], wanted: bool) {
        let mut at = 0;
        while let Some(skipped) = pixels[at..].iter().position(|&pixel| pixel == wanted) {
            let start = at + skipped;
            let end = pixels[start..].iter().position(|&pixel| pixel != wanted).map_or(pixels.len(), |n| start + n);
            self.parents.push(self.runs.len());
            self.runs.push(Run { row, start, end, label: 0 });
            at = end;
        }
    }

    /// Joins the runs of two rows that touch.
    fn join(&mut self, above: std::ops::Range<usize>, own: std::ops::Range<usize>, neighbours: Neighbours) {
        let reach = usize::from(neighbours == Neighbours::Eight);
        let mut upper = above.start;
        for lower in own {
            let Run { start, end, .. } = self.runs[lower];
            while upper < above.end && self.runs[upper].end + reach <= start {
                upper += 1;
            }
            let mut touching = upper;
            while touching < above.end && self.runs[touching].start < end + reach {
                self.unite(touching, lower);
                touching += 1;
            }
        }
    }

    fn root(&mut self, mut run: usize) -> usize {
        while self.parents[run] != run {
            self.parents[run] = self.parents[self.parents[run]];
            run = self.parents[run];
        }
        run
    }

    /// The earlier root stays: it has the first pixel.
    fn unite(&mut self, one: usize, two: usize) {
        let (one, two) = (self.root(one), self.root(two));
        self.parents[one.max(two)] = one.min(two);
    }

    fn number(&mut self) {
        self.extents.clear();
        for index in 0..self.runs.len() {
            let root = self.root(index);
            let Run { row, start, end, .. } = self.runs[index];
            if root == index {
                self.extents.push(Extent { area: 0, bounds: [row, start, row + 1, end] });
                self.runs[index].label = self.extents.len();
            }
            let label = self.runs[root].label;
            self.runs[index].label = label;
            let Extent { area, bounds } = &mut self.extents[label - 1];
            *area += end - start;
            *bounds = [bounds[0], bounds[1].min(start), row + 1, bounds[3].max(end)];
        }
    }
}
