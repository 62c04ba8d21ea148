//! What a run was made with.

use serde::Serialize;

use super::{
    numbers::{count, plain},
    report_data::ReportData,
    shown_text::shown,
};
use crate::training::Method;

/// A setting, its value, and what it means.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    name: &'static str,
    value: String,
    meaning: &'static str,
}

/// The settings that matter, where they are known.
pub(super) fn facts(data: &ReportData) -> Vec<Fact> {
    let Some(run) = &data.run else { return Vec::new() };
    let mut facts = Vec::new();
    let mut add = |name, value: String, meaning| facts.push(Fact { name, value, meaning });
    let (annotate, finetune) = (&run.settings.annotate, &run.settings.finetune);
    add("Model", shown(&run.model, 160), "the language model that was taught");
    add("Tools", shown(&run.tools.join(", "), 300), "what it was taught to call");
    let texts = format!("{}, {} of them held out", count(run.texts), count(data.stats.held_out));
    add("Texts", texts, "held-out texts are neither annotated nor trained on");
    add("Places (k)", count(annotate.k), "most places of a text where calls are sampled");
    add(
        "Least probability (tau_s)",
        plain(annotate.tau_s),
        "places where a call is less likely are passed over",
    );
    let attempts =
        if annotate.source.is_positions() { "attempts at each place" } else { "rewrites of each text" };
    add("Samples (m)", count(annotate.m), attempts);
    add(
        "Sampling",
        annotate.shown_sampling(),
        if annotate.source.is_positions() {
            "free: the model may write anything; constrained: only well-formed calls"
        } else {
            "the model writes each text again, with calls in it"
        },
    );
    add("Temperature", plain(annotate.temperature), "how daring the samples are; 1 is the model as it is");
    add(
        "Threshold (tau_f)",
        run.settings.filter_of_all().shown_thresholds(),
        "nats that a result must save for its call to be kept",
    );
    if run.settings.filter.cost_weight > 0.0 {
        let costs = run.settings.tools.iter().map(|(tool, own)| format!("{tool}: {}", plain(own.cost)));
        let costs = shown(&costs.collect::<Vec<_>>().join(", "), 300);
        let value = format!("{} times {costs}", plain(run.settings.filter.cost_weight));
        add("Cost of a call", value, "what the thresholds hold beside tau_f: dear tools must save more");
    }
    let beside = match (run.settings.plain_ratio, &data.stats.woven) {
        (0.0, _) => "left out".to_owned(),
        (ratio, Some(woven)) => format!("{}, {ratio} for each with calls", count(woven.plain)),
        (ratio, None) => format!("{ratio} for each with calls"),
    };
    add("Texts without calls", beside, "texts for which no call was kept, which it learnt from all the same");
    let method = match &finetune.method {
        Method::Full => "all weights".to_owned(),
        Method::Lora(lora) => format!("LoRA of rank {}", lora.r),
    };
    add("Training", method, "LoRA trains a small addition to the model instead of all its weights");
    let loss = if finetune.mask_responses { "all but the results of calls" } else { "all of each text" };
    add("Learnt to write", loss.to_owned(), "a result is written by the program, not by the model");
    add("Learning rate", plain(finetune.learning_rate), "how far a step of the training goes");
    add("Epochs", count(finetune.epochs), "times that the training went through the texts");
    add("Seed", annotate.seed.to_string(), "the same seed gives the same random draws");
    add("Version", shown(&run.version, 40), "of the program");
    facts
}
