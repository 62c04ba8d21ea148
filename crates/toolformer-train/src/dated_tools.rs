//! Tools that answer by the day of a text (appendix A.1, "calendar": the calendar's day is that on which the text was
//! written).

use std::{collections::BTreeSet, fmt, num::NonZeroUsize};

use jiff::civil::Date;
use toolformer_text::Registry;

use crate::{
    candidate::Candidate,
    execute::execute,
    selection::date_of,
    texts::{Text, TextId},
};

/// Tools whose answers depend on the day, as they are on any.
pub struct DatedTools {
    names: BTreeSet<String>,
    on: Box<dyn Fn(Date) -> Registry + Send + Sync>,
}

impl DatedTools {
    /// The tools of these names, which `on` gives for a day.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        on: impl Fn(Date) -> Registry + Send + Sync + 'static,
    ) -> Self {
        Self { names: names.into_iter().collect(), on: Box::new(on) }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Runs the calls to them that were sampled for texts of a known day; those of a text stand together.
    pub(crate) fn execute<'t>(
        &self,
        text_of: impl Fn(&TextId) -> Option<&'t Text>,
        candidates: &mut [Candidate],
        jobs: NonZeroUsize,
    ) {
        for of_text in candidates.chunk_by_mut(|one, next| one.text_id == next.text_id) {
            let Some(day) = text_of(&of_text[0].text_id).and_then(date_of) else { continue };
            let mut today = None;
            for of_tool in of_text.chunk_by_mut(|one, next| one.tool == next.tool) {
                if self.names.contains(&of_tool[0].tool) {
                    execute(today.get_or_insert_with(|| (self.on)(day)), of_tool, jobs);
                }
            }
        }
    }
}

impl fmt::Debug for DatedTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatedTools").field("names", &self.names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use toolformer_text::FnTool;

    use super::*;
    use crate::candidate::Status;

    #[test]
    fn a_call_is_answered_on_the_day_of_its_text() {
        let on = |day: Date| {
            let mut registry = Registry::new();
            registry.insert(FnTool::new("Day", "the day", move |_: &str| Ok(day.to_string()))).unwrap();
            registry
        };
        let dated = DatedTools::new(["Day".to_owned()], on);
        let text = |id: u64, rest: serde_json::Value| -> Text {
            let mut object = json!({"id": id, "text": "x"});
            object.as_object_mut().unwrap().append(&mut rest.as_object().unwrap().clone());
            serde_json::from_value(object).unwrap()
        };
        let texts = [
            text(0, json!({"date": "2012-03-14"})),
            text(1, json!({})),
            text(2, json!({"url": "http://x.org/2019/01/02/a"})),
        ];
        let candidate = |(id, tool): (usize, &str)| -> Candidate {
            serde_json::from_value(json!({"text_id": id, "tool": tool, "position": 0, "token_position": 0,
                                          "p_start": 0.1, "call": format!("{tool}()"), "status": "ok"}))
            .unwrap()
        };
        let mut candidates: Vec<Candidate> = [(0, "Other"), (0, "Day"), (0, "Day"), (1, "Day"), (2, "Day")]
            .into_iter()
            .map(candidate)
            .collect();
        let text_of = |id: &TextId| texts.iter().find(|text| text.id == *id);
        dated.execute(text_of, &mut candidates, NonZeroUsize::MIN);
        let results: Vec<Option<&str>> =
            candidates.iter().map(|candidate| candidate.result.as_deref()).collect();
        // What is left is for the tools of the run.
        assert_eq!(results, [None, Some("2012-03-14"), Some("2012-03-14"), None, Some("2019-01-02")]);
        assert!(candidates.iter().all(|candidate| candidate.status == Status::Ok));
    }
}
