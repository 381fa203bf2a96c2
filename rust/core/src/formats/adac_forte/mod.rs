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

mod clock;
mod decoder;
#[cfg(test)]
mod tests;
mod words;

pub use clock::{Calibration, Clock, ClockSource};
pub use decoder::Decoder;

pub use super::list_mode::COLUMNS;
use super::list_mode::all_rows;
use crate::{Control, Error, Result};
use words::{BYTES_PER_WORD, MARKER};

/// Bytes before the first word.
pub const HEADER_BYTES: usize = 1008;

/// Rate of the camera's tick counter, for files with too few clock words to measure it.
pub const NOMINAL_TICKS_PER_MS: f64 = 2.3837;

const FORMAT: &str = "ADAC Forte";

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
    let rows = all_rows(words, FORMAT, HEADER_BYTES, control, |words, rows| decoder.fill(words, rows))?;
    Ok(Lines { rows, header, clock })
}
