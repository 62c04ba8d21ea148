//! How tokens lie in a file. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `MAGIC`, with the version |
//! | 32 | SHA-256 of content and tokenizer |
//! | | of each sequence: a byte that says whether there is a mask; 4 bytes an id; where there is a mask, a byte an id |
//! | 8 a sequence | where it begins, from the start of the file |
//! | 8 | how many sequences there are |
//! | 32 | SHA-256 of everything before |

/// The start of every file.
pub(super) const MAGIC: [u8; 8] = *b"tftokn\x00\x01";
/// Bytes before the first sequence.
pub(super) const HEADER: usize = MAGIC.len() + CHECKSUM;
/// Bytes of a SHA-256.
pub(super) const CHECKSUM: usize = 32;
/// Bytes of a number at the end of the file.
pub(super) const NUMBER: usize = 8;
/// Bytes of an id.
pub(super) const ID: usize = 4;
