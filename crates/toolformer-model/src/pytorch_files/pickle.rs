//! What a pickle would build, without building it.
//!
//! Values lie in one list and name each other by their place in it: a value that holds itself is no danger, dropping
//! needs no recursion, and memory stays within a small multiple of the pickle's bytes.

use super::machine::Machine;

/// The place of a value in a [`Pickle`].
pub(super) type Id = usize;

/// Greatest length of a pickle, in bytes; state dicts of thousands of tensors take less than one.
const MAX_LEN: usize = 64 << 20;

/// A value. Calls are not made: they stay what they are.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// Nothing that a state dict needs: none, floats, bytes, sets, numbers above 64 bits.
    Other,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    /// A tuple or a list.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A function or class, by module and name.
    Global(&'a str, &'a str),
    /// A call of a function or class with a tuple of arguments.
    Call(Id, Id),
    /// What `torch.save` puts outside the pickle.
    Persistent(Id),
}

/// All values of a pickle.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads one pickle from the front of `bytes`; returns how many it takes, too.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, usize), String> {
        let bytes = &bytes[..bytes.len().min(MAX_LEN)];
        let mut machine = Machine::new(bytes);
        loop {
            let start = machine.at();
            let ended =
                machine.step().map_err(|what| format!("its pickle is damaged at byte {start}: {what}"))?;
            if ended {
                let len = machine.at();
                let (values, root) = machine.into_values()?;
                return Ok((Self { values, root }, len));
            }
        }
    }

    pub(super) fn root(&self) -> &Value<'a> {
        self.get(self.root)
    }

    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        self.values.get(id).unwrap_or(&Value::Other)
    }

    pub(super) fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    pub(super) fn list(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn text(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Value::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A tuple or list of them.
    pub(super) fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.list(id)?.iter().map(|&item| self.size(item)).collect()
    }
}
