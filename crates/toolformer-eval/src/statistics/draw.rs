//! Random draws that depend on what is drawn, never on the order of work.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// A generator for the draw that `parts` name. The parts are hashed with their lengths (64-bit FNV-1a), so that
/// `["ab", "c"]` and `["a", "bc"]` differ.
pub(crate) fn draw_rng(seed: u64, parts: &[&str]) -> ChaCha8Rng {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for part in parts {
        (part.len() as u64).to_le_bytes().into_iter().chain(part.bytes()).for_each(&mut add);
    }
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&hash.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}
