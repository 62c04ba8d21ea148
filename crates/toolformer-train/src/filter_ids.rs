//! The filter on candidates that carry token ids instead of strings: no texts and no tokenizer are needed.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toolformer_filter::{LossRequest, Losses, Scorer};
use toolformer_model::{CausalLm, check_ids, check_numbers};

use crate::{
    candidate::Reason, compat::Place, error::TrainError, filter_stage::FilterSettings, texts::TextId,
};

/// A candidate as ids: the text, the place, and the three prefixes, each with its begin token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdCandidate {
    /// `x`
    pub text_ids: Vec<u32>,
    /// `i`: index of the token `x_i` before which the call would stand, from 0.
    pub token_position: usize,
    /// No call.
    pub prefix_none: Vec<u32>,
    /// The call without its result.
    pub prefix_call: Vec<u32>,
    /// The call with its result.
    pub prefix_call_and_response: Vec<u32>,
    /// The object's other fields, carried along; the filter's verdict is entered here.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl IdCandidate {
    /// Whether an object is such a candidate rather than one with strings.
    pub fn is_one(object: &Map<String, Value>) -> bool {
        object.contains_key("prefix_none")
    }

    /// Reads an object. `text` and `position`, as independent fixtures call them, stand for `text_ids` and
    /// `token_position`.
    ///
    /// # Errors
    /// If a field is missing or is no list of ids.
    pub fn from_object(mut object: Map<String, Value>) -> Result<Self, serde_json::Error> {
        for (other, ours) in [("text", "text_ids"), ("position", "token_position")] {
            if !object.contains_key(ours)
                && let Some(value) = object.remove(other)
            {
                object.insert(ours.to_owned(), value);
            }
        }
        serde_json::from_value(Value::Object(object))
    }

    fn check(&self, number: usize, vocab: usize, context: usize) -> Result<(), TrainError> {
        let wrong = |why: String| Err(TrainError::Candidate { text_id: TextId::Number(number as u64), why });
        let prefixes = [&self.prefix_none, &self.prefix_call, &self.prefix_call_and_response];
        if self.token_position >= self.text_ids.len() {
            let (position, tokens) = (self.token_position, self.text_ids.len());
            return wrong(format!("has token_position {position}, but its text has {tokens} tokens"));
        }
        if prefixes.iter().any(|prefix| prefix.is_empty()) {
            return wrong("has an empty prefix; a prefix begins with the begin token".into());
        }
        for ids in prefixes.into_iter().chain([&self.text_ids]) {
            if let Err(error) = check_ids(ids, vocab, None) {
                return wrong(format!("does not fit the model: {error}"));
            }
        }
        let longest = prefixes.iter().map(|prefix| prefix.len()).max().unwrap_or(0) + self.text_ids.len();
        if longest > context {
            return wrong(format!("has {longest} tokens, but the model's context is {context}"));
        }
        Ok(())
    }

    fn judge(&mut self, losses: Losses, tau_f: f64) {
        let kept = losses.keeps(tau_f);
        let mut enter = |name: &str, value: Value| self.rest.insert(name.to_owned(), value);
        enter("loss_none", losses.none.into());
        enter("loss_call", losses.call.into());
        enter("loss_response", losses.response.into());
        enter("delta", losses.delta().into());
        enter("kept", kept.into());
        if kept {
            self.rest.remove("reason");
        } else {
            let reason = serde_json::to_value(Reason::BelowThreshold).unwrap_or_default();
            self.rest.insert("reason".to_owned(), reason);
        }
    }
}

/// Enters losses and verdicts into candidates; returns the tokens computed.
///
/// # Errors
/// If a candidate's ids or place do not fit the model or the text; it is named by its number, from `first` on.
pub fn judge_ids<B: Backend, M: CausalLm<B>>(
    model: &M,
    settings: &FilterSettings,
    candidates: &mut [IdCandidate],
    first: usize,
) -> Result<usize, TrainError> {
    let (vocab, context) = (model.vocab_size(), model.max_positions());
    for (number, candidate) in candidates.iter().enumerate() {
        candidate.check(first + number, vocab, context)?;
    }
    let places = candidates.iter().flat_map(|candidate| {
        let prefixes =
            [&candidate.prefix_none[..], &candidate.prefix_call, &candidate.prefix_call_and_response];
        settings.compat.places(prefixes, &candidate.text_ids, candidate.token_position)
    });
    let places: Vec<Place<'_>> = places.collect();
    let requests: Vec<LossRequest<'_>> = places.iter().map(Place::request).collect();
    let scorer = Scorer::new(model, settings.loss_weights(), settings.batch_tokens);
    let scored = scorer.losses::<B>(&requests);
    check_numbers(scored.values.iter().copied())?;
    for (candidate, losses) in candidates.iter_mut().zip(scored.values.chunks(3)) {
        candidate.judge(Losses { none: losses[0], call: losses[1], response: losses[2] }, settings.tau_f);
    }
    Ok(scored.computed)
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use toolformer_model::{LanguageModel, Pretrained};

    use super::*;
    use crate::compat::Compat;

    fn golden() -> (LanguageModel<Flex>, Vec<Map<String, Value>>) {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures");
        let golden: Value =
            serde_json::from_str(&std::fs::read_to_string(format!("{fixtures}/filter.json")).unwrap())
                .unwrap();
        let model =
            Pretrained::open_model(format!("{fixtures}/llama").as_ref(), &Default::default()).unwrap().0;
        (model, serde_json::from_value(golden["paper"].clone()).unwrap())
    }

    fn candidate(case: &Map<String, Value>) -> IdCandidate {
        let mut case = case.clone();
        assert!(IdCandidate::is_one(&case));
        case.retain(|name, _| !name.starts_with("loss") && name != "delta");
        case.insert("note".to_owned(), "kept".into());
        IdCandidate::from_object(case).unwrap()
    }

    #[test]
    fn losses_are_the_references_and_other_fields_stay() {
        let (model, cases) = golden();
        let mut candidates: Vec<IdCandidate> = cases.iter().map(candidate).collect();
        let settings = FilterSettings { tau_f: 0.05, ..Default::default() };
        assert!(judge_ids(&model, &settings, &mut candidates, 0).unwrap() > 0);
        for (candidate, case) in candidates.iter().zip(&cases) {
            for name in ["loss_none", "loss_call", "loss_response", "delta"] {
                let (found, expected) =
                    (candidate.rest[name].as_f64().unwrap(), case[name].as_f64().unwrap());
                assert!((found - expected).abs() < 1e-4, "{name}: {found} is not {expected}");
            }
            assert_eq!(candidate.rest["kept"], case["delta"].as_f64().unwrap() >= 0.05);
            assert_eq!(candidate.rest["note"], "kept");
        }
    }

    /// Calls in place: what toolformer-pytorch computes of rows in which they stand.
    #[test]
    fn calls_in_place_give_the_losses_of_texts_that_hold_them() {
        use toolformer_filter::{InPlaceFilter, filter_tokens_with_api_response};
        let (model, cases) = golden();
        let mut candidates: Vec<IdCandidate> = cases.iter().map(candidate).collect();
        for case in &mut candidates {
            // The end of a call stands in it alone.
            case.text_ids.iter_mut().for_each(|id| *id = if *id < 3 { 3 } else { *id });
        }
        let with = |prefix: fn(&IdCandidate) -> &Vec<u32>| -> Vec<Vec<u32>> {
            let row = |case: &IdCandidate| {
                let (before, behind) = case.text_ids.split_at(case.token_position);
                [&case.prefix_none[..], before, &[0], &prefix(case)[1..], behind].concat()
            };
            candidates.iter().map(row).collect()
        };
        let plain: Vec<Vec<u32>> =
            candidates.iter().map(|case| [&case.prefix_none[..], &case.text_ids].concat()).collect();
        let filter = InPlaceFilter { filter_threshold: 0.0, ..InPlaceFilter::new(0, 2) };
        let forms = [with(|case| &case.prefix_call), with(|case| &case.prefix_call_and_response)];
        let expected =
            filter_tokens_with_api_response::<Flex, _>(&model, &plain, &forms[0], &forms[1], &filter)
                .unwrap();
        for case in &mut candidates {
            let [none, call, response] =
                [&case.prefix_none, &case.prefix_call, &case.prefix_call_and_response].map(Clone::clone);
            let begun = |call: &[u32]| [&none[..], &[0], &call[none.len()..]].concat();
            (case.prefix_call, case.prefix_call_and_response) = (begun(&call), begun(&response));
        }
        let settings = FilterSettings { compat: Compat::Lucidrains, tau_f: 0.0, ..Default::default() };
        judge_ids(&model, &settings, &mut candidates, 0).unwrap();
        for (row, case) in candidates.iter().enumerate() {
            let Losses { none, call, response } = expected.losses[row];
            for (name, expected) in [("loss_none", none), ("loss_call", call), ("loss_response", response)] {
                let found = case.rest[name].as_f64().unwrap();
                assert!((found - expected).abs() < 1e-4, "{row} {name}: {found} is not {expected}");
            }
            assert_eq!(case.rest["kept"], expected.selected_mask[row]);
        }
    }

    #[track_caller]
    fn check_error(change: impl FnOnce(&mut IdCandidate), part: &str) {
        let (model, cases) = golden();
        let mut candidates = [candidate(&cases[0])];
        change(&mut candidates[0]);
        let error =
            judge_ids(&model, &FilterSettings::default(), &mut candidates, 7).unwrap_err().to_string();
        assert!(error.contains("text 7") && error.contains(part), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        check_error(|c| c.token_position = 99, "token_position 99");
        check_error(|c| c.prefix_call.clear(), "empty prefix");
        check_error(|c| c.text_ids[0] = 100_000, "no token 100000");
        check_error(|c| c.prefix_call = vec![1; 10_000], "context");
    }
}
