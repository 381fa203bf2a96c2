//! What the words of a file mean.

use crate::simd::wide;

pub(super) const MARKER: u32 = 0xFACE_FACE;
pub(super) const NO_X: u32 = 1 << 7;
pub(super) const NO_Y: u32 = 1 << 9;
pub(super) const HALF_2: u32 = 1 << 22;
pub(super) const HEAD_1: u32 = 1 << 23;
const TAG: u32 = 0xFF00_0000;

/// A tag difference of this many ticks or more is jitter backwards in time, not progress.
const BACKWARDS: u8 = 130;

pub(super) const BYTES_PER_WORD: usize = 4;
pub(super) type Word = [u8; BYTES_PER_WORD];

/// Ticks from one tag to the next: their difference modulo 256, or 0 if that is [`BACKWARDS`].
pub(super) fn tag_step(tag: u8, previous: u8) -> u8 {
    let step = tag.wrapping_sub(previous);
    if step < BACKWARDS { step } else { 0 }
}

/// The words before the next marker, and the rest from the marker on.
pub(super) fn split_at_marker(words: &[Word]) -> (&[Word], &[Word]) {
    let (blocks, _) = words.as_chunks::<64>();
    let clean = blocks.iter().take_while(|block| !has_marker(block.as_slice())).count() * 64;
    let tail = words.get(clean..).unwrap_or(&[]);
    let marker = tail.iter().position(|word| u32::from_le_bytes(*word) == MARKER);
    words.split_at_checked(clean + marker.unwrap_or(tail.len())).unwrap_or((words, &[]))
}

wide! {
    fn has_marker(words: &[Word]) -> bool {
        words.iter().fold(false, |any, word| any | (u32::from_le_bytes(*word) == MARKER))
    }
}

wide! {
    /// Sum of [`tag_step`] over neighbouring event words.
    pub(super) fn count_ticks(events: &[Word]) -> u64 {
        let tag = |word: &Word| u32::from_le_bytes(*word) >> 24;
        let step = |(previous, word): (&Word, &Word)| {
            let step = tag(word).wrapping_sub(tag(previous)) & 0xFF;
            if step < u32::from(BACKWARDS) { step } else { 0 }
        };
        // Blocks small enough for a sum of 32 bits.
        let later = events.get(1..).unwrap_or(&[]);
        let blocks = events.chunks(1 << 16).zip(later.chunks(1 << 16));
        blocks.map(|(a, b)| u64::from(a.iter().zip(b).map(step).sum::<u32>())).sum()
    }
}

/// Whether six events are a line as the camera mostly writes it: X, Y and energy of one head in the first half of the
/// pair, those of the other head in the second, and one time tag. Such a line needs no look at what came before.
#[inline]
pub(super) fn is_usual(group: &[Word; 6]) -> bool {
    let [a, b, c, d, e, f] = group.map(u32::from_le_bytes);
    let kinds = (a ^ NO_Y | d ^ NO_Y | b ^ NO_X | e ^ NO_X | !(c & f)) & (NO_X | NO_Y);
    let halves = (a | !d) & HALF_2;
    let heads = (a ^ b | d ^ e | !(a ^ d)) & HEAD_1;
    let tags = (a ^ b | a ^ c | a ^ d | a ^ e | a ^ f) & TAG;
    kinds | halves | heads | tags == 0
}
