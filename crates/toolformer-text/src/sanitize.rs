//! Results made harmless before they are woven into a text.

use crate::Syntax;

/// Makes a tool's result safe to stand in a call: it can neither end the call nor begin another.
///
/// | in the result | becomes |
/// |---|---|
/// | a run of line breaks, tabs and other control characters | one space |
/// | open marker `[` | `(` |
/// | close marker `]` | `)` |
/// | an arrow, `->` or `→` | `=>` |
/// | white space at either end | nothing |
/// | an end that would make an open marker with the close marker behind it | nothing |
///
/// Parentheses and quotes stay: they mean nothing inside a result. Only if the text *before* the call leaves a
/// quote or a parenthesis open on the same line could they pair with it; [`invoke`](crate::invoke) looks out
/// for that.
///
/// ```
/// let syntax = toolformer_text::Syntax::default();
/// assert_eq!(toolformer_text::sanitize_result(&syntax, "2] [Evil(1)\n"), "2) (Evil(1)");
/// ```
pub fn sanitize_result(syntax: &Syntax, result: &str) -> String {
    let mut clean = String::with_capacity(result.len());
    let mut in_break = false;
    for c in result.chars() {
        let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if !breaks {
            clean.push(c);
        } else if !in_break {
            clean.push(' ');
        }
        in_break = breaks;
    }
    clean = clean.replace(syntax.bare_open(), "(").replace(syntax.close(), ")");
    for arrow in syntax.arrows() {
        clean = clean.replace(arrow, "=>");
    }
    // With unusual markers a replacement may have formed a new one; each round leaves less to replace.
    while let Some(marker) =
        syntax.arrows().chain([syntax.bare_open(), syntax.close()]).find(|&marker| clean.contains(marker))
    {
        clean = clean.replace(marker, " ");
    }
    clean.truncate(clean.trim_end().len());
    while joins_close(syntax, &clean) {
        clean.pop();
        clean.truncate(clean.trim_end().len());
    }
    clean.trim().to_owned()
}

/// Whether the end of a result and the close marker behind it make an open marker, as `<` and `%>` make `<%`.
fn joins_close(syntax: &Syntax, result: &str) -> bool {
    let open = syntax.bare_open();
    let cuts = (1..open.len()).filter(|&at| open.is_char_boundary(at));
    cuts.into_iter().any(|at| result.ends_with(&open[..at]) && syntax.close().starts_with(&open[at..]))
}

/// As [`sanitize_result`], and cut to at most `max_chars` characters, the last of which is then `…`.
pub fn sanitize_result_to(syntax: &Syntax, result: &str, max_chars: usize) -> String {
    let clean = sanitize_result(syntax, result);
    if clean.chars().count() <= max_chars {
        return clean;
    }
    let kept: String = clean.chars().take(max_chars.saturating_sub(1)).collect();
    let mark = if max_chars == 0 { "" } else { "…" };
    format!("{}{mark}", kept.trim_end())
}
