//! Schemas as rows of a table.

use serde_json::Value;

use super::prose::Prose;

/// Inline objects are unfolded this deep; a reference is a link and needs no depth.
const DEEPEST: usize = 4;

/// What a value is: words, and a link where a named schema says more.
#[derive(Clone, Debug, Default)]
pub(super) struct Kind {
    pub(super) before: String,
    pub(super) link: Option<Link>,
    pub(super) after: String,
}

/// A link to a schema of the page.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) anchor: String,
}

/// One field.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) limits: String,
    pub(super) description: Prose,
    pub(super) example: Option<String>,
}

/// A fragment name: letters and digits stay, everything else becomes one hyphen.
pub(super) fn anchor(prefix: &str, name: &str) -> String {
    let mut anchor = prefix.to_owned();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            anchor.push(c);
        } else if !anchor.ends_with('-') {
            anchor.push('-');
        }
    }
    anchor.trim_end_matches('-').to_owned()
}

/// The schema that `$ref` names, if this is a reference to one of the document's own.
fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

pub(super) fn kind(schema: &Value, root: &Value) -> Kind {
    if let Some(name) = referred(schema) {
        let known = root["components"]["schemas"].get(name).is_some();
        return Kind {
            before: if known { String::new() } else { name.to_owned() },
            link: known.then(|| Link { name: name.to_owned(), anchor: anchor("schema-", name) }),
            after: String::new(),
        };
    }
    for (key, joint) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(parts) = schema[key].as_array() {
            let mut kinds = parts.iter().filter(|part| part["type"] != "null").map(|part| kind(part, root));
            let Some(mut first) = kinds.next() else { continue };
            for other in kinds {
                first.after.push_str(joint);
                first.after.push_str(&other.words());
            }
            if parts.iter().any(|part| part["type"] == "null") {
                first.after.push_str(" | null");
            }
            return first;
        }
    }
    if schema["type"] == "array" || schema.get("items").is_some() {
        let mut items = kind(&schema["items"], root);
        items.after.push_str("[]");
        return items;
    }
    Kind { before: plain_kind(schema), ..Kind::default() }
}

impl Kind {
    fn words(&self) -> String {
        let link = self.link.as_ref().map_or("", |link| link.name.as_str());
        format!("{}{link}{}", self.before, self.after)
    }
}

fn plain_kind(schema: &Value) -> String {
    let mut words = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ if schema.get("properties").is_some() => "object".into(),
        _ => "any".into(),
    };
    if let Some(format) = schema["format"].as_str() {
        words.push_str(&format!(" ({format})"));
    }
    if schema["nullable"] == true {
        words.push_str(" | null");
    }
    words
}

/// `1 ≤ … ≤ 100`, lengths, patterns and the words of an enumeration, in one line.
pub(super) fn limits(schema: &Value) -> String {
    let mut limits = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        limits.push(words.iter().map(text).collect::<Vec<_>>().join(" · "));
    }
    if let Some(word) = schema.get("const") {
        limits.push(text(word));
    }
    for (key, sign) in [
        ("minimum", "≥ "),
        ("exclusiveMinimum", "> "),
        ("maximum", "≤ "),
        ("exclusiveMaximum", "< "),
        ("minLength", "length ≥ "),
        ("maxLength", "length ≤ "),
        ("minItems", "items ≥ "),
        ("maxItems", "items ≤ "),
        ("pattern", ""),
        ("default", "default "),
    ] {
        if let Some(limit) = schema.get(key) {
            limits.push(format!("{sign}{}", text(limit)));
        }
    }
    limits.join(", ")
}

/// A value as people write it: text bare, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The fields of an object; inline objects and arrays of them are unfolded as `slips[].slip_no`.
pub(super) fn rows(schema: &Value, root: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    unfold(schema, root, "", 0, &mut rows);
    rows
}

fn unfold(schema: &Value, root: &Value, prefix: &str, depth: usize, rows: &mut Vec<Row>) {
    if let Some(parts) = schema["allOf"].as_array() {
        for part in parts.iter().filter(|part| referred(part).is_none()) {
            unfold(part, root, prefix, depth, rows);
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in properties {
        let row = Row {
            name: format!("{prefix}{name}"),
            kind: kind(property, root),
            required: required.contains(&name.as_str()),
            limits: limits(property),
            description: Prose::new(property["description"].as_str().unwrap_or_default()),
            example: example(property).map(|example| text(&example)),
        };
        let nested = format!("{}.", row.name);
        let nested_items = format!("{}[].", row.name);
        rows.push(row);
        if depth < DEEPEST {
            unfold(property, root, &nested, depth + 1, rows);
            unfold(&property["items"], root, &nested_items, depth + 1, rows);
        }
    }
}

/// `example`, or the first of `examples` (a list in 3.1 schemas, named in media types).
pub(super) fn example(holder: &Value) -> Option<Value> {
    if let Some(example) = holder.get("example") {
        return Some(example.clone());
    }
    match &holder["examples"] {
        Value::Array(list) => list.first().cloned(),
        Value::Object(named) => named.values().next().map(|one| one.get("value").unwrap_or(one).clone()),
        _ => None,
    }
}
