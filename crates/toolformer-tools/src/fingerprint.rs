//! What tells one declaration from another.

use std::fmt::{Debug, Write};

use sha2::{Digest, Sha256};

/// A checksum of everything that a declaration says. A hash, since a declaration may hold a password and a cache
/// of results is a file.
pub(crate) fn fingerprint(declaration: &impl Debug) -> String {
    let digest = Sha256::digest(format!("{declaration:?}"));
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
