//! What the answers to the sums amount to.

use serde_json::Value;

use super::Answers;
use super::answer::is_right;

/// Which of the sums are counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sums {
    All,
    /// The prompt ends in an equals sign: what to compute stands there.
    Given,
    /// What to compute must be made out from the words.
    NotGiven,
}

impl Sums {
    fn hold(self, prompt: &str) -> bool {
        let given = prompt.trim_end().ends_with('=');
        match self {
            Self::All => true,
            Self::Given => given,
            Self::NotGiven => !given,
        }
    }
}

/// Counts of sums.
#[derive(Debug, PartialEq)]
pub(super) struct Score {
    pub(super) sums: usize,
    /// Answered with a call that gave a result.
    pub(super) called: usize,
    pub(super) right: usize,
}

impl Score {
    pub(super) fn of(answers: &Answers, sums: Sums) -> Self {
        let called = |row: &&&Value| {
            row["calls"].as_array().is_some_and(|calls| calls.iter().any(|call| call["status"] == "ok"))
        };
        let right = |row: &&&Value| {
            let answer = match &row["answer"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            is_right(row["completion"].as_str().unwrap_or_default(), &answer)
        };
        let rows: Vec<&Value> =
            answers.rows.iter().filter(|row| sums.hold(row["prompt"].as_str().unwrap_or_default())).collect();
        Self {
            sums: rows.len(),
            called: rows.iter().filter(called).count(),
            right: rows.iter().filter(right).count(),
        }
    }

    pub(super) fn call_rate(&self) -> String {
        self.of_sums(self.called)
    }

    pub(super) fn accuracy(&self) -> String {
        self.of_sums(self.right)
    }

    fn of_sums(&self, count: usize) -> String {
        if self.sums == 0 { "-".to_owned() } else { format!("{count} of {}", self.sums) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(prompt: &str, completion: &str, statuses: &[&str]) -> Value {
        let calls: Vec<Value> = statuses.iter().map(|status| json!({"status": status})).collect();
        json!({"prompt": prompt, "completion": completion, "calls": calls, "answer": "12"})
    }

    #[test]
    fn sums_are_scored() {
        let rows = vec![
            row("It has 3 * 4 =", " [C(3 * 4) -> 12] 12", &["ok"]),
            row("It has 3 * 4 =", " 11", &[]),
            row("3 * 4 = what? It is", " 12", &["tool_error"]),
            row("It has", " [C(1) -> 1] 1", &["tool_error", "ok"]),
            row("It has", " 12", &[]),
        ];
        let score = |sums| Score::of(&Answers { rows: rows.clone(), seconds: 1.0 }, sums);
        assert_eq!(score(Sums::All), Score { sums: 5, called: 2, right: 3 });
        assert_eq!(score(Sums::Given), Score { sums: 2, called: 1, right: 1 });
        assert_eq!(score(Sums::NotGiven), Score { sums: 3, called: 1, right: 2 });
        assert_eq!(
            (score(Sums::All).call_rate(), score(Sums::All).accuracy()),
            ("2 of 5".into(), "3 of 5".into())
        );
        assert_eq!(Score::of(&Answers::default(), Sums::All).accuracy(), "-");
    }
}
