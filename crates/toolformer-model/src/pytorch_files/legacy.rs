//! The files of PyTorch before 1.6: five pickles (a magic number, a version, the machine's sizes, the checkpoint, the
//! keys of its storages), then for every storage how many numbers it holds, and its numbers.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use super::{
    pickle::{Id, Pickle, Value},
    state_dict::{self, Storage},
    strided::StridedTensor,
};

/// The pickle of the magic number 0x1950a86a20f9469cfc6c, with which every file starts.
pub(super) const MAGIC: [u8; 15] =
    [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];

/// The tensors of such a file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, StridedTensor>, String> {
    let mut at = MAGIC.len();
    let mut next = || {
        let (pickle, len) = Pickle::read(bytes.get(at..).unwrap_or_default())?;
        at += len;
        Ok::<_, String>(pickle)
    };
    let [_version, machine, checkpoint, keys] = [next()?, next()?, next()?, next()?];
    if big_endian(&machine) {
        return Err("it was saved on a machine of the other byte order".to_owned());
    }
    let mut described: HashMap<&str, Storage<'_>> = HashMap::new();
    for (id, value) in checkpoint.values().iter().enumerate() {
        if matches!(value, Value::Persistent(_)) {
            let storage = state_dict::storage(&checkpoint, id)?;
            described.insert(storage.key, storage);
        }
    }
    let Value::List(keys_in_order) = keys.root() else { return Err("it lists no storages".to_owned()) };
    let mut places: HashMap<&str, Range<usize>> = HashMap::new();
    for &key in keys_in_order {
        let storage = keys.text(key).and_then(|key| described.get(key));
        let storage = storage.ok_or("it lists a storage that no tensor has")?;
        let start = at + size_of::<u64>();
        let range = start.checked_add(storage.len()?).filter(|&end| end <= bytes.len()).map(|end| start..end);
        let range = range
            .ok_or_else(|| format!("storage `{}` ends after the file; it may be cut off", storage.key))?;
        at = range.end;
        places.insert(storage.key, range);
    }
    state_dict::tensors(&checkpoint, |storage| {
        let range = places.get(storage.key).cloned().ok_or("its storage is not in the file")?;
        // Two descriptions of one storage must not differ.
        if storage.len()? > range.len() {
            return Err("its storage is larger than the file says".to_owned());
        }
        Ok(range)
    })
}

fn big_endian(machine: &Pickle<'_>) -> bool {
    let Value::Dict(pairs) = machine.root() else { return false };
    let is_big = |&(key, value): &(Id, Id)| {
        machine.text(key) == Some("little_endian") && matches!(machine.get(value), Value::Bool(false))
    };
    pairs.iter().any(is_big)
}
