//! What does the translating.

use std::time::Duration;

use toolformer_text::ToolError;

use super::Language;

/// Translates between languages: a program, a server, or a function.
pub trait Translator: Send + Sync {
    /// The text in the language `to`. It is not empty and has no white space at its ends, but may hold line
    /// breaks; `from` is never `to`.
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
