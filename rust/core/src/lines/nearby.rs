//! A fast, safe first choice of the line pairs that may pass each other closely.
//!
//! Two lines with unit directions `u, r` and moments `m = p × u, k = q × r` about any origin have the reciprocal
//! product `g = u·k + r·m`, and `|g| = distance · sin(angle)`. So `distance < d` iff `g² < d² (1 - (u·r)²)`, that is
//! `g² + (d u·r)² < d²`: 11 multiplications, no division, no square root (Plücker coordinates; Pottmann & Wallner,
//! *Computational Line Geometry*, 2001). It is evaluated in `f32` with a margin that covers every rounding error, so
//! that it never refuses a pair which the exact test in `f64` would accept; what it accepts wrongly, that test refuses.
//!
//! # The margin
//! Let ε = 2⁻²⁴ and δ = 2⁻⁵³, the relative rounding errors of `f32` and `f64`.
//! - `u, k, r, m` are rounded to `f32` (ε each) and `g` is six products and five sums (6ε), so by Cauchy–Schwarz `g` is
//!   wrong by at most `8ε (|m| + |k|)`, plus at most `16δ (|p| + |q|)` lost in `f64` before, where the norms include
//!   the shift of the origin.
//! - The exact test accepts pairs up to its own error. Its `A` and `C` lie beside their lines by at most
//!   `4δ (|P| + |s U|)`, and `|s U| ≤ 2.1 |w| / sin(angle)` for pairs that it does not take as parallel, so this adds
//!   at most `16δ (|P| + |Q| + d)` to `distance · sin(angle)`.
//! - Both are sums of one term per line. `e` below is that term, taken at least twice as large. From
//!   `|g| ≤ d sin(angle) + e₁ + e₂` follows `g² ≤ d² sin²(angle) + 2 d (e₁ + e₂) + 2 e₁² + 2 e₂²`: the limit, too, is a
//!   sum of one term per line.
//! - `g²` and `(d u·r)²` as computed are wrong by at most 16ε of that limit; 64ε = 2⁻¹⁸ is granted.
//! - A fixed 1e-30 mm² covers underflow. Overflow leaves the comparison undecided (NaN, or infinite on both sides), and
//!   an undecided pair is accepted. An infinite `d` accepts every pair.

use super::line::{Line, Vector, cross};
use crate::simd::wide;

/// Lines per block.
const BLOCK: usize = 32;

/// The [`Filter::after`] of one block: its first line and a bit per line that may be close.
pub(super) type Hits = (usize, u32);

/// Lines stored for the test in `f32`, a block at a time.
#[derive(Debug, Default)]
pub(super) struct Filter {
    blocks: Vec<Block>,
    max_distance: f32,
    len: usize,
}

/// Directions, moments and limits of [`BLOCK`] lines.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block {
    direction: [[f32; BLOCK]; 3],
    moment: [[f32; BLOCK]; 3],
    limit: [f32; BLOCK],
}

/// What [`Block`] holds, of one line.
#[derive(Debug, Clone, Copy)]
struct Entry {
    direction: [f32; 3],
    moment: [f32; 3],
    limit: f32,
}

const EMPTY: Block = Block { direction: [[0.0; BLOCK]; 3], moment: [[0.0; BLOCK]; 3], limit: [0.0; BLOCK] };

impl Filter {
    /// Takes `lines` and the distance to test for. The margin is smallest for lines that pass near `centre`.
    pub(super) fn load(&mut self, lines: &[Line], max_distance: f64, centre: Vector) {
        self.len = lines.len();
        self.max_distance = max_distance as f32;
        self.blocks.clear();
        self.blocks.resize(lines.len().div_ceil(BLOCK), EMPTY);
        for (block, lines) in self.blocks.iter_mut().zip(lines.chunks(BLOCK)) {
            for (lane, line) in lines.iter().enumerate() {
                block.set(lane, &Entry::new(line, centre, max_distance));
            }
        }
    }

    /// The lines after line `i` that may pass it within the distance, as masks over blocks, in order; in `hits`.
    pub(super) fn after<'h>(&self, i: usize, hits: &'h mut Vec<Hits>) -> &'h [Hits] {
        hits.resize(self.blocks.len(), (0, 0));
        let first = (i + 1) / BLOCK;
        let (Some(own), Some(others)) = (self.blocks.get(i / BLOCK), self.blocks.get(first..)) else {
            return &[];
        };
        let line = own.get(i % BLOCK);
        let found = scan(&line, self.max_distance, others, first * BLOCK, hits);
        let hits = hits.get_mut(..found).unwrap_or_default();
        mask_ends(hits, i, self.len);
        hits
    }
}

/// Clears the bits of lines up to `i` in the first block and from `len` on in the last one.
fn mask_ends(hits: &mut [Hits], i: usize, len: usize) {
    if let Some((start, mask)) = hits.first_mut()
        && *start <= i
    {
        *mask &= u32::MAX.checked_shl((i + 1 - *start) as u32).unwrap_or(0);
    }
    if let Some((start, mask)) = hits.last_mut()
        && len - *start < BLOCK
    {
        *mask &= (1 << (len - *start)) - 1;
    }
}

impl Block {
    fn set(&mut self, lane: usize, entry: &Entry) {
        for axis in 0..3 {
            self.direction[axis][lane] = entry.direction[axis];
            self.moment[axis][lane] = entry.moment[axis];
        }
        self.limit[lane] = entry.limit;
    }

    fn get(&self, lane: usize) -> Entry {
        Entry {
            direction: self.direction.map(|values| values[lane]),
            moment: self.moment.map(|values| values[lane]),
            limit: self.limit[lane],
        }
    }
}

impl Entry {
    fn new(line: &Line, centre: Vector, max_distance: f64) -> Self {
        let scale = 1.0 / line.squared_length.sqrt();
        let direction = line.direction.map(|x| x * scale);
        let point = [0, 1, 2].map(|k| line.point[k] - centre[k]);
        let moment = cross(point, direction);
        let reach: f64 = [0, 1, 2].iter().map(|&k| line.point[k].abs() + centre[k].abs()).sum();
        let size: f64 = moment.iter().map(|x| x.abs()).sum();
        let error = 2f64.powi(-20) * size + 2f64.powi(-47) * (reach + max_distance);
        let limit = (max_distance * max_distance) / 2.0 + 2.0 * (max_distance * error + error * error);
        Self {
            direction: direction.map(|x| x as f32),
            moment: moment.map(|x| x as f32),
            limit: (limit * (1.0 + 2f64.powi(-18)) + 1e-30) as f32,
        }
    }
}

wide! {
    /// Writes the masks of `blocks` that are not empty to `hits`, which is as long; returns how many they are.
    ///
    /// The first block starts at line `start`.
    fn scan(line: &Entry, max_distance: f32, blocks: &[Block], start: usize, hits: &mut [Hits]) -> usize {
        let mut found = 0;
        let [ux, uy, uz] = line.direction;
        let [dx, dy, dz] = line.direction.map(|u| u * max_distance);
        let [mx, my, mz] = line.moment;
        for (index, block) in blocks.iter().enumerate() {
            let [rx, ry, rz] = &block.direction;
            let [kx, ky, kz] = &block.moment;
            let mut near = [0_u8; BLOCK];
            for lane in 0..BLOCK {
                let (x, y, z) = (rx[lane], ry[lane], rz[lane]);
                let g = (ux * kx[lane] + uy * ky[lane] + uz * kz[lane]) + (mx * x + my * y + mz * z);
                let b = dx * x + dy * y + dz * z;
                let far = g * g + b * b > line.limit + block.limit[lane];
                near[lane] = u8::from(!far);
            }
            let mask = pack(&near);
            if let Some(hit) = hits.get_mut(found) {
                *hit = (start + index * BLOCK, mask);
            }
            found += usize::from(mask != 0);
        }
        found
    }
}

/// Bit `k` of the result is `flags[k]`, which is 0 or 1.
#[inline(always)]
#[allow(clippy::inline_always)]
fn pack(flags: &[u8; BLOCK]) -> u32 {
    let (eights, _) = flags.as_chunks::<8>();
    let mut mask = 0;
    for (index, &eight) in eights.iter().enumerate() {
        // Moves the lowest bit of byte k to bit 56 + k.
        let byte = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= (byte as u32) << (8 * index);
    }
    mask
}

/// Calls `found` with the number of each bit set in `mask`, lowest first.
#[inline]
pub(super) fn for_each_bit(mut mask: u32, mut found: impl FnMut(usize)) {
    while mask != 0 {
        found(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}
