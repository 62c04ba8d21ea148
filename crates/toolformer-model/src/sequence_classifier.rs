//! Models that give a text scores, one a label: classifiers, and with one label reward models.

mod fresh;
mod parts;

use std::{borrow::Cow, path::Path};

use burn::{
    module::Module,
    tensor::{Int, Tensor, TensorData, backend::Backend},
};
use serde_json::{Map, Value, json};

use crate::{
    causal_lm::CausalLm,
    checkpoint::open_weights,
    config_checks::{not_supported, wrong},
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    json_fields::Fields,
    kv_cache::KvCache,
    leaf::{Leaf, NamedTensor},
    named_param::Matrix,
    precision::{Precision, in_f32},
    pretrained::read_config_text,
    token_batch::TokenBatch,
    weights::WeightSource,
};

/// The head's name in checkpoints.
pub(crate) const SCORE: &str = "score.weight";

/// The body of a language model with a linear head that reads the last token of a text.
#[derive(Module, Debug)]
pub struct SequenceClassifier<B: Backend> {
    /// The body; its own head is not used.
    pub body: LanguageModel<B>,
    score: Matrix<B>,
    pad: Option<u32>,
}

/// The config of a [`SequenceClassifier`].
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierConfig {
    /// The body's.
    pub body: ModelConfig,
    /// Names of the labels (`id2label`). Default `LABEL_0`, `LABEL_1`, ... as many as the head has rows.
    pub labels: Vec<String>,
    /// The id that pads texts (`pad_token_id`): a text ends with its last other token. Default none.
    pub pad: Option<u32>,
}

impl ClassifierConfig {
    /// Reads a `config.json` for a head with `n_labels` rows.
    ///
    /// # Errors
    /// As [`ModelConfig::from_hf_json`], and if there are names for another number of labels.
    pub fn from_hf_json(text: &str, n_labels: usize) -> Result<Self, ModelError> {
        let body = ModelConfig::from_hf_json(text)?;
        body.without_head()?;
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|source| ModelError::Json { what: "config.json".to_owned(), source })?;
        let fields = Fields::new(&fields);
        let plain = |i: usize| format!("LABEL_{i}");
        let labels = match fields.object("id2label")? {
            None => (0..n_labels).map(plain).collect(),
            Some(names) if names.len() == n_labels => {
                let name = |i: usize| Ok(names.text(&i.to_string())?.map_or_else(|| plain(i), str::to_owned));
                (0..n_labels).map(name).collect::<Result<_, ModelError>>()?
            }
            Some(names) => {
                let why = format!("names {} labels, but `{SCORE}` has {n_labels} rows", names.len());
                return Err(wrong("id2label", why));
            }
        };
        Ok(Self { body, labels, pad: fields.ids("pad_token_id", None)?.first().copied() })
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config.
    pub fn to_hf_json(&self) -> Value {
        let mut json = self.body.to_hf_json();
        let architecture = json["architectures"][0].as_str().unwrap_or_default();
        let architecture = architecture.replace("ForCausalLM", "").replace("LMHeadModel", "");
        json["architectures"] = json!([format!("{architecture}ForSequenceClassification")]);
        let names = || self.labels.iter().enumerate();
        json["id2label"] = names().map(|(i, name)| (i.to_string(), Value::from(name.as_str()))).collect();
        json["label2id"] = names().map(|(i, name)| (name.clone(), Value::from(i))).collect();
        json["pad_token_id"] = self.pad.into();
        json
    }
}

impl<B: Backend> SequenceClassifier<B> {
    /// Opens a folder with `config.json` and [weights](open_weights), in single precision. What makes it a classifier is
    /// its tensor `score.weight`, whatever the config says.
    ///
    /// # Errors
    /// As [`Pretrained::open_model`](crate::Pretrained::open_model), and if there is no such tensor.
    pub fn open(folder: &Path, device: &B::Device) -> Result<(Self, ClassifierConfig), ModelError> {
        Self::open_in(folder, Precision::F32, device)
    }

    /// As [`SequenceClassifier::open`], with the body's weights held in `precision`.
    ///
    /// # Errors
    /// As [`SequenceClassifier::open`], and if the device does not have the precision.
    pub fn open_in(
        folder: &Path,
        precision: Precision,
        device: &B::Device,
    ) -> Result<(Self, ClassifierConfig), ModelError> {
        let (path, text) = read_config_text(folder)?;
        let weights = open_weights(folder)?;
        let missing = || ModelError::MissingTensors { names: vec![SCORE.to_owned()] };
        let n_labels = labels_in(weights.as_ref()).ok_or_else(missing)?;
        let config = ClassifierConfig::from_hf_json(&text, n_labels).map_err(|error| error.in_file(&path))?;
        Ok((Self::from_weights(&config, weights.as_ref(), precision, device)?, config))
    }

    /// Reads the weights of a classifier with this config; the body's are held in `precision`, the head's in single
    /// precision.
    ///
    /// # Errors
    /// If tensors are missing, left over or misshapen, cannot be read, the family has no such head, or the device does
    /// not have the precision.
    pub fn from_weights(
        config: &ClassifierConfig,
        source: &dyn WeightSource,
        precision: Precision,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let body =
            LanguageModel::from_weights(&config.body.without_head()?, &Body(source), precision, device)?;
        let score = read_score(source, [config.labels.len(), body.d_model()], device)?;
        Ok(Self { body, score, pad: config.pad })
    }

    /// Number of labels.
    pub fn n_labels(&self) -> usize {
        self.score.dims()[0]
    }

    /// The scores of every text, before softmax, read at its last token that is not padding.
    ///
    /// # Shapes
    /// - returns `[batch, labels]`
    pub fn scores(&self, texts: &TokenBatch) -> Tensor<B, 2> {
        let device = self.body.device();
        let mut cache = KvCache::new(self.body.cache_shape(), texts.batch(), texts.seq(), &device);
        self.scores_of_states(self.body.forward(texts, &mut cache), texts)
    }

    /// The scores of every text from the states that the body gave for its tokens, or for those behind a prefix.
    ///
    /// # Shapes
    /// - `hidden`: `[batch, seq, d_model]`, of `texts`
    /// - returns `[batch, labels]`
    pub fn scores_of_states(&self, hidden: Tensor<B, 3>, texts: &TokenBatch) -> Tensor<B, 2> {
        let [batch, seq, d_model] = hidden.dims();
        let device = hidden.device();
        let last: Vec<i32> = (0..batch)
            .map(|row| i32::try_from(row * seq + self.last(texts.row(row))).unwrap_or(i32::MAX))
            .collect();
        let last: Tensor<B, 1, Int> = Tensor::from_ints(last.as_slice(), &device);
        let last = in_f32(hidden.reshape([batch * seq, d_model]).select(0, last)); // [batch, d_model]
        self.score.scores(last) // [batch, labels]
    }

    /// Where a text ends; of nothing but padding, its first token, as in transformers.
    fn last(&self, ids: &[u32]) -> usize {
        match self.pad {
            Some(pad) => ids.iter().rposition(|&id| id != pad).unwrap_or(0),
            None => ids.len() - 1,
        }
    }

    /// Everything that owns parameters, once.
    pub(crate) fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves = self.body.family().leaves();
        leaves.push(&self.score);
        leaves
    }

    /// Every tensor under its checkpoint name, in the checkpoint's own layout; LoRA updates are not part of it.
    pub fn tensors(&self) -> impl Iterator<Item = NamedTensor<B>> + '_ {
        self.body.tensors().chain(self.score.tensors())
    }
}

/// The head that a checkpoint holds, `[labels, d_model]`.
fn read_score<B: Backend>(
    source: &dyn WeightSource,
    shape: [usize; 2],
    device: &B::Device,
) -> Result<Matrix<B>, ModelError> {
    let (found, data) = source.tensor_f32(SCORE)?;
    if found != shape {
        let (name, expected) = (SCORE.to_owned(), shape.to_vec());
        return Err(ModelError::Shape { name, expected, found });
    }
    Ok(Matrix::new(SCORE, Tensor::from_data(TensorData::new(data, shape), device)))
}

/// A checkpoint without its classification head, and without the language model's, if one was left in it.
struct Body<'a>(&'a dyn WeightSource);

const HEADS: [&str; 2] = [SCORE, "lm_head.weight"];

impl WeightSource for Body<'_> {
    fn names(&self) -> Vec<String> {
        self.0.names().into_iter().filter(|name| !HEADS.contains(&name.as_str())).collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        if HEADS.contains(&name) { None } else { self.0.shape(name) }
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        self.0.tensor_f32(name)
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        self.0.tensor_parts(name, each)
    }

    fn stored_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.0.stored_name(name)
    }
}

impl ModelConfig {
    /// The config of the body alone: as with a tied head, there is no tensor for it.
    fn without_head(&self) -> Result<Self, ModelError> {
        let mut body = self.clone();
        match &mut body {
            Self::Llama(config) => config.tie_embeddings = true,
            Self::Gpt2(config) => config.tie_embeddings = true,
            _ => return Err(not_supported("a classification head on this family".to_owned())),
        }
        Ok(body)
    }
}

/// How many labels a checkpoint's classification head has; none if it has no such head.
pub(crate) fn labels_in(source: &dyn WeightSource) -> Option<usize> {
    source.shape(SCORE).map(|shape| shape.first().copied().unwrap_or(0))
}

/// Refuses a checkpoint with a classification head where a language model is asked for.
pub(crate) fn refuse_classifier(source: &dyn WeightSource) -> Result<(), ModelError> {
    if labels_in(source).is_none() {
        return Ok(());
    }
    let why = format!(
        "the checkpoint is a classifier (it holds `{SCORE}`); open it as one, or use a language model"
    );
    Err(wrong("architectures", why))
}
