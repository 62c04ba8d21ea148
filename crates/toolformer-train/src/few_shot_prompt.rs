//! The few-shot prompt `P(x)` that makes a model propose calls (section 2).

use crate::error::TrainError;

/// The place of the text in a prompt.
const SLOT: &str = "{text}";

/// A prompt with one slot for the text; the model goes on by writing the text out again, with calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FewShotPrompt {
    head: String,
    tail: String,
}

impl FewShotPrompt {
    /// A prompt from its source, in which `{text}` stands exactly once.
    ///
    /// # Errors
    /// If the slot is missing or stands more than once.
    pub fn new(source: &str) -> Result<Self, TrainError> {
        match source.split(SLOT).collect::<Vec<_>>()[..] {
            [head, tail] => Ok(Self { head: head.to_owned(), tail: tail.to_owned() }),
            ref parts => Err(TrainError::Prompt { slots: parts.len() - 1 }),
        }
    }

    /// The prompt that ships for a tool, by the name that the tool has in text.
    pub fn builtin(tool: &str) -> Option<Self> {
        let source = match tool {
            "Calculator" => include_str!("../prompts/calculator.txt"),
            _ => return None,
        };
        Self::new(source).ok()
    }

    /// What stands before the text: the same for a whole corpus.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// What stands between the text and its repetition.
    pub fn tail(&self) -> &str {
        &self.tail
    }
}

#[cfg(test)]
mod tests {
    use toolformer_text::{Syntax, parse};

    use super::*;

    #[test]
    fn the_slot_stands_once() {
        let prompt = FewShotPrompt::new("a {text} b").unwrap();
        assert_eq!((prompt.head(), prompt.tail()), ("a ", " b"));
        assert!(FewShotPrompt::new("a").is_err() && FewShotPrompt::new("{text} {text}").is_err());
    }

    #[test]
    fn the_shipped_demonstrations_are_calls() {
        let prompt = FewShotPrompt::builtin("Calculator").unwrap();
        let document = parse(prompt.head(), &Syntax::default());
        let calls: Vec<&str> = document.calls().iter().map(|call| call.args.as_str()).collect();
        assert_eq!(calls, ["expression", "64 * 23", "5318 + 4207", "7350 - 1864", "91494 / 306"]);
        assert!(document.diagnostics().is_empty());
    }
}
