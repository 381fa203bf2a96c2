//! Arguments of kernels made from bytes: mostly plain and small, now and then awkward.

use arbitrary::Unstructured;
use lumentrace::Rows;

/// Numbers at which kernels may stumble.
const AWKWARD: [f64; 16] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -0.0,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    1e300,
    -1e300,
    1e-300,
    1e18,
    9_007_199_254_740_993.0,
    4_294_967_296.0,
    -2_147_483_649.0,
    1e-9,
];

/// Counts at which kernels may stumble.
const LIMITS: [usize; 12] = [
    usize::MAX,
    usize::MAX - 1,
    usize::MAX / 2,
    usize::MAX / 2 + 1,
    usize::MAX / 8 + 1,
    1 << 62,
    1 << 33,
    1 << 32,
    u32::MAX as usize,
    i32::MAX as usize,
    1 << 31,
    100_003,
];

/// Bytes that become arguments; when they are used up, everything is 0.
#[derive(Debug)]
pub struct Made<'a>(Unstructured<'a>);

impl<'a> Made<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.upto(of.len() - 1)]
    }

    /// From 0 to `most`.
    pub fn upto(&mut self, most: usize) -> usize {
        self.0.int_in_range(0..=most).unwrap_or_default()
    }

    /// A count, offset or length as a caller may give it.
    pub fn count(&mut self) -> usize {
        match self.byte() {
            byte @ 0..240 => usize::from(byte % 12),
            byte => LIMITS[usize::from(byte) % LIMITS.len()],
        }
    }

    /// The same as numpy would give it.
    pub fn label(&mut self) -> i64 {
        match self.byte() {
            byte @ 0..230 => i64::from(byte % 6),
            byte @ 230..250 => i64::from(byte) - 240,
            250 => i64::MIN,
            251 => i64::MAX,
            252 => i64::from(i32::MAX) + 1,
            _ => self.0.arbitrary().unwrap_or_default(),
        }
    }

    pub fn seed(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub fn number(&mut self) -> f64 {
        match self.byte() {
            byte @ 0..160 => f64::from(byte % 32) * 0.5,
            byte @ 160..200 => f64::from(byte) - 180.0,
            200..236 => f64::from(self.0.arbitrary::<i16>().unwrap_or_default()) / 64.0,
            236..240 => self.0.arbitrary().unwrap_or_default(),
            byte => AWKWARD[usize::from(byte - 240)],
        }
    }

    pub fn numbers<const N: usize>(&mut self) -> [f64; N] {
        std::array::from_fn(|_| self.number())
    }

    pub fn list<T>(&mut self, length: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..length).map(|_| item(self)).collect()
    }

    /// A list that is now and then one too short or too long.
    pub fn nearly<T>(&mut self, length: usize, item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = match self.byte() {
            0..250 => length,
            250..253 => length.saturating_sub(1),
            _ => length + 1,
        };
        self.list(length, item)
    }

    /// A table of `width` columns, now and then of another width.
    pub fn table(&mut self, most: usize, width: usize) -> Table {
        let width = if self.byte() < 250 { width } else { 1 + self.upto(width + 1) };
        let rows = self.upto(most);
        Table { values: self.list(rows * width, Self::number), width }
    }

    /// A table whose first column ascends.
    pub fn events(&mut self, most: usize, width: usize) -> Table {
        let mut table = self.table(most, width);
        let mut time = 0.0;
        for row in table.values.chunks_mut(table.width) {
            let step = row[0];
            time += if (0.0..100.0).contains(&step) { step } else { 0.0 };
            row[0] = if step.is_finite() && step.abs() < 1e6 { time } else { step };
        }
        table
    }

    /// Limits `lower`, `upper` of a box, mostly in order.
    pub fn limits(&mut self) -> [[f64; 3]; 2] {
        let lower = self.numbers();
        let plain = self.byte() < 220;
        let upper = std::array::from_fn(|axis| {
            let size = self.number();
            if plain { lower[axis] + size.abs() + 1.0 } else { size }
        });
        [lower, upper]
    }

    /// A shape of up to `most` along each axis, now and then with an axis without bounds.
    pub fn shape<const N: usize>(&mut self, most: usize) -> [usize; N] {
        let mut shape = std::array::from_fn(|_| self.upto(most));
        if self.byte() > 250 {
            shape[self.upto(N - 1)] = self.count();
        }
        shape
    }

    /// Threads: mostly one, which is quickest.
    pub fn threads(&mut self) -> usize {
        match self.byte() {
            0..252 => 1,
            252..=254 => 2,
            _ => usize::MAX,
        }
    }
}

/// Values of a table.
#[derive(Debug)]
pub struct Table {
    pub values: Vec<f64>,
    pub width: usize,
}

impl Table {
    /// As kernels take them.
    pub fn rows(&self) -> Option<Rows<'_>> {
        Rows::new(&self.values, self.width).ok()
    }
}
