//! Programs, servers and models behind the built-in tools, from what stands on the command line.

use std::{env, path::PathBuf, time::Duration};

use anyhow::Result;
use serde_json::{Map, Value};
use toolformer::{
    device::Device,
    text::ToolError,
    tools::{CommandLine, HttpRules, Language, LibreTranslate, OpenAiReader, Reader, Translate, Translator},
};

use crate::{failure::wrong_usage, qa_reader::model_reader};

/// The environment variables with the keys of servers: one for each, so that neither is sent to the other.
const TRANSLATE_KEY: &str = "TOOLFORMER_TRANSLATE_KEY";
const QA_KEY: &str = "TOOLFORMER_QA_KEY";

/// The translation tool, with a program or a server.
pub(crate) fn translate(with: &str, from: &[String], timeout: Duration) -> Result<Translate> {
    let languages = from.iter().map(|code| code.parse::<Language>());
    let languages: Vec<_> = languages
        .collect::<Result<_, _>>()
        .map_err(|error| wrong_usage(format!("--translate-from: {error}")))?;
    let translate = if is_url(with) {
        let server = LibreTranslate::new(with, rules(with, timeout)?)?;
        Translate::new(match env::var(TRANSLATE_KEY) {
            Ok(key) => server.with_api_key(key),
            Err(_) => server,
        })
    } else {
        Translate::new(program(with, timeout)?)
    };
    Ok(translate.with_sources(languages))
}

/// What answers for QA: a server, or a model of ours.
pub(crate) fn reader(with: &str, chat: bool, timeout: Duration) -> Result<Reader> {
    if !is_url(with) {
        if chat {
            return Err(wrong_usage("--qa-chat is for a server; --qa-with is a file or folder"));
        }
        return model_reader(PathBuf::from(with), Device::Cpu);
    }
    let (base, model) = with.split_once('#').ok_or_else(|| {
        wrong_usage("--qa-with: put the model's name behind the address: http://host/v1#model")
    })?;
    let mut server = OpenAiReader::new(base, model, rules(base, timeout)?)?;
    if chat {
        server = server.with_chat();
    }
    if let Ok(key) = env::var(QA_KEY) {
        server = server.with_api_key(&key)?;
    }
    Ok(Reader::new(server.fingerprint(), move |prompt: &str| server.read(prompt)))
}

pub(crate) fn is_url(with: &str) -> bool {
    with.starts_with("http://") || with.starts_with("https://")
}

/// Whoever types an address may mean this machine.
fn rules(url: &str, timeout: Duration) -> Result<HttpRules> {
    Ok(HttpRules::for_url(url)?.with_private_addresses(true).with_timeout(timeout))
}

/// A program that reads the text on its standard input.
struct Program {
    command: CommandLine,
    words: String,
}

fn program(with: &str, timeout: Duration) -> Result<Program> {
    let words =
        shell_words::split(with).map_err(|error| wrong_usage(format!("--translate-with: {error}")))?;
    let wrong = |error| wrong_usage(format!("--translate-with: {error}"));
    let mut command = CommandLine::new(&words).map_err(wrong)?.with_stdin("{text}").map_err(wrong)?;
    let known = ["from", "to", "from3", "to3", "text"];
    if let Some(unknown) = command.placeholders().find(|name| !known.contains(name)) {
        let known = "{from}, {to}, {from3}, {to3} (ISO 639-1 and 639-3) and {text}";
        return Err(wrong_usage(format!("--translate-with: {{{unknown}}} means nothing; there are {known}")));
    }
    // The user's own program, found as the user's shell would find it.
    for name in ["PATH", "HOME", "LANG", "LC_ALL"] {
        if let Ok(value) = env::var(name) {
            command = command.with_variable(name, value);
        }
    }
    Ok(Program { command: command.with_timeout(timeout), words: with.to_owned() })
}

impl Translator for Program {
    fn translate(&self, text: &str, from: Language, to: Language) -> Result<String, ToolError> {
        let values = [
            ("from", from.iso639_1()),
            ("to", to.iso639_1()),
            ("from3", from.iso639_3()),
            ("to3", to.iso639_3()),
            ("text", text),
        ];
        let values: Map<String, Value> =
            values.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect();
        self.command.run(&values)
    }

    fn fingerprint(&self) -> String {
        self.words.clone()
    }

    /// So that the program is ended before anybody stops waiting for it.
    fn timeout(&self) -> Option<Duration> {
        Some(self.command.call_timeout())
    }
}
