//! The formats of 256 numbers a block, ggml's K-quants. The formulas are those of ggml's `dequantize_row_q*_K`.
//!
//! A block is cut into groups of 16 or 32 numbers, each with a small whole-number scale (and minimum) in units of
//! the block's own. Numbers 32 or 64 apart share a byte.

use half::f16;

/// Numbers of a block.
pub(super) const K: usize = 256;

/// Q2_K: 2 bits. 16 bytes of scales and minima, 64 of numbers, the units of both.
pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; K]) {
    let [d, d_min] = [half_at(block, 80), half_at(block, 82)];
    let qs = &block[16..80];
    for (n, x) in out.iter_mut().enumerate() {
        let scale = block[n / 16];
        *x = d * f32::from(scale & 15) * f32::from(two_bits(qs, n)) - d_min * f32::from(scale >> 4);
    }
}

/// Q3_K: 3 bits. 32 bytes of high bits, 64 of low ones, 12 of scales, their unit.
pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; K]) {
    let (high, qs, scales, d) = (&block[..32], &block[32..96], &block[96..108], half_at(block, 108));
    let scale = |group: usize| {
        let low = scales[group % 8] >> (4 * (group / 8)) & 15;
        let top = scales[8 + group % 4] >> (2 * (group / 4)) & 3;
        f32::from(low | top << 4) - 32.0
    };
    for (n, x) in out.iter_mut().enumerate() {
        // The high bit says that nothing is to be taken off.
        let offset = if high[n % 32] >> (n / 32) & 1 == 1 { 0.0 } else { 4.0 };
        *x = d * scale(n / 16) * (f32::from(two_bits(qs, n)) - offset);
    }
}

/// Q4_K: 4 bits. The units of scales and minima, 12 bytes of both, 128 of numbers.
pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; K]) {
    let qs = &block[16..144];
    scaled(&block[..16], out, |n| nibble(qs, n, 32));
}

/// Q5_K: 5 bits. As Q4_K, with 32 bytes of fifth bits before the numbers.
pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; K]) {
    let (high, qs) = (&block[16..48], &block[48..176]);
    scaled(&block[..16], out, |n| nibble(qs, n, 32) | (high[n % 32] >> (n / 32) & 1) << 4);
}

/// Q6_K: 6 bits. 128 bytes of low halves, 64 of high bits, 16 signed scales, their unit.
pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; K]) {
    let (low, high, scales, d) = (&block[..128], &block[128..192], &block[192..208], half_at(block, 208));
    for (n, x) in out.iter_mut().enumerate() {
        let q = nibble(low, n, 64) | two_bits(high, n) << 4;
        *x = d * f32::from(scales[n / 16].cast_signed()) * (f32::from(q) - 32.0);
    }
}

/// Eight groups with a scale and a minimum of 6 bits each; `head` has their units and then those.
fn scaled(head: &[u8], out: &mut [f32; K], q: impl Fn(usize) -> u8) {
    let ([d, d_min], packed) = ([half_at(head, 0), half_at(head, 2)], &head[4..16]);
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let [scale, min] = scale_and_min(packed, group);
        let [scale, min] = [d * f32::from(scale), d_min * f32::from(min)];
        for (i, x) in out.iter_mut().enumerate() {
            *x = scale * f32::from(q(group * 32 + i)) - min;
        }
    }
}

/// The first four groups have theirs in the low 6 bits of bytes 0 to 3 and 4 to 7; the others have 4 bits in bytes
/// 8 to 11, and 2 in the tops of the others.
fn scale_and_min(packed: &[u8], group: usize) -> [u8; 2] {
    if group < 4 {
        return [packed[group] & 63, packed[group + 4] & 63];
    }
    let (low, i) = (packed[group + 4], group - 4);
    [low & 15 | packed[i] >> 6 << 4, low >> 4 | packed[i + 4] >> 6 << 4]
}

/// Number `n` where four numbers that are 32 apart share a byte.
fn two_bits(bytes: &[u8], n: usize) -> u8 {
    bytes[n / 128 * 32 + n % 32] >> (n % 128 / 32 * 2) & 3
}

/// Number `n` where two numbers that are `apart` share a byte.
fn nibble(bytes: &[u8], n: usize, apart: usize) -> u8 {
    bytes[n / (2 * apart) * apart + n % apart] >> (n / apart % 2 * 4) & 15
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
