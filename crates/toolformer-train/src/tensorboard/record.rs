//! The records of TensorFlow's event files: length, checksum of the length, data, checksum of the data.

use crc::{CRC_32_ISCSI, Crc};

const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
/// Bytes before a record's data, and behind it.
const HEAD: usize = 12;
const TAIL: usize = 4;

/// Appends a record to `out`.
pub(super) fn write(data: &[u8], out: &mut Vec<u8>) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(&length));
    out.extend_from_slice(data);
    out.extend_from_slice(&checksum(data));
}

/// The data of the records that `bytes` begin with, each with the place at which it ends; what is torn or damaged ends them.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let rest = rest.strip_prefix(checksum(length).as_slice())?;
        let (data, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        rest.strip_prefix(checksum(data).as_slice())?;
        at += HEAD + data.len() + TAIL;
        Some((data, at))
    })
}

/// CRC-32C, masked because that of data which hold their own checksum would say little.
fn checksum(data: &[u8]) -> [u8; 4] {
    CRC32C.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How every file that TensorBoard writes begins: a record of 24 bytes.
    #[test]
    fn the_checksum_is_tensorflows() {
        assert_eq!(checksum(&24_u64.to_le_bytes()), [0xa3, 0x7f, 0x4b, 0x22]);
    }

    #[test]
    fn what_is_written_is_read_until_it_is_torn_or_damaged() {
        let mut bytes = Vec::new();
        for data in [&b"one"[..], b"", b"three"] {
            write(data, &mut bytes);
        }
        let all: Vec<_> = read(&bytes).collect();
        assert_eq!(all, [(&b"one"[..], 19), (b"", 35), (b"three", 56)]);
        for cut in 0..bytes.len() {
            let whole = all.iter().filter(|(_, end)| *end <= cut).count();
            assert_eq!(read(&bytes[..cut]).count(), whole, "{cut}");
            let mut damaged = bytes.clone();
            damaged[cut] ^= 0x40;
            assert_eq!(read(&damaged).count(), whole, "{cut}");
        }
        assert_eq!(read(&[0xff; 40]).count(), 0);
    }
}
