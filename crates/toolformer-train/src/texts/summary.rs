//! What texts are, in short, and that each has an id of its own.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{Text, TextId, TextSource};
use crate::error::TrainError;

/// How many texts there are, and what stands for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextsSummary {
    /// Texts.
    pub texts: usize,
    /// SHA-256 of them and their other fields, in hexadecimal.
    pub checksum: String,
}

impl TextsSummary {
    /// Reads all texts once, one at a time. Memory: 32 bytes for every text whose id is not a number above that of the one
    /// before; nothing for the others.
    ///
    /// # Errors
    /// If they cannot be read, two have the same id, or there is none.
    pub fn of(source: &dyn TextSource) -> Result<Self, TrainError> {
        let mut hash = Sha256::new();
        let (mut texts, mut last, mut rising) = (0, None, true);
        for text in source.texts()? {
            let text = text?;
            hash.update(serde_json::to_vec(&text).unwrap_or_default());
            hash.update([b'\n']);
            texts += 1;
            match text.id {
                TextId::Number(number) if last.is_none_or(|last| number > last) => last = Some(number),
                _ => rising = false,
            }
        }
        if texts == 0 {
            return Err(TrainError::NoTexts);
        }
        if !rising {
            check_ids(source)?;
        }
        Ok(Self { texts, checksum: format!("{:x}", hash.finalize()) })
    }
}

/// Checks texts that are in memory: that there are some, and each has an id of its own.
pub(crate) fn check_texts(texts: &[Text]) -> Result<(), TrainError> {
    if texts.is_empty() { Err(TrainError::NoTexts) } else { check_ids(&texts) }
}

/// Ids that rise cannot be equal; for others a trace of every one is kept.
fn check_ids(source: &dyn TextSource) -> Result<(), TrainError> {
    let mut seen = HashSet::new();
    for text in source.texts()? {
        let text = text?;
        if !seen.insert(trace(&text)) {
            return Err(TrainError::SameId { text_id: text.id });
        }
    }
    Ok(())
}

/// The first half of the id's checksum.
fn trace(text: &Text) -> u128 {
    let kind = match text.id {
        TextId::Number(_) => b"n",
        TextId::Name(_) => b"s",
    };
    let hash = Sha256::new().chain_update(kind).chain_update(text.id.to_string()).finalize();
    hash.iter().take(16).fold(0, |trace, &byte| trace << 8 | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[serde_json::Value]) -> Result<TextsSummary, TrainError> {
        let text = |id| serde_json::from_value(serde_json::json!({"id": id, "text": "a"})).unwrap();
        TextsSummary::of(&ids.iter().map(text).collect::<Vec<Text>>())
    }

    #[track_caller]
    fn check(ids: &str, expected: Result<usize, &str>) {
        let ids: Vec<serde_json::Value> = serde_json::from_str(ids).unwrap();
        match (of(&ids), expected) {
            (Ok(summary), Ok(texts)) => assert_eq!(summary.texts, texts),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn every_id_is_one_texts() {
        check("[0, 1, 5]", Ok(3));
        check("[5, 1, \"5\", \"a\"]", Ok(4));
        check("[0, 1, 1]", Err("id 1"));
        check("[0, 2, 1, 0]", Err("id 0"));
        check("[\"a\", 1, \"a\"]", Err("id a"));
        check("[]", Err("no text"));
    }

    #[test]
    fn order_and_content_are_in_the_checksum() {
        let sums = ["[0, 1]", "[1, 0]", "[0, 1, 2]"].map(|ids| {
            let ids: Vec<serde_json::Value> = serde_json::from_str(ids).unwrap();
            of(&ids).unwrap().checksum
        });
        assert_eq!(sums.iter().collect::<HashSet<_>>().len(), 3);
    }
}
