//! Translation from a language that is recognised, as a tool.

mod language;
mod translator;

use std::{fmt, sync::Arc, time::Duration};

use toolformer_text::{Tool, ToolError, unquoted};
use whatlang::Detector;

pub use language::{Language, UnknownLanguage};
pub use translator::Translator;

/// Translates a text into one language, English unless told otherwise, from the language that it seems to be in. A
/// text as a whole may stand in quotes.
///
/// A text that is in the target language already, or that comes back as it was, gives no result rather than itself:
/// as a result it would tell a model the very words that the call stands before, and such calls would be kept as helpful.
///
/// Short texts are hard to tell apart: name the languages that the translator knows
/// ([`with_sources`](Self::with_sources)), and only they and the target are considered. Of 48 sentences and phrases
/// of two to nine words in six languages, 32 were recognised among all languages and 43 among the six. With one language
/// named, a text is in that one unless it is surely in the target.
///
/// ```
/// use toolformer_text::{Tool, ToolError};
/// use toolformer_tools::{Language, Translate};
/// let dictionary = |text: &str, from: Language, to: Language| match (text, from.iso639_1(), to.iso639_1()) {
///     ("la maison blanche", "fr", "en") => Ok("the white house".to_owned()),
///     _ => Err(ToolError::NoResult),
/// };
/// let translate = Translate::new(dictionary).with_sources(["fr".parse()?, "de".parse()?]);
/// assert_eq!(translate.call("la maison blanche")?, "the white house");
/// assert_eq!(translate.call("the white house"), Err(ToolError::NoResult));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Translate {
    translator: Arc<dyn Translator>,
    target: Language,
    sources: Vec<Language>,
    min_confidence: f64,
}

impl Translate {
    /// Translates into English with `translator`, from any language.
    pub fn new(translator: impl Translator + 'static) -> Self {
        Self {
            translator: Arc::new(translator),
            target: Language::ENGLISH,
            sources: Vec::new(),
            min_confidence: 0.0,
        }
    }

    /// Translates into `target`.
    #[must_use]
    pub fn with_target(mut self, target: Language) -> Self {
        self.target = target;
        self
    }

    /// Translates from these languages only; none means all.
    #[must_use]
    pub fn with_sources(mut self, sources: impl IntoIterator<Item = Language>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// Refuses a text whose language is less certain than this, from 0 (the default) to 1. Be careful: even right
    /// answers about short texts are often below 0.2.
    #[must_use]
    pub fn with_min_confidence(mut self, min_confidence: f64) -> Self {
        self.min_confidence = min_confidence;
        self
    }

    /// The language of a text, among those that are considered.
    fn source(&self, text: &str) -> Result<Language, ToolError> {
        let detector = if self.sources.is_empty() {
            Detector::new()
        } else {
            let considered = self.sources.iter().chain([&self.target]);
            Detector::with_allowlist(considered.map(|language| language.0).collect())
        };
        let Some(found) = detector.detect(text) else {
            return Err(ToolError::failed(match self.known() {
                Some(known) => {
                    format!("the text is in none of the languages {known}; give a text in one of them")
                }
                None => "the language of the text is not recognised; give more of the text".to_owned(),
            }));
        };
        let language = Language(found.lang());
        // Of two languages only one needs translating: a word or two that may be either is in that one.
        if let [only] = self.sources[..]
            && language == self.target
            && !found.is_reliable()
        {
            return Ok(only);
        }
        if found.confidence() < self.min_confidence {
            return Err(ToolError::failed(format!(
                "the language of the text is not certain ({language}, with a confidence of {:.2}); give more of the \
                 text",
                found.confidence()
            )));
        }
        // A script of one language only is recognised whatever is considered.
        match self.known() {
            Some(known) if language != self.target && !self.sources.contains(&language) => Err(
                ToolError::failed(format!("the text is in {language}, but only {known} can be translated")),
            ),
            _ => Ok(language),
        }
    }

    /// The names of the sources, if there are any.
    fn known(&self) -> Option<String> {
        let names: Vec<&str> = self.sources.iter().map(|language| language.name()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl Tool for Translate {
    fn name(&self) -> &str {
        "MT"
    }

    fn description(&self) -> &str {
        "Translates a text from another language; the language is recognised."
    }

    /// That of the translator.
    fn timeout(&self) -> Option<Duration> {
        self.translator.timeout()
    }

    fn fingerprint(&self) -> String {
        let codes: Vec<&str> = self.sources.iter().map(|language| language.iso639_3()).collect();
        let (target, min_confidence) = (self.target.iso639_3(), self.min_confidence);
        format!("{target} of {} from {min_confidence} by {}", codes.join(","), self.translator.fingerprint())
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let text = unquoted(args);
        let text = text.trim();
        if !text.chars().any(char::is_alphabetic) {
            return Err(ToolError::bad_arguments("there is no word to translate; write the text itself"));
        }
        let from = self.source(text)?;
        if from == self.target {
            return Err(ToolError::NoResult);
        }
        let translated = self.translator.translate(text, from, self.target)?;
        match translated.trim() {
            "" => Err(ToolError::NoResult),
            same if same == text => Err(ToolError::NoResult),
            translated => Ok(translated.to_owned()),
        }
    }
}

impl fmt::Debug for Translate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Translate")
            .field("target", &self.target)
            .field("sources", &self.sources)
            .field("min_confidence", &self.min_confidence)
            .finish_non_exhaustive()
    }
}
