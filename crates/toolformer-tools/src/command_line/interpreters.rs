//! Programs that run what they are given as code.

use crate::template::Template;

/// Shells and languages by the beginnings of their programs' names, and the options behind which code stands.
const INTERPRETERS: [(&str, &[&str]); 17] = [
    ("sh", &["c"]),
    ("bash", &["c"]),
    ("dash", &["c"]),
    ("ash", &["c"]),
    ("zsh", &["c"]),
    ("ksh", &["c"]),
    ("fish", &["c", "command"]),
    ("python", &["c"]),
    ("pypy", &["c"]),
    ("perl", &["e", "E"]),
    ("ruby", &["e"]),
    ("node", &["e", "p", "eval", "print"]),
    ("php", &["r"]),
    ("lua", &["e"]),
    ("pwsh", &["c", "Command", "command"]),
    ("powershell", &["c", "Command", "command"]),
    ("cmd", &["c", "C"]),
];

/// The element of an interpreter's arguments that is code and has placeholders. It is a help against mistakes: who
/// writes the file can run code in other ways.
pub(super) fn code_with_placeholders<'a>(program: &str, arguments: &'a [Template]) -> Option<&'a Template> {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    // As `python3` and `python3.11`.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (_, options) = INTERPRETERS.iter().find(|(interpreter, _)| *interpreter == name)?;
    let is_code = |option: &Template| {
        let option = option.literal().unwrap_or_default();
        match option.strip_prefix("--").or_else(|| option.strip_prefix('/')) {
            Some(long) => options.contains(&long),
            // Letters may stand together, the one for code last: `-lc`.
            None => option.strip_prefix('-').is_some_and(|letters| {
                options.contains(&letters) || options.iter().any(|o| o.len() == 1 && letters.ends_with(o))
            }),
        }
    };
    let behind_option =
        arguments.windows(2).find(|pair| is_code(&pair[0]) && pair[1].names().next().is_some());
    behind_option.map(|pair| &pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argv: &[&str], code: Option<&str>) {
        let arguments: Vec<Template> = argv[1..].iter().map(|text| Template::parse(text).unwrap()).collect();
        let found = code_with_placeholders(argv[0], &arguments).map(ToString::to_string);
        assert_eq!(found.as_deref(), code);
    }

    #[test]
    fn code_of_interpreters_is_found() {
        check(&["sh", "-c", "echo {text}"], Some("echo {text}"));
        check(&["/bin/bash", "-lc", "echo {text}"], Some("echo {text}"));
        check(&["/usr/bin/python3.11", "-c", "print('{text}')"], Some("print('{text}')"));
        check(&["node", "--eval", "{text}"], Some("{text}"));
        check(&["cmd.exe", "/c", "echo {text}"], Some("echo {text}"));
        check(&["sh", "-c", "echo \"$1\"", "sh", "{text}"], None);
        check(&["python3", "script.py", "{text}"], None);
        check(&["grep", "-c", "{text}"], None);
        check(&["sh", "{text}"], None);
    }
}
