//! Files of scanners and instruments.

use lumentrace::Control;
use lumentrace::formats::{adac_forte, asd as asd_format, matlab as matlab_format, modular_camera as camera};

/// Finite, ascending times, and the same rows whole or in pieces.
pub(crate) fn adac_forte(bytes: &[u8]) {
    check_adac(bytes);
    // Most of the input as words behind a header that is accepted.
    let mut file = vec![0; adac_forte::HEADER_BYTES];
    file.extend(0xFACE_FACE_u32.to_le_bytes());
    file.extend(bytes);
    check_adac(&file);
}

fn check_adac(bytes: &[u8]) {
    let Ok(lines) = adac_forte::read(bytes, &Control::new()) else { return };
    let times: Vec<f64> = lines.rows.iter().copied().step_by(adac_forte::COLUMNS).collect();
    assert!(times.iter().all(|t| t.is_finite()) && times.is_sorted());
    assert!(lines.rows.len() / adac_forte::COLUMNS <= bytes.len() / 8);
    assert_eq!(adac_in_pieces(bytes, lines.header), lines.rows);
}

fn adac_in_pieces(bytes: &[u8], header: adac_forte::Header) -> Vec<f64> {
    let words = bytes.get(adac_forte::HEADER_BYTES..).unwrap_or(&[]);
    let mut calibration = adac_forte::Calibration::new();
    words.chunks(12).for_each(|piece| calibration.push(piece));
    let mut decoder = adac_forte::Decoder::new(header, calibration.finish());
    let mut rows = Vec::new();
    let mut row = [0.0; adac_forte::COLUMNS];
    for mut piece in words.chunks(20) {
        while piece.len() >= 4 {
            let (used, written) = decoder.fill(piece, &mut row);
            rows.extend(&row[..written * adac_forte::COLUMNS]);
            piece = &piece[used..];
        }
    }
    rows
}

/// Coordinates in the camera, and times that do not decrease.
pub(crate) fn modular_camera(bytes: &[u8]) {
    let mut file = vec![0; camera::HEADER_BYTES];
    file.extend(bytes);
    let Ok((rows, skipped)) = camera::read(&file, &Control::new()) else { return };
    assert!(rows.len() / camera::COLUMNS + skipped as usize <= bytes.len() / 4);
    assert!(rows.chunks(camera::COLUMNS).map(|row| row[0]).is_sorted());
    assert!(rows.chunks(camera::COLUMNS).all(|row| row[1..].iter().all(|x| x.abs() < 1000.0)));
}

/// No more frames than the file can hold.
pub(crate) fn asd(bytes: &[u8]) {
    check_asd(bytes);
    for version in 0_i32..3 {
        let mut file = version.to_le_bytes().to_vec();
        file.extend(bytes);
        check_asd(&file);
    }
}

fn check_asd(file: &[u8]) {
    let Ok(header) = asd_format::Header::parse(file) else { return };
    for channel in [0, 1, 2, usize::MAX] {
        let frames = header.complete_frames(channel, file.len() as u64);
        assert!(frames <= file.len() as u64 / header.stride());
        if frames == 0 || channel > 1 {
            continue;
        }
        let start = header.channel_start(channel) as usize;
        let frame = &file[start..start + header.stride() as usize];
        let mut values = vec![0.0; header.width * header.height];
        let found = header.decode(frame, channel, -1.0, &mut values);
        assert_eq!(found.is_ok(), header.channels[channel].is_some());
    }
}

/// No more memory than the limits say; behind a header that opens the way, and without.
pub(crate) fn matlab(bytes: &[u8]) {
    let limits = matlab_format::Limits { bytes: 1 << 20, values: 1000 };
    let control = Control::new();
    let _ = matlab_format::read(bytes, None, limits, &control);
    for end in [[0, 1, b'I', b'M'], [1, 0, b'M', b'I']] {
        let mut file = vec![b' '; 124];
        file.extend(end);
        file.extend(bytes);
        let _ = matlab_format::read(&file, None, limits, &control);
        let _ = matlab_format::read(&file, Some("a"), limits, &control);
    }
}
