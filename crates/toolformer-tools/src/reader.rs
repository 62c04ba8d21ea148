//! What reads passages and answers.

use std::{fmt, sync::Arc};

use toolformer_text::ToolError;

type Read = dyn Fn(&str) -> Result<String, ToolError> + Send + Sync;

/// What reads passages and answers for the tool QA: a function from a prompt to the text that follows it, and what
/// its answers depend on besides the prompt.
///
/// ```
/// use toolformer_tools::Reader;
/// let reader = Reader::new("a constant", |_: &str| Ok("London".to_owned()));
/// assert_eq!(reader.read("Where was Lovelace born?")?, "London");
/// assert_eq!(reader.fingerprint(), "a constant");
/// # Ok::<(), toolformer_text::ToolError>(())
/// ```
#[derive(Clone)]
pub struct Reader {
    read: Arc<Read>,
    fingerprint: String,
}

impl Reader {
    /// A reader. The fingerprint tells it from others, for example a model's checksum or a server's address and model:
    /// results that are kept are taken again only where it is the same.
    pub fn new(
        fingerprint: impl Into<String>,
        read: impl Fn(&str) -> Result<String, ToolError> + Send + Sync + 'static,
    ) -> Self {
        Self { read: Arc::new(read), fingerprint: fingerprint.into() }
    }

    /// The text that follows a prompt.
    ///
    /// # Errors
    /// As its function.
    pub fn read(&self, prompt: &str) -> Result<String, ToolError> {
        (self.read)(prompt)
    }

    /// What its answers depend on besides the prompt.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}
