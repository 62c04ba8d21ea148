//! The checksums by which a hub names the content of its files.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// What a file's content must come to. Its name is the file's in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    /// Of a large file: SHA-256 of its bytes.
    Sha256(String),
    /// Of a small one: git's name for it, SHA-1 of its length and its bytes.
    Git(String),
    /// A server's own name for it, which says nothing.
    Opaque(String),
}

/// Takes in a file's bytes.
pub(super) enum Sum {
    Sha256(Sha256),
    Git(Sha1),
    None,
}

impl Digest {
    /// Reads an `ETag`.
    pub(super) fn read(etag: &str) -> Option<Self> {
        let etag = etag.trim().trim_start_matches("W/").trim_matches('"');
        let hex = etag.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let plain = etag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        match etag.len() {
            64 if hex => Some(Self::Sha256(etag.to_owned())),
            40 if hex => Some(Self::Git(etag.to_owned())),
            1..=128 if plain => Some(Self::Opaque(etag.to_owned())),
            _ => None,
        }
    }

    /// The name of the file in the cache: letters, digits, `-` and `_`.
    pub(super) fn name(&self) -> &str {
        let (Self::Sha256(name) | Self::Git(name) | Self::Opaque(name)) = self;
        name
    }

    /// Begins to sum up a file of `size` bytes. Without a size git's name cannot be compared.
    pub(super) fn sum(&self, size: Option<u64>) -> Sum {
        match (self, size) {
            (Self::Sha256(_), _) => Sum::Sha256(Sha256::new()),
            (Self::Git(_), Some(size)) => Sum::Git(Sha1::new_with_prefix(format!("blob {size}\0"))),
            (Self::Git(_), None) | (Self::Opaque(_), _) => Sum::None,
        }
    }

    /// Whether what was summed up is the file; what it is, if not.
    pub(super) fn check(&self, sum: Sum) -> Result<(), String> {
        let found = match sum {
            Sum::Sha256(sum) => format!("{:x}", sum.finalize()),
            Sum::Git(sum) => format!("{:x}", sum.finalize()),
            Sum::None => return Ok(()),
        };
        if found == self.name() {
            return Ok(());
        }
        Err(format!("its checksum is {found}, the hub says {}", self.name()))
    }
}

impl Sum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(sum) => sum.update(bytes),
            Self::Git(sum) => sum.update(bytes),
            Self::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(etag: &str, content: &str) {
        let digest = Digest::read(etag).unwrap();
        let summed = |text: &str| {
            let mut sum = digest.sum(Some(text.len() as u64));
            text.bytes().for_each(|byte| sum.update(&[byte]));
            digest.check(sum)
        };
        assert_eq!(summed(content), Ok(()));
        assert!(summed("other").is_err());
    }

    #[test]
    fn both_kinds_of_checksums() {
        check("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
        // `printf abc | git hash-object --stdin`
        check("\"f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f\"", "abc");
    }

    #[test]
    fn names_stay_in_their_folder() {
        for etag in ["", "\"\"", "../x", "/etc/passwd", "a/b", "a\\b", "..", "a.lock", &"x".repeat(200)] {
            assert_eq!(Digest::read(etag), None, "{etag}");
        }
        assert_eq!(Digest::read("W/\"5d-x_1\""), Some(Digest::Opaque("5d-x_1".to_owned())));
    }
}
