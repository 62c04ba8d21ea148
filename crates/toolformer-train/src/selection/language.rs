//! Which language a text is in.

use whatlang::{Lang, detect};

/// A guess at a text's language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectedLanguage {
    /// Its code of ISO 639-3, such as `eng`.
    pub code: &'static str,
    /// From 0 to 1.
    pub confidence: f64,
}

impl DetectedLanguage {
    /// Whether it is English.
    pub fn is_english(&self) -> bool {
        self.code == Lang::Eng.code()
    }
}

/// The language of a text by whatlang, which knows seventy; none for a text without letters.
///
/// The paper uses fastText, whose model is a file of its own. whatlang's confidence says how far the best language is
/// ahead of the next: of ten words of Portuguese, which may be Spanish, it is low.
pub fn detect_language(text: &str) -> Option<DetectedLanguage> {
    let found = detect(text)?;
    Some(DetectedLanguage { code: found.lang().code(), confidence: found.confidence() })
}
