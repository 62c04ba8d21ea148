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
            "Calendar" => include_str!("../prompts/calendar.txt"),
            "WikiSearch" => include_str!("../prompts/wikisearch.txt"),
            "MT" => include_str!("../prompts/mt.txt"),
            "QA" => include_str!("../prompts/qa.txt"),
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

    /// The arguments of the calls in the prompt that ships for `tool`: the one that explains, then those of the
    /// demonstrations.
    #[track_caller]
    fn check(tool: &str, explained: &str, demonstrated: &[&[&str]]) {
        let prompt = FewShotPrompt::builtin(tool).unwrap();
        assert_eq!(prompt.tail(), "\nOutput:\n");
        let (task, demonstrations) = prompt.head().split_once("\n\nInput:\n").unwrap();
        assert_eq!(calls(task, tool).0, [explained]);
        let demonstrations = demonstrations.strip_suffix("\n\nInput:\n").unwrap();
        let demonstrations: Vec<&str> = demonstrations.split("\n\nInput:\n").collect();
        assert_eq!(demonstrations.len(), demonstrated.len());
        for (demonstration, expected) in demonstrations.into_iter().zip(demonstrated) {
            let (input, output) = demonstration.split_once("\nOutput:\n").unwrap();
            let (args, without) = calls(output, tool);
            assert_eq!(&args, expected);
            assert_eq!(without, input, "a demonstration copies its text");
        }
    }

    /// The arguments of the calls, all of which are to `tool`, and the text without the calls.
    fn calls(text: &str, tool: &str) -> (Vec<String>, String) {
        let document = parse(text, &Syntax::default());
        assert!(document.diagnostics().is_empty());
        let (mut args, mut without) = (Vec::new(), text.to_owned());
        for call in document.calls().iter().rev() {
            assert_eq!(call.name, tool);
            args.insert(0, call.args.clone());
            // With the space behind: before a call there may be a parenthesis.
            let end = call.span.end + usize::from(text[call.span.end..].starts_with(' '));
            without.replace_range(call.span.start..end, "");
        }
        (args, without)
    }

    #[test]
    fn the_shipped_demonstrations_are_calls() {
        let calculator: [&[&str]; 4] = [&["64 * 23"], &["5318 + 4207"], &["7350 - 1864"], &["91494 / 306"]];
        check("Calculator", "expression", &calculator);
        check("Calendar", "", &[&[""][..]; 5]);
        let searches: [&[&str]; 3] = [
            &[r#""glass armonica inventor""#],
            &[r#""Oresund Bridge""#],
            &[r#""moss threads instead of roots""#],
        ];
        check("WikiSearch", r#""words""#, &searches);
        check("MT", "words", &[&["Bitte nicht stören"], &["hasta pronto"], &["chiuso per ferie"]]);
        let rivers =
            [r#""What is the longest river of France?""#, r#""Into which ocean does the Loire flow?""#];
        let medicine = [r#""In which year was penicillin discovered?""#, r#""Who discovered penicillin?""#];
        check("QA", r#""question""#, &[&rivers, &medicine]);
        assert_eq!(FewShotPrompt::builtin("calculator"), None);
    }
}
