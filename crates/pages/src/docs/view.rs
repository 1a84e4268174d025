//! The document as the template prints it.

use serde_json::Value;

use super::{
    prose::Prose,
    schema::{Kind, Row, anchor, example, kind, limits, rows, text},
};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(Debug)]
pub(super) struct Api {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) description: Prose,
    pub(super) servers: Vec<String>,
    pub(super) security: Vec<Security>,
    pub(super) groups: Vec<Group>,
    pub(super) schemas: Vec<Schema>,
}

/// How a caller proves who it is.
#[derive(Debug)]
pub(super) struct Security {
    pub(super) name: String,
    pub(super) way: String,
    pub(super) description: Prose,
}

/// Operations under one tag.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) description: Prose,
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) anchor: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) description: Prose,
    pub(super) deprecated: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Body>,
    pub(super) responses: Vec<Response>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) place: String,
    pub(super) row: Row,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) media_type: String,
    pub(super) kind: Kind,
    pub(super) rows: Vec<Row>,
    pub(super) example: Option<String>,
}

#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: String,
    pub(super) description: Prose,
    pub(super) body: Option<Body>,
}

#[derive(Debug)]
pub(super) struct Schema {
    pub(super) anchor: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) limits: String,
    pub(super) description: Prose,
    pub(super) rows: Vec<Row>,
    pub(super) example: Option<String>,
}

impl Api {
    pub(super) fn read(root: &Value) -> Self {
        let info = &root["info"];
        Self {
            title: word(&info["title"], "API"),
            version: word(&info["version"], ""),
            description: prose(info),
            servers: list(&root["servers"]).iter().map(|server| word(&server["url"], "")).collect(),
            security: members(&root["components"]["securitySchemes"])
                .map(|(name, scheme)| security(name, scheme))
                .collect(),
            groups: groups(root),
            schemas: members(&root["components"]["schemas"])
                .map(|(name, schema)| read_schema(name, schema, root))
                .collect(),
        }
    }
}

fn groups(root: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = list(&root["tags"])
        .iter()
        .map(|tag| Group { name: word(&tag["name"], ""), description: prose(tag), operations: Vec::new() })
        .collect();
    for (path, item) in members(&root["paths"]) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let name = word(&operation["tags"][0], "");
            let operation = read_operation(method, path, item, operation, root);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.operations.push(operation),
                None => {
                    groups.push(Group { name, description: Prose::default(), operations: vec![operation] })
                }
            }
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn read_operation(
    method: &'static str,
    path: &str,
    item: &Value,
    operation: &Value,
    root: &Value,
) -> Operation {
    let shared = list(&item["parameters"]).iter();
    let parameters = shared
        .chain(list(&operation["parameters"]))
        .map(|parameter| resolve(parameter, root))
        .filter(|parameter| parameter.get("name").is_some())
        .map(|parameter| read_parameter(parameter, root))
        .collect();
    Operation {
        anchor: anchor(&format!("{method}-"), path.trim_start_matches('/')),
        method,
        path: path.to_owned(),
        summary: word(&operation["summary"], ""),
        description: prose(operation),
        deprecated: operation["deprecated"] == true,
        parameters,
        request: body(resolve(&operation["requestBody"], root), root),
        responses: members(&operation["responses"])
            .map(|(status, response)| {
                let response = resolve(response, root);
                Response {
                    status: status.to_owned(),
                    description: prose(response),
                    body: body(response, root),
                }
            })
            .collect(),
    }
}

fn read_parameter(parameter: &Value, root: &Value) -> Parameter {
    let schema = &parameter["schema"];
    Parameter {
        place: word(&parameter["in"], ""),
        row: Row {
            name: word(&parameter["name"], ""),
            kind: kind(schema, root),
            required: parameter["required"] == true,
            limits: limits(schema),
            description: prose(parameter),
            example: example(parameter).or_else(|| example(schema)).map(|example| text(&example)),
        },
    }
}

fn body(holder: &Value, root: &Value) -> Option<Body> {
    let (media_type, media) = members(&holder["content"]).next()?;
    let schema = &media["schema"];
    Some(Body {
        media_type: media_type.to_owned(),
        kind: kind(schema, root),
        rows: rows(schema, root),
        example: example(media).or_else(|| example(schema)).map(|example| pretty(&example)),
    })
}

fn read_schema(name: &str, schema: &Value, root: &Value) -> Schema {
    Schema {
        anchor: anchor("schema-", name),
        name: name.to_owned(),
        kind: kind(schema, root),
        limits: limits(schema),
        description: prose(schema),
        rows: rows(schema, root),
        example: example(schema).map(|example| pretty(&example)),
    }
}

fn security(name: &str, scheme: &Value) -> Security {
    let parts = [&scheme["type"], &scheme["scheme"], &scheme["in"], &scheme["name"]];
    Security {
        name: name.to_owned(),
        way: parts.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        description: prose(scheme),
    }
}

/// What a `$ref` inside the document points to; itself when it is none, or points nowhere.
fn resolve<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value, otherwise: &str) -> String {
    value.as_str().unwrap_or(otherwise).to_owned()
}

fn prose(holder: &Value) -> Prose {
    Prose::new(holder["description"].as_str().unwrap_or_default())
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}
