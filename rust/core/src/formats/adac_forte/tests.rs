#![allow(clippy::unwrap_used)]

use super::decoder::SCRAMBLE;
use super::words::{HALF_2, HEAD_1, MARKER, NO_X, NO_Y, tag_step};
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
