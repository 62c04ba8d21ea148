use super::{blob::Blob, *};
use crate::safetensors_files::SafetensorsFolder;

/// Metadata of every kind, and two tensors.
fn sample() -> Blob {
    let blob = Blob::new(2, 14);
    let blob = blob.key("u8", 0).bytes(&[200]).key("i8", 1).bytes(&[0xFF]);
    let blob = blob.key("u16", 2).bytes(&[1, 2]).key("i16", 3).bytes(&[0xFE, 0xFF]);
    let blob = blob.key("u32", 4).u32(7).key("i32", 5).u32(8).key("f32", 6).u32(0.5_f32.to_bits());
    let blob = blob.key("bool", 7).bytes(&[1]).key("text", 8).text("héllo");
    let blob = blob.key("u64", 10).u64(1 << 40).key("i64", 11).u64(9).key("f64", 12).u64(0.25_f64.to_bits());
    let blob = blob.key("texts", 9).u32(8).u64(2).text("a").text("");
    let blob = blob.key("lists", 9).u32(9).u64(1).u32(5).u64(2).u32(3).u32(4);
    let blob = blob.tensor("matrix", &[3, 2], 0, 0).tensor("vector", &[2], 1, 32).padded();
    let blob = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().fold(blob, |blob, x| blob.u32(x.to_bits()));
    blob.padded().bytes(&[0, 0x3C, 0, 0xC0])
}

#[test]
fn metadata_and_tensors() {
    let file = sample().open().unwrap();
    for (key, value) in [("u8", 200), ("u16", 513), ("u32", 7), ("i32", 8), ("i64", 9)] {
        assert_eq!(file.get_u32(key).unwrap(), value, "{key}");
    }
    assert_eq!((file.get_f32("f32").unwrap(), file.get_f32("f64").unwrap()), (0.5, 0.25));
    assert!(file.get_bool("bool").unwrap());
    assert_eq!(file.get_str("text").unwrap(), "héllo");
    assert_eq!(file.get_array_str("texts").unwrap(), ["a", ""]);
    assert_eq!(file.get_array_len("lists").unwrap(), 1);
    assert_eq!(file.tensor("matrix").unwrap().shape, [2, 3]);
    assert_eq!(file.tensor_f32("matrix").unwrap(), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(file.tensor_f32("vector").unwrap(), (vec![2], vec![1.0, -2.0]));
    assert!(matches!(file.tensor_f32("other"), Err(ModelError::MissingTensors { .. })));
}

#[test]
fn errors_of_metadata_name_the_key() {
    let file = sample().open().unwrap();
    let check = |error: ModelError, expected: &str| assert!(error.to_string().contains(expected), "{error}");
    check(file.get_u32("none").unwrap_err(), "`none` is missing");
    check(file.get_u32("i8").unwrap_err(), "`i8` is not a number below 2^32");
    check(file.get_u32("u64").unwrap_err(), "`u64` is not a number below 2^32");
    check(file.get_u32("f32").unwrap_err(), "`f32` is not a number");
    check(file.get_f32("u32").unwrap_err(), "`u32` is not a float32");
    check(file.get_str("u32").unwrap_err(), "`u32` is not a UTF-8 string");
    check(file.get_array_str("lists").unwrap_err(), "`lists` is not a list of UTF-8 strings");
    check(file.get_array_i64("texts").unwrap_err(), "`texts` is not a list of whole numbers");
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let whole = sample();
    for len in 0..whole.0.len() {
        let error = Blob(whole.0[..len].to_vec()).open().unwrap_err();
        assert!(matches!(error, ModelError::Gguf { .. }), "{len}: {error}");
    }
}

#[test]
fn a_file_with_any_byte_changed_does_no_harm() {
    let whole = sample();
    for at in 0..whole.0.len() {
        for value in [0, 1, 0x7F, 0x80, 0xFF] {
            let mut blob = whole.clone();
            blob.0[at] = value;
            let Ok(file) = blob.open() else { continue };
            for tensor in file.tensors() {
                drop(file.tensor_f32(&tensor.name));
            }
            for key in ["u8", "text", "texts", "lists"] {
                drop((
                    file.get_u32(key),
                    file.get_str(key),
                    file.get_array_str(key),
                    file.get_array_i64(key),
                ));
            }
        }
    }
}

#[test]
fn headers_that_cannot_be() {
    Blob(Vec::new()).refused("the file is empty");
    Blob(b"GGML".to_vec()).refused("does not start with `GGUF`");
    Blob(b"GGUF".to_vec()).u32(1).refused("version is 1");
    Blob(b"GGUF".to_vec()).u32(4).refused("version is 4");
    Blob(b"GGUF".to_vec()).u32(3_u32.swap_bytes()).refused("big endian");
    Blob::new(u64::MAX, 0).refused("entries do not fit");
    Blob::new(0, u64::MAX).refused("entries do not fit");
    Blob::new(0, 1 << 60).refused("entries do not fit");
    Blob::new(0, 1).u64(u64::MAX).bytes(&[0; 64]).refused("the file ends");
    Blob::new(0, 1).key("k", 13).bytes(&[0; 64]).refused("13 is no type");
    Blob::new(0, 1).key("k", 8).u64(1 << 40).bytes(&[0; 64]).refused("the file ends");
    Blob::new(0, 1).key("k", 9).u32(4).u64(1 << 62).bytes(&[0; 64]).refused("entries do not fit");
    Blob::new(0, 2).key("k", 0).bytes(&[0]).key("k", 0).bytes(&[0]).refused("comes twice");
    Blob::new(0, 1).u64(1).bytes(&[0xFF]).u32(0).bytes(&[0]).refused("not UTF-8");
    let nested = (0..100).fold(Blob::new(0, 1).key("k", 9), |blob, _| blob.u32(9).u64(1));
    nested.u32(0).u64(0).refused("nest too deeply");
    Blob::new(0, 1).key("general.alignment", 4).u32(0).refused("power of two");
    Blob::new(0, 1).key("general.alignment", 4).u32(1 << 31).refused("power of two");
}

#[test]
fn tensors_that_cannot_be() {
    let one = |dims: &[u64], kind, offset| {
        let blob = Blob::new(1, 0).tensor("t", dims, kind, offset).padded();
        blob.bytes(&[0; 64])
    };
    one(&[1 << 40, 1 << 40], 0, 0).refused("too large");
    one(&[1 << 40], 0, 0).refused("may be cut off");
    one(&[17], 0, 0).refused("may be cut off");
    one(&[4], 0, 64).refused("may be cut off");
    one(&[4], 0, u64::MAX - 31).refused("may be cut off");
    one(&[4], 0, 4).refused("no multiple of 32");
    one(&[33], 8, 0).refused("no multiple of 32, the block of Q8_0");
    one(&[0], 0, 0).refused("an axis of length 0");
    one(&[], 0, 0).refused("0 axes");
    one(&[1; 5], 0, 0).refused("5 axes");
    let two = |name, offset| Blob::new(2, 0).tensor("t", &[16], 0, 0).tensor(name, &[4], 0, offset).padded();
    two("u", 32).bytes(&[0; 64]).refused("overlap");
    two("t", 64).bytes(&[0; 80]).refused("`t` comes twice");
    assert!(two("u", 64).bytes(&[0; 80]).open().is_ok());
}

/// `make_gguf.py` quantises with the Python package `gguf`, and reads back with it; `make_k_quants.py` takes blocks
/// of random bytes.
#[test]
fn every_format_reads_as_the_reference_reads_it() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut formats = 0;
    for fixture in ["quants", "k_quants"] {
        let file = GgufFile::open(fixtures.join(fixture).with_extension("gguf")).unwrap();
        let expected =
            SafetensorsFolder::open_file(fixtures.join(fixture).with_extension("safetensors")).unwrap();
        for name in expected.names() {
            assert_eq!(file.tensor_f32(name).unwrap(), expected.tensor_f32(name).unwrap(), "{name}");
            formats += 1;
        }
    }
    assert_eq!(formats, dequantize::SUPPORTED.len());
}

#[test]
fn a_format_that_is_not_read_is_named() {
    let iq4_nl = 20;
    Blob::new(1, 0).tensor("t", &[32], iq4_nl, 0).padded().bytes(&[0; 64]).open().map_or_else(
        |error| assert!(error.to_string().contains("ggml type 20"), "{error}"),
        |file| {
            let error = file.tensor_f32("t").unwrap_err().to_string();
            assert!(
                error.contains("stored as ggml type 20, which is not supported; use a file with F32"),
                "{error}"
            );
        },
    );
}

#[test]
fn a_folder_or_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(GgufFile::open(folder.path()), Err(ModelError::NotAFile { .. })));
    let nothing = GgufFile::open(folder.path().join("none.gguf"));
    assert!(matches!(nothing, Err(ModelError::NotFound { .. })));
}

#[test]
fn a_part_of_a_model_is_called_one() {
    let split = |count: u8| Blob::new(0, 1).key("split.count", 2).bytes(&[count, 0]).padded().open().unwrap();
    assert!(split(1).refuse_part().is_ok());
    let error = crate::ModelConfig::from_gguf(&split(3)).unwrap_err();
    assert!(matches!(error, ModelError::GgufPart { parts: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("llama-gguf-split --merge"), "{error}");
}
