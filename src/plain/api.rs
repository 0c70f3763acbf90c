//! `/v1`: the OpenAPI document, to read.

use crate::app::title::PRODUCT;
use leptos::prelude::*;
use serde_json::Value;

/// The page of a document; of what it does not have, it says nothing.
pub fn page(document: &Value) -> AnyView {
    let mut groups: Vec<(String, Vec<AnyView>)> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(_, value)| value.is_object()) {
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            let shown = self::operation(path, method, operation);
            match groups.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, all)) => all.push(shown),
                None => groups.push((tag, vec![shown])),
            }
        }
    }
    let contents = groups.iter().map(|(tag, _)| {
        view! { <li><a href=format!("#{tag}")>{capital(tag)}</a></li> }
    });
    let contents = contents.collect_view();
    let sections = groups.into_iter().map(|(tag, operations)| {
        view! { <section id=tag.clone()><h2>{capital(&tag)}</h2>{operations.collect_view()}</section> }
    });
    let sections = sections.collect_view();
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let schemas = schemas.map(|(name, schema)| self::schema(name, schema)).collect_view();
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="manual reference">
            <header>
                <a class="product" href="/">{PRODUCT}</a>
                <a href="/docs">"Manual"</a>
            </header>
            <main id="main" tabindex="-1">
                <h1>"API reference"</h1>
                <p class="about">{text(&document["info"]["description"])}</p>
                <p class="about">
                    "Every address is described below; " <a href="/docs/api">"the manual"</a> " shows the usual way, and "
                    <a href="/v1/openapi.json">"the OpenAPI document"</a> " has all of it for programs."
                </p>
                <nav aria-label="Contents"><ul>{contents}<li><a href="#types">"Types"</a></li></ul></nav>
                {sections}
                <section id="types"><h2>"Types"</h2>{schemas}</section>
            </main>
        </div>
    }
    .into_any()
}

fn operation(path: &str, method: &str, operation: &Value) -> AnyView {
    let method = method.to_uppercase();
    let summary = [text(&operation["summary"]), text(&operation["description"])]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let place = match parameter["in"].as_str() {
            Some("path") => "in the path",
            Some("header") => "header",
            _ => "in the query",
        };
        view! {
            <div>
                <dt><code>{text(&parameter["name"])}</code></dt>
                <dd>{format!("{} ", text(&parameter["description"]))}<span class="when">{place}</span></dd>
            </div>
        }
    });
    let parameters: Vec<_> = parameters.collect();
    let body = content_type(&operation["requestBody"]["content"]);
    let responses = operation["responses"].as_object().into_iter().flatten().map(|(status, response)| {
        let kind = content_type(&response["content"]).filter(|kind| !kind.contains("ErrorBody"));
        view! {
            <div>
                <dt><code>{status.clone()}</code></dt>
                <dd>{text(&response["description"])} {kind.map(|kind| view! { " " <code>{kind}</code> })}</dd>
            </div>
        }
    });
    let responses = responses.collect_view();
    view! {
        <article>
            <h3><code><span class="badge">{method}</span>" "{path.to_owned()}</code></h3>
            <p>{summary}</p>
            {body.map(|body| view! { <p>"Body: " <code>{body}</code></p> })}
            {(!parameters.is_empty()).then(|| view! { <dl class="facts">{parameters}</dl> })}
            <dl class="facts">{responses}</dl>
        </article>
    }
    .into_any()
}

fn schema(name: &str, schema: &Value) -> AnyView {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten().map(|(field, value)| {
        let optional = if required.contains(&field.as_str()) { "" } else { ", optional" };
        view! {
            <div>
                <dt><code>{field.clone()}</code></dt>
                <dd><span class="when">{format!("{}{optional}. ", kind(value))}</span>{text(&value["description"])}</dd>
            </div>
        }
    });
    let properties: Vec<_> = properties.collect();
    let own = if properties.is_empty() { kind(schema) } else { String::new() };
    view! {
        <article id=format!("type-{name}")>
            <h3><code>{name.to_owned()}</code></h3>
            <p>{text(&schema["description"])} {(!own.is_empty()).then(|| view! { " " <code>{own}</code> })}</p>
            {(!properties.is_empty()).then(|| view! { <dl class="facts">{properties}</dl> })}
        </article>
    }
    .into_any()
}

/// `application/json: Name`, of the first kind of content.
fn content_type(content: &Value) -> Option<String> {
    let (media, value) = content.as_object()?.iter().next()?;
    let name = kind(&value["schema"]);
    Some(if name.is_empty() || media != "application/json" {
        format!("{media} {name}").trim().to_owned()
    } else {
        name
    })
}

/// What a schema is, in one line.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| word.to_string().replace('"', "")).collect::<Vec<_>>().join(" | ");
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[of].as_array() {
            let mut kinds: Vec<String> = all.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
            kinds.dedup();
            return kinds.join(if of == "allOf" { " and " } else { " | " });
        }
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
