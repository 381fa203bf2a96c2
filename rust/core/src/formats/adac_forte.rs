//! List-mode files of the ADAC Forte, the two-headed positron camera of the University of Birmingham (`.da01`).
//!
//! All numbers are little-endian. A [`Header`] of 1008 bytes is followed by 32-bit words. The word `0xFACEFACE`
//! opens a buffer, the word after it is the camera's clock in ms, and every other word is an event:
//!
//! | bits | meaning |
//! |---|---|
//! | 24..=31 | time tag, counts clock ticks modulo 256 |
//! | 23 | 1 for the first head (x1, y1), 0 for the second (x2, y2) |
//! | 22 | 0 for the first half of a pair of photons, 1 for the second |
//! | 9 | 0 for a word with a Y position |
//! | 7 | 0 for a word with an X position; bits 7 and 9 both 1: the photon's energy, not used |
//! | 8..=21 | the position v, 0..=1023: its bits 9 to 0 are the inverted bits 8, 10, 12, 14, 16, 21, 19, 18, 11, 13 |
//!
//! Four positions and both halves make one line of response (`LoR`), a row `t, x1, y1, z1, x2, y2, z2` in ms and mm.
//!
//! A file is read twice: [`Calibration`] finds how long a tick is, [`Decoder`] makes the rows. Both take the words
//! in pieces of any length, so a file larger than memory needs one small buffer; [`read`] does it all at once.
//!
//! The layout is not published; it is known from files whose contents are known. A damaged file does not fail half
//! way: what cannot be understood is skipped, and what remains is decoded.

use crate::simd::wide;
use crate::{Control, Error, Result};

/// Columns of a row: t, x1, y1, z1, x2, y2, z2.
pub const COLUMNS: usize = 7;

/// Bytes before the first word.
pub const HEADER_BYTES: usize = 1008;

/// Rate of the camera's tick counter, for files with too few clock words to measure it.
pub const NOMINAL_TICKS_PER_MS: f64 = 2.3837;

const FORMAT: &str = "ADAC Forte";
const MARKER: u32 = 0xFACE_FACE;
const NO_X: u32 = 1 << 7;
const NO_Y: u32 = 1 << 9;
const HALF_2: u32 = 1 << 22;
const HEAD_1: u32 = 1 << 23;
const TAG: u32 = 0xFF00_0000;

/// A tag difference of this many ticks or more is jitter backwards in time, not progress.
const BACKWARDS: u8 = 130;

const BYTES_PER_WORD: usize = 4;
type Word = [u8; BYTES_PER_WORD];

/// What the first [`HEADER_BYTES`] of a file say; the 1000 bytes of free text are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Distance between the two heads in mm.
    pub separation: i32,
    /// Angle of the gantry.
    pub angle: i32,
}

impl Header {
    /// Reads the header and checks that a buffer starts right after it; `bytes` is the file or its beginning.
    ///
    /// # Errors
    /// [`Error::Format`] if `bytes` ends before the first word, or that word is not `0xFACEFACE`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (words, _) = bytes.as_chunks::<BYTES_PER_WORD>();
        let (Some(separation), Some(angle), Some(first)) =
            (words.first(), words.get(1), words.get(HEADER_BYTES / BYTES_PER_WORD))
        else {
            let expected = format!("a header of {HEADER_BYTES} bytes and the word 0xFACEFACE");
            return Err(Error::format(FORMAT, 0, expected, format!("{} bytes", bytes.len())));
        };
        let first = u32::from_le_bytes(*first);
        if first != MARKER {
            let expected = "the word 0xFACEFACE, which opens the first buffer";
            return Err(Error::format(FORMAT, HEADER_BYTES as u64, expected, format!("{first:#010X}")));
        }
        Ok(Self { separation: i32::from_le_bytes(*separation), angle: i32::from_le_bytes(*angle) })
    }
}

/// How the length of a tick was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSource {
    /// Straight line through (clock, ticks) of every buffer but the first.
    Fit,
    /// Ticks per ms from the first clock word to the last, because no rising line can be fitted.
    Mean,
    /// [`NOMINAL_TICKS_PER_MS`], because the file has no usable interval.
    Nominal,
}

/// The length of a tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Ticks per ms, finite and positive.
    pub ticks_per_ms: f64,
    /// Where the rate comes from.
    pub source: ClockSource,
    /// Squared correlation of clock and ticks: near 1 for a sound file, NaN where no line was fitted.
    pub correlation: f64,
    /// Number of buffers that have a clock word.
    pub buffers: u64,
}

/// First pass: compares the tick counter with the clock words.
///
/// With c the clock since the first buffer and t the ticks since the first event, one pair for each of the n
/// later buffers, the rate is the slope of the least-squares line, `(n Σct - Σc Σt) / (n Σcc - Σc²)`. O(words).
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    after_marker: bool,
    first_clock: Option<u32>,
    tag: Option<u8>,
    ticks: u64,
    sums: Sums,
}

/// Sums over the pairs (clock, ticks), exact for every file that fits on a disk, and the last pair.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: i128,
    c: i128,
    t: i128,
    ct: i128,
    cc: i128,
    tt: i128,
    last: (i128, i128),
}

impl Calibration {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next words of the file; bytes after the last whole word are not used.
    pub fn push(&mut self, bytes: &[u8]) {
        let (mut words, _) = bytes.as_chunks::<BYTES_PER_WORD>();
        while let Some((first, rest)) = words.split_first() {
            if self.after_marker {
                self.after_marker = false;
                self.record(u32::from_le_bytes(*first));
                words = rest;
                continue;
            }
            let (events, rest) = split_at_marker(words);
            if let (Some(first), Some(last)) = (events.first(), events.last()) {
                let tag = self.tag.unwrap_or(first[3]);
                self.ticks += u64::from(tag_step(first[3], tag)) + count_ticks(events);
                self.tag = Some(last[3]);
            }
            self.after_marker = !rest.is_empty();
            words = rest.get(1..).unwrap_or(&[]);
        }
    }

    fn record(&mut self, clock: u32) {
        let Some(first) = self.first_clock else {
            self.first_clock = Some(clock);
            return;
        };
        let passed = i128::from(clock) - i128::from(first);
        // The camera's clock starts again at 0 after 2^32 ms.
        let c = if passed < -(1 << 31) { passed + (1 << 32) } else { passed };
        let t = i128::from(self.ticks);
        let sums = &mut self.sums;
        sums.n += 1;
        sums.c += c;
        sums.t += t;
        sums.ct += c * t;
        sums.cc += c * c;
        sums.tt += t * t;
        sums.last = (c, t);
    }

    /// The rate of ticks over all the words pushed.
    pub fn finish(&self) -> Clock {
        let Sums { n, c, t, ct, cc, tt, last } = self.sums;
        let spread = |xy: i128, x: i128, y: i128| n.saturating_mul(xy).saturating_sub(x.saturating_mul(y)) as f64;
        let (cov, var_c, var_t) = (spread(ct, c, t), spread(cc, c, c), spread(tt, t, t));
        let (slope, mean) = (cov / var_c, last.1 as f64 / last.0 as f64);
        let (ticks_per_ms, source, correlation) = if is_rate(slope) {
            (slope, ClockSource::Fit, slope * cov / var_t)
        } else if is_rate(mean) {
            (mean, ClockSource::Mean, f64::NAN)
        } else {
            (NOMINAL_TICKS_PER_MS, ClockSource::Nominal, f64::NAN)
        };
        let buffers = n as u64 + u64::from(self.first_clock.is_some());
        Clock { ticks_per_ms, source, correlation, buffers }
    }
}

fn is_rate(ticks_per_ms: f64) -> bool {
    ticks_per_ms.is_finite() && ticks_per_ms > 0.0
}

/// Ticks from one tag to the next: their difference modulo 256, or 0 if that is [`BACKWARDS`].
fn tag_step(tag: u8, previous: u8) -> u8 {
    let step = tag.wrapping_sub(previous);
    if step < BACKWARDS { step } else { 0 }
}

/// The words before the next marker, and the rest from the marker on.
fn split_at_marker(words: &[Word]) -> (&[Word], &[Word]) {
    let (blocks, _) = words.as_chunks::<64>();
    let clean = blocks.iter().take_while(|block| !has_marker(block.as_slice())).count() * 64;
    let tail = words.get(clean..).unwrap_or(&[]);
    let marker = tail.iter().position(|word| u32::from_le_bytes(*word) == MARKER);
    words.split_at_checked(clean + marker.unwrap_or(tail.len())).unwrap_or((words, &[]))
}

wide! {
    fn has_marker(words: &[Word]) -> bool {
        words.iter().fold(false, |any, word| any | (u32::from_le_bytes(*word) == MARKER))
    }
}

wide! {
    /// Sum of [`tag_step`] over neighbouring event words.
    fn count_ticks(events: &[Word]) -> u64 {
        let tag = |word: &Word| u32::from_le_bytes(*word) >> 24;
        let step = |(previous, word): (&Word, &Word)| {
            let step = tag(word).wrapping_sub(tag(previous)) & 0xFF;
            if step < u32::from(BACKWARDS) { step } else { 0 }
        };
        // Blocks small enough for a sum of 32 bits.
        let later = events.get(1..).unwrap_or(&[]);
        let blocks = events.chunks(1 << 16).zip(later.chunks(1 << 16));
        blocks.map(|(a, b)| u64::from(a.iter().zip(b).map(step).sum::<u32>())).sum()
    }
}

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
const SCRAMBLE: [(u32, u32); 10] =
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

/// Whether six events are a line as the camera mostly writes it: X, Y and energy of one head in the first half of the
/// pair, those of the other head in the second, and one time tag. Such a line needs no look at what came before.
#[inline]
fn is_usual(group: &[Word; 6]) -> bool {
    let [a, b, c, d, e, f] = group.map(u32::from_le_bytes);
    let kinds = (a ^ NO_Y | d ^ NO_Y | b ^ NO_X | e ^ NO_X | !(c & f)) & (NO_X | NO_Y);
    let halves = (a | !d) & HALF_2;
    let heads = (a ^ b | d ^ e | !(a ^ d)) & HEAD_1;
    let tags = (a ^ b | a ^ c | a ^ d | a ^ e | a ^ f) & TAG;
    kinds | halves | heads | tags == 0
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

/// The lines of response of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Rows of [`COLUMNS`] values, in the order of the file.
    pub rows: Vec<f64>,
    /// The file's header.
    pub header: Header,
    /// The length of a tick.
    pub clock: Clock,
}

/// Reads a whole file; `control` counts bytes, over both passes.
///
/// # Errors
/// As [`Header::parse`]; [`Error::Format`] if there is no line of response; [`Error::Cancelled`].
///
/// ```
/// use lumentrace::{Control, formats::adac_forte};
///
/// // One buffer: X and Y of head 1, then X and Y of head 2 one tick later; all position bits set, so v = 0.
/// let mut file = vec![0; adac_forte::HEADER_BYTES];
/// file[0] = 200;
/// for word in [0xFACE_FACE_u32, 5, 0x00BF_FF7F, 0x00BF_FDFF, 0x017F_FF7F, 0x017F_FDFF] {
///     file.extend(word.to_le_bytes());
/// }
/// let lines = adac_forte::read(&file, &Control::new())?;
/// let t = 1.0 / adac_forte::NOMINAL_TICKS_PER_MS;
/// assert_eq!(lines.rows, [t, 0.0, 600.0, -10.0, 0.0, 600.0 - 0.59 * 1024.0, 210.0]);
/// # Ok::<(), lumentrace::Error>(())
/// ```
pub fn read(bytes: &[u8], control: &Control) -> Result<Lines> {
    let header = Header::parse(bytes)?;
    let words = bytes.get(HEADER_BYTES..).unwrap_or(&[]);
    let mut calibration = Calibration::new();
    for piece in words.chunks(1 << 20) {
        control.check()?;
        calibration.push(piece);
        control.advance(piece.len() as u64);
    }
    let clock = calibration.finish();
    let mut decoder = Decoder::new(header, clock);
    let mut rows = Vec::new();
    let mut block = vec![0.0; 4096 * COLUMNS];
    let mut left = words;
    while left.len() >= BYTES_PER_WORD {
        control.check()?;
        let (used, written) = decoder.fill(left, &mut block);
        rows.extend_from_slice(block.get(..written * COLUMNS).unwrap_or(&[]));
        left = left.get(used..).unwrap_or(&[]);
        control.advance(used as u64);
    }
    if rows.is_empty() {
        let found = format!("none in {} words", words.len() / BYTES_PER_WORD);
        return Err(Error::format(FORMAT, HEADER_BYTES as u64, "at least one line of response", found));
    }
    Ok(Lines { rows, header, clock })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const X: u32 = NO_Y;
    const Y: u32 = NO_X;
    const ENERGY: u32 = NO_X | NO_Y;

    fn event(kind: u32, position: u32, tag: u32) -> u32 {
        let scrambled = SCRAMBLE.iter().map(|&(to, from)| (!position >> to & 1) << from);
        kind | scrambled.sum::<u32>() | (tag % 256) << 24
    }

    fn file(separation: i32, words: &[u32]) -> Vec<u8> {
        let mut bytes = separation.to_le_bytes().to_vec();
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    /// `buffers` buffers of 8 lines, 10 ms and 20 ticks apart, line k at positions k, 2k, 3k, 4k.
    fn sound_file(buffers: u32) -> Vec<u8> {
        let mut words = Vec::new();
        for buffer in 0..buffers {
            words.extend([MARKER, 1000 + 10 * buffer]);
            for k in 8 * buffer..8 * buffer + 8 {
                let tag = 20 * buffer + 2 * (k % 8);
                words.extend([
                    event(X | HEAD_1, k, tag),
                    event(Y | HEAD_1, 2 * k, tag),
                    event(ENERGY | HEAD_1, 511, tag),
                    event(X | HALF_2, 3 * k, tag),
                    event(Y | HALF_2, 4 * k, tag),
                    event(ENERGY | HALF_2, 511, tag),
                ]);
            }
        }
        file(500, &words)
    }

    fn rows(bytes: &[u8]) -> Vec<f64> {
        read(bytes, &Control::new()).unwrap().rows
    }

    /// The rows of `bytes` decoded through pieces and blocks of the given sizes.
    fn rows_in_pieces(bytes: &[u8], piece: usize, block: usize) -> Vec<f64> {
        let words = &bytes[HEADER_BYTES..];
        let mut calibration = Calibration::new();
        words.chunks(4 * piece).for_each(|part| calibration.push(part));
        let mut decoder = Decoder::new(Header::parse(bytes).unwrap(), calibration.finish());
        let mut block = vec![0.0; COLUMNS * block];
        let mut rows = Vec::new();
        for part in words.chunks(4 * piece) {
            let mut left = part;
            while left.len() >= 4 {
                let (used, written) = decoder.fill(left, &mut block);
                rows.extend_from_slice(&block[..written * COLUMNS]);
                left = &left[used..];
            }
        }
        rows
    }

    fn check_damaged(bytes: &[u8]) {
        let Ok(lines) = read(bytes, &Control::new()) else { return };
        assert!(lines.clock.ticks_per_ms > 0.0);
        let mut last = 0.0;
        for row in lines.rows.chunks_exact(COLUMNS) {
            assert!(row[0] >= last && row[0].is_finite());
            assert!(row[1] >= 0.0 && row[4] <= 0.59 * 1023.0 && row[2] <= 600.0 && row[5] < 600.0);
            last = row[0];
        }
        assert_eq!(rows_in_pieces(bytes, 5, 1), lines.rows);
    }

    #[test]
    fn rows_follow_the_formulas() {
        let rows = rows(&sound_file(5));
        assert_eq!(rows.len(), 40 * COLUMNS);
        for (k, row) in rows.chunks_exact(COLUMNS).enumerate() {
            let v = k as f64;
            // 20 ticks per buffer of 10 ms, 2 ticks from line to line.
            let t = (20 * (k / 8) + 2 * (k % 8)) as f64 / 2.0;
            let expected = [t, 0.59 * v, 600.0 - 1.18 * v, -10.0, 1.77 * v, 600.0 - 0.59 * (1024.0 - 4.0 * v), 510.0];
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{row:?}, line {k}");
            }
        }
    }

    #[test]
    fn few_buffers_fall_back() {
        let clock = |buffers| read(&sound_file(buffers), &Control::new()).unwrap().clock;
        assert_eq!((clock(1).source, clock(1).ticks_per_ms), (ClockSource::Nominal, NOMINAL_TICKS_PER_MS));
        // From the tag of the first event to that of the eighth: 14 ticks in the 10 ms between the clocks.
        assert_eq!((clock(2).source, clock(2).ticks_per_ms), (ClockSource::Mean, 1.4));
        assert_eq!((clock(3).source, clock(3).ticks_per_ms), (ClockSource::Fit, 2.0));
        assert!(clock(20).correlation > 0.999_999);
    }

    #[test]
    fn headless_and_empty_files_are_refused() {
        let refused = |bytes: &[u8]| matches!(read(bytes, &Control::new()), Err(Error::Format { .. }));
        assert!(refused(&[]));
        assert!(refused(&file(500, &[])));
        assert!(refused(&file(500, &[MARKER])));
        assert!(refused(&file(500, &[MARKER, 0, event(X, 1, 0)])));
        assert!(refused(&file(500, &[MARKER ^ 1, 0, 0, 0])));
    }

    #[test]
    fn tags_wrap_and_small_steps_back_are_jitter() {
        assert_eq!([tag_step(5, 250), tag_step(129, 0), tag_step(130, 0), tag_step(9, 10)], [11, 129, 0, 0]);
    }

    #[test]
    fn the_largest_separation_stays_exact() {
        let mut bytes = sound_file(3);
        bytes[..4].copy_from_slice(&i32::MAX.to_le_bytes());
        assert_eq!(rows(&bytes)[6], 2_147_483_657.0);
    }

    #[test]
    fn a_clock_that_wraps_changes_nothing() {
        let mut bytes = sound_file(6);
        for buffer in 0..6 {
            let clock = (u32::MAX - 24).wrapping_add(10 * buffer);
            let at = HEADER_BYTES + 4 * (50 * buffer as usize + 1);
            bytes[at..at + 4].copy_from_slice(&clock.to_le_bytes());
        }
        assert_eq!(rows(&bytes), rows(&sound_file(6)));
    }

    #[test]
    fn a_cancelled_control_stops_the_reader() {
        let control = Control::new();
        control.cancel();
        assert_eq!(read(&sound_file(3), &control), Err(Error::Cancelled));
    }

    #[test]
    fn any_truncation_keeps_the_whole_lines() {
        let bytes = sound_file(4);
        for length in (0..HEADER_BYTES + 16).chain((HEADER_BYTES..bytes.len()).step_by(4)) {
            check_damaged(&bytes[..length]);
        }
        let whole = rows(&bytes);
        assert_eq!(rows(&bytes[..bytes.len() - 1]), whole);
        assert_eq!(rows(&bytes[..bytes.len() - 4]), whole);
        assert_eq!(rows(&bytes[..bytes.len() - 5]).len(), whole.len() - COLUMNS);
    }

    proptest! {
        #[test]
        fn pieces_and_blocks_do_not_matter(piece in 1_usize..200, block in 1_usize..50) {
            let bytes = sound_file(4);
            prop_assert_eq!(rows_in_pieces(&bytes, piece, block), rows(&bytes));
        }

        #[test]
        fn flipped_bits_do_no_harm(flips in prop::collection::vec((0_usize..1800, 0..8), 1..20)) {
            let mut bytes = sound_file(4);
            for (at, bit) in flips {
                bytes[at] ^= 1_u8 << bit;
            }
            check_damaged(&bytes);
        }

        #[test]
        fn random_bytes_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..3000)) {
            let mut bytes = file(500, &[MARKER]);
            bytes.extend(tail);
            check_damaged(&bytes);
        }

        #[test]
        fn random_words_with_markers_do_no_harm(
            words in prop::collection::vec(prop_oneof![4 => any::<u32>(), 1 => Just(MARKER)], 0..500),
        ) {
            let words: Vec<u32> = std::iter::once(MARKER).chain(words).collect();
            check_damaged(&file(-500, &words));
        }
    }
}
