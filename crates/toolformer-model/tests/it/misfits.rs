//! Checkpoints whose tensors are not those of their config, and what loading takes.

use std::fs;

use safetensors::{Dtype, SafeTensors, serialize_to_file, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;
use toolformer_model::{LanguageModel, ModelError, Precision, Pretrained};

use crate::{
    memory::peak_of,
    reference::{B, assert_close, expected, fixture, run},
};

/// A tensor: its shape, and its numbers as they are stored.
type Stored = (String, Vec<usize>, (Dtype, Vec<u8>));

/// A fixture's folder with other fields in its config, and its tensors as `change` leaves them.
fn changed(name: &str, fields: Value, change: impl FnOnce(&mut Vec<Stored>)) -> TempDir {
    let text = fs::read_to_string(fixture(name).join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let bytes = fs::read(fixture(name).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<Stored> = file
        .iter()
        .map(|(name, view)| (name.to_owned(), view.shape().to_vec(), (view.dtype(), view.data().to_vec())))
        .collect();
    change(&mut tensors);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let views = tensors.iter().map(|(name, shape, (dtype, bytes))| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, None, &folder.path().join("model.safetensors")).unwrap();
    folder
}

fn find<'a>(tensors: &'a mut [Stored], name: &str) -> &'a mut Stored {
    tensors.iter_mut().find(|tensor| tensor.0 == name).unwrap()
}

fn load(folder: &TempDir, precision: Precision) -> Result<LanguageModel<B>, ModelError> {
    Pretrained::open_model_in(folder.path(), precision, &Default::default()).map(|(model, _)| model)
}

#[track_caller]
fn check_fails(folder: &TempDir, expected: &str) {
    let error = load(folder, Precision::F32).unwrap_err();
    let text = with_causes(&error);
    assert!(text.contains(expected), "{text}");
}

/// An error with its causes, as the command line writes it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn missing_unknown_and_misshapen_tensors_are_all_named() {
    let folder = changed("qwen2", json!({}), |tensors| {
        tensors
            .retain(|(name, ..)| name != "model.norm.weight" && name != "model.layers.1.mlp.up_proj.weight");
        tensors.push(("model.extra.weight".into(), vec![1], (Dtype::F16, vec![0; 2])));
        for name in ["model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.down_proj.weight"] {
            find(tensors, name).1.reverse();
        }
    });
    let error = load(&folder, Precision::F32).unwrap_err();
    let text = with_causes(&error);
    for part in [
        folder.path().to_str().unwrap(),
        "it lacks `model.layers.1.mlp.up_proj.weight`, `model.norm.weight`",
        "unknown are `model.extra.weight`",
        "misshapen are `model.layers.0.mlp.up_proj.weight` ([",
        "`model.layers.0.mlp.down_proj.weight` ([",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The embedding and the head of every family that has them tied.
const TIED: [(&str, &str, &str); 3] = [
    ("gpt2", "transformer.wte.weight", "lm_head.weight"),
    ("gemma3", "model.embed_tokens.weight", "lm_head.weight"),
    ("switches/gpt2_gelu", "transformer.wte.weight", "lm_head.weight"),
];

#[test]
fn a_tied_head_may_be_stored_again_but_not_another() {
    for (name, embedding, head) in TIED {
        let again = |tensors: &mut Vec<Stored>| {
            let (_, shape, bytes) = find(tensors, embedding).clone();
            tensors.push((head.into(), shape, bytes));
        };
        let (ids, logits) = expected(name);
        let model = load(&changed(name, json!({}), again), Precision::F32).unwrap();
        assert_close(&run(&model, &ids).concat(), &logits.concat(), 1e-4);
        let other = changed(name, json!({}), |tensors| {
            again(tensors);
            find(tensors, head).2.1[0] ^= 1;
        });
        check_fails(&other, &format!("`{head}` differs from `{embedding}`, though the config ties them"));
        let untied = json!({ "tie_word_embeddings": false });
        let other = changed(name, untied, |tensors| {
            again(tensors);
            find(tensors, head).2.1.fill(0);
        });
        assert_eq!(
            run(&load(&other, Precision::F32).unwrap(), &ids).concat(),
            vec![0.0; logits.concat().len()]
        );
    }
}

/// What is allocated while a model is loaded whose embedding is most of it; the file itself is mapped.
#[track_caller]
fn check_peak(precision: Precision) {
    let (vocab, d_model) = (40_000, 32);
    let folder = changed("llama", json!({ "vocab_size": vocab }), |tensors| {
        for name in ["model.embed_tokens.weight", "lm_head.weight"] {
            if let Some(tensor) = tensors.iter_mut().find(|tensor| tensor.0 == name) {
                (tensor.1, tensor.2) = (vec![vocab, d_model], (Dtype::F16, vec![0; 2 * vocab * d_model]));
            }
        }
    });
    let mut model = None;
    let peak = peak_of(|| model = Some(load(&folder, precision).unwrap()));
    let held = model.unwrap().weight_bytes();
    assert!(held > 2 * vocab * d_model && peak as f64 <= 1.3 * held as f64, "{precision}: {peak} for {held}");
}

#[test]
fn loading_takes_little_more_than_what_is_held() {
    Precision::ALL.into_iter().for_each(check_peak);
}
