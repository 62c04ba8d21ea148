//! Files that are cut, changed or made to harm are refused with an error: no panic, no memory beyond what the file
//! justifies. Files that are changed may also open: then all that they hold is read.

use std::{fs, io::Write, path::Path};

use serde_json::{Value, json};
use toolformer_model::{
    ClassifierConfig, GenerationConfig, GgufFile, LanguageModel, ModelConfig, ModelError, ModelSummary,
    Precision, Pretrained, PytorchFiles, SafetensorsFolder, SpecialIds, Tokenizer, WeightSource,
    load_adapter, model_checksum, open_weights,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    memory::peak_of,
    parity::FIXTURES,
    reference::{B, fixture},
};

/// Bytes that loading a fixture's weights may take, whatever its config says.
const LOADED: usize = 16 << 20;

type Opened = Result<(), ModelError>;

/// Bytes that any file may take (a tokenizer's regular expressions do), and how many more for each of its own: numbers
/// of 2 bits become 32, and the tables of a vocabulary hold every token several times.
const ANY_FILE: usize = 4 << 20;
const PER_BYTE: usize = 100;

/// Opens `bytes` and reads all of it, within the bounds.
#[track_caller]
fn open(bytes: &[u8], open: impl FnOnce(&[u8]) -> Opened) -> Opened {
    let mut opened = Ok(());
    let peak = peak_of(|| opened = open(bytes));
    let most = ANY_FILE + PER_BYTE * bytes.len();
    assert!(peak <= most, "{peak} bytes of memory for a file of {}", bytes.len());
    opened
}

/// A file cut anywhere is an error.
#[track_caller]
fn cut(bytes: &[u8], step: usize, format: fn(&[u8]) -> Opened) {
    open(bytes, format).unwrap();
    for len in (0..bytes.len()).step_by(step) {
        assert!(open(&bytes[..len], format).is_err(), "cut at {len}");
    }
}

/// A file with any byte changed does no harm.
fn change(bytes: &[u8], step: usize, format: fn(&[u8]) -> Opened) {
    let mut changed = bytes.to_vec();
    for at in (0..bytes.len()).step_by(step) {
        for value in [0, 0x7F, 0xFF, bytes[at] ^ 1] {
            changed[at] = value;
            drop(open(&changed, format));
        }
        changed[at] = bytes[at];
    }
}

fn read_all(weights: &dyn WeightSource) {
    for name in weights.names() {
        drop((weights.shape(&name), weights.tensor_f32(&name)));
    }
}

fn safetensors(bytes: &[u8]) -> Opened {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    read_all(&SafetensorsFolder::open_file(file.path())?);
    Ok(())
}

fn pytorch(bytes: &[u8]) -> Opened {
    read_all(&PytorchFiles::from_bytes("a.pt", bytes.to_vec())?);
    Ok(())
}

fn gguf(bytes: &[u8]) -> Opened {
    let file = GgufFile::from_bytes("a.gguf", bytes.to_vec())?;
    for tensor in file.tensors() {
        drop(file.tensor_f32(&tensor.name));
    }
    if let Ok(config) = ModelConfig::from_gguf(&file)
        && let Ok(weights) = config.gguf_weights(&file)
    {
        read_all(&weights);
    }
    drop(Tokenizer::from_gguf(&file));
    Ok(())
}

fn config(bytes: &[u8]) -> Opened {
    let text = String::from_utf8_lossy(bytes);
    drop((ClassifierConfig::from_hf_json(&text, 2), GenerationConfig::from_json(&text)));
    ModelConfig::from_hf_json(&text).map(drop)
}

fn tokenizer(bytes: &[u8]) -> Opened {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let tokenizer = Tokenizer::from_file(file.path(), SpecialIds::default())?;
    drop(tokenizer.encode("The capital of France is [Calculator(1 + 1) -> 2]."));
    drop(tokenizer.decode(&[0, 1, 2, 1_000_000], false));
    Ok(())
}

fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

#[test]
fn files_that_are_cut() {
    cut(&bytes_of("pytorch/odd/odd.safetensors"), 1, safetensors);
    cut(&bytes_of("pytorch/odd/plain.pt"), 1, pytorch);
    cut(&bytes_of("pytorch/odd/legacy.pt"), 1, pytorch);
    cut(&bytes_of("pytorch/odd/state_dict.ckpt"), 7, pytorch);
    cut(&bytes_of("tiny_llama/model.gguf"), 61, gguf);
    cut(&bytes_of("calling_llama/tokenizer.json"), 97, tokenizer);
    for name in FIXTURES {
        let text = fs::read_to_string(fixture(name).join("config.json")).unwrap();
        cut(text.trim_end().as_bytes(), 1, config);
    }
}

#[test]
fn files_with_changed_bytes() {
    change(&bytes_of("pytorch/odd/odd.safetensors"), 1, safetensors);
    change(&bytes_of("pytorch/odd/plain.pt"), 2, pytorch);
    change(&bytes_of("pytorch/odd/legacy.pt"), 1, pytorch);
    change(&bytes_of("tiny_llama/model.gguf")[..], 31, gguf);
    change(&bytes_of("calling_llama/tokenizer.json"), 211, tokenizer);
    change(&bytes_of("llama/config.json"), 1, config);
}

/// Every field of every family's config, with every kind of value: refused, or it fits no weights, or it is harmless.
#[test]
fn configs_with_absurd_fields() {
    let values = [
        json!(0),
        json!(1),
        json!(3),
        json!(-1),
        json!(1_u64 << 31),
        json!(1_000_000_000_000_u64),
        json!(u64::MAX),
        json!(1e308),
        json!(-1e-308),
        json!("x"),
        json!(true),
        json!([]),
        json!([[1]]),
        json!({}),
        Value::Null,
    ];
    for name in FIXTURES {
        let weights = open_weights(&fixture(name)).unwrap();
        let text = fs::read_to_string(fixture(name).join("config.json")).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        for field in whole.as_object().unwrap().keys() {
            for value in &values {
                let mut changed = whole.clone();
                changed[field] = value.clone();
                let text = changed.to_string();
                let read = |text: &[u8]| ModelConfig::from_hf_json(&String::from_utf8_lossy(text)).map(drop);
                drop(open(text.as_bytes(), read));
                let Ok(config) = ModelConfig::from_hf_json(&text) else { continue };
                let load = || {
                    drop(LanguageModel::<B>::from_weights(
                        &config,
                        weights.as_ref(),
                        Precision::F32,
                        &Default::default(),
                    ));
                };
                let peak = peak_of(load);
                assert!(peak <= LOADED, "{name}, `{field}` {value}: {peak} bytes of memory");
            }
        }
    }
}

#[test]
fn json_that_nests_without_end() {
    for open_with in ["[", "{\"a\":", "{\"rope_parameters\":", "{\"model\":", "{\"weight_map\":"] {
        let nested = open_with.repeat(200_000);
        assert!(open(nested.as_bytes(), config).is_err());
        assert!(open(nested.as_bytes(), tokenizer).is_err());
        assert!(GenerationConfig::from_json(&nested).is_err());
        let header = [&(nested.len() as u64).to_le_bytes(), nested.as_bytes()].concat();
        assert!(open(&header, safetensors).is_err());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.safetensors.index.json"), &nested).unwrap();
        assert!(open_weights(folder.path()).is_err());
    }
}

#[track_caller]
fn refused(bytes: &[u8], format: fn(&[u8]) -> Opened, expected: &str) {
    let error = open(bytes, format).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn safetensors_that_cannot_be() {
    let file = |header: Value, data: usize| {
        let header = header.to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    };
    let tensor = |shape: Value, from: u64, to: u64| json!({"dtype": "F32", "shape": shape, "data_offsets": [from, to]});
    let refused =
        |header: Value, data: usize| refused(&file(header, data), safetensors, "not a readable safetensors");
    refused(json!({"a": tensor(json!([50_000, 50_000]), 0, 10_000_000_000)}), 64);
    refused(json!({"a": tensor(json!([50_000, 50_000]), 0, 64)}), 64);
    refused(json!({"a": tensor(json!([u64::MAX, u64::MAX]), 0, 64)}), 64);
    refused(json!({"a": tensor(json!([16]), 64, 0)}), 64);
    refused(json!({"a": tensor(json!([16]), 0, 64), "b": tensor(json!([16]), 32, 96)}), 96);
    refused(json!({"a": tensor(json!([16]), 32, 96)}), 96);
    refused(json!({"a": tensor(json!([8]), 0, 32)}), 96);
    refused(json!({"a": {"dtype": "F33", "shape": [1], "data_offsets": [0, 4]}}), 4);
    refused(json!([]), 4);
}

#[test]
fn indices_that_cannot_be() {
    for (index, shard) in [
        ("model.safetensors.index.json", "llama/model.safetensors"),
        ("pytorch_model.bin.index.json", "pytorch/odd/plain.pt"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(fixture(shard), folder.path().join("1")).unwrap();
        let check = |text: Value, expected: &str| {
            fs::write(folder.path().join(index), text.to_string()).unwrap();
            let error = open_weights(folder.path()).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(json!({"weight_map": {"a": index}}), "not a readable");
        check(json!({"weight_map": {"a": "1"}}), "`a` is not in `1`");
        check(json!({"weight_map": {"a": "2"}}), "does not exist");
        check(json!({"weight_map": {"a": "../1"}}), "not a plain file name");
        check(json!({"weight_map": {"a": "/etc/passwd"}}), "not a plain file name");
        check(json!({"weight_map": {"a": ""}}), "not a plain file name");
        check(json!({"weight_map": {"a": "."}}), "not a plain file name");
        check(json!({"weight_map": {}}), "names no tensors");
        check(json!({"weight_map": {"a": {"a": 1}}}), "not the JSON");
        check(json!({}), "not the JSON");
        fs::create_dir(folder.path().join("3")).unwrap();
        check(json!({"weight_map": {"a": "3"}}), "where a file should be");
    }
}

/// A copy of a fixture in which a pipe has this name.
#[cfg(unix)]
fn with_pipe(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let weights = name.contains("pytorch_model") || name.contains("safetensors");
    for entry in fs::read_dir(fixture("calling_llama")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file != name && !(weights && file == "model.safetensors") {
            fs::copy(fixture("calling_llama").join(&file), folder.path().join(&file)).unwrap();
        }
    }
    let pipe = folder.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    folder
}

/// A pipe that is opened waits for someone who writes to it, for ever.
#[test]
#[cfg(unix)]
fn pipes_are_not_opened() {
    let (say, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for name in [
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "generation_config.json",
            "model.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
        ] {
            let folder = with_pipe(name);
            let opened = Pretrained::<B>::open(folder.path(), &Default::default()).map(drop);
            say.send((name, opened)).unwrap();
        }
        let folder = with_pipe("adapter_config.json");
        let mut model = Pretrained::<B>::open(folder.path(), &Default::default()).unwrap().model;
        say.send(("adapter_config.json", load_adapter(&mut model, folder.path()).map(drop))).unwrap();
        let pipe = with_pipe("config.json");
        let summary = ModelSummary::read(&pipe.path().join("config.json")).map(drop);
        say.send(("a summary", summary)).unwrap();
        say.send(("a checksum", model_checksum(pipe.path()).map(drop))).unwrap();
    });
    for _ in 0..12 {
        let (name, opened) = hear.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        assert!(matches!(opened, Err(ModelError::NotAFile { .. })), "{name}: {opened:?}");
    }
}

/// A checkpoint of `torch.save` with this pickle and these storages.
fn archive(pickle: &[u8], storages: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(format!("a/{name}"), stored).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add("data.pkl", pickle);
    storages.iter().for_each(|(key, bytes)| add(&format!("data/{key}"), bytes));
    zip.finish().unwrap().into_inner()
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn int(value: i64) -> Vec<u8> {
    [&[0x8a, 8], &value.to_le_bytes()[..]].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", items.concat().as_slice(), b"t"].concat()
}

fn ints(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| int(value)).collect::<Vec<_>>())
}

/// A state dict of one tensor `w` of 32-bit floats in storage `0`.
fn one_tensor(count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let class = b"ctorch\nFloatStorage\n".to_vec();
    let storage =
        [tuple(&[text("storage"), class, text("0"), text("cpu"), int(count)]), b"Q".to_vec()].concat();
    let args = tuple(&[storage, int(offset), ints(shape), ints(strides), vec![0x89], b"N".to_vec()]);
    let call = [b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(), args, b"R".to_vec()].concat();
    [b"\x80\x02}".to_vec(), text("w"), call, b"s.".to_vec()].concat()
}

#[test]
fn checkpoints_that_cannot_be() {
    let data = [0; 16];
    let check =
        |pickle: Vec<u8>, expected: &str| refused(&archive(&pickle, &[("0", &data)]), pytorch, expected);
    pytorch(&archive(&one_tensor(4, 0, &[2, 2], &[2, 1]), &[("0", &data)])).unwrap();
    check(
        one_tensor(2_500_000_000, 0, &[50_000, 50_000], &[50_000, 1]),
        "has 16 bytes, 10000000000 are needed",
    );
    check(one_tensor(i64::MAX, 0, &[2, 2], &[2, 1]), "too large");
    check(one_tensor(-4, 0, &[2, 2], &[2, 1]), "its storage has no size");
    check(one_tensor(4, 0, &[50_000, 50_000], &[50_000, 1]), "leaves its storage");
    check(one_tensor(4, 1, &[2, 2], &[2, 1]), "leaves its storage");
    check(one_tensor(4, i64::MAX, &[2, 2], &[2, 1]), "leaves its storage");
    check(one_tensor(4, 0, &[2, 2], &[i64::MAX, i64::MAX]), "leaves its storage");
    check(one_tensor(4, 0, &[i64::MAX, i64::MAX], &[0, 0]), "leaves its storage");
    check(one_tensor(4, 0, &[2, 2], &[1]), "1 strides for 2 axes");
    check(one_tensor(4, 0, &[-2, 2], &[2, 1]), "its shape is no list of sizes");
    check(one_tensor(4, -1, &[2, 2], &[2, 1]), "its offset is no size");
    refused(&archive(&one_tensor(4, 0, &[4], &[1]), &[]), pytorch, "`a/data/0` is not in the archive");
    refused(
        &archive(&one_tensor(4, 0, &[4], &[1]), &[("0", &data[..12])]),
        pytorch,
        "has 12 bytes, 16 are needed",
    );

    // 10 GB of numbers from one: it opens, since masks are such, but is not read.
    let spread = archive(&one_tensor(1, 0, &[50_000, 50_000], &[0, 0]), &[("0", &data)]);
    open(&spread, pytorch).unwrap();
    let spread = PytorchFiles::from_bytes("a.pt", spread).unwrap();
    assert!(matches!(spread.tensor_f32("w"), Err(ModelError::UnsupportedTensorType { .. })));
}

#[test]
fn pickles_that_cannot_be() {
    let check =
        |pickle: &[&[u8]], expected: &str| refused(&archive(&pickle.concat(), &[]), pytorch, expected);
    // A dictionary that holds itself where the state dict should be, and a list that does.
    check(&[b"\x80\x02}q\0", &text("model"), b"h\0s."], "holds no tensors");
    check(&[b"\x80\x02]q\0h\0a."], "no dictionary of tensors");
    // 2^100 values in 100 tuples; a million lists within each other; a text of 4 GB.
    check(&[b"\x80\x02N", &[b'2', 0x86].repeat(100), b"."], "no dictionary of tensors");
    check(&[b"\x80\x02", &b"]".repeat(1_000_000), &b"a".repeat(999_999), b"."], "no dictionary of tensors");
    check(&[b"\x80\x02X\xFF\xFF\xFF\xFF", b"abc."], "ends in the middle");
    check(&[b"\x80\x02\x8d", &u64::MAX.to_le_bytes(), b"."], "ends in the middle");
    // What would run a program if it were run.
    check(&[b"\x80\x02cos\nsystem\n", &text("touch /tmp/hacked"), b"\x85R."], "whole Python object");
    check(&[b"\x80\x02(ios\nsystem\n."], "no opcode that a checkpoint needs");
    for underflow in [
        &b"."[..],
        b"0.",
        b"a.",
        b"(0.",
        b"t.",
        b"u.",
        b"s.",
        b"R.",
        b"\x87.",
        b"2.",
        b"q\0.",
        b"h\0.",
        b"Nh\x01.",
    ] {
        check(&[b"\x80\x02", underflow], "is damaged");
    }
}

#[test]
fn archives_that_cannot_be() {
    refused(b"PK\x03\x04", pytorch, "its zip archive is damaged");
    refused(
        b"PK\x03\x04PK\x05\x06\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0\0",
        pytorch,
        "not a readable PyTorch",
    );
    let mut empty = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    empty
        .start_file("other", SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
        .unwrap();
    refused(&empty.finish().unwrap().into_inner(), pytorch, "without data.pkl");
}

#[test]
fn a_tokenizer_of_other_json_is_refused() {
    for text in
        ["", "null", "[]", "{}", r#"{"model": {}}"#, r#"{"version": "1.0", "model": {"type": "BPE"}}"#]
    {
        assert!(open(text.as_bytes(), tokenizer).is_err(), "{text}");
    }
    let merges =
        r#"{"model": {"type": "BPE", "vocab": {"a": 4000000000}, "merges": ["a b"]}, "added_tokens": []}"#;
    drop(open(merges.as_bytes(), tokenizer));
    assert!(Tokenizer::from_folder(Path::new("/none"), None, None).is_err());
}
