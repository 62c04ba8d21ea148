//! Questions answered from a wiki, as a tool.

use std::{fmt, sync::Arc};

use toolformer_text::{Parameters, Tool, ToolError, unquoted};

use crate::{Hit, WikiIndex, one_line::beginning, wiki_search::found};

/// The longest question that is put into a prompt, in characters.
const MAX_QUESTION_CHARS: usize = 500;

/// Retrieves passages for a question and lets a reader, such as a language model, find the answer in them. The
/// paper's tool is a retriever with a reader too (Atlas). A question as a whole may stand in quotes.
///
/// The reader is a function from a prompt to the text that follows it; the first line of that which is not empty is
/// the answer. The prompt holds an example, the passages, the best first, the question, and
/// `Answer:`.
///
/// ```
/// use std::sync::Arc;
/// use toolformer_text::Tool;
/// use toolformer_tools::{Article, QuestionAnswering, WikiIndex};
/// let folder = tempfile::tempdir()?;
/// let article = Article::new("Ada Lovelace", "Ada Lovelace was born in London.");
/// let index = Arc::new(WikiIndex::build(folder.path(), [Ok(article)], |_| ())?);
/// let qa = QuestionAnswering::new(index, |prompt: &str| {
///     assert!(prompt.ends_with("Question: Where was Lovelace born?\nAnswer:"));
///     Ok(" London\nQuestion: ...".to_owned())
/// });
/// assert_eq!(qa.call("Where was Lovelace born?")?, "London");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct QuestionAnswering<R> {
    index: Arc<WikiIndex>,
    reader: R,
    reader_fingerprint: String,
    passages: usize,
    max_chars: usize,
}

impl<R> QuestionAnswering<R>
where
    R: Fn(&str) -> Result<String, ToolError> + Send + Sync,
{
    /// Answers from `index` with `reader`: three passages, of at most 2,400 characters together.
    pub fn new(index: Arc<WikiIndex>, reader: R) -> Self {
        Self { index, reader, reader_fingerprint: String::new(), passages: 3, max_chars: 2_400 }
    }

    /// Retrieves the best `passages` (at least one).
    #[must_use]
    pub fn with_passages(mut self, passages: usize) -> Self {
        self.passages = passages.max(1);
        self
    }

    /// Gives the passages at most `max_chars` characters (at least one) of the prompt, in equal parts; what a short
    /// passage leaves is for those after it.
    #[must_use]
    pub fn with_max_chars(mut self, max_chars: usize) -> Self {
        self.max_chars = max_chars.max(1);
        self
    }

    /// Says what the reader's answers depend on besides the prompt, for example a model's checksum; it becomes part of
    /// the tool's [`fingerprint`](Tool::fingerprint).
    #[must_use]
    pub fn with_reader_fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.reader_fingerprint = fingerprint.into();
        self
    }
}

/// What every prompt begins with. The example shows a model that was not trained for it what an answer looks like:
/// without it, small ones often write nothing.
const EXAMPLE: &str = "\
Read the passages. Then answer the question with a name, a number or a few words.

Passage: Honey: Honey is a sweet food that bees make from the nectar of flowers. It keeps for years if it is sealed.

Question: What do bees make honey from?
Answer: the nectar of flowers

";

/// The prompt for a question: passages of at most `max_chars` characters together, question, `Answer:`.
fn prompt(hits: &[Hit], question: &str, max_chars: usize) -> String {
    let mut prompt = EXAMPLE.to_owned();
    let mut left = max_chars;
    for (at, hit) in hits.iter().enumerate() {
        let passage = format!("{}: {}", hit.title, hit.text);
        let passage = beginning(&passage, left / (hits.len() - at));
        left = left.saturating_sub(passage.chars().count());
        if !passage.is_empty() {
            prompt = prompt + "Passage: " + &passage + "\n\n";
        }
    }
    prompt + "Question: " + &beginning(question, MAX_QUESTION_CHARS) + "\nAnswer:"
}

impl<R> Tool for QuestionAnswering<R>
where
    R: Fn(&str) -> Result<String, ToolError> + Send + Sync,
{
    fn name(&self) -> &str {
        "QA"
    }

    fn description(&self) -> &str {
        "Answers a question about facts, in a few words."
    }

    fn parameters(&self) -> Parameters {
        Parameters::text("question")
    }

    fn fingerprint(&self) -> String {
        let index = self.index.checksum();
        format!("{} in {} of {index} by {}", self.passages, self.max_chars, self.reader_fingerprint)
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let question = &unquoted(args);
        let hits = found(&self.index, question, self.passages)?;
        let read = (self.reader)(&prompt(&hits, question, self.max_chars))?;
        let answer = read.lines().map(str::trim).find(|line| !line.is_empty());
        answer.map(str::to_owned).ok_or(ToolError::NoResult)
    }
}

impl<R> fmt::Debug for QuestionAnswering<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuestionAnswering")
            .field("index", &self.index)
            .field("passages", &self.passages)
            .field("max_chars", &self.max_chars)
            .finish_non_exhaustive()
    }
}
