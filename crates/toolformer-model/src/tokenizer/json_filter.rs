//! `tojson` of chat templates, as Python's `json.dumps` writes: models were trained on that.

use minijinja::{
    Error, ErrorKind,
    value::{Kwargs, Value as Any},
};
use serde::Serialize as _;
use serde_json::{
    Map, Value,
    ser::{CompactFormatter, Formatter},
};

/// The filter: a space behind `,` and `:`, unless `indent` or `separators` say otherwise.
pub(super) fn tojson(value: &Any, options: &Kwargs) -> Result<String, Error> {
    let unserializable =
        |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let python = PythonJson::read(options)?;
    let sort_keys = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    let ascii = options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false);
    options.assert_all_used()?;
    let mut value = serde_json::to_value(value).map_err(unserializable)?;
    if sort_keys {
        value = sorted(value);
    }
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, python);
    value.serialize(&mut serializer).map_err(unserializable)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(if ascii { in_ascii(&text) } else { text })
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>())
        }
        plain => plain,
    }
}

/// Outside of strings there are ASCII characters only.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7F}' {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii
}

struct PythonJson {
    /// One step, where lines are indented.
    indent: Option<String>,
    depth: usize,
    /// Whether nothing was written yet between the signs that are open.
    empty: bool,
    between: String,
    behind_key: String,
}

impl PythonJson {
    fn read(options: &Kwargs) -> Result<Self, Error> {
        let indent = match options.get::<Option<Any>>("indent")?.filter(|indent| !indent.is_none()) {
            None => None,
            Some(text) if text.as_str().is_some() => text.as_str().map(str::to_owned),
            Some(width) => {
                let wrong = || {
                    Error::new(
                        ErrorKind::InvalidOperation,
                        "tojson: indent must be a number up to 64, or a text",
                    )
                };
                let width = width.as_i64().filter(|&width| width <= 64).ok_or_else(wrong)?;
                Some(" ".repeat(usize::try_from(width).unwrap_or(0)))
            }
        };
        let separators = options.get::<Option<Vec<String>>>("separators")?;
        let [between, behind_key] = match separators.as_deref() {
            Some([between, behind_key]) => [between.clone(), behind_key.clone()],
            None => [if indent.is_some() { "," } else { ", " }, ": "].map(str::to_owned),
            Some(_) => {
                return Err(Error::new(ErrorKind::InvalidOperation, "tojson: separators must be two texts"));
            }
        };
        Ok(Self { indent, depth: 0, empty: true, between, behind_key })
    }

    fn begin_item<W: ?Sized + std::io::Write>(&self, out: &mut W, first: bool) -> std::io::Result<()> {
        if !first {
            out.write_all(self.between.as_bytes())?;
        }
        self.new_line(out)
    }

    fn begin(&mut self) {
        self.depth += 1;
        self.empty = true;
    }

    fn end<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.depth -= 1;
        if !std::mem::replace(&mut self.empty, false) {
            self.new_line(out)?;
        }
        Ok(())
    }

    fn new_line<W: ?Sized + std::io::Write>(&self, out: &mut W) -> std::io::Result<()> {
        match &self.indent {
            Some(step) => write!(out, "\n{}", step.repeat(self.depth)),
            None => Ok(()),
        }
    }
}

impl Formatter for PythonJson {
    fn begin_array<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.begin();
        CompactFormatter.begin_array(out)
    }

    fn end_array<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.end(out)?;
        CompactFormatter.end_array(out)
    }

    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.begin_item(out, first)
    }

    fn end_array_value<W: ?Sized + std::io::Write>(&mut self, _: &mut W) -> std::io::Result<()> {
        self.empty = false;
        Ok(())
    }

    fn begin_object<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.begin();
        CompactFormatter.begin_object(out)
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.end(out)?;
        CompactFormatter.end_object(out)
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.begin_item(out, first)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(self.behind_key.as_bytes())
    }

    fn end_object_value<W: ?Sized + std::io::Write>(&mut self, _: &mut W) -> std::io::Result<()> {
        self.empty = false;
        Ok(())
    }
}
