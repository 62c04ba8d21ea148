//! What can go wrong with a model's files. Each text says what to do about it.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::misfit::{Misshapen, list, misfits};

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file or folder is not there.
    #[error("{} does not exist; {advice}", path.display())]
    NotFound {
        /// What was looked for.
        path: PathBuf,
        /// What to do.
        advice: String,
    },

    /// The operating system refused to read or write.
    #[error("cannot access {}; check that the path is right and the permissions allow it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// What should be a file is something else.
    #[error("{} is a folder, a pipe or a device where a file should be; give a file", path.display())]
    NotAFile {
        /// Its path.
        path: PathBuf,
    },

    /// A file cannot be written.
    #[error(
        "cannot write {}; free space or choose another place, then run the same command again",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// A format of numbers cannot hold a model's.
    #[error("16-bit floats cannot hold the numbers of {}; save as bf16 or f32", list(names))]
    Overflow {
        /// The tensors.
        names: Vec<String>,
    },

    /// A GGUF file is damaged, or is none.
    #[error(
        "{} is not a readable GGUF file: {what} (at byte {offset}); download or convert it again",
        path.display()
    )]
    Gguf {
        /// The file.
        path: PathBuf,
        /// Where in the file, in bytes.
        offset: usize,
        /// What is wrong there.
        what: String,
    },

    /// A GGUF file lacks a metadata key, or holds another type under it.
    #[error(
        "{}: metadata key `{key}` {what}; convert the model again with a recent llama.cpp, \
         or use its Hugging Face folder",
        path.display()
    )]
    GgufKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it.
        what: String,
    },

    /// A GGUF file is one of several that a model is split over.
    #[error(
        "{} is one of {parts} files of a model; join them with `llama-gguf-split --merge` and give what comes out",
        path.display()
    )]
    GgufPart {
        /// The file.
        path: PathBuf,
        /// Number of files.
        parts: u32,
    },

    /// A safetensors file or its index is damaged.
    #[error("{} is not a readable safetensors file: {what}; download or save it again", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },

    /// A file of `torch.save` is damaged, or holds something else than tensors.
    #[error(
        "{} is not a readable PyTorch checkpoint: {what}; download it again, or save it again with \
         `torch.save(model.state_dict(), path)`",
        path.display()
    )]
    Pytorch {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },

    /// The index of a checkpoint in shards does not fit its files.
    #[error("{} is no index of these files: {what}; download or save the model again", path.display())]
    ShardIndex {
        /// The index.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },

    /// A JSON file does not parse.
    #[error("{what} is not the JSON that was expected; download or save it again")]
    Json {
        /// The file, or what the text was meant to be.
        what: String,
        /// The parser's reason, with line and column.
        source: serde_json::Error,
    },

    /// A field of a model's config is missing or has a value that cannot be.
    #[error("{}config field `{field}`: {why}", path.as_ref().map(|p| format!("{}: ", p.display())).unwrap_or_default())]
    Config {
        /// The file, where it is known.
        path: Option<PathBuf>,
        /// The field, by its name in the file.
        field: String,
        /// What is wrong with it, and what it must be.
        why: String,
    },

    /// A config asks for something that this crate does not compute.
    #[error(
        "{what} is not supported, and the model would be wrong without it; use a model that does not need it"
    )]
    NotSupported {
        /// The feature, with the field that asks for it.
        what: String,
    },

    /// What a model computes are no numbers.
    #[error(
        "the model computes NaN: its weights are damaged, or it needs a wider range than f16 has (use \
         `--precision bf16` or `f32`)"
    )]
    NotNumbers,

    /// A device does not have a precision.
    #[error("the device `{device}` has no {precision}; use `--precision f32`, or another device")]
    Precision {
        /// The precision.
        precision: &'static str,
        /// The device, in its backend's words.
        device: String,
    },

    /// The model's architecture is not one of ours.
    #[error("the architecture `{found}` is not supported; supported are {}", known.join(", "))]
    UnsupportedArchitecture {
        /// The name in the file.
        found: String,
        /// The names that are supported.
        known: Vec<String>,
    },

    /// A tensor is stored in a number format that cannot be read.
    #[error("tensor `{name}` is stored as {found}, which is not supported; use a file with {}", supported.join(", "))]
    UnsupportedTensorType {
        /// The tensor.
        name: String,
        /// Its format.
        found: String,
        /// The formats that can be read.
        supported: Vec<String>,
    },

    /// A checkpoint lacks tensors that its config asks for.
    #[error("the checkpoint lacks {}; check that its config and weights belong together", list(names))]
    MissingTensors {
        /// The tensors.
        names: Vec<String>,
    },

    /// The tensors of a checkpoint are not those that its config asks for.
    #[error(
        "the checkpoint does not fit its config: {}; check that they belong together",
        misfits(missing, unexpected, misshapen)
    )]
    Misfit {
        /// Tensors that it lacks.
        missing: Vec<String>,
        /// Tensors that the config has no use for.
        unexpected: Vec<String>,
        /// Tensors of another shape than the config asks for.
        misshapen: Vec<Misshapen>,
    },

    /// A checkpoint holds a head of its own though its config says that the embedding is the head.
    #[error(
        "`{head}` differs from `{embedding}`, though the config ties them (tie_word_embeddings); set \
         `tie_word_embeddings` to false in config.json to use it, or take the tensor out"
    )]
    Untied {
        /// The head.
        head: String,
        /// The embedding.
        embedding: String,
    },

    /// A tensor has another shape than its config asks for.
    #[error(
        "tensor `{name}` has shape {found:?}, the config asks for {expected:?}; \
         check that config and weights belong together"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// The shape by the config.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },

    /// A tokenizer cannot be built or used.
    #[error("tokenizer: {what}")]
    Tokenizer {
        /// What is wrong and what to do.
        what: String,
    },

    /// An id that the model does not have.
    #[error(
        "the model has no token {id}{}; its ids are 0 to {}: take the token out of the text, or use the tokenizer that \
         the model was made with",
        token.as_ref().map(|token| format!(", `{token}`")).unwrap_or_default(), vocab_size.saturating_sub(1)
    )]
    UnknownId {
        /// The id.
        id: u32,
        /// Its token, where the tokenizer is known.
        token: Option<String>,
        /// Number of ids that the model has: the rows of its embedding.
        vocab_size: usize,
    },

    /// A conversation cannot be written out.
    #[error("chat template: {why}")]
    ChatTemplate {
        /// What is wrong, in the template's own words where it refuses.
        why: String,
    },

    /// Another error, with the file that it is about.
    #[error("in {}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The error itself.
        source: Box<ModelError>,
    },
}

impl ModelError {
    /// Adds the file that an error is about.
    #[must_use]
    pub fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Config { path: None, field, why } => {
                Self::Config { path: Some(file.to_owned()), field, why }
            }
            other => Self::InFile { path: file.to_owned(), source: Box::new(other) },
        }
    }

    /// An I/O error at `path`; a missing file becomes [`ModelError::NotFound`] with this advice.
    pub(crate) fn io(path: &Path, advice: &str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::NotFound { path: path.to_owned(), advice: advice.to_owned() }
        } else {
            Self::Io { path: path.to_owned(), source }
        }
    }
}
