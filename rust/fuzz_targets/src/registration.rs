//! Images laid over each other.

use lumentrace::Control;
use lumentrace::registration::{self as laid, Align, Field, Interpolation, Map, Model, Sampled, Tiles};

use crate::made::Made;

/// Pixels and a width that mostly fits.
fn image(made: &mut Made<'_>) -> (Vec<f32>, usize) {
    let (height, width) = (made.upto(24), made.upto(24));
    let pixels = made.nearly(height * width, |made| made.number() as f32);
    (pixels, if made.upto(31) == 0 { made.count() } else { width })
}

/// Mostly close to the identity.
fn matrix(made: &mut Made<'_>) -> [f64; 9] {
    let mut matrix = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    if made.upto(3) > 0 {
        matrix[2] = made.number();
        matrix[5] = made.number();
        return matrix;
    }
    made.numbers()
}

pub(crate) fn reduce(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let ((pixels, width), factor, threads) = (image(&mut made), made.count(), made.threads());
    if let Ok((found, columns)) = laid::reduce(&pixels, width, factor, threads, &Control::new()) {
        assert_eq!(columns, width / factor);
        assert!(columns == 0 || found.len().is_multiple_of(columns));
    }
}

pub(crate) fn warp(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let matrix = matrix(&mut made);
    let field = made.yes().then(|| {
        let columns = if made.upto(15) == 0 { made.count() } else { made.upto(4) };
        let nodes = columns.min(8) * made.upto(4);
        Field { origin: made.numbers(), spacing: made.numbers(), columns, shifts: made.nearly(nodes, Made::numbers) }
    });
    let Ok(map) = Map::new(matrix, field) else { return };
    let how = made.one(&[Interpolation::Linear, Interpolation::Cubic, Interpolation::Smooth]);
    let (moving, width) = image(&mut made);
    let (first, rows) = (made.count(), made.upto(8));
    let columns = if made.upto(15) == 0 { made.count() } else { made.upto(30) };
    let mut out = made.nearly(rows * columns.min(64), |_| 0.0);
    let _ = laid::warp(&moving, width, &map, how, first, columns, &mut out, made.threads(), &Control::new());
    let mut row = [vec![0.0; 9], made.nearly(9, |_| 0.0)];
    let [x, y] = &mut row;
    map.row(made.number(), x, y);
}

pub(crate) fn align(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let settings = Align {
        model: made.one(&[Model::Translation, Model::Affine, Model::Homography]),
        iterations: made.upto(6),
        tolerance: made.number(),
        robust: made.yes(),
    };
    let (start, threads) = (matrix(&mut made), made.threads());
    let ((fixed, width), (moving, moving_width)) = (image(&mut made), image(&mut made));
    let Ok(moving) = Sampled::new(&moving, moving_width) else { return };
    let _ = settings.run(&fixed, width, &moving, start, threads, &Control::new());
}

pub(crate) fn tiles(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let settings = Tiles { radius: made.count(), longest: made.number(), iterations: made.upto(6) };
    let (count, threads) = (made.upto(5), made.threads());
    let centres = made.list(count, Made::numbers);
    let (moving, width) = image(&mut made);
    let fixed = made.nearly(moving.len(), |made| made.number() as f32);
    let Ok(moving) = Sampled::new(&moving, width) else { return };
    if let Ok(found) = settings.find(&fixed, &moving, &centres, threads, &Control::new()) {
        assert_eq!(found.len(), centres.len());
    }
}
