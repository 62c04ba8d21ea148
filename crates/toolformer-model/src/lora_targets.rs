//! Which projections LoRA updates, by the rules of PEFT.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{config_checks::wrong, error::ModelError};

/// PEFT's words for all linear layers between embedding and head.
const ALL_LINEAR: [&str; 2] = ["all-linear", "all"];

/// What names the projections that get an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TargetModules {
    /// Names such as `q_proj` or `layers.0.mlp.down_proj`: whole, or the end of a name from a dot on.
    Names(Vec<String>),
    /// A regular expression that must match the whole name, or `all-linear`.
    Pattern(String),
}

impl Default for TargetModules {
    /// All linear layers between embedding and head.
    fn default() -> Self {
        Self::Pattern(ALL_LINEAR[0].to_owned())
    }
}

impl TargetModules {
    /// Names, as PEFT takes them.
    pub fn names(names: &[&str]) -> Self {
        Self::Names(names.iter().map(|&name| name.to_owned()).collect())
    }

    /// Whether all linear layers are meant.
    pub(crate) fn is_all(&self) -> bool {
        let is_all = |name: &str| ALL_LINEAR.contains(&name);
        match self {
            Self::Names(names) => names.iter().any(|name| is_all(name)),
            Self::Pattern(pattern) => is_all(pattern),
        }
    }

    /// # Errors
    /// If there is nothing, or no regular expression.
    pub(crate) fn matcher(&self) -> Result<Matcher<'_>, ModelError> {
        Ok(match self {
            all if all.is_all() => Matcher::All,
            Self::Names(names) if names.is_empty() => {
                return Err(wrong("target_modules", "names no projection".into()));
            }
            Self::Names(names) => Matcher::Names(names),
            Self::Pattern(pattern) => Matcher::Pattern(whole("target_modules", pattern, pattern)?),
        })
    }
}

/// Answers for one name after the other.
pub(crate) enum Matcher<'a> {
    All,
    Names(&'a [String]),
    Pattern(Regex),
}

impl Matcher<'_> {
    pub(crate) fn is_match(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Names(targets) => targets.iter().any(|target| ends_with(name, target)),
            Self::Pattern(pattern) => pattern.is_match(name),
        }
    }

    /// The first thing asked for that is none of these names.
    pub(crate) fn unknown(&self, names: &[String]) -> Option<String> {
        match self {
            Self::All => None,
            Self::Names(targets) => {
                let unknown = |target: &&String| !names.iter().any(|name| ends_with(name, target));
                targets.iter().find(unknown).cloned()
            }
            Self::Pattern(pattern) => {
                let unknown = !names.iter().any(|name| pattern.is_match(name));
                unknown.then(|| pattern.to_string())
            }
        }
    }
}

/// Whether a name is another one, or ends in it from a dot on.
fn ends_with(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A regular expression for whole names; `given` is what the config's `field` holds.
pub(crate) fn whole(field: &str, given: &str, pattern: &str) -> Result<Regex, ModelError> {
    Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        wrong(field, format!("`{given}` is no regular expression that is known here: {reason}"))
    })
}

/// The number of a name's block: the first component behind two others that is a number, and not the last.
pub(crate) fn block_number(name: &str) -> Option<usize> {
    let parts: Vec<&str> = name.split('.').collect();
    let inner = parts.get(2..parts.len().checked_sub(1)?)?;
    inner.iter().find_map(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(targets: &TargetModules, name: &str, expected: bool) {
        assert_eq!(targets.matcher().unwrap().is_match(name), expected, "{targets:?} {name}");
    }

    #[test]
    fn names_match_from_a_dot_on_and_patterns_as_a_whole() {
        let names = TargetModules::names(&["q_proj", "0.mlp.down_proj"]);
        check(&names, "model.layers.1.self_attn.q_proj", true);
        check(&names, "q_proj", true);
        check(&names, "model.layers.1.self_attn.my_q_proj", false);
        check(&names, "model.layers.0.mlp.down_proj", true);
        check(&names, "model.layers.10.mlp.down_proj", false);
        let pattern = TargetModules::Pattern(r".*\.1\..*q_proj|k_proj".into());
        check(&pattern, "model.layers.1.self_attn.q_proj", true);
        check(&pattern, "model.layers.1.self_attn.q_proj.x", false);
        check(&pattern, "model.layers.1.self_attn.k_proj", false);
        for all in ["all-linear", "all"] {
            check(&TargetModules::Pattern(all.into()), "anything", true);
            check(&TargetModules::names(&[all]), "anything", true);
        }
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let error = TargetModules::Pattern("(q_proj".into()).matcher().err().unwrap().to_string();
        assert!(error.contains("target_modules") && error.contains("unclosed group"), "{error}");
        assert!(TargetModules::Names(Vec::new()).matcher().is_err());
    }

    #[test]
    fn blocks_have_numbers() {
        assert_eq!(block_number("model.layers.11.mlp.down_proj"), Some(11));
        assert_eq!(block_number("transformer.h.3.attn.c_attn"), Some(3));
        assert_eq!(block_number("layers.0.x"), None);
        assert_eq!(block_number("a"), None);
    }
}
