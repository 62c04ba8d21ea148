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
/// Text without quotes, up to the next comma.
const BARE: &str = r#"(?:[^\s,=()\[\]{}'"\\](?:[ \t]*(?:[A-Za-z0-9]'[A-Za-z0-9]|[^\s,=()\[\]{}'"\\]))*)"#;
/// The only argument, a string: its commas separate nothing.
const LONE_STRING: &str = r#"(?s:[ \t]*(?:['"].*[^\s'"].*|[^'",=\s][^=]*))"#;
/// What stands in brackets and braces that holds none.
const FLAT: &str = r#"[^\[\]{}()'"]"#;

/// For more parameters the expression would be too large.
const MOST: usize = 8;

impl Parameters {
    /// A regular expression for arguments that [`Parameters::bind`] reads, as far as one can say.
    pub(crate) fn pattern(&self) -> String {
        let lone = |kind: &str, required| if required { kind.to_owned() } else { format!("{WS}|{kind}") };
        match &self.list[..] {
            [] => WS.to_owned(),
            [Parameter { kind: ParameterType::Raw, required, .. }] => lone(TEXT, *required),
            [Parameter { kind: ParameterType::String, required, .. }] => lone(LONE_STRING, *required),
            list if list.len() > MOST => lone(TEXT, list.iter().any(|parameter| parameter.required)),
            list => format!("{WS}{}{WS}", by_position(list, true).unwrap_or_default()),
        }
    }
}

/// What may follow when all parameters before `list` have been given by position; `first` if there are none. Nothing
/// if no text will do.
fn by_position(list: &[Parameter], first: bool) -> Option<String> {
    let named = by_name(list, first);
    let Some((parameter, rest)) = list.split_first() else { return named };
    let comma = if first { "" } else { COMMA };
    let value = match &parameter.kind {
        ParameterType::Raw => TEXT_BEHIND_OTHERS.to_owned(),
        kind => value(kind),
    };
    let placed = by_position(rest, false).map(|rest| format!("{comma}{value}{rest}"));
    either(placed, named)
}

/// The same where the rest is given by name.
fn by_name(list: &[Parameter], first: bool) -> Option<String> {
    let Some((Parameter { name, kind, required, .. }, rest)) = list.split_first() else {
        return Some(String::new());
    };
    let left_out = if *required { None } else { by_name(rest, first) };
    if *kind == ParameterType::Raw {
        return left_out;
    }
    let comma = if first { "" } else { COMMA };
    let given = by_name(rest, false).map(|rest| format!("{comma}{name}{WS}={WS}{}{rest}", value(kind)));
    either(given, left_out)
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
            let flat = format!("{FLAT}|{QUOTED}");
            format!("(?:{QUOTED}|{BARE}|{})", bracketed(&format!("{flat}|{}", bracketed(&flat))))
        }
    }
}

/// JSON's lists and objects.
fn bracketed(inner: &str) -> String {
    format!(r"(?:\[(?:{inner})*\]|\{{(?:{inner})*\}})")
}
