//! Which of a repository's files make the model.

use super::{
    error::HubError,
    id::{GgufChoice, HubModel},
};

/// Files beside the weights that a model folder is read from.
const SMALL: [&str; 9] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
];

/// The files of weights, the best first: of several formats only one is taken.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// What to take.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// A folder as transformers saves it.
    Folder {
        /// The files beside the weights, in [`SMALL`]'s order.
        small: Vec<String>,
        /// The weights.
        weights: Weights,
    },
    /// One GGUF file.
    Gguf(String),
}

/// The weights of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// One file.
    Whole(String),
    /// The shards that this index names.
    Index(String),
}

impl Weights {
    /// The file that is fetched first.
    pub(super) fn file(&self) -> &str {
        let (Self::Whole(file) | Self::Index(file)) = self;
        file
    }
}

/// Chooses among the files of a repository.
///
/// # Errors
/// If there is no model, or more than one that the name could mean.
pub(super) fn choose(model: &HubModel, names: &[&str]) -> Result<Choice, HubError> {
    let has = |name: &str| names.contains(&name);
    let ggufs: Vec<&str> = names.iter().copied().filter(|name| name.ends_with(".gguf")).collect();
    if let Some(choice) = &model.gguf {
        return one_gguf(model, &ggufs, |name| match choice {
            GgufChoice::Path(path) => name == path,
            GgufChoice::Quantisation(tag) => is_quantisation(name, tag),
        });
    }
    let weights = WEIGHTS.into_iter().find(|name| has(name));
    if let (true, Some(name)) = (has("config.json"), weights) {
        let small = SMALL.into_iter().filter(|name| has(name)).map(str::to_owned).collect();
        let whole = !name.ends_with(".index.json");
        let weights = if whole { Weights::Whole(name.to_owned()) } else { Weights::Index(name.to_owned()) };
        return Ok(Choice::Folder { small, weights });
    }
    if ggufs.is_empty() {
        return Err(HubError::NoModel { repo: model.repo.clone(), files: owned(names) });
    }
    one_gguf(model, &ggufs, |_| true)
}

fn one_gguf(model: &HubModel, ggufs: &[&str], fits: impl Fn(&str) -> bool) -> Result<Choice, HubError> {
    let fitting: Vec<&str> = ggufs.iter().copied().filter(|name| fits(name)).collect();
    match fitting[..] {
        [name] if is_part_of_several(name) => Err(HubError::Parts { file: name.to_owned() }),
        [name] => Ok(Choice::Gguf(name.to_owned())),
        [first, ..] if fitting.iter().all(|name| is_part_of_several(name)) => {
            Err(HubError::Parts { file: first.to_owned() })
        }
        [] => {
            let (repo, wanted) = (model.repo.clone(), model.to_string());
            Err(HubError::NoFile { repo, wanted, files: owned(ggufs) })
        }
        _ => Err(HubError::ChooseGguf { repo: model.repo.clone(), files: owned(&fitting) }),
    }
}

/// Whether a file's name ends in a quantisation's, as in `name-Q4_K_M.gguf` and `name.q4_0.gguf`.
fn is_quantisation(name: &str, tag: &str) -> bool {
    let name = name.strip_suffix(".gguf").unwrap_or(name).to_lowercase();
    // `name-Q8_0-00001-of-00002` is one too.
    let name = parts_suffix(&name).unwrap_or(&name);
    match name.strip_suffix(&tag.to_lowercase()) {
        Some(before) => before.is_empty() || before.ends_with(['-', '.', '/']),
        None => false,
    }
}

fn is_part_of_several(name: &str) -> bool {
    parts_suffix(name.strip_suffix(".gguf").unwrap_or(name)).is_some()
}

/// What stands before `-00001-of-00002`.
fn parts_suffix(stem: &str) -> Option<&str> {
    let (rest, total) = stem.rsplit_once("-of-")?;
    let (rest, number) = rest.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(total) && is_number(number)).then_some(rest)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(model: &str, names: &str) -> Result<Choice, HubError> {
        choose(&model.parse().unwrap(), &names.split(' ').collect::<Vec<_>>())
    }

    #[track_caller]
    fn check_folder(names: &str, small: &[&str], weights: Weights) {
        let small = owned(small);
        assert_eq!(chosen("a/b", names).unwrap(), Choice::Folder { small, weights });
    }

    #[track_caller]
    fn check_gguf(model: &str, names: &str, expected: &str) {
        assert_eq!(chosen(model, names).unwrap(), Choice::Gguf(expected.to_owned()));
    }

    #[track_caller]
    fn check_error(model: &str, names: &str, part: &str) {
        let error = chosen(model, names).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn one_format_of_weights_is_taken() {
        let whole = |name: &str| Weights::Whole(name.to_owned());
        check_folder(
            "README.md config.json model.safetensors pytorch_model.bin tf_model.h5 onnx/model.onnx",
            &["config.json"],
            whole("model.safetensors"),
        );
        check_folder("pytorch_model.bin config.json x.gguf", &["config.json"], whole("pytorch_model.bin"));
        check_folder(
            "model.safetensors.index.json merges.txt config.json tokenizer.json pytorch_model.bin",
            &["config.json", "tokenizer.json", "merges.txt"],
            Weights::Index("model.safetensors.index.json".to_owned()),
        );
    }

    #[test]
    fn a_gguf_file_is_named_where_there_are_several() {
        let several = "m-Q4_K_M.gguf m-Q8_0.gguf m-IQ4_K_M.gguf sub/m.f16.gguf";
        check_gguf("a/b", "README.md m.gguf", "m.gguf");
        check_gguf("a/b:q8_0", several, "m-Q8_0.gguf");
        check_gguf("a/b:Q4_K_M", several, "m-Q4_K_M.gguf");
        check_gguf("a/b:F16", several, "sub/m.f16.gguf");
        check_gguf("a/b/sub/m.f16.gguf", several, "sub/m.f16.gguf");
        check_gguf("a/b:Q8_0", "config.json model.safetensors m-Q8_0.gguf", "m-Q8_0.gguf");
        check_error("a/b", several, "name one, as in a/b:Q4_K_M");
        check_error("a/b", several, "there are: m-Q4_K_M.gguf, m-Q8_0.gguf, m-IQ4_K_M.gguf, sub/m.f16.gguf");
        check_error("a/b:Q2_K", several, "no file for `a/b:Q2_K`; there are: m-Q4_K_M.gguf");
        check_error("a/b:Q8_0", "m-Q8_0-00001-of-00002.gguf m-Q8_0-00002-of-00002.gguf", "one part");
    }

    #[test]
    fn what_is_no_model_lists_what_there_is() {
        check_error("a/b", "README.md model.safetensors", "there are: README.md, model.safetensors");
        check_error("a/b", "config.json flax_model.msgpack", "holds no model");
    }
}
