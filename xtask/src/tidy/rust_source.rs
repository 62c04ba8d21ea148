//! Just enough of Rust's lexical rules to tell code from comments, strings and tests.

/// A source file taken apart.
#[derive(Debug)]
pub(super) struct Source {
    /// The text, line for line, with every comment and every string's content blanked out.
    pub(super) code: String,
    /// The string literals: 1-based line of the opening quote, and what stands between the quotes.
    pub(super) strings: Vec<(usize, String)>,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let mut scanner = Scanner { chars: text.chars().collect(), at: 0, line: 1, code: String::new() };
        let mut strings = Vec::new();
        while scanner.at < scanner.chars.len() {
            if let Some(string) = scanner.step() {
                strings.push(string);
            }
        }
        Self { code: scanner.code, strings }
    }

    /// How many lines come before the test module that ends the file.
    pub(super) fn lines_before_tests(&self) -> usize {
        let lines: Vec<&str> = self.code.lines().map(str::trim).collect();
        let is_inline_module = |rest: &[&str]| {
            let item = rest.iter().find(|line| !line.is_empty() && !line.starts_with("#["));
            item.is_some_and(|item| item.contains("mod ") && item.ends_with('{'))
        };
        let start =
            (0..lines.len()).find(|&n| lines[n] == "#[cfg(test)]" && is_inline_module(&lines[n + 1..]));
        start.unwrap_or(lines.len())
    }
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn keep(&mut self) {
        self.take(false);
    }

    fn blank(&mut self) {
        self.take(true);
    }

    fn take(&mut self, blank: bool) {
        let Some(&c) = self.chars.get(self.at) else { return };
        self.code.push(if blank && c != '\n' { ' ' } else { c });
        self.line += usize::from(c == '\n');
        self.at += 1;
    }

    /// Goes past one comment, literal or other character; returns the literal if it was a string.
    fn step(&mut self) -> Option<(usize, String)> {
        let after_word = self.at > 0 && is_word(self.chars[self.at - 1]);
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.blank();
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => return Some(self.string(None)),
            ('r', '"' | '#')
                if !after_word || self.chars[self.at - 1] == 'b' || self.chars[self.at - 1] == 'c' =>
            {
                let hashes = (1..).take_while(|&n| self.peek(n) == '#').count();
                if self.peek(1 + hashes) != '"' {
                    self.keep(); // a raw identifier
                    return None;
                }
                for _ in 0..=hashes {
                    self.keep();
                }
                return Some(self.string(Some(hashes)));
            }
            ('\'', _) => self.character(),
            _ => self.keep(),
        }
        None
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    /// From the opening to after the closing quote; `hashes` is `None` where a backslash escapes.
    fn string(&mut self, hashes: Option<usize>) -> (usize, String) {
        let line = self.line;
        self.keep();
        let start = self.at;
        while self.at < self.chars.len() {
            match (self.peek(0), hashes) {
                ('\\', None) => self.blank(),
                ('"', None) => break,
                ('"', Some(n)) if (1..=n).all(|ahead| self.peek(ahead) == '#') => break,
                _ => {}
            }
            self.blank();
        }
        let content = self.chars[start..self.at.min(self.chars.len())].iter().collect();
        self.keep();
        (line, content)
    }

    /// A character literal, or only the quote of a lifetime or label.
    fn character(&mut self) {
        let escaped = self.peek(1) == '\\';
        if !escaped && self.peek(2) != '\'' {
            return self.keep();
        }
        self.keep();
        if escaped {
            self.blank();
        }
        self.blank();
        while self.at < self.chars.len() && self.peek(0) != '\'' {
            self.blank();
        }
        self.keep();
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str, strings: &[&str]) {
        let source = Source::new(text);
        assert_eq!(source.code, code);
        let found: Vec<&str> = source.strings.iter().map(|(_, content)| content.as_str()).collect();
        assert_eq!(found, strings);
    }

    #[test]
    fn comments_are_blanked() {
        check("a // \"b\"\nc", "a       \nc", &[]);
        check("a /* b /* c */ \n d */ e", "a              \n      e", &[]);
    }

    #[test]
    fn strings_are_taken_out() {
        check(r#"f("a // b")"#, r#"f("      ")"#, &["a // b"]);
        check(r#"f("a\"b", 'c')"#, r#"f("    ", ' ')"#, &[r#"a\"b"#]);
        check("r#\"a\"b\"# br\"c\\\"", "r#\"   \"# br\"  \"", &["a\"b", "c\\"]);
    }

    #[test]
    fn quotes_that_open_no_string_are_seen() {
        check("<'a>('\"', '\\'', '\\u{41}')", "<'a>(' ', '  ', '      ')", &[]);
        check("r#type \"x\"", "r#type \" \"", &["x"]);
        check("for \"x\"", "for \" \"", &["x"]);
    }

    #[test]
    fn the_test_module_ends_the_counted_part() {
        let count = |text: &str| Source::new(text).lines_before_tests();
        assert_eq!(count("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(count("a\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n}\n"), 1);
        assert_eq!(
            count("#[cfg(test)]\nmod tests;\na\n"),
            3,
            "a module in another file does not end this one"
        );
        assert_eq!(count("#[cfg(test)]\nfn a() {\n}\nb\n"), 4);
        assert_eq!(count("\"\n#[cfg(test)]\nmod tests {\"\n"), 3, "not inside a string");
    }
}
