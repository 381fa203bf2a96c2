#![allow(clippy::unwrap_used)]

use super::*;

fn movie(shape: [usize; 3]) -> Vec<u16> {
    let mut state = 7_u32;
    (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as u16
        })
        .collect()
}

fn whole([_, rows, columns]: [usize; 3]) -> Window {
    Window { rows: 0..rows, columns: 0..columns }
}

/// The movie as a file of packed chunks, and how they lie in it.
fn packed(pixels: &[u16], shape: [usize; 3], chunk: [usize; 3]) -> (tempfile::Held, ChunkedFile) {
    let frames = Frames::in_memory(pixels, shape).unwrap();
    let target = Target { chunk, transpose: false, level: 1 };
    let found = frames.pack::<u16>(0..shape[0], 0..shape[0], &target, 2, &Control::new()).unwrap();
    assert!(found.lossless);
    let file = tempfile::Held::new(&found.chunks.concat());
    let mut offset = 0;
    let chunks = found.chunks.iter().map(|bytes| {
        offset += bytes.len() as u64;
        Chunk { offset: offset - bytes.len() as u64, size: bytes.len() as u64, skipped: 0 }
    });
    let layout = Layout { shape, chunk, pixel: 2, filters: vec![Filter::Shuffle, Filter::Deflate] };
    let opened = ChunkedFile::open(file.path(), layout, chunks.collect()).unwrap();
    (file, opened)
}

mod tempfile {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicUsize, Ordering};

    static COUNT: AtomicUsize = AtomicUsize::new(0);

    /// A file that goes away with its owner.
    pub(super) struct Held(PathBuf);

    impl Held {
        pub(super) fn new(bytes: &[u8]) -> Self {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("lumentrace-movie-{}-{number}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            drop(std::fs::remove_file(&self.0));
        }
    }
}

#[test]
fn what_is_packed_is_read_again_from_any_window() {
    let shape = [7, 10, 13];
    let pixels = movie(shape);
    for chunk in [[1, 10, 13], [3, 4, 5], [8, 16, 16]] {
        let (_held, file) = packed(&pixels, shape, chunk);
        let frames = Frames::<u16>::in_file(&file).unwrap();
        assert_eq!(frames.read(0..7, &whole(shape), 2, &Control::new()).unwrap(), pixels);
        let part = Window { rows: 3..9, columns: 2..11 };
        let expected: Vec<u16> = (2..6)
            .flat_map(|f| (3..9).flat_map(move |r| (2..11).map(move |c| (f * 10 + r) * 13 + c)))
            .map(|place| pixels[place])
            .collect();
        assert_eq!(frames.read(2..6, &part, 1, &Control::new()).unwrap(), expected);
    }
}

#[test]
fn figures_do_not_depend_on_chunks_or_threads() {
    let shape = [9, 12, 11];
    let pixels = movie(shape);
    let window = Window { rows: 1..11, columns: 2..10 };
    let (starts, own) = ([0, 3, 3, 7], [0_u32, 9, 44, 1, 8, 30, 79]);
    let regions = Regions::new(&starts, &own, 80).unwrap();
    let kept: Vec<bool> = (0..6).map(|frame| frame != 2).collect();
    let memory = Frames::in_memory(&pixels, shape).unwrap();
    let backgrounds = [
        Background::None,
        Background::Global(&[5, 60]),
        Background::Stripes { height: 3, share: 0.2 },
        Background::Local(regions),
    ];
    for chunk in [[1, 12, 11], [4, 5, 3]] {
        let (_held, file) = packed(&pixels, shape, chunk);
        let frames = Frames::<u16>::in_file(&file).unwrap();
        for background in backgrounds {
            let run = |frames: &Frames<'_, u16>, threads| {
                frames.traces(1..8, &window, regions, background, threads, &Control::new()).unwrap()
            };
            let (found, expected) = (run(&frames, 3), run(&memory, 1));
            assert_eq!(found.raw.len(), 21);
            for (found, expected) in [(found.raw, expected.raw), (found.corrected, expected.corrected)] {
                assert!(found.iter().zip(&expected).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
            }
        }
        let run = |frames: &Frames<'_, u16>, threads| {
            frames.images(2..8, &kept, &window, None, threads, &Control::new()).unwrap()
        };
        assert_eq!(run(&frames, 3), run(&memory, 1));
        let control = Control::new();
        frames.images(2..8, &kept, &window, None, 3, &control).unwrap();
        assert_eq!(control.done(), 6 * window.size() as u64);
    }
}

#[test]
fn values_that_do_not_fit_are_noticed() {
    let pixels = [1.0, 2.5, 300.0, f64::NAN];
    let frames = Frames::in_memory(&pixels, [1, 2, 2]).unwrap();
    let target = Target { chunk: [1, 2, 2], transpose: true, level: 1 };
    let lossless = |found: Packed| found.lossless;
    assert!(!lossless(frames.pack::<u8>(0..1, 0..1, &target, 1, &Control::new()).unwrap()));
    let floats = frames.pack::<f32>(0..1, 0..1, &target, 1, &Control::new()).unwrap();
    assert_eq!((&floats.sum[..], &floats.count[..]), (&[1.0, 300.0, 2.5, 0.0][..], &[1, 1, 1, 0][..]));
    assert!(lossless(floats));
}

#[test]
fn no_frames_of_any_size_take_no_memory() {
    let layout = |length| Layout { shape: [0, length, length], chunk: [1, 1, 1], pixel: 2, filters: vec![] };
    let file = tempfile::Held::new(&[]);
    let movie = ChunkedFile::open(file.path(), layout(1 << 31), vec![]).unwrap();
    let window = Window { rows: 0..1 << 31, columns: 0..1 << 31 };
    let regions = Regions::new(&[0, 1], &[7], window.size()).unwrap();
    let frames = Frames::<u16>::in_file(&movie).unwrap();
    let found = frames.traces(0..0, &window, regions, Background::None, 1, &Control::new()).unwrap();
    assert!(found.raw.is_empty());
    assert!(matches!(
        ChunkedFile::open(file.path(), layout(1 << 40), vec![]),
        Err(Error::Argument { argument: "shape", .. })
    ));
    assert!(Frames::<u16>::in_memory(&[], [0, 1 << 40, 1 << 40]).is_err());
}

#[test]
fn damaged_chunks_and_bad_arguments_are_typed_errors() {
    let shape = [4, 6, 6];
    let pixels = movie(shape);
    let (held, file) = packed(&pixels, shape, [2, 6, 6]);
    let frames = Frames::<u16>::in_file(&file).unwrap();
    let control = Control::new();
    assert!(matches!(frames.read(0..5, &whole(shape), 1, &control), Err(Error::Argument { argument: "window", .. })));
    assert!(Frames::<f64>::in_file(&file).is_err());
    assert!(Frames::in_memory(&pixels, [4, 6, 7]).is_err());
    assert!(Regions::new(&[0, 2], &[1, 99], 36).is_err());
    assert!(Regions::new(&[0, 3], &[1, 9], 36).is_err());
    let larger = Regions::new(&[0, 1], &[99], 100).unwrap();
    let own = Regions::new(&[0, 1], &[3], 36).unwrap();
    for (regions, background) in [(larger, Background::None), (own, Background::Local(larger))] {
        let found = frames.traces(0..2, &whole(shape), regions, background, 1, &control);
        assert!(matches!(found, Err(Error::Argument { argument: "regions", .. })));
    }
    std::fs::write(held.path(), [0_u8; 40]).unwrap();
    assert!(matches!(frames.read(0..4, &whole(shape), 1, &control), Err(Error::Format { format: "movie", .. })));
}

#[test]
fn percentiles_are_those_of_a_straight_line_between_neighbours() {
    let mut values = [9.0, 1.0, 5.0, 3.0, 7.0];
    assert!((percentile::percentile(&mut values, 0.2) - 2.6).abs() < 1e-12);
    assert_eq!(percentile::percentile(&mut values, 1.0), 9.0);
    assert!(percentile::percentile(&mut [1.0, f64::NAN], 0.5).is_nan());
    assert!(percentile::percentile::<f64>(&mut [], 0.5).is_nan());
}

#[test]
fn movies_without_pixels_have_any_number_of_frames() {
    let shape = [usize::MAX, 0, 5];
    let (frames, control) = (Frames::<u16>::in_memory(&[], shape).unwrap(), Control::new());
    let all = 0..usize::MAX;
    assert_eq!(frames.read(all.clone(), &whole(shape), 1, &control).unwrap(), []);
    let regions = Regions::new(&[0], &[], 0).unwrap();
    let found = frames.traces(all.clone(), &whole(shape), regions, Background::None, 1, &control).unwrap();
    assert_eq!(found, Traces::default());
    let target = Target { chunk: [1; 3], transpose: false, level: 1 };
    assert!(frames.pack::<u16>(all, 0..0, &target, 1, &control).unwrap().chunks.is_empty());
}

#[test]
fn chunks_and_stripes_beyond_all_bounds() {
    let (shape, control) = ([2, 3, 4], Control::new());
    let pixels = movie(shape);
    let frames = Frames::in_memory(&pixels, shape).unwrap();
    for chunk in [[usize::MAX; 3], [1 << 31, 1, 1], [0, 1, 1]] {
        let target = Target { chunk, transpose: false, level: 1 };
        assert!(frames.pack::<u16>(0..2, 0..2, &target, 1, &control).unwrap_err().to_string().contains("`chunk`"));
    }
    let regions = Regions::new(&[0, 2], &[0, 11], 12).unwrap();
    let traces = |height| {
        let background = Background::Stripes { height, share: 0.5 };
        frames.traces(0..2, &whole(shape), regions, background, 1, &control).unwrap()
    };
    assert_eq!(traces(usize::MAX), traces(3));
}

#[test]
fn windows_without_pixels_end_at_once_however_many_rows_they_have() {
    let frames = Frames::<u16>::in_memory(&[], [1, usize::MAX, 0]).unwrap();
    let window = Window { rows: 0..usize::MAX, columns: 0..0 };
    let found = frames.images(0..1, &[true], &window, None, 1, &Control::new()).unwrap();
    assert!(found.sum.is_empty());
}
