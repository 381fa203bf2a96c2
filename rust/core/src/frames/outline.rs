//! Length of an object's outline, and its greatest diameter.

/// Buffers to be reused from object to object.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Pixels of the object's box and a margin: 0 outside, 1 inside, 2 at the border.
    pixels: Vec<u8>,
    points: Vec<[f64; 2]>,
    hull: Vec<[f64; 2]>,
}

impl Scratch {
    /// Perimeter and greatest Feret diameter of the pixels with a label, in pixels.
    ///
    /// The perimeter is the length of the line through the centres of the border pixels, as of
    /// `skimage.measure.perimeter` (Benkrid & Crookes, 2000); the diameter is that of the outline half-way to the pixels
    /// around. O(box + k²) for k corners of the convex hull.
    pub(super) fn measure(&mut self, labels: &[i32], width: usize, label: i32, bounds: [usize; 4]) -> [f64; 2] {
        let [top, left, bottom, right] = bounds;
        let (wide, tall) = (right - left + 2, bottom - top + 2);
        self.pixels.clear();
        self.pixels.resize(wide * tall, 0);
        for row in top..bottom {
            let line = &labels[row * width + left..row * width + right];
            let own = &mut self.pixels[(row - top + 1) * wide + 1..][..right - left];
            for (pixel, found) in own.iter_mut().zip(line) {
                *pixel = u8::from(*found == label);
            }
        }
        for at in wide..wide * (tall - 1) {
            let around = [at - wide, at - 1, at + 1, at + wide];
            if self.pixels[at] == 1 && around.iter().any(|&other| self.pixels[other] == 0) {
                self.pixels[at] = 2;
            }
        }
        [self.perimeter(wide), self.feret(wide)]
    }

    fn perimeter(&self, wide: usize) -> f64 {
        let border = |at: usize| usize::from(self.pixels[at] == 2);
        let mut length = 0.0;
        for at in (0..self.pixels.len()).filter(|&at| self.pixels[at] == 2) {
            let straight = border(at - wide) + border(at - 1) + border(at + 1) + border(at + wide);
            let diagonal =
                border(at - wide - 1) + border(at - wide + 1) + border(at + wide - 1) + border(at + wide + 1);
            length += match (straight, diagonal) {
                (2 | 3, 0..=2) => 1.0,
                (0, 2) | (1, 3) => std::f64::consts::SQRT_2,
                (1, 1 | 2) => f64::midpoint(1.0, std::f64::consts::SQRT_2),
                _ => 0.0,
            };
        }
        length
    }

    fn feret(&mut self, wide: usize) -> f64 {
        self.points.clear();
        let rows: Vec<&[u8]> = self.pixels.chunks_exact(wide).collect();
        for row in 1..rows.len() {
            let changes = |x: &usize| (rows[row][*x] == 0) != (rows[row - 1][*x] == 0);
            let inside = |x: &usize| rows[row][*x] != 0;
            let edge = row as f64 - 0.5;
            self.points.extend((0..wide).find(changes).map(|x| [edge, x as f64]));
            self.points.extend((0..wide).rfind(changes).map(|x| [edge, x as f64]));
            self.points.extend((0..wide).find(inside).map(|x| [row as f64, x as f64 - 0.5]));
            self.points.extend((0..wide).rfind(inside).map(|x| [row as f64, x as f64 + 0.5]));
        }
        self.hull.clear();
        chain(self.points.iter(), &mut self.hull);
        chain(self.points.iter().rev(), &mut self.hull);
        let mut most: f64 = 0.0;
        for (number, a) in self.hull.iter().enumerate() {
            for b in &self.hull[number + 1..] {
                most = most.max((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
            }
        }
        most.sqrt()
    }
}

/// Appends one side of the convex hull of sorted points (Andrew, Inf. Process. Lett. 9 (1979) 216).
fn chain<'a>(points: impl Iterator<Item = &'a [f64; 2]>, hull: &mut Vec<[f64; 2]>) {
    let start = hull.len();
    for p in points {
        while hull.len() >= start + 2 {
            let [a, b] = [hull[hull.len() - 2], hull[hull.len() - 1]];
            if (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(*p);
    }
}
