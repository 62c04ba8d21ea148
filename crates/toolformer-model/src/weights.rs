//! One view of a checkpoint, whatever file it lies in: named tensors as plain `f32`, under Hugging Face's names.

use std::collections::BTreeMap;

use crate::{error::ModelError, gguf::GgufFile, safetensors_files::SafetensorsFolder};

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
    changes: Vec<(&'static str, Change)>,
}

/// How a family's checkpoints become GGUF files.
pub(crate) struct GgufLayout {
    /// Hugging Face's and GGUF's name of every tensor of a block, without the block's prefix, beside those that
    /// every family has.
    pub(crate) in_block: &'static [(&'static str, &'static str)],
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

/// Hugging Face's and GGUF's name of every tensor outside the blocks.
const OUTSIDE: [(&str, &str); 3] = [
    ("model.embed_tokens.weight", "token_embd.weight"),
    ("model.norm.weight", "output_norm.weight"),
    ("lm_head.weight", "output.weight"),
];

/// Of the tensors that a block of every family has, without the block's prefix.
const IN_BLOCK: [(&str, &str); 8] = [
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
    pub(crate) fn new(file: &'a GgufFile, layout: GgufLayout) -> Self {
        let own_name =
            |t: &crate::gguf::GgufTensor| (hugging_face_name(&t.name, layout.in_block), t.name.clone());
        let names = file.tensors().iter().map(own_name).collect();
        Self { file, names, changes: layout.changes }
    }

    fn change(&self, name: &str) -> Option<Change> {
        self.changes.iter().find(|(end, _)| name.ends_with(end)).map(|&(_, change)| change)
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
        let missing = || ModelError::MissingTensors { names: vec![name.to_owned()] };
        let (shape, mut values) = self.file.tensor_f32(self.names.get(name).ok_or_else(missing)?)?;
        match self.change(name) {
            Some(Change::NeighbouringRows { heads, shape: expected @ [rows, columns] }) => {
                if shape != expected {
                    let expected = expected.to_vec();
                    return Err(ModelError::Shape { name: name.to_owned(), expected, found: shape });
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
        let missing = || ModelError::MissingTensors { names: vec![name.to_owned()] };
        self.file.tensor_parts(self.names.get(name).ok_or_else(missing)?, each)
    }
}

fn hugging_face_name(name: &str, in_block: &[(&str, &str)]) -> String {
    let find = |table: &[(&str, &str)], name: &str| {
        table.iter().find(|(_, gguf)| *gguf == name).map(|(hugging_face, _)| (*hugging_face).to_owned())
    };
    let of_block = || {
        let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
        let layer: usize = layer.parse().ok()?;
        Some(format!("model.layers.{layer}.{}", find(&IN_BLOCK, part).or_else(|| find(in_block, part))?))
    };
    find(&OUTSIDE, name).or_else(of_block).unwrap_or_else(|| name.to_owned())
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
    use crate::families::ModelConfig;
    use std::path::Path;

    #[test]
    fn rows_of_a_head_go_from_neighbours_to_halves() {
        // Two heads of four rows of one number, named by their place in Hugging Face's order.
        let pairs = [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0];
        assert_eq!(neighbours_to_halves(&pairs, 4, 1), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn unknown_tensors_keep_their_names() {
        for name in ["rope_freqs.weight", "blk.0.attn_q.bias", "blk.x.attn_q.weight", "blk.0"] {
            assert_eq!(hugging_face_name(name, &[]), name);
        }
        assert_eq!(hugging_face_name("blk.12.ffn_up.weight", &[]), "model.layers.12.mlp.up_proj.weight");
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
        assert!(matches!(gguf.tensor_f32("lm_head.weight"), Err(ModelError::MissingTensors { .. })));
    }
}
