//! Reads the opcodes of a pickle: CPython's `Lib/pickletools.py`, protocols 2 to 5.

use std::collections::HashMap;

use super::pickle::{Id, Value};

/// Reads opcodes.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }
    }

    /// Bytes read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// All values, and which is on top.
    pub(super) fn into_values(self) -> Result<(Vec<Value<'a>>, Id), String> {
        let root = self.top()?;
        Ok((self.values, root))
    }

    /// Takes one opcode; true at the pickle's end.
    pub(super) fn step(&mut self) -> Result<bool, String> {
        let code = self.byte()?;
        match code {
            b'.' => {
                self.top()?;
                return Ok(true);
            }
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'q' | b'r' | 0x94 => {
                let key = match code {
                    b'q' => u32::from(self.byte()?),
                    b'r' => self.u32()?,
                    _ => self.memo.len() as u32,
                };
                self.memo.insert(key, self.top()?);
            }
            b'h' | b'j' => {
                let key = if code == b'h' { u32::from(self.byte()?) } else { self.u32()? };
                let id = self.memo.get(&key).ok_or("it recalls what it has not remembered")?;
                self.stack.push(*id);
            }
            b'N' | 0x8f => self.push(Value::Other),
            0x88 | 0x89 => self.push(Value::Bool(code == 0x88)),
            b'G' => self.other(8)?,
            b'J' | b'K' | b'M' | 0x8a | 0x8b => self.int(code)?,
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.text(code)?,
            b'C' | b'B' | 0x8e | 0x96 => {
                let len = self.len(code)?;
                self.other(len)?;
            }
            b')' | b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b't' | b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Value::List(items));
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(code - 0x84)).ok_or(UNDERFLOW)?;
                let items = self.split(from)?;
                self.push(Value::List(items));
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(pairs(&items)));
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.extend(&items)?;
            }
            b's' => {
                let from = self.stack.len().checked_sub(2).ok_or(UNDERFLOW)?;
                let items = self.split(from)?;
                self.insert(&items)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.insert(&items)?;
            }
            0x91 => {
                self.pop_to_mark()?;
                self.push(Value::Other);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(module, name));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (self.values.get(module), self.values.get(name)) {
                    (Some(&Value::Text(module)), Some(&Value::Text(name))) => {
                        self.push(Value::Global(module, name));
                    }
                    _ => return Err("a function has no name".to_owned()),
                }
            }
            b'R' | 0x81 | 0x92 => {
                if code == 0x92 {
                    self.pop()?;
                }
                let (args, what) = (self.pop()?, self.pop()?);
                let value = self.ordered_dict(what, args).map_or(Value::Call(what, args), Value::Dict);
                self.push(value);
            }
            // An object's state: attributes of a dictionary, such as `_metadata` of a state dict.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
            }
            other => return Err(format!("{other:#04x} is no opcode that a checkpoint needs")),
        }
        Ok(false)
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().filter(|_| self.stack.len() > self.floor()).ok_or(UNDERFLOW.to_owned())
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn split(&mut self, from: usize) -> Result<Vec<Id>, String> {
        if from < self.floor() || from > self.stack.len() {
            return Err(UNDERFLOW.to_owned());
        }
        Ok(self.stack.split_off(from))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or(UNDERFLOW)?;
        self.split(mark)
    }

    /// Appends to the list on top; other objects are not of interest.
    fn extend(&mut self, items: &[Id]) -> Result<(), String> {
        let top = self.top()?;
        if let Some(Value::List(list)) = self.values.get_mut(top) {
            list.extend_from_slice(items);
        }
        Ok(())
    }

    /// Sets keys of the dictionary on top; other objects are not of interest.
    fn insert(&mut self, items: &[Id]) -> Result<(), String> {
        let top = self.top()?;
        if let Some(Value::Dict(dict)) = self.values.get_mut(top) {
            dict.extend(pairs(items));
        }
        Ok(())
    }

    /// The pairs of a call `OrderedDict([(key, value), ...])`.
    fn ordered_dict(&self, what: Id, args: Id) -> Option<Vec<(Id, Id)>> {
        let Some(Value::Global("collections", "OrderedDict")) = self.values.get(what) else { return None };
        let list = |id: Id| match self.values.get(id) {
            Some(Value::List(items)) => Some(items.as_slice()),
            _ => None,
        };
        let items = list(args)?.first().map_or(Some([].as_slice()), |&items| list(items))?;
        items.iter().map(|&pair| <[Id; 2]>::try_from(list(pair)?).ok().map(|[k, v]| (k, v))).collect()
    }

    fn int(&mut self, code: u8) -> Result<(), String> {
        let len = match code {
            b'K' => 1,
            b'M' => 2,
            b'J' => 4,
            _ => self.len(code)?,
        };
        let bytes = self.take(len)?;
        // Unsigned below four bytes.
        let signed = !matches!(code, b'K' | b'M');
        let fill = if signed && bytes.last().is_some_and(|&b| b >= 0x80) { 0xFF } else { 0 };
        let mut whole = [fill; 8];
        let value = match whole.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(whole))
            }
            None => Value::Other,
        };
        self.push(value);
        Ok(())
    }

    fn text(&mut self, code: u8) -> Result<(), String> {
        let len = self.len(code)?;
        let text = std::str::from_utf8(self.take(len)?);
        self.push(text.map_or(Value::Other, Value::Text));
        Ok(())
    }

    fn other(&mut self, len: usize) -> Result<(), String> {
        self.take(len)?;
        self.push(Value::Other);
        Ok(())
    }

    /// The length before a value of this code.
    fn len(&mut self, code: u8) -> Result<usize, String> {
        Ok(match code {
            0x8c | b'U' | b'C' | 0x8a => usize::from(self.byte()?),
            0x8d | 0x8e | 0x96 => {
                let len = u64::from_le_bytes(self.array()?);
                usize::try_from(len).map_err(|_| ENDS.to_owned())?
            }
            _ => self.u32()? as usize,
        })
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| byte == b'\n').ok_or(ENDS)?;
        let line = std::str::from_utf8(self.take(len)?).map_err(|_| "a name is not UTF-8".to_owned())?;
        self.take(1)?;
        Ok(line)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(len);
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(ENDS)?;
        self.at += len;
        Ok(taken)
    }
}

const UNDERFLOW: &str = "it takes more values than there are";
const ENDS: &str = "it ends in the middle";

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)).collect()
}
