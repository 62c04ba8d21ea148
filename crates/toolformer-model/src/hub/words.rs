//! How a server's words, and lists, stand in messages.

use super::repository::RepositoryKind;

/// Most characters of a server's words in a message.
const MAX_SHOWN: usize = 200;

/// Most file names in a message.
const MAX_NAMES: usize = 20;

/// A server's words as they may stand in a message: on one line, without what a terminal would obey, not too long.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = chars.by_ref().take(MAX_SHOWN).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Words behind other words.
pub(super) fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// The names of files, but not too many.
pub(super) fn listed(files: &[String]) -> String {
    if files.is_empty() {
        return "there are none".to_owned();
    }
    let more = files.len().saturating_sub(MAX_NAMES);
    let names: Vec<String> = files.iter().take(MAX_NAMES).map(|name| shown(name)).collect();
    let names = names.join(", ");
    if more == 0 { format!("there are: {names}") } else { format!("there are: {names} and {more} more") }
}

/// Why a repository is closed, and how it opens.
pub(super) fn denied(repo: &str, kind: RepositoryKind, gated: bool, had_token: bool, words: &str) -> String {
    let words = in_brackets(words);
    match (gated, had_token) {
        (true, true) => format!(
            "access to `{repo}` is gated{words}; ask for it on the {kind}'s page, with the account that the token is from"
        ),
        (true, false) => format!(
            "access to `{repo}` is gated{words}; ask for it on the {kind}'s page, then put a token of your account into HF_TOKEN"
        ),
        (false, true) => {
            format!("the hub does not let this token read `{repo}`{words}; put one into HF_TOKEN that may")
        }
        (false, false) => format!(
            "the hub lets nobody read `{repo}` without a token{words}; put one into HF_TOKEN, and check the name"
        ),
    }
}
