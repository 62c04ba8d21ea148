//! Random draws that depend on what is drawn, never on the order of work.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A generator for the draw that `parts` name, such as text id, tool, position and sample.
///
/// The parts are hashed with their lengths (64-bit FNV-1a), so that `["ab", "c"]` and `["a", "bc"]` differ.
pub fn draw_rng(seed: u64, parts: &[&str]) -> ChaCha8Rng {
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

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn a_draw_depends_on_every_part() {
        let first = |seed, parts: &[&str]| draw_rng(seed, parts).random::<u64>();
        assert_eq!(first(1, &["a", "b"]), first(1, &["a", "b"]));
        assert_ne!(first(1, &["a", "b"]), first(2, &["a", "b"]));
        assert_ne!(first(1, &["ab", "c"]), first(1, &["a", "bc"]));
    }
}
