//! Any bytes: no panic, finite non-decreasing times, and the same rows whole or in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumentrace::Control;
use lumentrace::formats::adac_forte::{COLUMNS, Calibration, Decoder, HEADER_BYTES, Header, read};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // Most of the input as words behind a header that is accepted.
    let mut file = vec![0; HEADER_BYTES];
    file.extend(0xFACE_FACE_u32.to_le_bytes());
    file.extend(bytes);
    check(&file);
});

fn check(bytes: &[u8]) {
    let Ok(lines) = read(bytes, &Control::new()) else { return };
    let times: Vec<f64> = lines.rows.iter().copied().step_by(COLUMNS).collect();
    assert!(times.iter().all(|t| t.is_finite()) && times.is_sorted());
    assert!(lines.rows.len() / COLUMNS <= bytes.len() / 8);
    assert_eq!(in_pieces(bytes), lines.rows);
}

fn in_pieces(bytes: &[u8]) -> Vec<f64> {
    let words = bytes.get(HEADER_BYTES..).unwrap_or(&[]);
    let mut calibration = Calibration::new();
    words.chunks(12).for_each(|piece| calibration.push(piece));
    let header = Header::parse(bytes).expect("`read` has accepted the header");
    let mut decoder = Decoder::new(header, calibration.finish());
    let mut rows = Vec::new();
    let mut row = [0.0; COLUMNS];
    for mut piece in words.chunks(20) {
        while piece.len() >= 4 {
            let (used, written) = decoder.fill(piece, &mut row);
            rows.extend(&row[..written * COLUMNS]);
            piece = &piece[used..];
        }
    }
    rows
}
