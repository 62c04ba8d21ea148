//! From ggml's stored numbers to `f32`. The formulas are those of ggml's `dequantize_row_*`.

use half::{bf16, f16};

use super::{
    GgufType,
    k_quants::{K, q2_k, q3_k, q4_k, q5_k, q6_k},
};

/// What [`to_f32`] can read.
pub(super) const SUPPORTED: [GgufType; 13] = [
    GgufType::F32,
    GgufType::F16,
    GgufType::Bf16,
    GgufType::Q4_0,
    GgufType::Q4_1,
    GgufType::Q5_0,
    GgufType::Q5_1,
    GgufType::Q8_0,
    GgufType::Q2K,
    GgufType::Q3K,
    GgufType::Q4K,
    GgufType::Q5K,
    GgufType::Q6K,
];

/// The numbers of whole blocks of a format; none if the format is not [`SUPPORTED`].
pub(super) fn to_f32(kind: GgufType, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        GgufType::F32 => plain(bytes, f32::from_le_bytes),
        GgufType::F16 => plain(bytes, |b| f16::from_le_bytes(b).to_f32()),
        GgufType::Bf16 => plain(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        GgufType::Q4_0 => blocks(bytes, |block: &[u8; 18], out| {
            let d = half_at(block, 0);
            nibbles(&block[2..], out, |_, q| d * (f32::from(q) - 8.0));
        }),
        GgufType::Q4_1 => blocks(bytes, |block: &[u8; 20], out| {
            let [d, m] = [half_at(block, 0), half_at(block, 2)];
            nibbles(&block[4..], out, |_, q| d * f32::from(q) + m);
        }),
        GgufType::Q5_0 => blocks(bytes, |block: &[u8; 22], out| {
            let d = half_at(block, 0);
            let bits = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
            nibbles(&block[6..], out, |j, q| d * (f32::from(q | fifth_bit(bits, j)) - 16.0));
        }),
        GgufType::Q5_1 => blocks(bytes, |block: &[u8; 24], out| {
            let [d, m] = [half_at(block, 0), half_at(block, 2)];
            let bits = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
            nibbles(&block[8..], out, |j, q| d * f32::from(q | fifth_bit(bits, j)) + m);
        }),
        GgufType::Q8_0 => blocks(bytes, |block: &[u8; 34], out: &mut [f32; 32]| {
            let d = half_at(block, 0);
            for (x, q) in out.iter_mut().zip(&block[2..]) {
                *x = d * f32::from(q.cast_signed());
            }
        }),
        GgufType::Q2K => blocks::<84, K>(bytes, q2_k),
        GgufType::Q3K => blocks::<110, K>(bytes, q3_k),
        GgufType::Q4K => blocks::<144, K>(bytes, q4_k),
        GgufType::Q5K => blocks::<176, K>(bytes, q5_k),
        GgufType::Q6K => blocks::<210, K>(bytes, q6_k),
        GgufType::Other(_) => return None,
    })
}

fn plain<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&b| read(b)).collect()
}

/// Blocks of `M` numbers in `N` bytes.
fn blocks<const N: usize, const M: usize>(bytes: &[u8], read: impl Fn(&[u8; N], &mut [f32; M])) -> Vec<f32> {
    let blocks = bytes.as_chunks::<N>().0;
    let mut out = vec![0.0; blocks.len() * M];
    for (block, out) in blocks.iter().zip(out.as_chunks_mut::<M>().0) {
        read(block, out);
    }
    out
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// The 16 low nibbles are the numbers 0 to 15, the high ones 16 to 31; `value` gets the number's index.
fn nibbles(bytes: &[u8], out: &mut [f32; 32], value: impl Fn(usize, u8) -> f32) {
    for (j, &byte) in bytes.iter().enumerate() {
        out[j] = value(j, byte & 0x0F);
        out[j + 16] = value(j + 16, byte >> 4);
    }
}

/// Bit `j` of the block's fifth bits, at its place in the value.
fn fifth_bit(bits: u32, j: usize) -> u8 {
    (((bits >> j) & 1) as u8) << 4
}
