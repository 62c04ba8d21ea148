//! What the oracle says of the corpus: every sample, and what must become of it.

use std::collections::BTreeMap;

use toolformer_model::Pretrained;
use toolformer_train::Status;

use super::{ANSWERS, MAX_CALL_TOKENS, TAU_F, TEXTS, TOOLS};
use crate::{
    oracle::{Oracle, call_of, loss},
    tiny::B,
};

/// A sample, and what must become of it.
pub(super) struct Row {
    pub(super) text: usize,
    pub(super) tool: usize,
    pub(super) i: usize,
    pub(super) p_i: f64,
    pub(super) position: usize,
    pub(super) sampled: String,
    pub(super) call: Option<String>,
    pub(super) status: Status,
    pub(super) result: Option<&'static str>,
    /// `L_i(empty)`, `L_i(e(c, empty))`, `L_i(e(c, r))`.
    pub(super) losses: Option<[f64; 3]>,
}

impl Row {
    /// `L- - L+`, where `L-` is the smaller of the two losses without a result.
    pub(super) fn delta(&self) -> Option<f64> {
        self.losses.map(|[none, call, response]| none.min(call) - response)
    }

    pub(super) fn kept(&self) -> bool {
        self.delta().is_some_and(|delta| delta >= TAU_F)
    }
}

/// What the oracle says of the corpus.
pub(super) struct Expected {
    /// `p_i` by text, tool and `i`.
    pub(super) p: BTreeMap<(usize, usize), Vec<f64>>,
    pub(super) rows: Vec<Row>,
}

/// Everything one by one: `p_i`, the top `k`, the samples, their answers, the losses.
pub(super) fn expected(pretrained: &Pretrained<B>, seed: u64) -> Expected {
    let (mut all_p, mut rows) = (BTreeMap::new(), Vec::new());
    for (text, &x) in TEXTS.iter().enumerate() {
        for (number, (tool, prompt, tau_s, k, m)) in TOOLS.into_iter().enumerate() {
            let oracle = Oracle { pretrained, prompt, tool, tau_s, k, max_tokens: MAX_CALL_TOKENS, seed };
            let p = oracle.p(x);
            for i in oracle.positions(&p) {
                let mut seen = Vec::new();
                for sample in 0..m {
                    let is_call = |drawn: &[u8]| call_of(&String::from_utf8_lossy(drawn)).is_some();
                    let sampled = oracle.sample(x, text, i, sample, is_call);
                    let sampled = String::from_utf8(sampled).unwrap();
                    let mut row = Row {
                        text,
                        tool: number,
                        i,
                        p_i: p[i],
                        position: start_of(pretrained, x, i),
                        call: call_of(&sampled).map(|(name, args)| format!("{name}({args})")),
                        sampled,
                        status: Status::Unparsable,
                        result: None,
                        losses: None,
                    };
                    answer(&mut row, tool, &mut seen);
                    if let (Some(call), Some(result)) = (&row.call, row.result) {
                        let prefixes =
                            ["".to_owned(), format!(" [{call} ->]"), format!(" [{call} -> {result}]")];
                        row.losses = Some(prefixes.map(|prefix| loss(pretrained, &prefix, x, i)));
                    }
                    rows.push(row);
                }
            }
            all_p.insert((text, number), p);
        }
    }
    Expected { p: all_p, rows }
}

/// The byte at which token `i` of a text starts.
pub(super) fn start_of(pretrained: &Pretrained<B>, text: &str, i: usize) -> usize {
    let ids = pretrained.tokenizer.encode(text).unwrap();
    ids[..i].iter().map(|&id| pretrained.tokenizer.token_bytes(id).len()).sum()
}

/// What becomes of a call: is it to the tool, was it there before, what is the answer?
fn answer(row: &mut Row, tool: &str, seen: &mut Vec<String>) {
    let Some(call) = row.call.clone() else { return };
    if !call.starts_with(&format!("{tool}(")) {
        row.status = Status::WrongTool;
    } else if seen.contains(&call) {
        row.status = Status::Duplicate;
    } else {
        match ANSWERS.iter().find(|(known, _)| *known == call) {
            Some((_, Ok(result))) => (row.status, row.result) = (Status::Ok, Some(*result)),
            Some((_, Err(status))) => row.status = *status,
            // Whatever else the model writes makes no sense to the tool.
            None => row.status = Status::BadArguments,
        }
        seen.push(call);
    }
}

/// `x*`: kept calls put into the text, at each place the one that helps most, each call once, and of calls with the same result
/// none that is judged on a token on which a better one is.
pub(super) fn woven(text: usize, rows: &[Row]) -> Option<String> {
    let mut kept: Vec<&Row> = rows.iter().filter(|row| row.text == text && row.kept()).collect();
    let mut chosen = Vec::new();
    while let Some(best) =
        kept.iter().copied().reduce(|best, row| if row.delta() > best.delta() { row } else { best })
    {
        let tells_the_same = |row: &Row| row.result == best.result && row.i.abs_diff(best.i) < 5;
        kept.retain(|row| row.position != best.position && row.call != best.call && !tells_the_same(row));
        chosen.push(best);
    }
    if chosen.is_empty() {
        return None;
    }
    // From the last to the first, so that the places before stay what they are.
    chosen.sort_by_key(|row| row.position);
    let mut text = TEXTS[text].to_owned();
    for row in chosen.into_iter().rev() {
        text.insert_str(
            row.position,
            &format!(" [{} -> {}]", row.call.as_ref().unwrap(), row.result.unwrap()),
        );
    }
    Some(text)
}

/// How many rows there are of a kind.
pub(super) fn count(rows: &[Row], which: impl Fn(&Row) -> bool) -> usize {
    rows.iter().filter(|row| which(row)).count()
}
