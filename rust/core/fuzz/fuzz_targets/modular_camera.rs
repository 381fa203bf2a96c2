//! Any bytes: no panic, finite coordinates in the camera, times that do not decrease.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumentrace::Control;
use lumentrace::formats::modular_camera::{COLUMNS, HEADER_BYTES, read};

fuzz_target!(|bytes: &[u8]| {
    let mut file = vec![0; HEADER_BYTES];
    file.extend(bytes);
    let Ok((rows, skipped)) = read(&file, &Control::new()) else { return };
    assert!(rows.len() / COLUMNS + skipped as usize <= bytes.len() / 4);
    assert!(rows.chunks(COLUMNS).map(|row| row[0]).is_sorted());
    assert!(rows.chunks(COLUMNS).all(|row| row[1..].iter().all(|x| x.abs() < 1000.0)));
});
