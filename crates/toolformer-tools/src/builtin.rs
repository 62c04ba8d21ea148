//! Tools by their short names.

use std::fmt;
#[cfg(feature = "search")]
use std::sync::Arc;

use toolformer_text::Tool;

#[cfg(feature = "translate")]
use crate::Translate;
use crate::{Calculator, Calendar};
#[cfg(feature = "search")]
use crate::{QuestionAnswering, Reader, WikiIndex, WikiSearch};

/// A tool that [`builtin`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Builtin {
    /// Its name on a command line.
    pub short: &'static str,
    /// Its name in a text.
    pub name: &'static str,
    /// What it must be lent, for people; empty if nothing.
    pub needs: &'static str,
}

/// Every tool that [`builtin`] knows: the paper's five.
pub const BUILTINS: &[Builtin] = &[
    Builtin { short: "calculator", name: "Calculator", needs: "" },
    Builtin { short: "calendar", name: "Calendar", needs: "" },
    Builtin { short: "wiki", name: "WikiSearch", needs: "an index" },
    Builtin { short: "translate", name: "MT", needs: "a translator" },
    Builtin { short: "qa", name: "QA", needs: "an index and a reader" },
];

/// What the tools of [`builtin`] are lent.
#[derive(Clone)]
#[non_exhaustive]
pub struct BuiltinSettings {
    /// The calendar, with its clock.
    pub calendar: Calendar,
    /// The wiki that is searched.
    #[cfg(feature = "search")]
    pub wiki: Option<Arc<WikiIndex>>,
    /// How many characters of an article are shown. Default 200.
    #[cfg(feature = "search")]
    pub wiki_chars: usize,
    /// What answers from the wiki's passages.
    #[cfg(feature = "search")]
    pub reader: Option<Reader>,
    /// The translation tool, with its translator.
    #[cfg(feature = "translate")]
    pub translate: Option<Translate>,
}

/// Why [`builtin`] gives no tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuiltinError {
    /// No tool has that short name.
    #[error("there is no tool `{name}`; there are {}", shorts())]
    Unknown {
        /// The name.
        name: String,
    },
    /// The settings lack what the tool needs.
    #[error("the tool `{name}` needs {needs}")]
    Missing {
        /// The tool's short name.
        name: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// The tool is not part of this build.
    #[error("the tool `{name}` is not part of this build; build with the feature `{feature}`")]
    NotBuilt {
        /// The tool's short name.
        name: &'static str,
        /// The feature of this crate that brings it.
        feature: &'static str,
    },
}

fn shorts() -> String {
    BUILTINS.iter().map(|builtin| builtin.short).collect::<Vec<_>>().join(", ")
}

impl BuiltinSettings {
    /// Tools that take the day from `calendar`, and nothing else.
    pub fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            #[cfg(feature = "search")]
            wiki: None,
            #[cfg(feature = "search")]
            wiki_chars: 200,
            #[cfg(feature = "search")]
            reader: None,
            #[cfg(feature = "translate")]
            translate: None,
        }
    }
}

impl fmt::Debug for BuiltinSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltinSettings").field("calendar", &self.calendar).finish_non_exhaustive()
    }
}

/// The tool with that short name, see [`BUILTINS`].
///
/// ```
/// use toolformer_tools::{BuiltinSettings, Calendar, builtin, iso_date};
/// let settings = BuiltinSettings::new(Calendar::on(iso_date("2023-01-30")?));
/// let calendar = builtin("calendar", &settings)?;
/// assert_eq!(calendar.name(), "Calendar");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If there is no such tool, this build lacks it, or the settings lack what it needs.
pub fn builtin(name: &str, settings: &BuiltinSettings) -> Result<Box<dyn Tool>, BuiltinError> {
    let known = BUILTINS.iter().find(|known| known.short == name);
    let &Builtin { short, .. } = known.ok_or_else(|| BuiltinError::Unknown { name: name.to_owned() })?;
    match short {
        "calculator" => Ok(Box::new(Calculator)),
        "calendar" => Ok(Box::new(settings.calendar.clone())),
        "translate" => translate(short, settings),
        _ => search(short, settings),
    }
}

#[cfg(feature = "translate")]
fn translate(name: &'static str, settings: &BuiltinSettings) -> Result<Box<dyn Tool>, BuiltinError> {
    match &settings.translate {
        Some(translate) => Ok(Box::new(translate.clone())),
        None => Err(BuiltinError::Missing { name, needs: "a translator" }),
    }
}

#[cfg(not(feature = "translate"))]
fn translate(name: &'static str, _: &BuiltinSettings) -> Result<Box<dyn Tool>, BuiltinError> {
    Err(BuiltinError::NotBuilt { name, feature: "translate" })
}

/// `wiki` and `qa`.
#[cfg(feature = "search")]
fn search(name: &'static str, settings: &BuiltinSettings) -> Result<Box<dyn Tool>, BuiltinError> {
    let wiki = settings.wiki.clone().ok_or(BuiltinError::Missing { name, needs: "an index" })?;
    if name == "wiki" {
        return Ok(Box::new(WikiSearch::new(wiki).with_max_chars(settings.wiki_chars)));
    }
    let reader = settings.reader.clone().ok_or(BuiltinError::Missing { name, needs: "a reader" })?;
    let fingerprint = reader.fingerprint().to_owned();
    let answering = QuestionAnswering::new(wiki, move |prompt: &str| reader.read(prompt));
    Ok(Box::new(answering.with_reader_fingerprint(fingerprint)))
}

#[cfg(not(feature = "search"))]
fn search(name: &'static str, _: &BuiltinSettings) -> Result<Box<dyn Tool>, BuiltinError> {
    Err(BuiltinError::NotBuilt { name, feature: "search" })
}
