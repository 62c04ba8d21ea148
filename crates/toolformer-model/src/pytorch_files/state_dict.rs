//! The tensors that a pickle of `torch.save` names.

use std::{collections::BTreeMap, ops::Range};

use super::{
    pickle::{Id, Pickle, Value},
    strided::{Format, StridedTensor},
};

/// Keys under which training scripts keep a model's tensors beside other things.
const NESTS: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];
/// Deepest nesting of them.
const MAX_NESTS: usize = 4;
/// What `DataParallel` and `torch.compile` put before every name.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

const NO_STATE_DICT: &str = "it is not a state dict but a whole Python object, which only Python can load; save \
                             `model.state_dict()` instead";

/// A storage that a pickle names.
pub(super) struct Storage<'a> {
    /// Its name in the file.
    pub(super) key: &'a str,
    pub(super) format: Format,
    /// How many numbers it holds.
    pub(super) count: usize,
}

/// The tensors of a checkpoint; `place` says which bytes of the file hold a storage.
///
/// # Errors
/// What is wrong with the checkpoint.
pub(super) fn tensors(
    pickle: &Pickle<'_>,
    place: impl Fn(&Storage<'_>) -> Result<Range<usize>, String>,
) -> Result<BTreeMap<String, StridedTensor>, String> {
    let mut named = BTreeMap::new();
    for &(key, value) in state_dict(pickle)? {
        let (Some(name), Some(call)) = (pickle.text(key), rebuild(pickle, value)) else { continue };
        let bad = |what: String| format!("tensor `{name}`: {what}");
        let tensor = tensor(pickle, &call, &place).map_err(bad)?;
        named.insert(name.to_owned(), tensor);
    }
    if named.is_empty() {
        return Err("it holds no tensors; save `model.state_dict()`".to_owned());
    }
    for wrapper in WRAPPERS {
        if named.keys().all(|name| name.starts_with(wrapper)) {
            named =
                named.into_iter().map(|(name, tensor)| (name[wrapper.len()..].to_owned(), tensor)).collect();
        }
    }
    Ok(named)
}

/// The dictionary of a model's tensors: the root, or what lies under the keys of training scripts.
fn state_dict<'p>(pickle: &'p Pickle<'_>) -> Result<&'p [(Id, Id)], String> {
    let mut found = pickle.root();
    for _ in 0..MAX_NESTS {
        let Value::Dict(pairs) = found else { break };
        let nest = NESTS.iter().find_map(|nest| {
            let value = pairs.iter().find(|(key, _)| pickle.text(*key) == Some(nest))?.1;
            // A parameter may have such a name, too.
            rebuild(pickle, value).is_none().then(|| pickle.get(value))
        });
        match nest {
            Some(value) => found = value,
            None => return Ok(pairs),
        }
    }
    match found {
        Value::Dict(pairs) => Ok(pairs),
        Value::Call(..) | Value::Global(..) => Err(NO_STATE_DICT.to_owned()),
        _ => Err("it holds no dictionary of tensors; save `model.state_dict()`".to_owned()),
    }
}

/// A call that makes a tensor.
struct Rebuild {
    storage: Id,
    offset: Id,
    shape: Id,
    strides: Id,
    /// Where the storage has no type of its own.
    dtype: Option<Id>,
}

fn rebuild(pickle: &Pickle<'_>, mut value: Id) -> Option<Rebuild> {
    // Parameters and subclasses of tensors wrap others.
    for _ in 0..MAX_NESTS {
        let &Value::Call(what, args) = pickle.get(value) else { return None };
        let (&Value::Global(module, name), args) = (pickle.get(what), pickle.list(args)?) else {
            return None;
        };
        match (module, name, args) {
            (
                "torch._utils",
                "_rebuild_tensor" | "_rebuild_tensor_v2",
                &[storage, offset, shape, strides, ..],
            ) => {
                return Some(Rebuild { storage, offset, shape, strides, dtype: None });
            }
            ("torch._utils", "_rebuild_tensor_v3", &[storage, offset, shape, strides, _, _, dtype, ..]) => {
                return Some(Rebuild { storage, offset, shape, strides, dtype: Some(dtype) });
            }
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state", &[data, ..]) => {
                value = data
            }
            ("torch._tensor", "_rebuild_from_type_v2", &[what, _, args, ..]) => {
                return rebuild_by(pickle, what, args);
            }
            _ => return None,
        }
    }
    None
}

/// A tensor of a subclass: the function that makes it is an argument.
fn rebuild_by(pickle: &Pickle<'_>, what: Id, args: Id) -> Option<Rebuild> {
    match (pickle.get(what), pickle.list(args)?) {
        (
            Value::Global("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2"),
            &[storage, offset, shape, strides, ..],
        ) => Some(Rebuild { storage, offset, shape, strides, dtype: None }),
        _ => None,
    }
}

fn tensor(
    pickle: &Pickle<'_>,
    call: &Rebuild,
    place: impl Fn(&Storage<'_>) -> Result<Range<usize>, String>,
) -> Result<StridedTensor, String> {
    let storage = storage(pickle, call.storage)?;
    let range = place(&storage)?;
    let format = match call.dtype.map(|dtype| pickle.get(dtype)) {
        None => storage.format,
        Some(Value::Global("torch", name)) => {
            Format::from_name(name).ok_or_else(|| format!("its numbers are of the unknown kind `{name}`"))?
        }
        Some(_) => return Err("its numbers are of no known kind".to_owned()),
    };
    let offset = pickle.size(call.offset).ok_or("its offset is no size")?;
    let shape = pickle.sizes(call.shape).ok_or("its shape is no list of sizes")?;
    let strides = pickle.sizes(call.strides).ok_or("its strides are no list of sizes")?;
    StridedTensor::new(format, range, offset, shape, strides)
}

/// A storage: `("storage", class, key, device, count)`, and in old files a view, which must be none.
pub(super) fn storage<'a>(pickle: &Pickle<'a>, id: Id) -> Result<Storage<'a>, String> {
    let Value::Persistent(id) = pickle.get(id) else { return Err("it has no storage".to_owned()) };
    let Some(&[kind, class, key, _, count, ref view @ ..]) = pickle.list(*id) else {
        return Err("its storage is not described".to_owned());
    };
    if pickle.text(kind) != Some("storage") {
        return Err(NO_STATE_DICT.to_owned());
    }
    if view.iter().any(|&view| !matches!(pickle.get(view), Value::Other)) {
        return Err("its storage is a view of another; save it again with PyTorch 1.6 or later".to_owned());
    }
    let &Value::Global(_, class) = pickle.get(class) else {
        return Err("its storage has no type".to_owned());
    };
    let format = Format::from_name(class);
    Ok(Storage {
        key: pickle.text(key).ok_or("its storage has no key")?,
        format: format.ok_or_else(|| format!("its storage is of the unknown type `{class}`"))?,
        count: pickle.size(count).ok_or("its storage has no size")?,
    })
}

impl Storage<'_> {
    /// Bytes that it takes.
    ///
    /// # Errors
    /// If they are too many for a file.
    pub(super) fn len(&self) -> Result<usize, String> {
        self.count
            .checked_mul(self.format.size())
            .ok_or_else(|| format!("storage `{}` is too large", self.key))
    }
}
