//! `generate --interactive`: a line in, a completion out, until the input ends.

use anyhow::Result;
use jiff::civil::DateTime;
use rustyline::{DefaultEditor, error::ReadlineError};
use toolformer::{
    burn::tensor::backend::Backend,
    decode::{Engine, Event, GenerateSettings, Prompt, Request, Tools},
    model::{CausalLm, ChatMessage, ChatOptions, Tokenizer},
};

use crate::{events_output::TextStream, failure::is_broken_pipe, output::say};

/// What a person can write besides text.
const HELP: &str = "\
A line is a prompt; with --chat it is what you say next. A `\\` at its end goes on in the next line.
/new     forget what was said (with --chat)
/help    this
Ctrl-D   leave";

/// Reads lines and completes them.
pub(crate) struct Session<'a> {
    pub(crate) tokenizer: &'a Tokenizer,
    pub(crate) settings: &'a GenerateSettings,
    pub(crate) tools: &'a Tools<'a>,
    /// Whether lines are turns of one conversation, in the form that the model was trained on.
    pub(crate) chat: bool,
    /// The time that it is for the template, the same in all turns.
    pub(crate) now: DateTime,
}

impl<'a> Session<'a> {
    /// Runs until the input ends. What was read before is not read again.
    pub(crate) fn run<B: Backend, M: CausalLm<B>>(&self, engine: &mut Engine<'a, B, M>) -> Result<()> {
        let mut editor = DefaultEditor::new()?;
        let mut out = TextStream::new();
        let mut said: Vec<ChatMessage> = Vec::new();
        say("Ctrl-D ends this; /help tells more.");
        let mut number = 0;
        while let Some(line) = read(&mut editor)? {
            match line.trim() {
                "" => continue,
                "/help" => say(HELP),
                "/new" => said.clear(),
                _ => {
                    said.push(ChatMessage::new("user", line.clone()));
                    match self.complete(engine, &line, &said, number, &mut out) {
                        Ok(completion) => said.push(ChatMessage::new("assistant", completion)),
                        // There is nobody to read on.
                        Err(error) if is_broken_pipe(&error) => return Err(error),
                        // One line that cannot be completed does not end the session.
                        Err(error) => {
                            said.pop();
                            say(&format!("error: {error:#}"));
                        }
                    }
                    number += 1;
                }
            }
        }
        Ok(())
    }

    fn complete<B: Backend, M: CausalLm<B>>(
        &self,
        engine: &mut Engine<'a, B, M>,
        line: &str,
        said: &[ChatMessage],
        number: usize,
        out: &mut TextStream,
    ) -> Result<String> {
        let ids = if self.chat {
            let options = ChatOptions { now: Some(self.now), ..ChatOptions::default() };
            self.tokenizer.encode(&self.tokenizer.apply_chat_template(said, &options)?)?
        } else {
            self.tokenizer.encode_with_special(line)?
        };
        let prompt = Prompt { key: number.to_string(), ids };
        engine.submit(Request { prompt, settings: self.settings.clone(), tools: self.tools.clone() })?;
        if !self.chat {
            out.text(line)?;
        }
        let mut completion = String::new();
        while !engine.is_idle() {
            for event in engine.step()? {
                out.tell(&event)?;
                match event {
                    Event::Done { generation, .. } => completion = generation.completion,
                    Event::Failed { error, .. } => return Err(error.into()),
                    _ => {}
                }
            }
        }
        out.text("\n")?;
        Ok(completion)
    }
}

/// The next line, with those that it goes on in; none where the input ends.
fn read(editor: &mut DefaultEditor) -> Result<Option<String>> {
    let (mut text, mut sign) = (String::new(), "> ");
    loop {
        let line = match editor.readline(sign) {
            Ok(line) => line,
            // The input ended behind a `\`.
            Err(ReadlineError::Eof) if !text.trim().is_empty() => return Ok(Some(text)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match line.strip_suffix('\\') {
            Some(part) => {
                text.push_str(part);
                text.push('\n');
                sign = ". ";
            }
            None => {
                text.push_str(&line);
                let _ = editor.add_history_entry(&text);
                return Ok(Some(text));
            }
        }
    }
}
