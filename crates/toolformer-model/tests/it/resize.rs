//! Models with more or fewer token ids: new rows are the mean of the old ones, the rest stays.

use toolformer_model::{
    CausalLm, LoraConfig, ModelConfig, Pretrained, SafetensorsFolder, WeightSource, save_pretrained,
};

use crate::{
    parity::FIXTURES,
    reference::{B, assert_close, expected, fixture, open, run},
};

/// Resizes, saves, reopens and compares with the plain computation, tensor by tensor.
#[track_caller]
fn check(name: &str, vocab_size: usize, multiple: Option<usize>, found: usize) {
    let (mut model, mut config) = open(name);
    let old = config.vocab_size();
    model.resize_embedding(&mut config, vocab_size, multiple).unwrap();
    assert_eq!((model.vocab_size(), config.vocab_size()), (found, found), "{name}");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (unchanged, original_config) = open(name);
    save_pretrained(folders[0].path(), &unchanged, &original_config, None).unwrap();
    save_pretrained(folders[1].path(), &model, &config, None).unwrap();
    let [original, resized] =
        folders.each_ref().map(|folder| SafetensorsFolder::open(folder.path()).unwrap());
    let mut changed = 0;
    assert_eq!(WeightSource::names(&original), WeightSource::names(&resized));
    for tensor in WeightSource::names(&original) {
        let (shape, before) = original.tensor_f32(&tensor).unwrap();
        let (new_shape, after) = resized.tensor_f32(&tensor).unwrap();
        if shape == new_shape {
            assert_eq!(before, after, "{name}, {tensor}");
            continue;
        }
        changed += 1;
        assert_eq!((shape[0], new_shape[0], &shape[1..]), (old, found, &new_shape[1..]), "{name}, {tensor}");
        let kept = before.len().min(after.len());
        assert_eq!(before[..kept], after[..kept], "{name}, {tensor}");
        let width = before.len() / old;
        let mean = |column: usize| before.iter().skip(column).step_by(width).sum::<f32>() / old as f32;
        let mean: Vec<f32> = (0..width).map(mean).collect();
        after[kept..].chunks(width).for_each(|row| assert_close(row, &mean, 1e-5));
    }
    assert_eq!(changed == 0, old == found, "{name}");
    let (again, config_again) = Pretrained::<B>::open_model(folders[1].path(), &Default::default()).unwrap();
    assert_eq!(config_again, config);
    if found >= old {
        let (ids, reference) = expected(name);
        for (found_logits, reference) in run(&again, &ids).iter().zip(&reference) {
            let old_ids: Vec<f32> = found_logits.chunks(found).flat_map(|row| &row[..old]).copied().collect();
            assert_close(&old_ids, reference, 1e-4);
        }
    }
}

#[test]
fn every_family_grows_and_shrinks() {
    for name in FIXTURES {
        let old = open(name).1.vocab_size();
        check(name, old + 5, None, old + 5);
        check(name, old, None, old);
        check(name, old + 1, Some(64), (old + 1).next_multiple_of(64));
        check(name, 50, Some(1), 50);
    }
}

#[test]
fn what_cannot_be_leaves_the_model_as_it_was() {
    let (mut model, mut config) = open("llama");
    for (size, multiple) in
        [(0, None), (usize::MAX, None), (usize::MAX, Some(64)), (102, Some(0)), (1 << 40, None)]
    {
        assert!(model.resize_embedding(&mut config, size, multiple).is_err(), "{size}, {multiple:?}");
        assert_eq!((model.vocab_size(), config.vocab_size()), (101, 101));
    }
    if let ModelConfig::Llama(config) = &mut config {
        config.eos = vec![100];
    }
    let error = model.resize_embedding(&mut config, 100, None).unwrap_err().to_string();
    assert!(error.contains("`eos_token_id`: is 100, the vocabulary has 100 ids"), "{error}");
}

#[test]
fn updates_and_ids_of_parameters_stay() {
    let (mut model, mut config) = open("gptj");
    model.attach_lora(&LoraConfig { r: 2, ..Default::default() }, 1).unwrap();
    let updates = |model: &toolformer_model::LanguageModel<B>| {
        let tensors = model.lora_tensors().into_iter();
        tensors
            .map(|(name, _, tensor)| (name, tensor.into_data().into_vec::<f32>().unwrap()))
            .collect::<Vec<_>>()
    };
    let (before, ids) = (updates(&model), burn::module::list_param_ids(&model));
    model.resize_embedding(&mut config, 128, None).unwrap();
    assert_eq!(before, updates(&model));
    assert_eq!(ids, burn::module::list_param_ids(&model));
}

#[test]
fn added_tokens_get_rows_where_there_are_none() {
    let mut pretrained = Pretrained::<B>::open(&fixture("calling_llama"), &Default::default()).unwrap();
    let (rows, tokens) = (pretrained.config.vocab_size(), pretrained.tokenizer.vocab_size());
    let spare = rows - tokens;
    let names: Vec<String> = (0..=spare).map(|i| format!("<new_{i}>")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(pretrained.add_special_tokens(&names[..spare], Some(64)).unwrap(), spare);
    assert_eq!(pretrained.model.vocab_size(), rows, "there are spare rows");
    assert_eq!(pretrained.add_special_tokens(&names, Some(64)).unwrap(), 1);
    assert_eq!(pretrained.model.vocab_size(), (rows + 1).next_multiple_of(64));
    assert_eq!(pretrained.config.vocab_size(), pretrained.model.vocab_size());
    let folder = tempfile::tempdir().unwrap();
    let Pretrained { model, config, tokenizer, .. } = &pretrained;
    save_pretrained(folder.path(), model, config, Some(tokenizer)).unwrap();
    let again = Pretrained::<B>::open(folder.path(), &Default::default()).unwrap();
    let ids = again.tokenizer.encode(names[spare]).unwrap();
    assert_eq!(ids, [rows as u32]);
    assert!(run(&again.model, &[ids])[0].iter().all(|logit| logit.is_finite()));
}
