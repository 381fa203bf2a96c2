//! List-mode files of the modular positron camera of the University of Birmingham.
//!
//! A header of 1000 bytes is followed by 32-bit little-endian words. The word `0xFACEFACE` is followed by one word with
//! the computer's time; every other word is an event, whose two halves hold their bits in reverse order:
//!
//! | half (reversed) | bits | meaning |
//! |---|---|---|
//! | low | 0..=5 | number of the pair of buckets |
//! | low | 8..=9, 11..=12 | planes of the first and the second detector |
//! | low | 14..=15 | which boards the buckets are on, 1 and 2 exchanged |
//! | high | 0..=3 | time tag, counts steps of 2 ms modulo 16 |
//! | high | 7..=8, 13..=14 | blocks of the first and the second detector |
//! | high | 10..=12, 4..=6 | segments of the first and the second detector |
//!
//! Each face of the camera has four buckets one above the other; a position is that of a segment of a block.

pub use super::list_mode::COLUMNS;
use super::list_mode::{BYTES_PER_WORD, all_rows};
use crate::{Control, Result};

/// Bytes before the first word.
pub const HEADER_BYTES: usize = 1000;

const MARKER: u32 = 0xFACE_FACE;
const FORMAT: &str = "modular camera";

/// Time between two values of the tag, in ms.
const TICK: f64 = 2.0;
const TAGS: u32 = 16;

/// Pairs of buckets that the camera sends, of the 56 that can be numbered.
const MOST_PAIR: u32 = 28;

/// Sizes in mm.
const MODULE: f64 = 95.0;
const PLANE: f64 = 13.5;
const SEGMENT: f64 = 6.25;
const BLOCK: f64 = 50.0;
const GAP: f64 = 41.0;
const HALF: f64 = 250.0;

/// One end of a line of response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detector {
    /// Column of blocks, 0..=31.
    pub bucket: u32,
    /// Block of the bucket, 0..=3.
    pub block: u32,
    /// Segment of the block, 0..=7.
    pub segment: u32,
    /// Plane of the block, 0..=3.
    pub plane: u32,
}

impl Detector {
    /// Position in mm; `None` for buckets that the camera does not have.
    pub fn position(&self) -> Option<[f64; 3]> {
        let top = match self.bucket {
            0..=3 => 3,
            8..=11 => 11,
            16..=19 => 19,
            24..=27 => 27,
            _ => return None,
        };
        let along = (2.0 - f64::from(self.block)) * (BLOCK + GAP) - GAP / 2.0 - SEGMENT / 2.0;
        let u = along - (7.0 - f64::from(self.segment)) * SEGMENT;
        let v = f64::from(top - self.bucket) * MODULE + f64::from(self.plane) * PLANE;
        Some(match top {
            3 => [HALF, v, u],
            11 => [-HALF, v, -u],
            19 => [u, v, -HALF],
            _ => [-u, v, HALF],
        })
    }
}

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Time tag, 0..=15.
    pub tag: u32,
    /// Number of the pair of buckets, 0..=63.
    pub pair: u32,
    /// The two ends; `None` if the pair is not one that the camera sends.
    pub detectors: Option<[Detector; 2]>,
}

impl Event {
    /// Takes a word apart.
    pub fn decode(word: u32) -> Self {
        let low = u32::from((word as u16).reverse_bits());
        let high = u32::from(((word >> 16) as u16).reverse_bits());
        let bits = |half: u32, shift: u32, mask: u32| half >> shift & mask;
        let pair = bits(low, 0, 63);
        let board = match bits(low, 14, 3) {
            1 => 2,
            2 => 1,
            same => same,
        };
        let detectors = buckets(pair).map(|[a, b]| {
            let first = a + if board & 2 == 2 { 16 } else { 0 };
            let second = b + if board & 1 == 1 { 16 } else { 0 };
            let at = |bucket, block, segment, plane| Detector { bucket, block, segment, plane };
            [
                at(first, bits(high, 7, 3), bits(high, 10, 7), bits(low, 8, 3)),
                at(second, bits(high, 13, 3), bits(high, 4, 7), bits(low, 11, 3)),
            ]
        });
        Self { tag: bits(high, 0, 15), pair, detectors }
    }

    /// Coordinates of the two ends in mm; `None` if one of them is no place in the camera.
    pub fn line(&self) -> Option<[f64; 6]> {
        let [first, second] = self.detectors?;
        let ([x1, y1, z1], [x2, y2, z2]) = (first.position()?, second.position()?);
        Some([x1, y1, z1, x2, y2, z2])
    }
}

/// The buckets of a pair: numbers 1 to 56 go through a = 0..=10 and, for each, b = a + 5 up to a + 11 or 15.
fn buckets(pair: u32) -> Option<[u32; 2]> {
    if !(1..=MOST_PAIR).contains(&pair) {
        return None;
    }
    (0..=10).flat_map(|a| (a + 5..=(a + 11).min(15)).map(move |b| [a, b])).nth(pair as usize - 1)
}

/// Turns words into rows, in pieces of any number of words.
#[derive(Debug, Default)]
pub struct Decoder {
    ticks: u64,
    tag: u32,
    after_marker: bool,
    skipped: u64,
}

impl Decoder {
    /// A decoder at the first word.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events so far that are no lines of the camera.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Fills `rows` from `words`; returns how many bytes were used and how many rows were written.
    ///
    /// It stops where either ends; up to 3 bytes that are no whole word stay unused.
    pub fn fill(&mut self, words: &[u8], rows: &mut [f64]) -> (usize, usize) {
        let (mut used, mut written) = (0, 0);
        let (words, _) = words.as_chunks::<BYTES_PER_WORD>();
        let mut rows = rows.chunks_exact_mut(COLUMNS);
        let mut free = rows.next();
        for word in words {
            let Some(row) = free.as_deref_mut() else { break };
            used += BYTES_PER_WORD;
            if let Some(values) = self.push(u32::from_le_bytes(*word)) {
                row.copy_from_slice(&values);
                written += 1;
                free = rows.next();
            }
        }
        (used, written)
    }

    fn push(&mut self, word: u32) -> Option<[f64; COLUMNS]> {
        if std::mem::take(&mut self.after_marker) {
            return None;
        }
        if word == MARKER {
            self.after_marker = true;
            return None;
        }
        let event = Event::decode(word);
        let before = std::mem::replace(&mut self.tag, event.tag);
        self.ticks += u64::from((event.tag + TAGS - before) % TAGS);
        let Some([x1, y1, z1, x2, y2, z2]) = event.line() else {
            self.skipped += 1;
            return None;
        };
        Some([TICK * self.ticks as f64, x1, y1, z1, x2, y2, z2])
    }
}

/// Reads a whole file: rows of time and two points, and how many events are no lines of the camera.
///
/// # Errors
/// [`crate::Error::Format`] if there is no line of response; [`crate::Error::Cancelled`].
///
/// ```
/// use lumentrace::{Control, formats::modular_camera};
///
/// let mut file = vec![0; modular_camera::HEADER_BYTES];
/// // Pair 4 (buckets 0 and 8), all blocks, segments and planes 0, tag 0.
/// file.extend(0x2000_u32.to_le_bytes());
/// let (rows, skipped) = modular_camera::read(&file, &Control::new())?;
/// assert_eq!(rows, [0.0, 250.0, 285.0, 114.625, -250.0, 285.0, -114.625]);
/// assert_eq!(skipped, 0);
/// # Ok::<(), lumentrace::Error>(())
/// ```
pub fn read(bytes: &[u8], control: &Control) -> Result<(Vec<f64>, u64)> {
    let words = bytes.get(HEADER_BYTES..).unwrap_or(&[]);
    let mut decoder = Decoder::new();
    let rows = all_rows(words, FORMAT, HEADER_BYTES, control, |words, rows| decoder.fill(words, rows))?;
    Ok((rows, decoder.skipped()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_numbered_as_described() {
        assert_eq!(buckets(1), Some([0, 5]));
        assert_eq!(buckets(7), Some([0, 11]));
        assert_eq!(buckets(8), Some([1, 6]));
        assert_eq!(buckets(28), Some([3, 14]));
        assert_eq!(buckets(0), None);
        assert_eq!(buckets(29), None);
    }

    #[test]
    fn tags_add_up_over_wraps_and_events_that_are_skipped() {
        let mut decoder = Decoder::new();
        let tagged = |tag: u16| 0x2000 | u32::from(tag.reverse_bits()) << 16;
        let skipped = u32::from(9_u16.reverse_bits()) << 16;
        let words = [tagged(3), tagged(7), skipped, MARKER, 12345, tagged(1), tagged(1), tagged(0)];
        let times: Vec<f64> = words.iter().filter_map(|w| decoder.push(*w)).map(|row| row[0]).collect();
        assert_eq!(times, [6.0, 14.0, 34.0, 34.0, 64.0]);
        assert_eq!(decoder.skipped(), 1);
        assert_eq!(Event::decode(tagged(5)).pair, 4);
        assert_eq!(Event::decode(tagged(5)).tag, 5);
    }

    #[test]
    fn nothing_is_an_error() {
        assert!(read(&[], &Control::new()).is_err());
        assert!(read(&[0; HEADER_BYTES + 400], &Control::new()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..2000), words in 1..9_usize) {
            let mut file = vec![0; HEADER_BYTES];
            file.extend(&bytes);
            let Ok((rows, _)) = read(&file, &Control::new()) else { return Ok(()) };
            prop_assert!(rows.iter().all(|x| x.is_finite()));
            prop_assert!(rows.chunks(COLUMNS).map(|row| row[0]).is_sorted());
            let (mut decoder, mut found, mut row) = (Decoder::new(), Vec::new(), [0.0; COLUMNS]);
            for mut piece in bytes.chunks(words * BYTES_PER_WORD) {
                while piece.len() >= BYTES_PER_WORD {
                    let (used, written) = decoder.fill(piece, &mut row);
                    found.extend(&row[..written * COLUMNS]);
                    piece = &piece[used..];
                }
            }
            prop_assert_eq!(rows, found);
        }
    }
}
