//! Movies in files and in memory: chunks, windows, regions.

use std::io::Write;
use std::ops::Range;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lumentrace::Control;
use lumentrace::frames::movie::{
    Background, Chunk, ChunkedFile, Filter, Frames, Layout, Pixel, Regions, Target, Window,
};

use crate::made::Made;

/// Chunks anywhere in a file that may be damaged.
pub(crate) fn file(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (shape, chunk) = (made.shape::<3>(5), made.shape::<3>(4).map(|length| length.max(1)));
    let pixel = made.one(&[1, 2, 4, 8]);
    let filters =
        made.one::<&[Filter]>(&[&[], &[Filter::Shuffle], &[Filter::Deflate], &[Filter::Shuffle, Filter::Deflate]]);
    let size = chunk.iter().try_fold(pixel, |all: usize, length| all.checked_mul(*length)).unwrap_or(0).min(4096);
    let plain = made.list(size, |made| made.upto(255) as u8);
    let stored = if filters.contains(&Filter::Deflate) { deflated(&plain) } else { plain };
    let count = shape.iter().zip(chunk).map(|(all, own)| all.div_ceil(own)).try_fold(1_usize, usize::checked_mul);
    let chunks = made.nearly(count.unwrap_or(0).min(200), |made| {
        let plain = made.upto(9) > 0;
        Chunk {
            offset: if plain { 0 } else { made.count() as u64 },
            size: if plain { stored.len() as u64 } else { made.count() as u64 },
            skipped: if plain { 0 } else { made.upto(3) as u32 },
        }
    });
    let layout = Layout { shape, chunk, pixel, filters: filters.to_vec() };
    let written = tempfile::NamedTempFile::new().and_then(|mut own| own.write_all(&stored).map(|()| own));
    let Ok(own) = written else { return };
    let Ok(movie) = ChunkedFile::open(own.path(), layout, chunks) else { return };
    measure::<u8>(&mut made, Frames::in_file(&movie).ok());
    measure::<i16>(&mut made, Frames::in_file(&movie).ok());
    measure::<f32>(&mut made, Frames::in_file(&movie).ok());
    measure::<f64>(&mut made, Frames::in_file(&movie).ok());
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::fast());
    stream.write_all(bytes).and_then(|()| stream.finish()).unwrap_or_default()
}

pub(crate) fn memory(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let shape = made.shape::<3>(5);
    let size = shape.iter().try_fold(1_usize, |all, length| all.checked_mul(*length)).unwrap_or(0);
    if made.yes() {
        let pixels = made.nearly(size.min(4096), |made| made.number() as f32);
        measure(&mut made, Frames::in_memory(&pixels, shape).ok());
    } else {
        let pixels = made.nearly(size.min(4096), |made| made.number() as u16);
        measure(&mut made, Frames::in_memory(&pixels, shape).ok());
    }
}

pub(crate) fn range(made: &mut Made<'_>, length: usize) -> Range<usize> {
    if made.upto(15) == 0 {
        return made.count()..made.count();
    }
    let start = made.upto(length);
    start..start + made.upto(length - start)
}

fn measure<P: Pixel>(made: &mut Made<'_>, movie: Option<Frames<'_, P>>) {
    let Some(movie) = movie else { return };
    let [count, rows, columns] = movie.shape();
    let frames = range(made, count);
    let window = Window { rows: range(made, rows), columns: range(made, columns) };
    let (threads, control) = (made.threads(), Control::new());
    if let Ok(pixels) = movie.read(frames.clone(), &window, threads, &control) {
        assert_eq!(pixels.len(), frames.len() * window.rows.len() * window.columns.len());
    }
    traces(made, &movie, frames.clone(), &window);
    let size = window.rows.len().saturating_mul(window.columns.len()).min(4096);
    let kept = made.nearly(frames.len().min(64), Made::yes);
    let base = made.yes().then(|| made.nearly(size, Made::number));
    let _ = movie.images(frames.clone(), &kept, &window, base.as_deref(), threads, &control);
    let summed = range(made, count);
    let level = made.upto(14) as i32 - 1;
    let chunk: [usize; 3] = made.shape(4);
    // A chunk of up to a gigabyte is its caller's wish.
    if chunk
        .iter()
        .try_fold(8_usize, |all, length| all.checked_mul(*length))
        .is_some_and(|size| (1 << 16..=1 << 33).contains(&size))
    {
        return;
    }
    let target = Target { chunk, transpose: made.yes(), level };
    let _ = if made.yes() {
        movie.pack::<u8>(frames, summed, &target, threads, &control)
    } else {
        movie.pack::<f64>(frames, summed, &target, threads, &control)
    };
}

fn traces<P: Pixel>(made: &mut Made<'_>, movie: &Frames<'_, P>, frames: Range<usize>, window: &Window) {
    let size = window.rows.len().saturating_mul(window.columns.len());
    let (starts, pixels) = areas(made, size);
    let (dark_starts, dark) = areas(made, size);
    let (Ok(regions), Ok(local)) = (Regions::new(&starts, &pixels, size), Regions::new(&dark_starts, &dark, size))
    else {
        return;
    };
    let background = match made.upto(3) {
        0 => Background::None,
        1 => Background::Global(&dark),
        2 => Background::Local(local),
        _ => Background::Stripes { height: made.count(), share: made.number() },
    };
    if let Ok(found) = movie.traces(frames.clone(), window, regions, background, 1, &Control::new()) {
        assert_eq!(found.raw.len(), if size == 0 { 0 } else { frames.len() * (starts.len() - 1) });
    }
}

fn areas(made: &mut Made<'_>, size: usize) -> (Vec<i64>, Vec<u32>) {
    let regions = made.upto(3);
    let (mut starts, mut pixels) = (vec![0], Vec::new());
    for _ in 0..regions {
        let count = made.upto(4).min(size);
        pixels.extend(made.list(count, |made| made.upto(size.saturating_sub(1)) as u32));
        starts.push(pixels.len() as i64);
    }
    if made.upto(15) == 0 {
        starts = made.list(3, Made::label);
    }
    (starts, pixels)
}
