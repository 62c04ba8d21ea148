//! Templates by their names: those that are known, and one's own.

use std::{collections::BTreeMap, fs, path::Path};

use toml::Spanned;

use super::{ConversationTemplate, Template};
use crate::error::TrainError;

/// The name of the template that comes with a model's tokenizer.
const CHAT: &str = "chat";

/// Names of the templates that are known without a file.
const KNOWN: [&str; 5] = ["vicuna", "chatml", "llama-2", "llama-3", "plain"];

/// Templates by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    own: BTreeMap<String, ConversationTemplate>,
}

impl Default for Templates {
    fn default() -> Self {
        Self::known()
    }
}

impl Templates {
    /// Those that are known: `vicuna` (v1.1), `chatml`, `llama-2`, `llama-3`, `plain`, and `chat`, the model's own.
    pub fn known() -> Self {
        let own = KNOWN.iter().filter_map(|&name| Some((name.to_owned(), known(name)?))).collect();
        Self { own }
    }

    /// Adds those of a TOML file, a table for each:
    ///
    /// ```toml
    /// [alpaca]
    /// default_system = "Below is an instruction. Write a response."
    /// system = "{system}\n\n"                        # left out where there is no system prompt
    /// user = "### Instruction:\n{user}\n\n"
    /// assistant = "### Response:\n{assistant}"
    /// separator = "\n\n"                             # between an answer and the next question
    /// begin = ""                                     # of every text
    /// ```
    ///
    /// # Errors
    /// With the line, if the file cannot be read, is no TOML, or a template lacks a slot or has a name that is taken.
    pub fn read(&mut self, path: &Path) -> Result<(), TrainError> {
        let text = fs::read_to_string(path).map_err(TrainError::read(path))?;
        let wrong = |start: usize, key: String, why: String| {
            let line = text[..text.floor_char_boundary(start)].matches('\n').count() + 1;
            TrainError::SettingsFile { path: path.to_owned(), line, key, why }
        };
        let tables: BTreeMap<Spanned<String>, ConversationTemplate> =
            toml::from_str(&text).map_err(|error| {
                let start = error.span().unwrap_or_default().start;
                wrong(start, String::new(), error.message().trim().to_owned())
            })?;
        for (name, template) in tables {
            let start = name.span().start;
            let name = name.into_inner();
            if name == CHAT || KNOWN.contains(&name.as_str()) {
                return Err(wrong(start, name, "is the name of a known template; choose another".to_owned()));
            }
            template.validate().map_err(|(field, why)| wrong(start, format!("{name}.{field}"), why))?;
            self.own.insert(name, template);
        }
        Ok(())
    }

    /// A template by its name.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn get(&self, name: &str) -> Result<Template, TrainError> {
        if name == CHAT {
            return Ok(Template::Chat);
        }
        self.own.get(name).cloned().map(Template::Own).ok_or_else(|| {
            let names: Vec<&str> = std::iter::once(CHAT).chain(self.own.keys().map(String::as_str)).collect();
            let why = format!("there is none named `{name}`; there are {}", names.join(", "));
            TrainError::Setting { name: "template", why }
        })
    }
}

/// What FastChat has under these names, but for the end: no new turn is begun behind the last answer.
fn known(name: &str) -> Option<ConversationTemplate> {
    let template =
        |begin: &str, [system, user, assistant]: [&str; 3], separator: &str| ConversationTemplate {
            begin: begin.to_owned(),
            system: system.to_owned(),
            default_system: None,
            user: user.to_owned(),
            assistant: assistant.to_owned(),
            separator: separator.to_owned(),
        };
    Some(match name {
        "vicuna" => ConversationTemplate {
            default_system: Some(
                "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, \
                 detailed, and polite answers to the user's questions."
                    .to_owned(),
            ),
            ..template("", ["{system} ", "USER: {user} ", "ASSISTANT: {assistant}</s>"], "")
        },
        "chatml" => template(
            "",
            [
                "<|im_start|>system\n{system}<|im_end|>\n",
                "<|im_start|>user\n{user}<|im_end|>\n",
                "<|im_start|>assistant\n{assistant}<|im_end|>\n",
            ],
            "",
        ),
        "llama-2" => template(
            "",
            ["<<SYS>>\n{system}\n<</SYS>>\n\n", "[INST] {system}{user} ", "[/INST] {assistant} </s>"],
            "<s>",
        ),
        "llama-3" => template(
            "<|begin_of_text|>",
            [
                "<|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>",
                "<|start_header_id|>user<|end_header_id|>\n\n{user}<|eot_id|>",
                "<|start_header_id|>assistant<|end_header_id|>\n\n{assistant}<|eot_id|>",
            ],
            "",
        ),
        "plain" => template("", ["{system}\n", "{user}\n", "{assistant}"], "\n"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reward::Conversation;

    fn conversation(system: Option<&str>, turns: &[(&str, &str)]) -> Conversation {
        let (&(question, answer), history) = turns.split_last().unwrap();
        Conversation {
            system: system.map(str::to_owned),
            history: history.iter().map(|&(q, a)| (q.to_owned(), a.to_owned())).collect(),
            question: Some(question.to_owned()),
            answer: answer.to_owned(),
        }
    }

    const TWO: [(&str, &str); 2] = [("Hello!", "Hi!"), ("How are you?", "I am {user}.")];

    #[track_caller]
    fn check(name: &str, system: Option<&str>, turns: &[(&str, &str)], expected: &str) {
        let Template::Own(template) = Templates::known().get(name).unwrap() else { panic!("{name}") };
        template.validate().unwrap();
        assert_eq!(template.text(&conversation(system, turns)), expected);
    }

    /// The strings are what FastChat's `get_prompt` gives (for `llama-2` without the `<s>` that it puts behind the last answer).
    #[test]
    fn known_templates_are_those_of_fastchat() {
        check(
            "vicuna",
            None,
            &TWO,
            "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, \
             and polite answers to the user's questions. USER: Hello! ASSISTANT: Hi!</s>USER: How are you? ASSISTANT: I am \
             {user}.</s>",
        );
        check("vicuna", Some("Be brief."), &TWO[..1], "Be brief. USER: Hello! ASSISTANT: Hi!</s>");
        check(
            "chatml",
            Some("Be brief."),
            &TWO,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\nHi!\
             <|im_end|>\n<|im_start|>user\nHow are you?<|im_end|>\n<|im_start|>assistant\nI am {user}.<|im_end|>\n",
        );
        check(
            "chatml",
            None,
            &TWO[..1],
            "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\nHi!<|im_end|>\n",
        );
        check(
            "llama-2",
            Some("Be brief."),
            &TWO,
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHello! [/INST] Hi! </s><s>[INST] How are you? [/INST] I am {user}. </s>",
        );
        check("llama-2", None, &TWO[..1], "[INST] Hello! [/INST] Hi! </s>");
        check(
            "llama-3",
            Some("Be brief."),
            &TWO[..1],
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user\
             <|end_header_id|>\n\nHello!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi!<|eot_id|>",
        );
        check("plain", Some("S"), &TWO, "S\nHello!\nHi!\nHow are you?\nI am {user}.");
        check("plain", None, &[("{system}{user}", "{assistant}")], "{system}{user}\n{assistant}");
    }

    #[test]
    fn a_text_that_stands_for_itself_stays() {
        let text = Conversation { answer: "as it is".to_owned(), ..Conversation::default() };
        for name in KNOWN {
            assert_eq!(known(name).unwrap().text(&text), "as it is");
        }
    }

    fn read(text: &str) -> Result<Templates, TrainError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("templates.toml");
        fs::write(&path, text).unwrap();
        let mut templates = Templates::known();
        templates.read(&path).map(|()| templates)
    }

    #[test]
    fn a_file_adds_templates() {
        let templates = read(
            "[mine]\nuser = 'Q: {user}\n'\nassistant = 'A: {assistant}'\nseparator = '|'\n"
                .replace('\'', "\"\"\"")
                .as_str(),
        );
        let Ok(Template::Own(template)) = templates.unwrap().get("mine") else { panic!("no template") };
        assert_eq!(
            template.text(&conversation(Some("S"), &TWO)),
            "S\nQ: Hello!\nA: Hi!|Q: How are you?\nA: I am {user}."
        );
    }

    #[track_caller]
    fn check_error(text: &str, line: usize, part: &str) {
        let error = read(text).unwrap_err();
        assert!(matches!(error, TrainError::SettingsFile { line: found, .. } if found == line), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn errors_name_the_line() {
        check_error("\n[mine]\nuser = '{user}'\nassistant = 'x'\n", 2, "`mine.assistant`");
        check_error("[chatml]\nuser = '{user}'\nassistant = '{assistant}'\n", 1, "choose another");
        check_error("[mine]\nuser = '{user}'\nassistant = '{assistant}'\nsep = ''\n", 4, "separator");
        let error = Templates::known().get("alpaca").unwrap_err().to_string();
        assert!(error.contains("chat, chatml, llama-2, llama-3, plain, vicuna"), "{error}");
    }
}
