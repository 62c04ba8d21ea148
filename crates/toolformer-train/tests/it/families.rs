//! Every model family learns, and resumes to the last bit.

use std::path::Path;

use toolformer_model::{LanguageModel, LoraConfig, Pretrained};
use toolformer_train::{
    Finetuned, Method, Metric, TrainError, TrainingSequence, TrainingSettings, Unobserved, finetune,
};

use crate::tiny::{B, fixture};

fn examples() -> Vec<TrainingSequence> {
    let ids = [vec![1, 2, 3, 4, 5, 6], vec![7, 8, 7, 8, 7], vec![40, 41, 42], vec![9, 9, 9, 9]];
    ids.map(TrainingSequence::from).into()
}

fn train(
    family: &str,
    method: &Method,
    folder: &Path,
    stop_at: Option<usize>,
) -> Result<Finetuned<B>, TrainError> {
    let (model, config) = Pretrained::open_model(&fixture(family), &Default::default()).unwrap();
    let settings = TrainingSettings {
        method: method.clone(),
        learning_rate: 0.02,
        epochs: 6,
        batch: 4,
        micro_batch_tokens: 12,
        evaluate_every: 1,
        keep_best: false,
        ..TrainingSettings::default()
    };
    let (examples, held_out) = (examples(), &examples()[..1]);
    finetune(
        model,
        &config,
        &examples,
        held_out,
        &settings,
        folder,
        &mut Unobserved,
        &mut |metric: &Metric| match stop_at == Some(metric.step) {
            true => Err(TrainError::NoExamples { why: "stopped".into() }),
            false => Ok(()),
        },
    )
}

fn bits(model: &LanguageModel<B>) -> Vec<u32> {
    let tensors = model.tensors().chain(model.lora_tensors());
    let values = tensors.flat_map(|(_, _, tensor)| tensor.into_data().into_vec::<f32>().unwrap());
    values.map(f32::to_bits).collect()
}

#[track_caller]
fn check(family: &str, method: &Method) {
    let [whole_folder, folder] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let whole = train(family, method, whole_folder.path(), None).unwrap();
    assert_eq!(whole.steps, 6);
    assert!(
        whole.loss_last.unwrap() < whole.loss_first.unwrap(),
        "{family}: {:?} {:?}",
        whole.loss_first,
        whole.loss_last
    );
    assert!(train(family, method, folder.path(), Some(4)).is_err());
    let resumed = train(family, method, folder.path(), None).unwrap();
    assert_eq!(bits(&resumed.model), bits(&whole.model), "{family}");
}

#[track_caller]
fn check_both(family: &str) {
    check(family, &Method::Full);
    check(family, &Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() }));
}

#[test]
fn llama() {
    check_both("llama");
}

#[test]
fn qwen2() {
    check_both("qwen2");
}

#[test]
fn gpt2() {
    check_both("gpt2");
}

#[test]
fn gptj() {
    check_both("gptj");
}

#[test]
fn gpt_neox() {
    check_both("gpt_neox");
}

#[test]
fn gemma3() {
    check_both("gemma3");
}

#[test]
fn palm() {
    check_both("palm");
}

#[test]
fn palm_rlhf() {
    check_both("palm_rlhf");
}
