//! The corpus written out for people, and compared.

use std::fmt::Write as _;

use toolformer_model::Pretrained;
use toolformer_train::Status;

use super::{
    TEXTS, TOOLS,
    expected::{Expected, Row, start_of, woven},
};
use crate::tiny::B;

/// The whole of it, for people.
pub(super) fn table(pretrained: &Pretrained<B>, expected: &Expected) -> String {
    let mut out = String::from(HEAD);
    let rows = &expected.rows;
    for (text, x) in TEXTS.iter().enumerate() {
        let _ = write!(out, "\n## Text {text}: `{x}`\n\n| i | byte | token |");
        TOOLS.iter().for_each(|(tool, ..)| out += &format!(" p_i {tool} |"));
        out += "\n|---|---|---|---|---|\n";
        let ids = pretrained.tokenizer.encode(x).unwrap();
        for (i, &id) in ids.iter().enumerate() {
            let token = String::from_utf8(pretrained.tokenizer.token_bytes(id)).unwrap();
            let _ = write!(out, "| {i} | {} | `{token}` |", start_of(pretrained, x, i));
            for tool in 0..TOOLS.len() {
                let chosen = rows.iter().any(|row| (row.text, row.tool, row.i) == (text, tool, i));
                let mark = if chosen { "chosen" } else { "" };
                let _ = write!(out, " {:.6} | {mark} |", expected.p[&(text, tool)][i]);
            }
            out.push('\n');
        }
        out += "\n| tool | i | sampled behind ` [` | status | result | L(none) | L(call) | L(response) | L- - L+ | verdict |\n";
        out += "|---|---|---|---|---|---|---|---|---|---|\n";
        for row in rows.iter().filter(|row| row.text == text) {
            let Row { i, sampled, status, .. } = row;
            let sampled = sampled.replace('\n', "\\n");
            let (tool, status, result) = (TOOLS[row.tool].0, name(*status), row.result.unwrap_or_default());
            let _ = write!(out, "| {tool} | {i} | `{sampled}` | {status} | {result} |");
            match (row.losses, row.delta()) {
                (Some(losses), Some(delta)) => {
                    losses.iter().for_each(|loss| out += &format!(" {loss:.5} |"));
                    let _ =
                        writeln!(out, " {delta:.5} | {} |", if row.kept() { "kept" } else { "below tau_f" });
                }
                _ => out += " | | | | not executed |\n",
            }
        }
        match woven(text, rows) {
            Some(woven) => out += &format!("\nC\\*: `{woven}`\n"),
            None => out += "\nC\\*: not in it\n",
        }
    }
    out
}

const HEAD: &str = "# A golden corpus

Three texts through the pipeline with two tools on the fixture `calling_llama`, by the slow oracle
`crates/toolformer-train/tests/it/oracle.rs`: a pass of the model for every number. The pipeline is held against the
oracle, and the oracle against this file (`crates/toolformer-train/tests/it/golden_corpus.rs`, which says the
settings; with `TOOLFORMER_WRITE_GOLDEN=1` it writes it anew). To be checked by hand: `I` is where `p_i > tau_s`, at most
`k` of them, the greatest; `L- - L+ = min(L(none), L(call)) - L(response)`; a call is kept where that is at least
0.5; C\\* is the text with its kept calls, the best first: one at a place, each once, and of two with one
result that are less than five tokens apart the better.
";

/// Compares two tables cell by cell, numbers up to the rounding of sums.
#[track_caller]
pub(super) fn assert_same_table(found: &str, expected: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found.split('|').count(), expected.split('|').count(), "line {}", number + 1);
        for (found, expected) in found.split('|').zip(expected.split('|')) {
            match (found.trim().parse::<f64>(), expected.trim().parse::<f64>()) {
                (Ok(found), Ok(expected)) => assert!((found - expected).abs() < 1e-4, "line {}", number + 1),
                _ => assert_eq!(found, expected, "line {}", number + 1),
            }
        }
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

fn name(status: Status) -> String {
    serde_json::to_value(status).unwrap().as_str().unwrap().to_owned()
}
