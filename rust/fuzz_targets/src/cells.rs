//! Cells of movies that come in blocks.

use lumentrace::Control;
use lumentrace::frames::cells::{Binned, Binning, Noise, Part, Projections, Search, TakesFrames};
use lumentrace::frames::movie::{Frames, Window};
use lumentrace::pool::Workers;

use crate::made::Made;
use crate::movie::range;

/// Frames (frames, pixels) with places that light up together now and then.
fn movie(made: &mut Made<'_>, count: usize, [rows, columns]: [usize; 2]) -> Vec<f32> {
    let noisy = made.upto(3) > 0;
    let mut pixels = made.nearly(count * rows * columns, |made| if noisy { made.number() as f32 } else { 0.0 });
    for _ in 0..made.upto(3) {
        let (row, column, reach) = (made.upto(rows), made.upto(columns), made.upto(4));
        let (first, every, height) = (made.upto(7), 1 + made.upto(11), made.number() as f32);
        for (place, pixel) in pixels.iter_mut().enumerate() {
            let (frame, place) = (place / (rows * columns).max(1), place % (rows * columns).max(1));
            let near = (place / columns.max(1)).abs_diff(row).max((place % columns.max(1)).abs_diff(column)) <= reach;
            if near && (frame + first).is_multiple_of(every) {
                *pixel += height;
            }
        }
    }
    pixels
}

/// Noise, bins and what is found in them.
pub(crate) fn cells(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (count, shape) = (made.upto(60), [made.upto(12), made.upto(12)]);
    let pixels = movie(&mut made, count, shape);
    let size = shape[0] * shape[1];
    let (threads, control) = (made.threads(), Control::new());
    let workers = Workers { threads, control: &control };
    let kept = made.nearly(count, |made| made.upto(15) > 0);
    let mut noise = Noise::new(size);
    let _ = noise.add(&pixels, &kept, &workers);
    let plan = Binning {
        shape,
        factor: made.upto(3),
        frames: if made.upto(15) == 0 { made.count() } else { 1 + made.upto(2) },
        bins: if made.upto(15) == 0 { made.count() } else { made.upto(60) },
        segment: made.count(),
    };
    let given = made.upto(7) == 0;
    let (mean, deviation) = if given {
        (made.nearly(size, Made::number), made.nearly(size, Made::number))
    } else {
        (noise.mean(), noise.deviation())
    };
    let Ok(mut binned) = Binned::new(plan, &mean, &deviation) else { return };
    let _ = binned.add(&pixels, &kept, &workers);
    let cells = plan.grid().iter().product::<usize>();
    assert_eq!(binned.to_vec().len(), cells * binned.done());
    if let Ok((alike, peaks)) = binned.images(&workers) {
        assert_eq!((alike.len(), peaks.len()), (size, size));
    }
    let diameter = if made.upto(7) == 0 { made.number() } else { 1.0 + made.upto(12) as f64 / 2.0 };
    let search = Search { diameter, window: made.count() };
    if let Ok(activity) = search.activity(&binned, &workers) {
        assert_eq!(activity.len(), cells);
    }
    let Ok(found) = search.run(&binned, &workers) else { return };
    for own in found.found {
        assert_eq!(own.weights.len(), own.shape[0] * own.shape[1]);
        assert!(own.active.len() == binned.done() && own.free.len() == binned.done());
        assert!(own.patch < found.around.len());
        assert!((0..2).all(|axis| own.place[axis] + own.shape[axis] <= plan.grid()[axis]));
        assert!(own.weights.iter().all(|weight| *weight >= 0.0));
    }
}

/// Projections on courses in parts anywhere, of a window anywhere.
pub(crate) fn projections(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (count, shape) = (made.upto(12), [made.upto(6), made.upto(6)]);
    let pixels = movie(&mut made, count, shape);
    let mean = made.nearly(shape[0] * shape[1], Made::number);
    let (frames, bins) = (made.count(), made.count());
    let courses = made.upto(3);
    let courses = made.nearly(courses.saturating_mul(bins).min(64), Made::number);
    let parts = made.upto(3);
    let parts = made.list(parts, |made| {
        let courses = made.upto(2);
        Part {
            rows: range(made, shape[0]),
            columns: range(made, shape[1]),
            courses: made.list(courses, |made| made.upto(3)),
        }
    });
    let Ok(mut kernel) = Projections::new(shape, &mean, frames, &courses, bins, parts) else { return };
    let Ok(movie) = Frames::in_memory(&pixels, [count, shape[0], shape[1]]) else { return };
    let (span, window) =
        (range(&mut made, count), Window { rows: range(&mut made, shape[0]), columns: range(&mut made, shape[1]) });
    let kept = made.nearly(span.len().min(64), Made::yes);
    let (threads, control) = (made.threads(), Control::new());
    let _ = movie.hand_to(&mut kernel, span, &window, &kept, &Workers { threads, control: &control });
    assert!(kernel.sums().len() <= 3);
}
