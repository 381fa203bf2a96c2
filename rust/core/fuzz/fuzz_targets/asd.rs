//! Any bytes: no panic, and no more frames than the file can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumentrace::formats::asd::Header;

fuzz_target!(|bytes: &[u8]| {
    for version in 0_i32..3 {
        let mut file = version.to_le_bytes().to_vec();
        file.extend(bytes);
        check(&file);
    }
});

fn check(file: &[u8]) {
    let Ok(header) = Header::parse(file) else { return };
    for channel in 0..2 {
        let frames = header.complete_frames(channel, file.len() as u64);
        assert!(frames == 0 || frames * header.stride() <= file.len() as u64);
        let start = header.channel_start(channel);
        if frames == 0 {
            continue;
        }
        let frame = &file[start as usize..(start + header.stride()) as usize];
        let mut values = vec![0.0; header.width * header.height];
        let _ = header.decode(frame, channel, -1.0, &mut values);
    }
}
