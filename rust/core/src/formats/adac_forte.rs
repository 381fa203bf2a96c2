//! List-mode files of the ADAC Forte, the two-headed positron camera of the University of Birmingham (`.da01`).
//!
//! All numbers are little-endian. A [`Header`] of 1008 bytes is followed by 32-bit words. The word `0xFACEFACE`
//! opens a buffer, the word after it is the camera's clock in ms, and every other word is an event:
//!
//! | bits | meaning |
//! |---|---|
//! | 24..=31 | time tag, counts clock ticks modulo 256 |
//! | 23 | head: 1 the first (x1, y1), 0 the second (x2, y2) |
//! | 22 | 0 first half of a pair of photons, 1 second half |
//! | 9 | 0 for a word with a Y position |
//! | 7 | 0 for a word with an X position; bits 7 and 9 both 1: photon energy, not used |
//! | 8..=21 | position, 10 inverted bits in scrambled order ([`position`]) |
//!
//! Four positions and both halves make one line of response (`LoR`), a row `t, x1, y1, z1, x2, y2, z2` in ms and mm.
//!
//! A file is read twice: [`Calibration`] finds how long a tick is, [`Decoder`] makes the rows. Both take the words
//! in pieces of any length, so a file larger than memory needs one small buffer; [`read`] does it all at once.
//!
//! The layout is not published; it was described from files and their decoded contents. A damaged file never
//! fails half way: what cannot be understood is skipped, and what remains is decoded.

use crate::simd::wide;
use crate::{Control, Error, Result};

/// Columns of a row: t, x1, y1, z1, x2, y2, z2.
pub const COLUMNS: usize = 7;

/// Bytes before the first word.
pub const HEADER_BYTES: usize = 1008;

/// Rate of the camera's tick counter, used for files that do not hold enough clock words to measure it.
pub const NOMINAL_TICKS_PER_MS: f64 = 2.3837;

const FORMAT: &str = "ADAC Forte";
const MARKER: u32 = 0xFACE_FACE;
const BYTES_PER_WORD: usize = 4;

/// A tag difference of this many ticks or more is jitter backwards in time, not progress.
const BACKWARDS: u8 = 130;

/// One event word, as stored.
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
    /// Ticks per ms from the first clock word to the last, because no line can be fitted.
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
/// later buffers, the rate is the slope of the least-squares line `(n Σct - Σc Σt) / (n Σcc - Σc²)`. O(words).
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    after_marker: bool,
    first_clock: Option<u32>,
    tag: Option<u8>,
    ticks: u64,
    sums: Sums,
}

/// Sums over the pairs (clock, ticks), and the last pair.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: u64,
    c: f64,
    t: f64,
    ct: f64,
    cc: f64,
    tt: f64,
    last: (f64, f64),
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
            let run = run_length(words);
            let (events, rest) = words.split_at_checked(run).unwrap_or((words, &[]));
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
        let (c, t) = (f64::from(clock.wrapping_sub(first)), self.ticks as f64);
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
        let buffers = n + u64::from(self.first_clock.is_some());
        let count = n as f64;
        let (cov, var_c, var_t) = (count * ct - c * t, count * cc - c * c, count * tt - t * t);
        let clock = |ticks_per_ms, source, correlation| Clock { ticks_per_ms, source, correlation, buffers };
        if n >= 2 && is_rate(cov / var_c) {
            clock(cov / var_c, ClockSource::Fit, cov * cov / (var_c * var_t))
        } else if is_rate(last.1 / last.0) {
            clock(last.1 / last.0, ClockSource::Mean, f64::NAN)
        } else {
            clock(NOMINAL_TICKS_PER_MS, ClockSource::Nominal, f64::NAN)
        }
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

/// Number of event words before the next marker, or before the end.
fn run_length(words: &[Word]) -> usize {
    let (blocks, _) = words.as_chunks::<64>();
    let clean = blocks.iter().take_while(|block| !has_marker(block.as_slice())).count() * 64;
    let tail = words.get(clean..).unwrap_or(&[]);
    clean + tail.iter().position(|word| u32::from_le_bytes(*word) == MARKER).unwrap_or(tail.len())
}

wide! {
    fn has_marker(words: &[Word]) -> bool {
        words.iter().fold(false, |any, word| any | (u32::from_le_bytes(*word) == MARKER))
    }
}

wide! {
    /// Sum of [`tag_step`] over neighbouring event words.
    fn count_ticks(events: &[Word]) -> u64 {
        let step = |(previous, word): (&Word, &Word)| {
            let step = (u32::from_le_bytes(*word) >> 24).wrapping_sub(u32::from_le_bytes(*previous) >> 24) & 0xFF;
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
/// `z2 = separation + 10` with v from [`position`]; `t = ticks / rate`. O(words).
#[derive(Debug, Clone)]
pub struct Decoder {
    after_marker: bool,
    tag: u8,
    ticks: u64,
    line: u64,
    ticks_per_ms: f64,
    z2: f64,
}

const NO_X: u32 = 1 << 7;
const NO_Y: u32 = 1 << 9;
const LANES: u64 = 0x0001_0001_0001_0001;
const X1: u64 = 1 << 10;
const X2: u64 = X1 << 16;
const Y1: u64 = X1 << 32;
const Y2: u64 = X1 << 48;
const FIRST: u64 = 1 << 11;
const SECOND: u64 = 1 << 12;
const COMPLETE: u64 = X1 | X2 | Y1 | Y2 | FIRST | SECOND;

/// What an event word does to the line, by its bits 7, 9, 22 and 23.
#[derive(Clone, Copy)]
struct Action {
    keep: u64,
    set: u64,
    lanes: u64,
}

static ACTIONS: [Action; 16] = {
    let mut actions = [Action { keep: u64::MAX, set: 0, lanes: 0 }; 16];
    let mut i = 0;
    while i < actions.len() {
        let (is_x, is_y, second_half, first_head) = (i & 1 == 0, i & 2 == 0, i & 4 != 0, i & 8 != 0);
        let action = &mut actions[i];
        if is_x {
            action.keep = if second_half { u64::MAX } else { SECOND };
            action.set |= if second_half { SECOND } else { FIRST };
            action.set |= if first_head { X1 } else { X2 };
            action.lanes |= if first_head { 0x3FF } else { 0x3FF << 16 };
        }
        if is_y {
            action.set |= if first_head { Y1 } else { Y2 };
            action.lanes |= if first_head { 0x3FF << 32 } else { 0x3FF << 48 };
        }
        action.keep &= !action.lanes;
        i += 1;
    }
    actions
};

/// Which bit of the word holds which bit of the position; the four lowest bits are below the resolution.
const SCRAMBLE: [(u32, u32); 10] =
    [(9, 8), (8, 10), (7, 12), (6, 14), (5, 16), (4, 21), (3, 19), (2, 18), (1, 11), (0, 13)];

/// Inverted positions by the second byte of a word (bits 8..=15).
static LOW: [u16; 256] = unscramble(8);
/// Inverted positions by the third byte of a word (bits 16..=23).
static HIGH: [u16; 256] = unscramble(16);

const fn unscramble(first_bit: u32) -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut k = 0;
        while k < SCRAMBLE.len() {
            let (to, from) = SCRAMBLE[k];
            if from >= first_bit && from < first_bit + 8 {
                table[byte] |= (((byte >> (from - first_bit)) & 1) as u16) << to;
            }
            k += 1;
        }
        byte += 1;
    }
    table
}

/// The position in an event word, 0..=1023 in units of 0.59 mm.
///
/// Its bits 9 down to 0 are the inverted bits 8, 10, 12, 14, 16, 21, 19, 18, 11, 13 of the word.
#[inline]
pub fn position(word: [u8; 4]) -> u16 {
    0x3FF ^ (LOW[usize::from(word[1])] | HIGH[usize::from(word[2])])
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

    /// Decodes words into the rows of `out`, [`COLUMNS`] values each, until either is used up. Returns how many
    /// bytes were used and how many rows were written.
    ///
    /// Bytes after the last whole word are not used, and an `out` without a whole row uses nothing.
    pub fn fill(&mut self, bytes: &[u8], out: &mut [f64]) -> (usize, usize) {
        let (words, _) = bytes.as_chunks::<BYTES_PER_WORD>();
        let (rows, _) = out.as_chunks_mut::<COLUMNS>();
        let (mut left, mut free) = (words, &mut *rows);
        while !free.is_empty() && let Some((_, rest)) = left.split_first() {
            if self.after_marker {
                self.after_marker = false;
                left = rest;
                continue;
            }
            let (events, rest) = left.split_at_checked(run_length(left)).unwrap_or((left, &[]));
            let (used, written) = self.events(events, free);
            free = free.get_mut(written..).unwrap_or(&mut []);
            left = if used < events.len() {
                left.get(used..).unwrap_or(&[])
            } else {
                self.after_marker = !rest.is_empty();
                rest.get(1..).unwrap_or(&[])
            };
        }
        let written = free.len();
        ((words.len() - left.len()) * BYTES_PER_WORD, rows.len() - written)
    }

    /// Decodes events without a marker among them; returns how many were used and how many rows were written.
    fn events(&mut self, events: &[Word], rows: &mut [[f64; COLUMNS]]) -> (usize, usize) {
        let Self { mut tag, mut ticks, mut line, .. } = *self;
        let (mut used, mut written) = (events.len(), 0);
        for (i, &word) in events.iter().enumerate() {
            let bits = u32::from_le_bytes(word);
            ticks += u64::from(tag_step(word[3], tag));
            tag = word[3];
            if bits & (NO_X | NO_Y) == NO_X | NO_Y {
                continue;
            }
            let action = ACTIONS[(bits >> 7 & 0b1 | bits >> 8 & 0b10 | bits >> 20 & 0b1100) as usize];
            line = line & action.keep | action.set | u64::from(position(word)) * LANES & action.lanes;
            if line & COMPLETE == COMPLETE {
                let Some(row) = rows.get_mut(written) else { break };
                *row = self.row(ticks, line);
                line = 0;
                written += 1;
                if written == rows.len() {
                    used = i + 1;
                    break;
                }
            }
        }
        (self.tag, self.ticks, self.line) = (tag, ticks, line);
        (used, written)
    }

    #[inline]
    fn row(&self, ticks: u64, line: u64) -> [f64; COLUMNS] {
        let position = |lane: u64| f64::from((line >> lane) as u16 & 0x3FF);
        let t = ticks as f64 / self.ticks_per_ms;
        let (x1, x2, y1, y2) = (position(0), position(16), position(32), position(48));
        [t, 0.59 * x1, 600.0 - 0.59 * y1, -10.0, 0.59 * x2, 600.0 - 0.59 * (1024.0 - y2), self.z2]
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
