//! What a tools file may say, and what is said of one that may not.

use std::{path::Path, time::Duration};

use proptest::{proptest, string::string_regex};
use tempfile::TempDir;
use toolformer_text::Tool;
use toolformer_tools::{ToolsFile, ToolsFileDefaults, ToolsFileError};

fn parse(text: &str) -> Result<ToolsFile, ToolsFileError> {
    ToolsFile::parse(text, Path::new("."))
}

/// The message for a file; `text` is what stands in `[tools.A]`.
#[track_caller]
fn check_tool(text: &str, expected: &str) {
    check(&format!("[tools.A]\n{text}"), expected);
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let message = parse(text).unwrap_err().to_string();
    assert_eq!(message.trim_end(), expected.trim_end(), "{text}\n{message}");
}

/// The first line of the message and what follows the marks.
#[track_caller]
fn check_brief(text: &str, place: &str, problem: &str) {
    let message = parse(text).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], place, "{message}");
    let (_, found) = lines[2].rsplit_once("^ ").expect("no marks");
    assert!(found.starts_with(problem), "{message}");
}

#[cfg(unix)]
#[test]
fn commands_are_called_as_declared() {
    let text = r#"
        [tools.Upper]
        kind = "command"
        description = "capitals"
        argv = ["tr", "a-z", "A-Z"]
        stdin = "{text}"

        [tools."Say.It"]
        kind = "command"
        parameters = [
            { name = "what", type = "string", description = "the words" },
            { name = "times", type = "integer", optional = true },
            { name = "more", type = "list of number", optional = true },
        ]
        argv = ["printf", "%s,", "{what}", "x{times}", "{more}"]
        timeout_seconds = 1.5
        output_limit_bytes = 100
        environment = { LANG = "C.UTF-8" }
    "#;
    let tools = parse(text).unwrap().tools();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
    assert_eq!(names, ["Say.It", "Upper"]);
    assert_eq!(tools[1].description(), "capitals");
    assert_eq!(tools[1].parameters().to_string(), "text: text");
    assert_eq!(tools[1].call("a, b=c"), Ok("A, B=C".to_owned()));
    let signature = "what: string, times: integer = null, more: list of number = null";
    assert_eq!(tools[0].parameters().to_string(), signature);
    assert_eq!(tools[0].call("hi"), Ok("hi,".to_owned()));
    assert_eq!(tools[0].call("hi, 3, [1, 2.5]"), Ok("hi,x3,[1,2.5],".to_owned()));
    assert!(tools[0].call("hi, many").is_err());
}

#[cfg(unix)]
#[test]
fn folders_are_relative_to_the_file() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let path = folder.path().join("tools.toml");
    let text = "[tools.Here]\nkind = \"command\"\nparameters = []\nargv = [\"pwd\"]\ndirectory = \"sub\"";
    std::fs::write(&path, text).unwrap();
    let here = ToolsFile::read(&path).unwrap().tools()[0].call("").unwrap();
    assert_eq!(Path::new(&here), std::fs::canonicalize(folder.path().join("sub")).unwrap());
    let missing = ToolsFile::read(Path::new("/no/such/file")).unwrap_err();
    assert_eq!(missing.to_string(), "/no/such/file cannot be read; check its name and permissions");
}

#[test]
fn fingerprints_tell_declarations_apart() {
    let fingerprint = |rest: &str| {
        let text = format!("[tools.A]\nkind = \"command\"\nargv = [\"echo\", \"{{text}}\"]\n{rest}");
        parse(&text).unwrap().tools()[0].fingerprint()
    };
    assert_eq!(fingerprint(""), fingerprint(""));
    assert_ne!(fingerprint(""), fingerprint("environment = { A = \"1\" }"));
    assert_ne!(fingerprint(""), fingerprint("directory = \"/\""));
    assert_ne!(fingerprint(""), fingerprint("stdin = \"\""));
    let lists = "parameters = [{ name = \"text\", type = \"list of string\" }]";
    assert_ne!(fingerprint(""), fingerprint(lists));
    for same in ["timeout_seconds = 7", "output_limit_bytes = 7", "description = \"says it again\""] {
        assert_eq!(fingerprint(""), fingerprint(same));
    }
    assert!(!fingerprint("environment = { A = \"secret\" }").contains("secret"));
}

#[test]
fn a_default_time_is_for_those_that_set_none() {
    let text = "[tools.A]\nkind = \"command\"\nargv = [\"echo\", \"{text}\"]\n[tools.B]\nkind = \"command\"\n\
                argv = [\"echo\", \"{text}\"]\ntimeout_seconds = 5\n";
    let defaults = ToolsFileDefaults::new().with_timeout(Duration::from_secs(60));
    let times = |file: ToolsFile| -> Vec<u64> {
        file.tools().iter().map(|tool| tool.timeout().unwrap().as_secs()).collect()
    };
    assert_eq!(times(ToolsFile::parse_with(text, Path::new("."), &defaults).unwrap()), [62, 7]);
    assert_eq!(times(parse(text).unwrap()), [12, 7]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tools.toml");
    std::fs::write(&path, text).unwrap();
    assert_eq!(times(ToolsFile::read_with(&path, &defaults).unwrap()), [62, 7]);
    #[cfg(feature = "http")]
    {
        let text = "[tools.A]\nkind = \"http\"\nurl = \"http://h/{text}\"\n";
        assert_eq!(times(ToolsFile::parse_with(text, Path::new("."), &defaults).unwrap()), [62]);
        let text = format!("{text}timeout_seconds = 5");
        assert_eq!(times(ToolsFile::parse_with(&text, Path::new("."), &defaults).unwrap()), [7]);
    }
}

#[test]
fn places_are_shown() {
    check(
        "# tools\n[tools.A]\n\tkind = \"command\" # é\n\targv = [\"tr\", 5]\n",
        "line 4, `tools.A.argv`\n4 |  argv = [\"tr\", 5]\n  |                ^ this is an integer; write a string, in quotes",
    );
    check_tool(
        "kind = \"comand\"",
        "line 2, `tools.A.kind`\n2 | kind = \"comand\"\n  |        ^^^^^^^^ `comand` is not possible; write \"command\" or \
         \"http\"",
    );
    check("[tools\n", "line 1\n1 | [tools\n  |       ^ not TOML: unclosed table, expected `]`");
}

#[test]
fn tables_and_keys_are_checked() {
    check_brief("[tool.A]", "line 1, `tool`", "this key is not known here; known are `tools`, `servers`");
    check_brief("tools = 1", "line 1, `tools`", "this is an integer; write a table");
    check_brief("[tools]\nA = 1", "line 2, `tools.A`", "this is an integer; write a table");
    check_brief("[tools.A]\n", "line 1, `tools.A`", "`kind` is missing; write kind =");
    check_brief(
        "[tools.\"a b\"]\nkind = \"command\"",
        "line 1, `tools.a b`",
        "`a b` cannot be a tool's name",
    );
    check_brief("[tools.A]\n[tools.A]", "line 2", "not TOML: ");
}

/// How often the tool of a file may be called, as it is shown.
#[track_caller]
fn check_rate(keys: &str, expected: &str) {
    let text = format!("[tools.A]\nkind = \"command\"\nargv = [\"cat\", \"{{text}}\"]\n{keys}");
    let rate = parse(&text).unwrap().tools()[0].rate_limit();
    assert_eq!(rate.map_or("none".to_owned(), |rate| format!("{rate:?}")), expected);
}

#[test]
fn tools_may_be_held_to_a_rate() {
    check_rate("", "none");
    check_rate("calls_per_second = 2", "RateLimit { per_second: 2.0, burst: 1, .. }");
    check_rate("calls_per_second = 0.5\nburst = 3", "RateLimit { per_second: 0.5, burst: 3, .. }");
    let argv = |rest: &str| format!("argv = [\"cat\", \"{{text}}\"]\n{rest}");
    for wrong in ["0", "-1", "0.000001", "1e7", "nan"] {
        let problem = format!("`{wrong}` is not possible; write a number from 0.00001 to 1000000");
        check_command(&argv(&format!("calls_per_second = {wrong}")), ".calls_per_second", &problem);
    }
    check_command(
        &argv("calls_per_second = \"2\""),
        ".calls_per_second",
        "this is a string; write a number of calls",
    );
    check_command(
        &argv("calls_per_second = 2\nburst = 0"),
        ".burst",
        "`0` is not possible; write a whole number from 1",
    );
    check_command(&argv("burst = 2"), ".burst", "`calls_per_second` is missing; write calls_per_second = 2");
}

/// An error of a command: in which key, and what it says.
#[track_caller]
fn check_command(text: &str, key: &str, problem: &str) {
    let text = format!("[tools.A]\nkind = \"command\"\n{text}");
    let message = parse(&text).unwrap_err().to_string();
    let (place, _) = message.split_once('\n').expect("no place");
    assert!(place.ends_with(&format!(", `tools.A{key}`")), "{message}");
    let (_, found) = message.rsplit_once("^ ").expect("no marks");
    assert!(found.starts_with(problem), "{message}");
}

#[test]
fn commands_are_checked() {
    const ECHO: &str = "argv = [\"echo\", \"{text}\"]\n";
    let echo = |rest: &str| format!("{ECHO}{rest}");
    check_command("", "", "`argv` is missing");
    check_command("argv = []", ".argv", "it names no program");
    check_command("argv = [\"{text}\"]", ".argv", "the program cannot depend on a call");
    check_command("argv = [\"echo\", \"{text\"]", ".argv", "a `{` has no partner");
    check_command("argv = [\"echo\", \"\\u0000\"]", ".argv", "it holds a NUL byte");
    check_command("argv = \"echo\"", ".argv", "this is a string; write a list");
    check_command(&echo("stdin = \"}\""), ".stdin", "a `}` has no partner");
    check_command(&echo("shell = true"), ".shell", "this key is not known here");
    check_command(&echo("url = \"\""), ".url", "this key is not known here");
    check_command(
        &echo("timeout_seconds = 0"),
        ".timeout_seconds",
        "`0` is not possible; write a number of seconds",
    );
    check_command(&echo("timeout_seconds = nan"), ".timeout_seconds", "`nan` is not possible");
    check_command(&echo("timeout_seconds = \"1\""), ".timeout_seconds", "this is a string; write a number");
    check_command(
        &echo("output_limit_bytes = -1"),
        ".output_limit_bytes",
        "`-1` is not possible; write a whole number",
    );
    check_command(&echo("environment = { A = 1 }"), ".environment.A", "this is an integer; write a string");
    check_command(&echo("environment = { \"A=\" = \"\" }"), ".environment.A=", "`A=` is not possible");
    check_command(&echo("directory = \"\\u0000\""), ".directory", "`\\0` is not possible");
    check_command(&echo("description = 1"), ".description", "this is an integer");
}

#[test]
fn parameters_are_checked() {
    let with = |parameters: &str| format!("argv = [\"echo\", \"{{a}}\"]\nparameters = [{parameters}]");
    check_command("argv = [\"date\"]", "", "nothing uses the parameter `text`");
    check_command(
        "argv = [\"echo\", \"{city}\"]",
        "",
        "`{city}` is no parameter of the tool; its parameters are (text: text)",
    );
    check_command(&with(""), "", "`{a}` is no parameter");
    check_command(&with("1"), ".parameters", "this is an integer; write a table");
    check_command(&with("{}"), ".parameters", "`name` is missing");
    check_command(&with("{ name = \"a-b\" }"), ".parameters.name", "`a-b` is not possible");
    check_command(&with("{ name = \"a\" }, { name = \"a\" }"), ".parameters", "there are two parameters `a`");
    check_command(&with("{ name = \"a\", type = \"int\" }"), ".parameters.type", "`int` is not possible");
    check_command(
        &with("{ name = \"a\", type = \"list of text\" }"),
        ".parameters.type",
        "`list of text` is not possible",
    );
    check_command(
        &with("{ name = \"a\", default = 1 }"),
        ".parameters.default",
        "this key is not known here",
    );
    check_command(
        &with("{ name = \"a\", type = \"text\" }, { name = \"b\" }"),
        ".parameters",
        "`a` is a text, which takes all",
    );
}

#[cfg(not(feature = "http"))]
#[test]
fn what_is_not_built_is_said() {
    check_brief(
        "[tools.A]\nkind = \"http\"\nurl = \"\"",
        "line 2, `tools.A.kind`",
        "this program is built without requests over HTTP; build it with the feature `http`",
    );
}

#[cfg(not(feature = "mcp"))]
#[test]
fn servers_need_a_feature() {
    check_brief("[servers.A]", "line 1, `servers.A`", "this program is built without MCP servers");
}

#[cfg(feature = "http")]
mod http {
    use super::check_brief;

    #[track_caller]
    fn check(text: &str, key: &str, problem: &str) {
        let text = format!("[tools.A]\nkind = \"http\"\n{text}");
        let line = if key.is_empty() { 1 } else { text.lines().count() };
        check_brief(&text, &format!("line {line}, `tools.A{key}`"), problem);
    }

    #[test]
    fn requests_are_checked() {
        const URL: &str = "url = \"http://h.example/{text}\"\n";
        let url = |rest: &str| format!("{URL}{rest}");
        check("", "", "`url` is missing");
        check("url = \"weather\"", ".url", "`weather` is no URL");
        check("url = \"ftp://h/{text}\"", ".url", "the scheme `ftp` is not possible");
        check("url = \"http://{text}/\"", ".url", "a placeholder cannot stand in the scheme, host or port");
        check("url = \"http://a:b@h/{text}\"", ".url", "a URL may not hold a user's name or password");
        check("url = \"http://h/{text\"", ".url", "a `{` has no partner");
        check("url = \"http://h/{city}\"", "", "`{city}` is no parameter");
        check("url = \"http://h/\"", "", "nothing uses the parameter `text`");
        check("url = \"http://127.0.0.1/{text}\"", ".url", "`127.0.0.1` is an address of this machine");
        check("url = \"http://0x7f.1/{text}\"", ".url", "`127.0.0.1` is an address of this machine");
        check(
            "url = \"http://[::ffff:10.0.0.1]/{text}\"",
            ".url",
            "`::ffff:10.0.0.1` is an address of this machine",
        );
        check(&url("method = \"PUT\""), ".method", "`PUT` is not possible");
        check(
            &url("calls_per_second = 0"),
            ".calls_per_second",
            "`0` is not possible; write a number from 0.00001",
        );
        check(&url("body = { q = \"{text}\" }"), ".body", "this does not go with method = \"GET\"");
        check(&url("method = \"POST\"\nbody = [\"{\"]"), ".body", "a `{` has no partner");
        check(&url("method = \"POST\"\nbody = inf"), ".body", "`inf` is not possible");
        check(&url("answer = \"a.b\""), ".answer", "`a.b` is not possible; write a JSON pointer");
        check(&url("headers = { \"a b\" = \"\" }"), ".headers", "the header `a b` cannot be sent");
        check(&url("headers = { Host = \"x\" }"), ".headers", "the header `Host` cannot be sent");
        check(&url("hosts = [\"h:x\"]"), ".hosts", "`h:x` is no host");
        check(&url("max_redirects = 21"), ".max_redirects", "`21` is not possible");
        check(&url("argv = []"), ".argv", "this key is not known here");
    }

    #[test]
    fn the_host_must_be_listed() {
        let text = "[tools.A]\nkind = \"http\"\nhosts = [\"h:81\", \"g\"]\nurl = \"http://h:80/{text}\"";
        check_brief(
            text,
            "line 4, `tools.A.url`",
            "the host `h` is not allowed; allowed are h:81, g; add it",
        );
    }
}

#[cfg(feature = "mcp")]
#[test]
fn servers_are_checked() {
    let check = |text: &str, key: &str, problem: &str| {
        let text = format!("[servers.A]\n{text}");
        let line = if key.is_empty() { 1 } else { text.lines().count() };
        check_brief(&text, &format!("line {line}, `servers.A{key}`"), problem);
    };
    check("", "", "`command` is missing");
    check("command = []", ".command", "it names no program");
    check("url = \"http://h/\"\ncommand = [\"a\"]", ".command", "this does not go with `url`");
    check("command = [\"a\"]\nhosts = []", ".hosts", "this does not go with `command`");
    check("url = \"http://localhost:x/\"", ".url", "`http://localhost:x/` is no URL");
    check("url = \"http://127.0.0.1/\"", ".url", "`127.0.0.1` is an address of this machine");
    check("command = [\"a\"]\nprefix = \"a b\"", ".prefix", "`a b` cannot be a tool's name");
    check("command = [\"a\"]\nonly = \"x\"", ".only", "this is a string; write a list");
    check("command = [\"a\"]\nargv = []", ".argv", "this key is not known here");
    let server = parse("[servers.A]\ncommand = [\"{x}\", \"{\"]\ntimeout_seconds = 1").unwrap();
    assert_eq!(server.servers()[0].name(), "A");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = |part: &str| part.repeat(200_000);
    let check = |text: String| assert!(parse(&text).is_err(), "{}", &text[..20]);
    check(format!("tools = {}{}", deep("["), deep("]")));
    check(format!("tools = {}", deep("{a=")));
    check(format!("tools.{}a = 1", deep("a.")));
    check(format!("[[tools.{}a]]", deep("a.")));
    check(format!("[tools.A]\nkind = \"http\"\nbody.{}a = 1", deep("a.")));
}

#[test]
fn the_example_of_the_docs_is_valid() {
    let docs = include_str!("../../../../docs/tools.md");
    let (_, rest) = docs.split_once("```toml\n").expect("no example");
    let (example, _) = rest.split_once("```").expect("no end");
    match parse(example) {
        Ok(file) => {
            let tools = file.tools();
            let names: Vec<&str> = tools.iter().map(Tool::name).collect();
            assert_eq!(names, ["Say", "Translate", "Upper", "Weather"]);
        }
        Err(error) => {
            assert!(!cfg!(feature = "mcp") && error.to_string().contains("is built without"), "{error}")
        }
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn parsing_never_panics_on_what_looks_like_a_file(text in string_regex(PIECES).unwrap()) {
        if let Err(error) = parse(&text) {
            let _ = error.to_string();
        }
    }
}

const PIECES: &str = "(\\[(tools|servers)\\.[A\u{e9}]\\]\n|kind = \"(command|http)\"|url = \"http://h/\\{?\"|argv = \\[|\
                      (\"[a{}]{0,3}\"|1|\\[\\]|\\{|\\}),?|parameters|command| = |\n|\r|\t|#\u{e9}){0,12}";
