//! Binary opening of one object by a disk, within the frame.

/// Objects of which less is left stay as they were.
const LEAST_SHARE: f64 = 0.4;

/// An object in its bounding box, and buffers to be reused.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// How far the object goes on to the left and to the right of each pixel; beyond the frame without end.
    reach: Vec<u32>,
    eroded: Vec<bool>,
    opened: Vec<bool>,
}

const ENDLESS: u32 = u32::MAX / 2;

impl Opening {
    /// The opening of `object`, row by row in its `bounds` within a frame of `shape`; `None` if too little would be left.
    ///
    /// Outside of the frame counts as object for the erosion and as background for the dilation. O(area · radius).
    pub(super) fn open(
        &mut self,
        object: &[bool],
        bounds: [usize; 4],
        shape: [usize; 2],
        radius: usize,
    ) -> Option<&[bool]> {
        let [top, left, bottom, right] = bounds;
        let (tall, wide) = (bottom - top, right - left);
        // A larger disk covers no more of the frame.
        let radius = radius.min(shape[0] + shape[1]);
        self.measure(object, wide, left == 0, right == shape[1]);
        let widths: Vec<u32> = (0..=radius).map(|y| ((radius * radius - y * y) as f64).sqrt() as u32).collect();
        let fits = |row: isize, column: usize, width: u32| {
            let above = (top as isize + row) < 0 || top as isize + row >= shape[0] as isize;
            let inside = (0..tall as isize).contains(&row);
            above || inside && self.reach[row as usize * wide + column] > width
        };
        self.eroded.clear();
        self.eroded.extend((0..tall * wide).map(|pixel| {
            let (row, column) = ((pixel / wide) as isize, pixel % wide);
            object[pixel]
                && widths
                    .iter()
                    .enumerate()
                    .all(|(y, &width)| fits(row - y as isize, column, width) && fits(row + y as isize, column, width))
        }));
        self.opened.clear();
        self.opened.resize(tall * wide, false);
        for pixel in (0..tall * wide).filter(|&pixel| self.eroded[pixel]) {
            for (y, &width) in widths.iter().enumerate() {
                let (row, column) = (pixel / wide, pixel % wide);
                let span = column.saturating_sub(width as usize)..wide.min(column + width as usize + 1);
                for row in [row.checked_sub(y), Some(row + y).filter(|row| *row < tall)].into_iter().flatten() {
                    self.opened[row * wide + span.start..row * wide + span.end].fill(true);
                }
            }
        }
        let count = |pixels: &[bool]| pixels.iter().filter(|pixel| **pixel).count();
        let left = count(&self.opened);
        (left > 0 && left as f64 >= LEAST_SHARE * count(object) as f64).then_some(&self.opened)
    }

    /// For each pixel of the object 1 more than the lesser of how far it goes on to both sides; 0 for others.
    fn measure(&mut self, object: &[bool], wide: usize, at_left: bool, at_right: bool) {
        self.reach.clear();
        self.reach.resize(object.len(), 0);
        for (pixels, reach) in object.chunks_exact(wide).zip(self.reach.chunks_exact_mut(wide)) {
            let mut length = if at_left { ENDLESS } else { 0 };
            for (pixel, reach) in pixels.iter().zip(reach.iter_mut()) {
                length = if *pixel { length + 1 } else { 0 };
                *reach = length;
            }
            let mut length = if at_right { ENDLESS } else { 0 };
            for (pixel, reach) in pixels.iter().zip(reach.iter_mut()).rev() {
                length = if *pixel { length + 1 } else { 0 };
                *reach = (*reach).min(length);
            }
        }
    }
}
