//! Parameters as JSON Schema, and back.

use serde_json::{Map, Value, json};

use super::{Parameter, ParameterType, Parameters};

impl Parameters {
    /// As JSON Schema: an object with a property for each. Parameters that were made from a schema give that
    /// one back.
    ///
    /// ```
    /// use toolformer_text::Parameters;
    /// assert_eq!(
    ///     Parameters::text("query").json_schema(),
    ///     serde_json::json!({
    ///         "type": "object",
    ///         "properties": {"query": {"type": "string"}},
    ///         "required": ["query"],
    ///         "additionalProperties": false,
    ///     })
    /// );
    /// ```
    pub fn json_schema(&self) -> Value {
        if let Some(schema) = &self.schema {
            return schema.clone();
        }
        let properties = self.list.iter().map(|p| (p.name.clone(), p.json_schema()));
        let required: Vec<_> = self.list.iter().filter(|p| p.required).map(|p| p.name.as_str()).collect();
        json!({
            "type": "object",
            "properties": properties.collect::<Map<_, _>>(),
            "required": required,
            "additionalProperties": false,
        })
    }

    /// The parameters that a JSON Schema of an object describes: its properties, the required ones first, each
    /// group in the schema's order. What has no counterpart in [`ParameterType`] becomes
    /// [`ParameterType::Any`]; ranges, patterns and the like are left for the tool to check.
    pub fn from_json_schema(schema: Value) -> Self {
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n.as_str() == Some(name)))
        };
        let properties = schema["properties"].as_object();
        let mut list: Vec<Parameter> = properties
            .into_iter()
            .flatten()
            .map(|(name, property)| Parameter {
                name: name.clone(),
                kind: type_of(property),
                required: required(name),
                description: property["description"].as_str().map(str::to_owned),
            })
            .collect();
        list.sort_by_key(|parameter| !parameter.required);
        Self { list, schema: Some(schema) }
    }
}

impl Parameter {
    fn json_schema(&self) -> Value {
        let mut schema = self.kind.json_schema();
        if let (Some(description), Some(fields)) = (&self.description, schema.as_object_mut()) {
            fields.insert("description".to_owned(), json!(description));
        }
        schema
    }
}

impl ParameterType {
    fn json_schema(&self) -> Value {
        match self {
            Self::Integer => json!({"type": "integer"}),
            Self::Number => json!({"type": "number"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::String | Self::Raw => json!({"type": "string"}),
            Self::List(item) => json!({"type": "array", "items": item.json_schema()}),
            Self::Any => json!({}),
        }
    }
}

fn type_of(property: &Value) -> ParameterType {
    // `["string", "null"]` is a string that may be left out.
    let named = match &property["type"] {
        Value::Array(types) => {
            let mut types = types.iter().filter_map(Value::as_str).filter(|&name| name != "null");
            types.next().filter(|_| types.next().is_none())
        }
        other => other.as_str(),
    };
    match named {
        Some("integer") => ParameterType::Integer,
        Some("number") => ParameterType::Number,
        Some("boolean") => ParameterType::Boolean,
        Some("string") => ParameterType::String,
        Some("array") => ParameterType::List(Box::new(type_of(&property["items"]))),
        _ => ParameterType::Any,
    }
}
