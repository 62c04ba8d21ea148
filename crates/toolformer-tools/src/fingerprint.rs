//! What tells one declaration from another.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A checksum of what a declaration says, as JSON: of all that its results depend on, and not of limits, which decide
/// only whether there is a result. A hash, since a declaration may hold a password and a cache of results is a file.
pub(crate) fn fingerprint(declaration: &Value) -> String {
    let digest = Sha256::digest(declaration.to_string());
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
