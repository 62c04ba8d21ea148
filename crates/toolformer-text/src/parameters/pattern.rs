//! Parameters as a regular expression over the arguments of a call.

use super::{Parameter, ParameterType, Parameters};

/// Spaces between the parts of arguments.
const WS: &str = r"[ \t]*";
/// Between two arguments.
const COMMA: &str = r"[ \t]*,[ \t]*";
/// All that is left. Quote marks alone would be an empty string.
const TEXT: &str = r#"(?s:.*[^\s'"].*)"#;
/// The same behind other arguments, whose commas would be read otherwise next to brackets that do not balance.
const TEXT_BEHIND_OTHERS: &str = r#"[^\s\[\]{}'"][^\[\]{}'"]*"#;
/// A string literal. A mark between two characters of a word does not close it.
const QUOTED: &str = r#"(?:'(?:[^'\\]|\\.|'[A-Za-z0-9])*'|"(?:[^"\\]|\\.|"[A-Za-z0-9])*")"#;
/// Text up to the next comma; the only quote marks are those in words.
const BARE: &str = r#"(?:[^\s,=()\[\]{}'"\\](?:[^,=()\[\]{}'"\\]|[A-Za-z0-9]'[A-Za-z0-9])*)"#;
/// The only argument, a string: its commas separate nothing.
const LONE_STRING: &str = r#"(?s:[ \t]*(?:['"].*[^\s'"].*|[^'",=\s][^=]*))"#;
/// Numbers and words within JSON's brackets.
const ATOM: &str = r#"[^\s,:()\[\]{}'"\\][^,:()\[\]{}'"\\]*"#;
/// For more parameters, or with more bytes, the expression with names would be too large.
const MOST: (usize, usize) = (16, 24_000);

impl Parameters {
    /// A regular expression for arguments that [`Parameters::bind`] reads, as far as one can say.
    pub(crate) fn pattern(&self) -> String {
        let is_required = self.list.iter().any(|parameter| parameter.required);
        let of_one = |kind: &str| if is_required { kind.to_owned() } else { format!("{WS}|{kind}") };
        match &self.list[..] {
            [] => WS.to_owned(),
            [Parameter { kind: ParameterType::Raw, .. }] => of_one(TEXT),
            [Parameter { kind: ParameterType::String, .. }] => of_one(LONE_STRING),
            list => {
                let named = (list.len() <= MOST.0).then(|| by_position(list, true)).flatten();
                let named = named.filter(|named| named.len() <= MOST.1);
                // Less than the tool takes is better than more.
                let plain = || by_position_alone(list, true);
                let pattern = named.unwrap_or_else(plain);
                if pattern.len() > MOST.1 { of_one(TEXT) } else { format!("{WS}{pattern}{WS}") }
            }
        }
    }
}

/// What may follow when all parameters before `list` have been given by position; `first` if there are none. Nothing
/// if no text will do.
fn by_position(list: &[Parameter], first: bool) -> Option<String> {
    let named = by_name(list, first);
    let Some((parameter, rest)) = list.split_first() else { return named };
    let comma = if first { "" } else { COMMA };
    let value = placed_value(&parameter.kind);
    let placed = by_position(rest, false).map(|rest| format!("{comma}{value}{rest}"));
    either(placed, named)
}

/// The same without any names: what is left out stands at the end.
fn by_position_alone(list: &[Parameter], first: bool) -> String {
    let Some((parameter, rest)) = list.split_first() else { return String::new() };
    let comma = if first { "" } else { COMMA };
    let behind = by_position_alone(rest, false);
    let given = format!("{comma}{}{behind}", placed_value(&parameter.kind));
    if list.iter().any(|parameter| parameter.required) { given } else { format!("(?:{given})?") }
}

fn placed_value(kind: &ParameterType) -> String {
    match kind {
        ParameterType::Raw => TEXT_BEHIND_OTHERS.to_owned(),
        kind => value(kind),
    }
}

/// The same where the rest is given by name.
fn by_name(list: &[Parameter], first: bool) -> Option<String> {
    let Some((Parameter { name, kind, required, .. }, rest)) = list.split_first() else {
        return Some(String::new());
    };
    if *kind == ParameterType::Raw {
        return if *required { None } else { by_name(rest, first) };
    }
    let given = format!("{name}{WS}={WS}{}", value(kind));
    let behind = by_name(rest, false)?;
    match (required, first) {
        (true, true) => Some(format!("{given}{behind}")),
        (true, false) => Some(format!("{COMMA}{given}{behind}")),
        (false, false) => Some(format!("(?:{COMMA}{given})?{behind}")),
        (false, true) => either(Some(format!("{given}{behind}")), by_name(rest, true)),
    }
}

fn either(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("(?:{one}|{other})")),
        (one, other) => one.or(other),
    }
}

fn value(kind: &ParameterType) -> String {
    match kind {
        ParameterType::Integer => "[-+]?[0-9]{1,18}".to_owned(),
        ParameterType::Number => r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,2})?".to_owned(),
        ParameterType::Boolean => "(?:true|false|True|False)".to_owned(),
        ParameterType::String | ParameterType::Raw => format!("(?:{QUOTED}|{BARE})"),
        ParameterType::List(item) => {
            let item = value(item);
            format!(r"\[{WS}(?:{item}(?:{COMMA}{item})*)?{WS}\]")
        }
        ParameterType::Any => {
            // JSON's lists and objects, one deep.
            let inner = format!("{WS}(?:(?:{QUOTED}|{ATOM})(?:{WS}[,:]{WS}(?:{QUOTED}|{ATOM}))*)?{WS}");
            format!(r"(?:{QUOTED}|{BARE}|\[{inner}\]|\{{{inner}\}})")
        }
    }
}
