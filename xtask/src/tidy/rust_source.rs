//! Just enough of Rust's lexical rules to tell code from comments, strings and tests.

/// A source file taken apart.
#[derive(Debug)]
pub(super) struct Source {
    /// The text, line for line, with every comment and every string's content blanked out.
    pub(super) code: String,
    /// The string literals: 1-based line of the opening quote, and what stands between the quotes.
    pub(super) strings: Vec<(usize, String)>,
    /// The same of the character and byte literals.
    pub(super) characters: Vec<(usize, String)>,
    /// The comments, with their slashes and stars, line by line.
    pub(super) comments: Vec<(usize, String)>,
}

/// What the scanner went past, where it is more than code: its line and its text.
enum Piece {
    Code,
    String(usize, String),
    Character(usize, String),
    Comment(usize, String),
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let mut scanner = Scanner { chars: text.chars().collect(), at: 0, line: 1, code: String::new() };
        let (mut strings, mut characters, mut comments) = (Vec::new(), Vec::new(), Vec::new());
        while scanner.at < scanner.chars.len() {
            match scanner.step() {
                Piece::Code => {}
                Piece::String(line, text) => strings.push((line, text)),
                Piece::Character(line, text) => characters.push((line, text)),
                Piece::Comment(start, text) => {
                    let lines = text.lines().enumerate();
                    comments.extend(lines.map(|(index, text)| (start + index, text.to_owned())));
                }
            }
        }
        Self { code: scanner.code, strings, characters, comments }
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

    /// What lies between a place and here.
    fn since(&self, start: usize) -> String {
        self.chars[start..self.at.min(self.chars.len())].iter().collect()
    }

    /// Goes past one comment, literal or other character.
    fn step(&mut self) -> Piece {
        let (start, line) = (self.at, self.line);
        let after_word = self.at > 0 && is_word(self.chars[self.at - 1]);
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.blank();
                }
                return Piece::Comment(line, self.since(start));
            }
            ('/', '*') => {
                self.block_comment();
                return Piece::Comment(line, self.since(start));
            }
            ('"', _) => return self.string(None),
            ('r', '"' | '#')
                if !after_word || self.chars[self.at - 1] == 'b' || self.chars[self.at - 1] == 'c' =>
            {
                let hashes = (1..).take_while(|&n| self.peek(n) == '#').count();
                if self.peek(1 + hashes) != '"' {
                    self.keep(); // a raw identifier
                    return Piece::Code;
                }
                for _ in 0..=hashes {
                    self.keep();
                }
                return self.string(Some(hashes));
            }
            ('\'', _) => return self.character(),
            _ => self.keep(),
        }
        Piece::Code
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
    fn string(&mut self, hashes: Option<usize>) -> Piece {
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
        let content = self.since(start);
        self.keep();
        Piece::String(line, content)
    }

    /// A character literal, or only the quote of a lifetime or label.
    fn character(&mut self) -> Piece {
        let escaped = self.peek(1) == '\\';
        if !escaped && self.peek(2) != '\'' {
            self.keep();
            return Piece::Code;
        }
        self.keep();
        let (start, line) = (self.at, self.line);
        if escaped {
            self.blank();
        }
        self.blank();
        while self.at < self.chars.len() && self.peek(0) != '\'' {
            self.blank();
        }
        let content = self.since(start);
        self.keep();
        Piece::Character(line, content)
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
    fn comments_and_characters_are_kept_apart() {
        let source = Source::new("a /// b\n'c' /* d\n \"e\" */ b'\\n' \"// f '['\" // g");
        let comments = [(1, "/// b"), (2, "/* d"), (3, " \"e\" */"), (3, "// g")];
        assert_eq!(source.comments, comments.map(|(line, text)| (line, text.to_owned())));
        let characters = [(2, "c"), (3, "\\n")].map(|(line, text)| (line, text.to_owned()));
        assert_eq!(source.characters, characters);
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
