//! Second pass: events become lines of response.

use super::words::{BYTES_PER_WORD, NO_X, NO_Y, Word, is_usual, split_at_marker, tag_step};
use super::{COLUMNS, Clock, Header};

/// Second pass: pairs events into lines of response.
///
/// Six flags are kept: an X and a Y position from either head, a first and a second half. A first-half X
/// word starts over with the positions; the word that completes the six gives the line its time, and clears
/// them. Coordinates are `x = 0.59 v`, `y1 = 600 - 0.59 v`, `y2 = 600 - 0.59 (1024 - v)`, `z1 = -10` and
/// `z2 = separation + 10`; `t = ticks / rate`. O(words).
#[derive(Debug, Clone)]
pub struct Decoder {
    after_marker: bool,
    tag: u8,
    ticks: u64,
    line: Line,
    ticks_per_ms: f64,
    z2: f64,
}

/// What is known of the next line: four lanes of 16 bits (x1, x2, y1, y2 from the lowest on), each with an inverted
/// position and a flag above it that says it is there; the two halves have their flags in the first lane.
type Line = u64;

const LANES: [Line; 4] = [0x3FF, 0x3FF << 16, 0x3FF << 32, 0x3FF << 48];
const THERE: [Line; 4] = [1 << 10, 1 << 26, 1 << 42, 1 << 58];
const FIRST_HALF: Line = 1 << 11;
const SECOND_HALF: Line = 1 << 12;
const COMPLETE: Line = THERE[0] | THERE[1] | THERE[2] | THERE[3] | FIRST_HALF | SECOND_HALF;

/// What an event word does to the line: clears all but `keep`, sets flags, stores its position in `lanes`.
#[derive(Clone, Copy)]
struct Action {
    keep: Line,
    set: Line,
    lanes: Line,
}

impl Action {
    /// What `word` does; decided by its bits 7, 9, 22 and 23.
    #[inline]
    fn of(word: u32) -> Self {
        ACTIONS[(word >> 7 & 0b1 | word >> 8 & 0b10 | word >> 20 & 0b1100) as usize]
    }
}

static ACTIONS: [Action; 16] = {
    let mut actions = [Action { keep: 0, set: 0, lanes: 0 }; 16];
    let mut i = 0;
    while i < actions.len() {
        let (is_x, is_y, second_half) = (i & 1 == 0, i & 2 == 0, i & 4 != 0);
        let head = if i & 8 == 0 { 1 } else { 0 };
        let (mut keep, mut set, mut lanes) = (u64::MAX, 0, 0);
        if is_x {
            keep = if second_half { u64::MAX } else { SECOND_HALF };
            set = THERE[head] | if second_half { SECOND_HALF } else { FIRST_HALF };
            lanes = LANES[head];
        }
        if is_y {
            set |= THERE[head + 2];
            lanes |= LANES[head + 2];
        }
        actions[i] = Action { keep: keep & !lanes, set, lanes };
        i += 1;
    }
    actions
};

/// Which bit of the word holds which bit of the position.
pub(super) const SCRAMBLE: [(u32, u32); 10] =
    [(9, 8), (8, 10), (7, 12), (6, 14), (5, 16), (4, 21), (3, 19), (2, 18), (1, 11), (0, 13)];

/// Inverted position bits from the second byte of a word (bits 8..=15), the same in every lane.
static LOW: [Line; 256] = unscramble(8);
/// Inverted position bits from the third byte of a word (bits 16..=23), the same in every lane.
static HIGH: [Line; 256] = unscramble(16);

const fn unscramble(first_bit: u32) -> [Line; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut k = 0;
        while k < SCRAMBLE.len() {
            let (to, from) = SCRAMBLE[k];
            if from >= first_bit && from < first_bit + 8 && byte >> (from - first_bit) & 1 == 1 {
                table[byte] |= 0x0001_0001_0001_0001 << to;
            }
            k += 1;
        }
        byte += 1;
    }
    table
}

/// The inverted position in an event word, in every lane.
#[inline]
fn inverted(word: Word) -> Line {
    LOW[usize::from(word[1])] | HIGH[usize::from(word[2])]
}

impl Decoder {
    /// A decoder at the first word of a file.
    pub fn new(header: Header, clock: Clock) -> Self {
        Self {
            after_marker: false,
            tag: 0,
            ticks: 0,
            line: 0,
            ticks_per_ms: clock.ticks_per_ms,
            z2: f64::from(header.separation) + 10.0,
        }
    }

    /// Decodes the next words of the file into the rows of `out`, [`COLUMNS`] values each, until either is used up.
    /// Returns how many bytes were used and how many rows were written.
    ///
    /// Bytes after the last whole word are not used, and an `out` without a whole row uses nothing.
    pub fn fill(&mut self, bytes: &[u8], out: &mut [f64]) -> (usize, usize) {
        let (words, _) = bytes.as_chunks::<BYTES_PER_WORD>();
        let (rows, _) = out.as_chunks_mut::<COLUMNS>();
        let (mut left, mut written) = (words, 0);
        while let Some((_, after)) = left.split_first()
            && let Some(free) = rows.get_mut(written..)
            && !free.is_empty()
        {
            if self.after_marker {
                self.after_marker = false;
                left = after;
                continue;
            }
            // Not looking further keeps small blocks of rows from searching the same long buffer again and again.
            let (events, rest) = split_at_marker(left.get(..4096).unwrap_or(left));
            let (used, filled) = self.pair(events, free);
            self.after_marker = used == events.len() && !rest.is_empty();
            left = left.get(used + usize::from(self.after_marker)..).unwrap_or(&[]);
            written += filled;
        }
        ((words.len() - left.len()) * BYTES_PER_WORD, written)
    }

    /// Pairs events, without a marker among them, until `rows` is full; returns how many events were used and how
    /// many rows were written.
    fn pair(&mut self, events: &[Word], rows: &mut [[f64; COLUMNS]]) -> (usize, usize) {
        let (mut left, mut written) = (events, 0);
        while !left.is_empty()
            && let Some(row) = rows.get_mut(written)
        {
            let line = match left.split_first_chunk() {
                Some((group, rest)) if is_usual(group) => {
                    left = rest;
                    Some(self.usual_line(group))
                }
                _ => self.any_line(&mut left),
            };
            if let Some(line) = line {
                *row = self.row(line);
                written += 1;
            }
        }
        (events.len() - left.len(), written)
    }

    /// Takes events off `left` until they complete a line.
    fn any_line(&mut self, left: &mut &[Word]) -> Option<Line> {
        let Self { mut tag, mut ticks, mut line, .. } = *self;
        let mut events = left.iter();
        for &word in events.by_ref() {
            ticks += u64::from(tag_step(word[3], tag));
            tag = word[3];
            let bits = u32::from_le_bytes(word);
            if bits & (NO_X | NO_Y) == NO_X | NO_Y {
                continue;
            }
            let action = Action::of(bits);
            line = line & action.keep | action.set | inverted(word) & action.lanes;
            if line & COMPLETE == COMPLETE {
                break;
            }
        }
        *left = events.as_slice();
        (self.tag, self.ticks) = (tag, ticks);
        let complete = line & COMPLETE == COMPLETE;
        self.line = if complete { 0 } else { line };
        complete.then_some(line)
    }

    /// The line in a group that [`is_usual`].
    #[inline]
    fn usual_line(&mut self, &[x, y, _, u, v, _]: &[Word; 6]) -> Line {
        self.ticks += u64::from(tag_step(x[3], self.tag));
        self.tag = x[3];
        self.line = 0;
        let (x1, x2, y1, y2) = if x[2] & 0x80 == 0 { (u, x, v, y) } else { (x, u, y, v) };
        inverted(x1) & LANES[0] | inverted(x2) & LANES[1] | inverted(y1) & LANES[2] | inverted(y2) & LANES[3]
    }

    /// A complete line in ms and mm.
    #[inline]
    fn row(&self, line: Line) -> [f64; COLUMNS] {
        let v = |lane: u32| f64::from((!line >> (16 * lane)) as u16 & 0x3FF);
        let t = self.ticks as f64 / self.ticks_per_ms;
        let (y1, y2) = (0.59 * v(2), 0.59 * (1024.0 - v(3)));
        [t, 0.59 * v(0), 600.0 - y1, -10.0, 0.59 * v(1), 600.0 - y2, self.z2]
    }
}
