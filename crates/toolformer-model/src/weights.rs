//! One view of a checkpoint, whatever file it lies in: named tensors as plain `f32`, under Hugging Face's names.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    error::ModelError,
    gguf::{GgufFile, GgufTensor},
    safetensors_files::SafetensorsFolder,
};

/// About how many numbers of a tensor are handed on at once.
pub(crate) const PART: usize = 1 << 16;

/// Named tensors of a checkpoint.
pub trait WeightSource {
    /// All names, in no particular order.
    fn names(&self) -> Vec<String>;

    /// A tensor's shape, row-major: `[out, in]` for a matrix.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;

    /// A tensor's shape and its numbers, row-major.
    ///
    /// # Errors
    /// If there is no such tensor, or its numbers are stored in a format that cannot be read.
    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError>;

    /// Hands a tensor's numbers to `each`, row-major, some after the others, so that not all of them need to be in
    /// memory as `f32`. Returns its shape.
    ///
    /// # Errors
    /// As [`WeightSource::tensor_f32`].
    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        let (shape, values) = self.tensor_f32(name)?;
        each(&values);
        Ok(shape)
    }

    /// The source that holds these tensors, by their names and shapes, where they are made as a model asks for them.
    fn made_for(&self, asked: &[(String, Vec<usize>)]) -> Option<Box<dyn WeightSource>> {
        let _ = asked;
        None
    }

    /// What the file itself calls a tensor of this name, whether it holds it or not.
    fn stored_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        Cow::Borrowed(name)
    }
}

impl WeightSource for SafetensorsFolder {
    fn names(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.shape(name).map(<[_]>::to_vec)
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        self.tensor_f32(name)
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        self.tensor_parts(name, each)
    }
}

/// A GGUF file under the names and in the layout of Hugging Face's checkpoints.
///
/// Tensors that Hugging Face's model does not have keep their GGUF names, so that a loader can refuse them.
#[derive(Debug)]
pub struct GgufWeights<'a> {
    file: &'a GgufFile,
    /// From Hugging Face's names to the file's.
    names: BTreeMap<String, String>,
    layout: GgufLayout,
}

/// How a family's checkpoints become GGUF files.
#[derive(Debug)]
pub(crate) struct GgufLayout {
    /// Hugging Face's and GGUF's name of every tensor of a block, without the block's prefix, beside those that
    /// every family has.
    pub(crate) in_block: &'static [Names],
    /// Ends of names whose tensors were changed.
    pub(crate) changes: Vec<(&'static str, Change)>,
}

/// What a converter did to a tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Within each of `heads`, rows `2i` and `2i + 1` are rotated together, while Hugging Face rotates `i` with
    /// `i + d_head / 2`.
    NeighbouringRows {
        /// Heads in the rows.
        heads: usize,
        /// The shape of the whole.
        shape: [usize; 2],
    },
    /// 1 was added to every number.
    OneAdded,
}

/// Hugging Face's and GGUF's name of a tensor.
type Names = (&'static str, &'static str);

/// A tensor that is part of the config: see [`RopeScaling::Divisors`](crate::RopeScaling::Divisors).
pub(crate) const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Of every tensor outside the blocks.
const OUTSIDE: [Names; 3] = [
    ("model.embed_tokens.weight", "token_embd.weight"),
    ("model.norm.weight", "output_norm.weight"),
    ("lm_head.weight", "output.weight"),
];

/// Of the tensors that a block of every family has, without the block's prefix.
const IN_BLOCK: [Names; 8] = [
    ("input_layernorm.weight", "attn_norm.weight"),
    ("self_attn.q_proj.weight", "attn_q.weight"),
    ("self_attn.k_proj.weight", "attn_k.weight"),
    ("self_attn.v_proj.weight", "attn_v.weight"),
    ("self_attn.o_proj.weight", "attn_output.weight"),
    ("mlp.gate_proj.weight", "ffn_gate.weight"),
    ("mlp.up_proj.weight", "ffn_up.weight"),
    ("mlp.down_proj.weight", "ffn_down.weight"),
];

impl<'a> GgufWeights<'a> {
    /// Views a file.
    ///
    /// # Errors
    /// If two tensors are the same by their names.
    pub(crate) fn new(file: &'a GgufFile, layout: GgufLayout) -> Result<Self, ModelError> {
        let mut names = BTreeMap::new();
        for tensor in file.tensors().iter().filter(|tensor| tensor.name != ROPE_FACTORS) {
            let name = hugging_face_name(&tensor.name, layout.in_block);
            if let Some(other) = names.insert(name.clone(), tensor.name.clone()) {
                return Err(same(file, tensor, &other, &name));
            }
        }
        Ok(Self { file, names, layout })
    }

    /// The file's name of a tensor that it holds.
    fn held(&self, name: &str) -> Result<&str, ModelError> {
        let missing = || ModelError::MissingTensors { names: vec![self.stored_name(name).into_owned()] };
        self.names.get(name).map(String::as_str).ok_or_else(missing)
    }

    fn change(&self, name: &str) -> Option<Change> {
        self.layout.changes.iter().find(|(end, _)| name.ends_with(end)).map(|&(_, change)| change)
    }
}

impl WeightSource for GgufWeights<'_> {
    fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.file.tensor(self.names.get(name)?).map(|tensor| tensor.shape.clone())
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let (shape, mut values) = self.file.tensor_f32(self.held(name)?)?;
        match self.change(name) {
            Some(Change::NeighbouringRows { heads, shape: expected @ [rows, columns] }) => {
                if shape != expected {
                    let (name, expected) = (self.stored_name(name).into_owned(), expected.to_vec());
                    return Err(ModelError::Shape { name, expected, found: shape });
                }
                values = neighbours_to_halves(&values, rows / heads, columns);
            }
            Some(Change::OneAdded) => values.iter_mut().for_each(|value| *value -= 1.0),
            None => {}
        }
        Ok((shape, values))
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        if self.change(name).is_some() {
            let (shape, values) = self.tensor_f32(name)?;
            each(&values);
            return Ok(shape);
        }
        self.file.tensor_parts(self.held(name)?, each)
    }

    fn stored_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let own = self.names.get(name).cloned().or_else(|| gguf_name(name, self.layout.in_block));
        own.map_or(Cow::Borrowed(name), Cow::Owned)
    }
}

fn same(file: &GgufFile, tensor: &GgufTensor, other: &str, name: &str) -> ModelError {
    let what = format!("the tensors `{other}` and `{}` are both `{name}`", tensor.name);
    ModelError::Gguf { path: file.path().to_owned(), offset: tensor.offset, what }
}

fn hugging_face_name(name: &str, in_block: &[Names]) -> String {
    let find = |table: &[Names], name: &str| table.iter().find(|names| names.1 == name).map(|names| names.0);
    let renamed = renamed(name, ["blk.", "model.layers."], in_block, find);
    renamed.unwrap_or_else(|| name.to_owned())
}

/// The inverse of [`hugging_face_name`], where there is one.
fn gguf_name(name: &str, in_block: &[Names]) -> Option<String> {
    let find = |table: &[Names], name: &str| table.iter().find(|names| names.0 == name).map(|names| names.1);
    renamed(name, ["model.layers.", "blk."], in_block, find)
}

/// The other name of a tensor; `prefixes` are what a block's number stands behind, in this name and in that.
fn renamed(
    name: &str,
    [prefix, other]: [&str; 2],
    in_block: &[Names],
    find: impl Fn(&[Names], &str) -> Option<&'static str>,
) -> Option<String> {
    if let Some(outside) = find(&OUTSIDE, name) {
        return Some(outside.to_owned());
    }
    let (layer, part) = name.strip_prefix(prefix)?.split_once('.')?;
    // `00` and `+0` are no numbers of blocks.
    layer.parse::<usize>().ok().filter(|number| number.to_string() == layer)?;
    let part = find(&IN_BLOCK, part).or_else(|| find(in_block, part))?;
    Some(format!("{other}{layer}.{part}"))
}

/// Undoes the order of rows that llama.cpp wants.
fn neighbours_to_halves(values: &[f32], d_head: usize, d_model: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for head in values.chunks_exact(d_head * d_model) {
        let rows = || head.chunks_exact(d_model);
        out.extend(rows().step_by(2).chain(rows().skip(1).step_by(2)).flatten());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{families::ModelConfig, gguf::blob::Blob};
    use std::path::Path;

    #[test]
    fn rows_of_a_head_go_from_neighbours_to_halves() {
        // Two heads of four rows of one number, named by their place in Hugging Face's order.
        let pairs = [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0];
        assert_eq!(neighbours_to_halves(&pairs, 4, 1), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn unknown_tensors_keep_their_names() {
        for name in
            ["rope_freqs.weight", "blk.0.attn_q.bias", "blk.x.attn_q.weight", "blk.0", "blk.00.attn_q.weight"]
        {
            assert_eq!(hugging_face_name(name, &[]), name);
        }
        for name in [
            "model.rotary_emb.inv_freq",
            "model.layers.0.self_attn.q_proj.bias",
            "model.layers.+1.mlp.up_proj.weight",
        ] {
            assert_eq!(gguf_name(name, &[]), None);
        }
    }

    #[test]
    fn two_tensors_of_one_name_are_refused() {
        let file =
            Blob::new(2, 0).tensor("output_norm.weight", &[4], 0, 0).tensor("model.norm.weight", &[4], 0, 32);
        let file = file.padded().bytes(&[0; 48]).open().unwrap();
        let error = GgufWeights::new(&file, GgufLayout { in_block: &[], changes: vec![] }).unwrap_err();
        assert!(matches!(error, ModelError::Gguf { .. }), "{error:?}");
        let expected =
            "the tensors `output_norm.weight` and `model.norm.weight` are both `model.norm.weight`";
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[track_caller]
    fn both_ways(hugging_face: &str, gguf: &str) {
        let in_block = &[("self_attn.q_proj.bias", "attn_q.bias")];
        assert_eq!(hugging_face_name(gguf, in_block), hugging_face);
        assert_eq!(gguf_name(hugging_face, in_block).as_deref(), Some(gguf));
    }

    #[test]
    fn names_go_both_ways() {
        both_ways("model.norm.weight", "output_norm.weight");
        both_ways("model.layers.12.mlp.up_proj.weight", "blk.12.ffn_up.weight");
        both_ways("model.layers.0.self_attn.q_proj.bias", "blk.0.attn_q.bias");
    }

    /// `make_gguf.py` writes the same random model both ways.
    #[test]
    fn a_gguf_file_gives_what_the_safetensors_hold() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let file = GgufFile::open(fixtures.join("tiny_llama/model.gguf")).unwrap();
        let gguf = ModelConfig::from_gguf(&file).unwrap().gguf_weights(&file).unwrap();
        let safetensors = SafetensorsFolder::open(fixtures.join("tiny_llama")).unwrap();
        let expected = WeightSource::names(&safetensors);
        assert_eq!(gguf.names(), expected);
        for name in expected {
            assert_eq!(gguf.tensor_f32(&name).unwrap(), safetensors.tensor_f32(&name).unwrap(), "{name}");
            assert_eq!(gguf.shape(&name), WeightSource::shape(&safetensors, &name));
        }
        let missing = gguf.tensor_f32("lm_head.weight").unwrap_err();
        assert!(matches!(missing, ModelError::MissingTensors { .. }), "{missing:?}");
        assert!(missing.to_string().contains("`output.weight`"), "{missing}");
        assert_eq!(gguf.stored_name("lm_head.weight"), "output.weight");
        assert_eq!(gguf.stored_name("model.layers.1.input_layernorm.weight"), "blk.1.attn_norm.weight");
        assert_eq!(gguf.stored_name("other"), "other");
        assert_eq!(safetensors.stored_name("model.norm.weight"), "model.norm.weight");
    }
}
