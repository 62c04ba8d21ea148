//! What is saved loads again, with the same outputs.

use toolformer_model::{Pretrained, save_pretrained};

use crate::reference::{assert_close, expected, open, run, tensor_names};

#[test]
fn a_saved_model_gives_the_same_logits() {
    let folder = tempfile::tempdir().unwrap();
    let (model, config) = open("llama");
    save_pretrained(folder.path(), &model, &config, None).unwrap();
    let (ids, reference) = expected("llama");
    let (loaded, loaded_config) = Pretrained::open_model(folder.path(), &Default::default()).unwrap();
    assert_eq!(loaded_config, config);
    assert_close(&run(&loaded, &ids)[1], &reference[1], 1e-4);
    let mut names: Vec<String> = model.tensors().map(|(name, ..)| name).collect();
    let mut expected = tensor_names("llama");
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}
