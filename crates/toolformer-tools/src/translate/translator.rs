//! What does the translating.

use std::time::Duration;

use toolformer_text::ToolError;

use super::Language;

/// Translates between languages: a program, a server, or a function.
pub trait Translator: Send + Sync {
    /// The text in the language `to`. It is one line, not empty, and `from` is never `to`.
    ///
    /// # Errors
    /// If it fails, does not know the pair of languages, or has nothing to say.
    fn translate(&self, text: &str, from: Language, to: Language) -> Result<String, ToolError>;

    /// What its translations depend on besides the text, for example a program's command or a server's address; see
    /// [`Tool::fingerprint`](toolformer_text::Tool::fingerprint).
    fn fingerprint(&self) -> String;

    /// Most time that a translation may take, where it knows; one that ends its own work in time says a little more
    /// than that takes it. See [`Tool::timeout`](toolformer_text::Tool::timeout).
    fn timeout(&self) -> Option<Duration> {
        None
    }
}

/// A function, which nothing tells from another: its fingerprint is empty. Implement [`Translator`] where results are
/// kept from one run for another.
impl<F> Translator for F
where
    F: Fn(&str, Language, Language) -> Result<String, ToolError> + Send + Sync,
{
    fn translate(&self, text: &str, from: Language, to: Language) -> Result<String, ToolError> {
        self(text, from, to)
    }

    fn fingerprint(&self) -> String {
        String::new()
    }
}

/// The template of a command or an address with a pair of languages: `{from}` and `{to}` become their codes of ISO
/// 639-1 (`es`), `{from3}` and `{to3}` those of ISO 639-3 (`spa`).
///
/// ```
/// use toolformer_tools::{Language, fill_languages};
/// let (from, to) = ("es".parse()?, Language::ENGLISH);
/// assert_eq!(fill_languages("apertium {from3}-{to3}", from, to), "apertium spa-eng");
/// assert_eq!(fill_languages("source={from}&target={to}", from, to), "source=es&target=en");
/// # Ok::<(), toolformer_tools::UnknownLanguage>(())
/// ```
pub fn fill_languages(template: &str, from: Language, to: Language) -> String {
    let codes = [
        ("{from}", from.iso639_1()),
        ("{to}", to.iso639_1()),
        ("{from3}", from.iso639_3()),
        ("{to3}", to.iso639_3()),
    ];
    codes.iter().fold(template.to_owned(), |filled, (slot, code)| filled.replace(slot, code))
}
