//! What is odd about a few-shot prompt, told before hours are spent on it.

use toolformer_text::{Syntax, parse};

use crate::few_shot_prompt::FewShotPrompt;

impl FewShotPrompt {
    /// What the parser finds wrong with the demonstrations of calls to `tool`, a sentence each: pieces that look like calls and
    /// are none, calls to other tools, results (the model would make them up), and no call at all.
    pub fn doubts(&self, tool: &str, syntax: &Syntax) -> Vec<String> {
        let document = parse(self.head(), syntax);
        let line = |byte: usize| self.head()[..byte].matches('\n').count() + 1;
        let mut doubts: Vec<(usize, String)> = Vec::new();
        for found in document.diagnostics() {
            doubts.push((found.span.start, found.message()));
        }
        for call in document.calls() {
            if call.name != tool {
                doubts
                    .push((call.span.start, format!("a call to {}: show calls to {tool} alone", call.name)));
            }
            if call.result.is_some() {
                let why = "a call with a result, which the model would learn to make up: leave it out";
                doubts.push((call.span.start, why.to_owned()));
            }
        }
        doubts.sort();
        let mut told: Vec<String> =
            doubts.into_iter().map(|(byte, what)| format!("line {}: {what}", line(byte))).collect();
        if !document.calls().iter().any(|call| call.name == tool) {
            let how = syntax.call(tool, "");
            told.push(format!("it shows no call, such as{how}: a model is unlikely to write any"));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let doubts = FewShotPrompt::new(source).unwrap().doubts("C", &Syntax::default());
        assert_eq!(doubts.len(), expected.len(), "{doubts:?}");
        for (doubt, expected) in doubts.iter().zip(expected) {
            assert!(doubt.contains(expected), "{doubt} has no {expected}");
        }
    }

    #[test]
    fn what_is_odd_is_told_with_its_line() {
        check("Add [C(1)] to\n{text}", &[]);
        check("Add calls to\n{text}", &["no call, such as [C()]"]);
        check("Add [C(1)]\nand [D(2)]\n{text}", &["line 2: a call to D"]);
        check("Add [C(1)]\nand [C(2) -> 2]\n{text}", &["line 2: a call with a result"]);
        check("Add [C(1]\n{text}", &["line 1: the arguments of this call", "no call"]);
    }

    #[test]
    fn the_shipped_prompts_are_beyond_doubt() {
        for tool in ["Calculator", "Calendar", "WikiSearch", "MT", "QA"] {
            let prompt = FewShotPrompt::builtin(tool).unwrap();
            assert_eq!(prompt.doubts(tool, &Syntax::default()), Vec::<String>::new(), "{tool}");
        }
    }
}
