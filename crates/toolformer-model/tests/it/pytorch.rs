//! Checkpoints of `torch.save` give what safetensors with the same numbers give.

use std::path::Path;

use toolformer_model::{ModelError, Pretrained, PytorchFiles, SafetensorsFolder, WeightSource, open_weights};

use crate::reference::{B, assert_close, expected, fixture, run, tensor_names};

/// A folder with PyTorch's files is the model of the fixture of the same name.
#[track_caller]
fn check_folder(name: &str) {
    let folder = fixture("pytorch").join(name);
    let (model, config) = Pretrained::<B>::open_model(&folder, &Default::default()).unwrap();
    assert_eq!(config, Pretrained::<B>::open_model(&fixture(name), &Default::default()).unwrap().1);
    let (weights, original) =
        (open_weights(&folder).unwrap(), SafetensorsFolder::open(fixture(name)).unwrap());
    for tensor in tensor_names(name) {
        assert_eq!(weights.tensor_f32(&tensor).unwrap(), original.tensor_f32(&tensor).unwrap(), "{tensor}");
    }
    let (ids, reference) = expected(name);
    for (found, reference) in run(&model, &ids).iter().zip(&reference) {
        assert_close(found, reference, 1e-4);
    }
}

#[test]
fn a_whole_checkpoint_with_tied_head_and_masks() {
    check_folder("gpt2");
}

#[test]
fn shards() {
    check_folder("llama");
}

/// A file holds what `odd.safetensors` holds, and three tensors that are never read.
#[track_caller]
fn check_file(name: &str) {
    let weights = PytorchFiles::open_file(fixture("pytorch/odd").join(name)).unwrap();
    let reference = SafetensorsFolder::open_file(fixture("pytorch/odd/odd.safetensors")).unwrap();
    let mut expected = WeightSource::names(&reference);
    for tensor in &expected {
        assert_eq!(
            weights.tensor_f32(tensor).unwrap(),
            reference.tensor_f32(tensor).unwrap(),
            "{name}, {tensor}"
        );
    }
    for (tensor, shape, found) in [
        ("mask", &[3, 3][..], "BoolStorage"),
        ("ids", &[4], "LongStorage"),
        ("spread", &[1000, 1000], "stride of 0"),
    ] {
        assert_eq!(weights.shape(tensor).as_deref(), Some(shape), "{name}, {tensor}");
        let error = weights.tensor_f32(tensor).unwrap_err();
        assert!(matches!(error, ModelError::UnsupportedTensorType { .. }), "{error}");
        assert!(error.to_string().contains(found), "{error}");
        expected.push(tensor.to_owned());
    }
    expected.sort();
    assert_eq!(weights.names(), expected, "{name}");
}

#[test]
fn views_number_formats_and_nests() {
    check_file("plain.pt");
    check_file("legacy.pt");
    check_file("protocol4.pt");
    check_file("state_dict.ckpt");
    check_file("model.pt");
}

#[track_caller]
fn refused(path: &Path, expected: &str) {
    let error = PytorchFiles::open_file(path).unwrap_err();
    assert!(matches!(error, ModelError::Pytorch { .. }), "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn what_holds_no_state_dict_says_so() {
    let odd = fixture("pytorch/odd");
    refused(&odd.join("object.pt"), "whole Python object");
    refused(&odd.join("object_inside.pt"), "whole Python object");
    refused(&odd.join("tensor.pt"), "save it again with `torch.save(model.state_dict(), path)`");
    refused(&odd.join("no_tensors.pt"), "holds no tensors");
    refused(&odd.join("odd.safetensors"), "neither a zip archive");
    let file = tempfile::NamedTempFile::new().unwrap();
    let tar = [&[b'x'; 257][..], b"ustar", &[0; 300]].concat();
    std::fs::write(file.path(), tar).unwrap();
    refused(file.path(), "a tar archive");
}

#[test]
fn safetensors_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| std::fs::copy(fixture(from), folder.path().join(to)).unwrap();
    copy("pytorch/odd/model.pt", "pytorch_model.bin");
    assert!(open_weights(folder.path()).unwrap().shape("tied").is_some());
    copy("llama/model.safetensors", "model.safetensors");
    assert!(open_weights(folder.path()).unwrap().shape("tied").is_none());
}

#[test]
fn a_folder_without_weights_names_all_that_would_do() {
    let error = open_weights(tempfile::tempdir().unwrap().path()).err().unwrap().to_string();
    for name in ["model.safetensors", "pytorch_model.bin", "safetensors.index.json", "bin.index.json"] {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_file_is_opened_with_the_config_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| std::fs::copy(fixture(from), folder.path().join(to)).unwrap();
    copy("pytorch/gpt2/config.json", "config.json");
    copy("pytorch/gpt2/pytorch_model.bin", "gpt2.pt");
    let (_, config) =
        Pretrained::<B>::open_model(&folder.path().join("gpt2.pt"), &Default::default()).unwrap();
    assert_eq!(config.vocab_size(), 101);
}
