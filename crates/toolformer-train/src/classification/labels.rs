//! The labels of a classifier, by their names.

use std::collections::BTreeSet;

use super::LabelledText;
use crate::error::TrainError;

/// Names of labels, in the order of the head's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels(Vec<String>);

impl Labels {
    /// Those of a classifier.
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Those that texts have: in the order of numbers, if all are whole numbers, else of the alphabet.
    ///
    /// # Errors
    /// If there are fewer than two, or a text has none.
    pub fn of(texts: &[LabelledText]) -> Result<Self, TrainError> {
        let no_examples = |why: String| TrainError::NoExamples { why };
        if let Some(row) = texts.iter().position(|text| text.label.is_none()) {
            return Err(no_examples(if texts.iter().all(|text| text.label.is_none()) {
                "no row has a label; name the field that holds it".to_owned()
            } else {
                format!("the {}. row that is learnt has no label; give it one, or remove the row", row + 1)
            }));
        }
        let names: BTreeSet<&String> = texts.iter().filter_map(|text| text.label.as_ref()).collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        let number = |name: &String| name.parse::<i64>().ok();
        if names.iter().all(|name| number(name).is_some()) {
            names.sort_by_key(number);
        }
        if names.len() < 2 {
            return Err(no_examples(format!(
                "a classifier needs two labels, and the rows have {}; give others too, or see that the field of the label is the right one",
                if names.is_empty() { "none".to_owned() } else { format!("but `{}`", names.join("`, `")) }
            )));
        }
        Ok(Self(names))
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The row of a label.
    ///
    /// # Errors
    /// If there is no such label.
    pub fn number(&self, name: &str) -> Result<usize, TrainError> {
        let number = self.0.iter().position(|other| other == name);
        number.ok_or_else(|| TrainError::NoExamples {
            why: format!("a row has the label `{name}`, and the model has {}; remove such rows, or train on some of that label", self.0.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: &[&str]) {
        let texts: Vec<LabelledText> = names
            .iter()
            .map(|name| LabelledText { text: "x".into(), label: Some((*name).to_owned()) })
            .collect();
        assert_eq!(Labels::of(&texts).unwrap().names(), expected);
    }

    #[test]
    fn what_has_no_label_is_named() {
        let text = |label: Option<&str>| LabelledText { text: "x".into(), label: label.map(str::to_owned) };
        let error = |labels: &[Option<&str>]| {
            Labels::of(&labels.iter().map(|label| text(*label)).collect::<Vec<_>>()).unwrap_err().to_string()
        };
        assert!(error(&[Some("a"), None, Some("b")]).contains("the 2. row that is learnt has no label"));
        assert!(error(&[None, None]).contains("name the field that holds it"));
        assert!(error(&[Some("a"), Some("a")]).contains("the rows have but `a`"));
        assert!(error(&[]).contains("the rows have none"));
    }

    #[test]
    fn labels_are_in_order() {
        check(&["no", "yes", "maybe", "no"], &["maybe", "no", "yes"]);
        check(&["10", "2", "0"], &["0", "2", "10"]);
    }

    #[test]
    fn one_label_is_none() {
        let text = LabelledText { text: "x".into(), label: Some("a".into()) };
        assert!(Labels::of(std::slice::from_ref(&text)).unwrap_err().to_string().contains("two labels"));
        assert!(Labels::of(&[text, LabelledText { text: "x".into(), label: None }]).is_err());
    }
}
