//! Teaches a model what day it is, stage by stage. The first example of toolformer-pytorch's README: a PaLM, the calendar, and
//! three texts. The PaLM has learnt nothing before, so it is held to well-formed calls, and every call that ran is kept; take
//! a model that can read instead, and leave `sampling` and `tau_f` out.
//!
//! `cargo run --release -p toolformer-examples --example calendar -- SmolLM2.gguf runs/calendar`
//! takes the tokenizer alone from the model.
#![expect(clippy::print_stdout, reason = "a small program")]

use std::{error::Error, path::Path};

use toolformer::{
    device::Cpu,
    model::{LanguageModel, ModelConfig, PalmConfig, Pretrained},
    tools::{Calendar, iso_date},
    train::{
        AnnotateSettings, CallSampling, FewShotPrompt, FilterSettings, Method, Text, Toolformer,
        TrainingSequence, TrainingSettings, Unobserved, finetune, training_sequence,
    },
};

const PROMPT: &str =
    "Your task is to add calls of a calendar to a text, where it helps to know what day it is. You call \
it by writing \"[Calendar()]\".
Input: The museum is closed on Mondays, so nobody is there today.
Output: The museum is closed on Mondays, so nobody is there [Calendar()] today.
Input: There are three days left in this month.
Output: There are [Calendar()] three days left in this month.
Input: {text}
Output: ";

const TEXTS: [&str; 3] = [
    "The store is never open on the weekend, so today it is closed.",
    "The number of days from now until Christmas is 30.",
    "The current day of the week is Wednesday.",
];

/// What the model says of New Year, taught.
fn taught(model: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    let device = Default::default();
    let Pretrained { tokenizer, model: read, .. } = Pretrained::<Cpu>::open(model, &device)?;
    let config = ModelConfig::Palm(PalmConfig {
        vocab_size: toolformer::model::CausalLm::vocab_size(&read),
        d_model: 512,
        n_layers: 2,
        n_heads: 8,
        d_head: 64,
        ff_mult: 4,
        max_positions: 2048,
        bos: tokenizer.bos(),
        eos: tokenizer.eos().into_iter().collect(),
    });
    let palm = LanguageModel::<Cpu>::init(&config, 0, &device)?;

    let sampling = CallSampling::Constrained;
    let toolformer = Toolformer::new(palm, tokenizer)
        .tool(Calendar::on(iso_date("2023-11-25")?), FewShotPrompt::new(PROMPT)?)?
        .annotate_settings(AnnotateSettings { k: 3, m: 1, sampling, ..Default::default() })
        .filter_settings(FilterSettings { tau_f: -10.0, ..Default::default() })
        .exclude("at the beginning", |_, call| call.position == 0);
    let text =
        |(id, text): (usize, &&str)| serde_json::from_value(serde_json::json!({"id": id, "text": text}));
    let texts: Vec<Text> = TEXTS.iter().enumerate().map(text).collect::<Result<_, _>>()?;

    // Each stage by itself; `candidates_after` does several at once.
    let generated = toolformer.generated(&texts)?;
    let calls = toolformer.calls(&texts, generated)?;
    println!("{} calls; dropped {:?}", calls.calls.len(), calls.dropped);
    let executed = toolformer.executed(calls.calls);
    let scored = toolformer.scored(&texts, executed)?;
    let woven = toolformer.weave(&texts, &scored)?;
    woven.iter().for_each(|woven| println!("{}", woven.text));

    let (palm, tokenizer) = toolformer.into_parts();
    let vocab = tokenizer.vocab_size();
    let examples = woven.iter().map(|woven| training_sequence(&tokenizer, vocab, &woven.text, &[]));
    let examples: Vec<TrainingSequence> = examples.collect::<Result<_, _>>()?;
    let settings = TrainingSettings {
        method: Method::Full,
        learning_rate: 1e-3,
        epochs: 20,
        batch: 3,
        ..Default::default()
    };
    let tuned = finetune(palm, &config, &examples, &[], &settings, out, &mut Unobserved, &mut Unobserved)?;
    println!("loss {:?} -> {:?}", tuned.loss_first, tuned.loss_last);

    let mut generator = Toolformer::new(tuned.model, tokenizer)
        .tool(Calendar::on(iso_date("2023-11-25")?), FewShotPrompt::new(PROMPT)?)?
        .into_generator();
    Ok(generator.generate("How many days until the next new years?")?.completion)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, out] = args.as_slice() else {
        return Err("give a model and a folder for checkpoints".into());
    };
    println!("{}", taught(model.as_ref(), out.as_ref())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs() {
        let fixtures =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/toolformer-model/tests/fixtures");
        let out = std::env::temp_dir().join(format!("toolformer-calendar-{}", std::process::id()));
        let said = taught(&fixtures.join("calling_llama"), &out).unwrap();
        std::fs::remove_dir_all(out).unwrap();
        assert!(!said.is_empty());
    }
}
