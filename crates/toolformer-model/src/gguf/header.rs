//! What stands before the tensor data, checked against the file's size.

use std::collections::HashMap;

use super::{
    GgufTensor,
    reader::{Cursor, Malformed, Stored},
};

/// Where tensor data may start, unless `general.alignment` says otherwise; bytes.
const DEFAULT_ALIGNMENT: usize = 32;

/// Everything before the tensor data.
pub(super) struct Header {
    pub(super) metadata: HashMap<String, Stored>,
    pub(super) tensors: Vec<GgufTensor>,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut at = Cursor::new(bytes);
        if at.take(4)? != b"GGUF" {
            return Err(Malformed::at(0, "it does not start with `GGUF`"));
        }
        match at.u32()? {
            2 | 3 => {}
            swapped if swapped.swap_bytes() <= 3 => return Err(Malformed::at(4, "it is big endian")),
            version => return Err(Malformed::at(4, format!("its version is {version}, not 2 or 3"))),
        }
        let tensor_count = at.count(Cursor::MIN_TENSOR_INFO)?;
        let key_count = at.count(Cursor::MIN_KEY_VALUE)?;
        let mut metadata = HashMap::new();
        for _ in 0..key_count {
            let start = at.offset();
            let key = at.text()?.to_owned();
            let kind = at.value_type()?;
            let value = Stored { kind, offset: at.offset() };
            at.skip(kind, 0)?;
            if metadata.insert(key, value).is_some() {
                return Err(Malformed::at(start, "a metadata key comes twice"));
            }
        }
        let mut tensors = Vec::new();
        for _ in 0..tensor_count {
            tensors.push(at.tensor_info()?);
        }
        let alignment = match metadata.get("general.alignment") {
            None => DEFAULT_ALIGNMENT,
            Some(value) => value
                .integer(bytes)
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| n.is_power_of_two() && *n <= 1 << 20)
                .ok_or_else(|| Malformed::at(value.offset, "`general.alignment` is no small power of two"))?,
        };
        place(&mut tensors, at.offset().next_multiple_of(alignment), alignment, bytes.len())?;
        Ok(Self { metadata, tensors })
    }
}

/// Turns offsets from the data's start into offsets from the file's, and checks that every tensor lies inside the
/// file and over no other.
fn place(tensors: &mut [GgufTensor], data: usize, alignment: usize, len: usize) -> Result<(), Malformed> {
    let mut ranges = Vec::with_capacity(tensors.len());
    for tensor in &mut *tensors {
        let bad = |what: String| Malformed::at(data.min(len), format!("tensor `{}`: {what}", tensor.name));
        if !tensor.offset.is_multiple_of(alignment) {
            return Err(bad(format!("its offset is no multiple of {alignment}")));
        }
        let size = tensor.byte_len().map_err(bad)?.unwrap_or(0);
        let start = data.checked_add(tensor.offset);
        match start.and_then(|start| Some((start, start.checked_add(size)?))) {
            Some((start, end)) if end <= len => {
                ranges.push((start, end));
                tensor.offset = start;
            }
            _ => return Err(bad("its data end after the file; it may be cut off".to_owned())),
        }
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        if pair[1].0 < pair[0].1 {
            return Err(Malformed::at(pair[1].0, "the data of two tensors overlap"));
        }
    }
    let mut names: Vec<&str> = tensors.iter().map(|t| t.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Malformed::at(data.min(len), format!("tensor `{}` comes twice", pair[0]))),
        None => Ok(()),
    }
}
