//! Order 2: what calcium can follow if it has events in some frames only.
//!
//! Calcium without events in the frames I has G c = 0 there. The nearest such c to some x is x − Gᵀ M⁻¹ G x with the rows
//! I of G and M = G Gᵀ, which has five diagonals. M is factored as L D Lᵀ, for three x at once: a trace, ones, and the
//! penalty p = Gᵀ 1.

/// No frame, and far from any.
const NONE: usize = usize::MAX / 2;

/// A number for the trace, for ones and for the penalty.
pub(super) type Three = [f64; 3];

/// The three, what they follow, and what keeps them from following.
#[derive(Debug, Default)]
pub(super) struct Band {
    /// g₁ and g₂.
    roots: [f64; 2],
    /// The three in each frame.
    given: Vec<Three>,
    /// G of them.
    driven: Vec<Three>,
    /// Frames without events.
    silent: Vec<usize>,
    factors: Vec<Row>,
    /// The nearest calcium to each.
    pub(super) followed: Vec<Three>,
    /// M⁻¹ G x in silent frames, 0 in others.
    pub(super) pull: Vec<Three>,
}

/// A row of L, one over its part of D, and the right side on its way.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    near: f64,
    far: f64,
    inverse: f64,
    side: Three,
}

impl Band {
    pub(super) fn load(&mut self, trace: &[f64], [decay, rise]: [f64; 2]) {
        self.roots = [decay + rise, -decay * rise];
        let [g1, g2] = self.roots;
        let frames = trace.len();
        self.given.clear();
        self.given.extend(trace.iter().enumerate().map(|(frame, &y)| {
            let one = if frame + 1 < frames { g1 } else { 0.0 };
            let two = if frame + 2 < frames { g2 } else { 0.0 };
            [y, 1.0, 1.0 - one - two]
        }));
        self.driven.clear();
        let (mut last, mut older) = ([0.0; 3], [0.0; 3]);
        for &now in &self.given {
            self.driven.push(drive(now, last, older, self.roots));
            (older, last) = (last, now);
        }
    }

    /// g₁ and g₂.
    pub(super) fn roots(&self) -> [f64; 2] {
        self.roots
    }

    /// The three in each frame.
    pub(super) fn given(&self) -> &[Three] {
        &self.given
    }

    /// Fills `followed` and `pull` for events in the frames of `active` only.
    pub(super) fn solve(&mut self, active: &[bool]) {
        self.silent.clear();
        self.silent.extend(active.iter().enumerate().filter(|(_, active)| !**active).map(|(frame, _)| frame));
        self.factor();
        self.followed.clear();
        self.followed.extend_from_slice(&self.given);
        self.pull.clear();
        self.pull.resize(self.given.len(), [0.0; 3]);
        let [g1, g2] = self.roots;
        let (mut next, mut after) = ((Row::default(), [0.0; 3]), (Row::default(), [0.0; 3]));
        for (&frame, row) in self.silent.iter().zip(&self.factors).rev() {
            let pull: Three =
                std::array::from_fn(|k| row.side[k] * row.inverse - next.0.near * next.1[k] - after.0.far * after.1[k]);
            self.pull[frame] = pull;
            for (back, weight) in [(0, 1.0), (1, -g1), (2, -g2)] {
                if let Some(place) = frame.checked_sub(back) {
                    subtract(&mut self.followed[place], pull, weight);
                }
            }
            (after, next) = (next, (*row, pull));
        }
    }

    fn factor(&mut self) {
        self.factors.clear();
        let (mut last, mut older) = ((NONE, Row::default()), (NONE, Row::default()));
        for &frame in &self.silent {
            let (to_last, to_older) = (self.link(last.0, frame), self.link(older.0, frame));
            let far = to_older * older.1.inverse;
            let left = to_last - to_older * last.1.near;
            let near = left * last.1.inverse;
            let inverse = 1.0 / (self.link(frame, frame) - far * to_older - near * left);
            let side = std::array::from_fn(|k| self.driven[frame][k] - near * last.1.side[k] - far * older.1.side[k]);
            let row = Row { near, far, inverse, side };
            self.factors.push(row);
            (older, last) = (last, (frame, row));
        }
    }

    /// Row `first` of G times row `second`, which is none before it; 0 if there is no first.
    fn link(&self, first: usize, second: usize) -> f64 {
        let [g1, g2] = self.roots;
        match second.wrapping_sub(first) {
            0 => 1.0 + if first > 0 { g1 * g1 } else { 0.0 } + if first > 1 { g2 * g2 } else { 0.0 },
            1 => -g1 + if first > 0 { g1 * g2 } else { 0.0 },
            2 => -g2,
            _ => 0.0,
        }
    }
}

/// What drives calcium: G of one frame from this and the two before.
pub(super) fn drive(now: Three, last: Three, older: Three, [g1, g2]: [f64; 2]) -> Three {
    std::array::from_fn(|k| now[k] - g1 * last[k] - g2 * older[k])
}

fn subtract(from: &mut Three, values: Three, weight: f64) {
    for (from, value) in from.iter_mut().zip(values) {
        *from -= weight * value;
    }
}
