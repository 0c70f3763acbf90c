//! What a program may show in a message, and what a visitor chose of it. Pure: each fault names its field, what is wrong
//! and what is allowed.

use crate::{
    markdown::url::Href,
    wire::{
        error::{ApiError, Code},
        id::{FileId, MessageId},
        json::Json,
        rich::{Choice, LONGEST_BODY, LONGEST_LABEL, LONGEST_URL, MOST_PARTS, Rich},
    },
};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What a program can name as the type of a message.
pub const KINDS: [&str; 5] = ["text", "quick_replies", "card", "product", "survey"];

type Checked<T> = Result<T, ApiError>;

fn wrong<T>(field: &str, message: impl Into<String>) -> Checked<T> {
    Err(ApiError::new(Code::Invalid, message).on(field))
}

/// Reads and checks what a message of a type shows; `None` for plain text.
///
/// # Errors
/// Invalid, with the field that is wrong.
pub fn read(kind: &str, payload: Option<&Json>) -> Checked<Option<Rich>> {
    let given: Option<Value> = payload.and_then(|payload| serde_json::from_str(payload.as_str()).ok());
    let mut fields = match (kind, given) {
        ("text", None | Some(Value::Null)) => return Ok(None),
        ("text", Some(_)) => return wrong("payload", "A message of type text has no payload."),
        (kind, _) if !KINDS.contains(&kind) => return wrong("type", format!("Allowed are {}.", KINDS.join(", "))),
        (_, Some(Value::Object(fields))) => fields,
        (kind, _) => return wrong("payload", format!("A message of type {kind} has an object as its payload.")),
    };
    fields.insert("type".to_owned(), kind.into());
    let rich: Rich = match serde_json::from_value(Value::Object(fields.clone())) {
        Ok(rich) => rich,
        Err(error) => return wrong("payload", format!("The payload of a {kind} cannot be read: {error}.")),
    };
    // What would be dropped silently is a spelling mistake.
    if let Ok(known) = serde_json::to_value(&rich)
        && let Some(name) = unknown(&Value::Object(fields), &known)
    {
        return wrong("payload", format!("A {kind} has no field {name}."));
    }
    check(&rich)?;
    Ok(Some(rich))
}

/// The first field of `given` that `known` does not have; what is null is not there.
fn unknown(given: &Value, known: &Value) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            given.iter().filter(|(_, value)| !value.is_null()).find_map(|(name, value)| match known.get(name) {
                Some(known) => unknown(value, known),
                None if value.as_array().is_some_and(Vec::is_empty) => None,
                None => Some(name.clone()),
            })
        }
        (Value::Array(given), Value::Array(known)) => {
            given.iter().zip(known).find_map(|(given, known)| unknown(given, known))
        }
        _ => None,
    }
}

fn check(rich: &Rich) -> Checked<()> {
    match rich {
        Rich::QuickReplies { options } => choices("options", options, 1, false),
        Rich::Survey { title, options } => {
            label("title", title)?;
            choices("options", options, 2, false)
        }
        Rich::Card { title, body, image_url, actions } => card(title, body.as_deref(), image_url.as_deref(), actions),
        Rich::Product { title, body, image_url, price, actions } => {
            label("price", price)?;
            card(title, body.as_deref(), image_url.as_deref(), actions)
        }
        Rich::Files { .. } => wrong("type", format!("Allowed are {}.", KINDS.join(", "))),
    }
}

fn card(title: &str, body: Option<&str>, image_url: Option<&str>, actions: &[Choice]) -> Checked<()> {
    label("title", title)?;
    if let Some(body) = body
        && (body.len() > LONGEST_BODY || body.contains('\0'))
    {
        return wrong("body", format!("A body is text of at most {} KiB.", LONGEST_BODY / 1024));
    }
    if let Some(url) = image_url {
        address("imageUrl", url)?;
        if url.starts_with("mailto:") || url.starts_with("tel:") || url.starts_with('#') {
            return wrong("imageUrl", "A picture has an address of http or https, or a path of this server.");
        }
    }
    choices("actions", actions, 0, true)
}

/// One line that people read.
fn label(field: &str, text: &str) -> Checked<()> {
    if text.trim().is_empty() || text.len() > LONGEST_LABEL || text.chars().any(char::is_control) {
        return wrong(field, format!("{field} is one line of 1 to {LONGEST_LABEL} bytes."));
    }
    Ok(())
}

/// Buttons or answers. `may_lead`: they may be links instead.
fn choices(field: &str, choices: &[Choice], least: usize, may_lead: bool) -> Checked<()> {
    if choices.len() < least || choices.len() > MOST_PARTS {
        return wrong(field, format!("{field} has {least} to {MOST_PARTS} entries."));
    }
    let mut said = HashSet::new();
    for (at, Choice { label: text, value, url }) in choices.iter().enumerate() {
        let at = |name: &str| format!("{field}[{at}].{name}");
        label(&at("label"), text)?;
        if let Some(value) = value {
            label(&at("value"), value)?;
        }
        match (url, value) {
            (Some(_), _) if !may_lead => return wrong(&at("url"), "An answer is sent and leads nowhere."),
            (Some(_), Some(_)) => return wrong(&at("url"), "A button sends its value or leads to its url, not both."),
            (Some(url), None) => address(&at("url"), url)?,
            // Which one was chosen is told by what was sent.
            (None, _) if !said.insert(text) => return wrong(&at("label"), "Two entries have the same label."),
            (None, _) => {}
        }
    }
    let values = choices.iter().filter(|choice| choice.url.is_none());
    let mut values = values.map(|choice| choice.value.as_ref().unwrap_or(&choice.label));
    let mut seen = HashSet::new();
    if !values.all(|value| seen.insert(value)) {
        return wrong(field, "Two entries send the same value.");
    }
    Ok(())
}

/// Where a button leads or a picture stands: what a text may link to, or a telephone.
fn address(field: &str, url: &str) -> Checked<()> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '(' | ')');
    let good = match url.strip_prefix("tel:") {
        Some(number) => !number.is_empty() && number.chars().all(is_number),
        None => !url.starts_with('#') && Href::parse(url).is_some(),
    };
    if !good || url.len() > LONGEST_URL {
        let message = format!(
            "Allowed are addresses of http, https, mailto and tel, and paths of this server such as /docs, of at most \
             {LONGEST_URL} bytes."
        );
        return wrong(field, message);
    }
    Ok(())
}

/// The uploaded file that is the picture, where it is one of this server.
pub fn picture(rich: &Rich) -> Option<FileId> {
    let (Rich::Card { image_url, .. } | Rich::Product { image_url, .. }) = rich else { return None };
    let path = image_url.as_deref()?.strip_prefix("/v1/widget/files/")?;
    path.split('/').next()?.parse().ok().map(FileId)
}

/// What a visitor chose, when what they said is one of the choices of what a program showed before.
///
/// `shown` are the messages before theirs, the newest first: whether a visitor said it, its id, and what it shows.
/// Answers to a question hold until the visitor says something; buttons of a card always.
pub fn chosen(shown: &[(bool, String, Option<Rich>)], said: &str) -> Option<Value> {
    let said = said.trim();
    let mut asked = true;
    for (by_visitor, id, rich) in shown {
        asked &= !by_visitor;
        let Some((kind, choices)) = rich.as_ref().and_then(offered) else { continue };
        if !asked && matches!(rich, Some(Rich::QuickReplies { .. } | Rich::Survey { .. })) {
            continue;
        }
        let mut sent = choices.iter().filter(|choice| choice.url.is_none());
        let is_it = |choice: &&Choice| choice.value.as_deref().unwrap_or(&choice.label).trim() == said;
        let found = sent.clone().find(is_it).or_else(|| sent.find(|choice| choice.label.trim() == said));
        if let Some(choice) = found {
            return Some(answer(id, kind, choice));
        }
    }
    None
}

/// The name of the type, and what can be chosen.
fn offered(rich: &Rich) -> Option<(&'static str, &[Choice])> {
    match rich {
        Rich::QuickReplies { options } => Some(("quick_replies", options)),
        Rich::Survey { options, .. } => Some(("survey", options)),
        Rich::Card { actions, .. } => Some(("card", actions)),
        Rich::Product { actions, .. } => Some(("product", actions)),
        Rich::Files { .. } => None,
    }
}

fn answer(id: &str, kind: &str, Choice { label, value, .. }: &Choice) -> Value {
    let fields = [("messageId", id), ("type", kind), ("label", label), ("value", value.as_ref().unwrap_or(label))];
    Value::Object(fields.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect())
}

/// What was chosen of the message `id` by pressing the button that sends `value`; nothing where it has no such button.
pub fn pressed(id: &str, rich: &Rich, value: &str) -> Option<Value> {
    let (kind, choices) = offered(rich)?;
    let mut sent = choices.iter().filter(|choice| choice.url.is_none());
    sent.find(|choice| choice.value.as_ref().unwrap_or(&choice.label) == value).map(|choice| answer(id, kind, choice))
}

/// What a visitor chose, as its button says it and as its value, out of what [`with_answer`] wrote.
pub fn answered(metadata: Option<&Json>) -> Option<(String, String)> {
    let metadata: Map<String, Value> = serde_json::from_str(metadata?.as_str()).ok()?;
    let answer = metadata.get("answer")?;
    let text = |name: &str| Some(answer.get(name)?.as_str()?.to_owned());
    Some((text("label")?, text("value")?))
}

/// What a sender says was chosen: of which message, and which value. Not checked yet.
pub fn claimed(metadata: Option<&Json>) -> Option<(MessageId, String)> {
    let metadata: Map<String, Value> = serde_json::from_str(metadata?.as_str()).ok()?;
    let answer = metadata.get("answer")?;
    let text = |name: &str| answer.get(name)?.as_str();
    Some((text("messageId")?.parse().ok()?, text("value")?.to_owned()))
}

/// A visitor's metadata with what they chose as `answer`. That name is the server's: what a sender writes there is a
/// claim, and goes.
pub fn with_answer(metadata: Option<Json>, answer: Option<Value>) -> Option<Json> {
    let given =
        metadata.as_ref().and_then(|metadata| serde_json::from_str::<Map<String, Value>>(metadata.as_str()).ok());
    let mut fields = given.unwrap_or_default();
    let taken = fields.remove("answer").is_some();
    let Some(answer) = answer else {
        return if taken { Json::of(&fields).ok() } else { metadata };
    };
    fields.insert("answer".to_owned(), answer);
    Json::of(&fields).ok()
}

/// In words, for a model and for a transcript; empty for files, which are told by their names.
pub fn in_words(rich: &Rich) -> String {
    let labels = |choices: &[Choice]| {
        let labels: Vec<_> = choices.iter().map(|choice| choice.label.as_str()).collect();
        if labels.is_empty() { None } else { Some(format!("[choices: {}]", labels.join(" | "))) }
    };
    let parts: Vec<Option<String>> = match rich {
        Rich::QuickReplies { options } => vec![labels(options)],
        Rich::Survey { title, options } => vec![Some(title.clone()), labels(options)],
        Rich::Card { title, body, actions, .. } => vec![Some(title.clone()), body.clone(), labels(actions)],
        Rich::Product { title, body, price, actions, .. } => {
            vec![Some(format!("{title}, {price}")), body.clone(), labels(actions)]
        }
        Rich::Files { .. } => Vec::new(),
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn try_read(kind: &str, payload: &Value) -> Checked<Option<Rich>> {
        read(kind, Some(&Json::of(payload).unwrap()))
    }

    fn field(kind: &str, payload: &Value) -> String {
        try_read(kind, payload).unwrap_err().field.unwrap()
    }

    #[test]
    fn each_type_is_read_and_written_again() {
        for (kind, payload) in [
            ("quick_replies", json!({"options": [{"label": "Yes"}, {"label": "No", "value": "n"}]})),
            ("survey", json!({"title": "How was it?", "options": [{"label": "1"}, {"label": "2"}]})),
            (
                "card",
                json!({"title": "A", "body": "**b**", "imageUrl": "/v1/widget/files/x/a.png?s=1",
                "actions": [{"label": "Open", "url": "https://a.example"}, {"label": "Ask"}]}),
            ),
            (
                "product",
                json!({"title": "A", "price": "€ 8.50", "actions": [{"label": "Call", "url": "tel:+49-30-1"}]}),
            ),
        ] {
            let rich = try_read(kind, &payload).unwrap().unwrap();
            let mut written = serde_json::to_value(&rich).unwrap();
            assert_eq!(written.as_object_mut().unwrap().remove("type"), Some(json!(kind)));
            assert_eq!(written, payload);
        }
        assert_eq!(read("text", None).unwrap(), None);
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let options = |count: usize| -> Vec<Value> { (0..count).map(|at| json!({"label": at.to_string()})).collect() };
        for (kind, payload, wrong) in [
            ("html", json!({}), "type"),
            ("files", json!({"files": []}), "type"),
            ("text", json!({"options": []}), "payload"),
            ("card", json!("a"), "payload"),
            ("card", json!({}), "payload"),
            ("card", json!({"title": "a", "imageURL": "/a"}), "payload"),
            ("card", json!({"title": "a", "actions": [{"label": "a", "href": "/a"}]}), "payload"),
            ("card", json!({"title": "", "body": "b"}), "title"),
            ("card", json!({"title": "a\nb"}), "title"),
            ("card", json!({"title": "x".repeat(LONGEST_LABEL + 1)}), "title"),
            ("card", json!({"title": "a", "body": "x".repeat(LONGEST_BODY + 1)}), "body"),
            ("card", json!({"title": "a", "imageUrl": "mailto:a@b.c"}), "imageUrl"),
            ("card", json!({"title": "a", "actions": options(MOST_PARTS + 1)}), "actions"),
            ("card", json!({"title": "a", "actions": [{"label": "a", "value": "b", "url": "/c"}]}), "actions[0].url"),
            ("product", json!({"title": "a", "price": " "}), "price"),
            ("quick_replies", json!({"options": []}), "options"),
            ("quick_replies", json!({"options": options(MOST_PARTS + 1)}), "options"),
            ("quick_replies", json!({"options": [{"label": "a", "url": "https://a.example"}]}), "options[0].url"),
            ("quick_replies", json!({"options": [{"label": "a"}, {"label": "a", "value": "b"}]}), "options[1].label"),
            ("quick_replies", json!({"options": [{"label": "a"}, {"label": "b", "value": "a"}]}), "options"),
            ("survey", json!({"title": "a", "options": options(1)}), "options"),
        ] {
            assert_eq!(field(kind, &payload), wrong, "{kind} {payload}");
        }
    }

    #[test]
    fn only_addresses_on_the_list_pass() {
        let button = |url: &str| json!({"title": "a", "actions": [{"label": "a", "url": url}]});
        for good in ["https://a.example/b?c#d", "http://a.example", "mailto:a@b.example", "tel:+49(30)1", "/docs"] {
            assert!(try_read("card", &button(good)).is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "java\tscript:a",
            "data:text/html,a",
            "vbscript:a",
            "//evil.example",
            "/\\evil.example",
            "ftp://a.example",
            "file:///etc/passwd",
            "blob:a",
            "https://bank.example@evil.example",
            "tel:javascript:a",
            "tel:",
            "#a",
            "",
            "a",
        ] {
            assert_eq!(field("card", &button(bad)), "actions[0].url", "{bad}");
            assert_eq!(field("card", &json!({"title": "a", "imageUrl": bad})), "imageUrl", "{bad}");
        }
    }

    #[test]
    fn a_choice_is_known_by_its_value_or_label() {
        let read = |kind: &str, payload: Value| try_read(kind, &payload).unwrap();
        let quick = || read("quick_replies", json!({"options": [{"label": "Medium", "value": "m"}, {"label": "S"}]}));
        let card = || read("card", json!({"title": "a", "actions": [{"label": "Buy", "value": "buy 7"}]}));
        let shown = [(false, "q".to_owned(), quick()), (true, "v".to_owned(), None), (false, "c".to_owned(), card())];
        let answer = chosen(&shown, " m ").unwrap();
        assert_eq!(answer, json!({"messageId": "q", "type": "quick_replies", "label": "Medium", "value": "m"}));
        assert_eq!(chosen(&shown, "Medium").unwrap()["value"], "m");
        assert_eq!(chosen(&shown, "S").unwrap()["value"], "S");
        assert_eq!(chosen(&shown, "buy 7").unwrap()["messageId"], "c", "a button of a card stays");
        assert_eq!(chosen(&shown, "something else"), None);
        let answered = [(true, "v".to_owned(), None), (false, "q".to_owned(), quick())];
        assert_eq!(chosen(&answered, "m"), None, "the question was answered");
    }

    #[test]
    fn nobody_but_the_server_says_what_was_chosen() {
        let json = |text: &str| Json::parse(text);
        assert_eq!(with_answer(json(r#"{"a":1}"#), None), json(r#"{"a":1}"#));
        assert_eq!(with_answer(json(r#"{"answer":{"value":"x"}}"#), None), json("{}"));
        assert_eq!(with_answer(json(r#"{"a":1,"answer":2}"#), Some(json!(3))), json(r#"{"a":1,"answer":3}"#));
        assert_eq!(with_answer(None, Some(json!(3))), json(r#"{"answer":3}"#));
        assert_eq!(with_answer(None, None), None);
        let id = "019256d5-0000-7000-8000-000000000000";
        let claim = Json::of(&json!({"answer": {"messageId": id, "value": "m", "label": "forged"}, "a": 1}));
        let (of, value) = claimed(claim.ok().as_ref()).unwrap();
        assert_eq!((of.to_string().as_str(), &*value), (id, "m"));
        for no in
            [r#"{"answer":"m"}"#, r#"{"answer":{"value":"m"}}"#, r#"{"answer":{"messageId":"q","value":"m"}}"#, "[]"]
        {
            assert_eq!(claimed(json(no).as_ref()), None, "{no}");
        }
        // By the message that it stands in: two cards may have the same button.
        let options = json!({"options": [{"label": "Medium", "value": "m"}, {"label": "S"}]});
        let offer = try_read("quick_replies", &options).unwrap().unwrap();
        let answer = pressed(id, &offer, "m").unwrap();
        assert_eq!(answer, json!({"messageId": id, "type": "quick_replies", "label": "Medium", "value": "m"}));
        assert_eq!(pressed(id, &offer, "Medium"), None, "a button sends its value");
        let stored = with_answer(None, Some(answer));
        assert_eq!(answered(stored.as_ref()), Some(("Medium".to_owned(), "m".to_owned())));
        assert_eq!(answered(json("{}").as_ref()), None);
    }

    #[test]
    fn a_picture_of_this_server_is_found() {
        let id = "019256d5-0000-7000-8000-000000000000";
        let card = |url: &str| try_read("card", &json!({"title": "a", "imageUrl": url})).unwrap().unwrap();
        assert_eq!(picture(&card(&format!("/v1/widget/files/{id}/a.png?s=x"))).unwrap().to_string(), id);
        assert_eq!(picture(&card("https://a.example/a.png")), None);
        assert_eq!(in_words(&card("/a")), "a");
    }

    proptest! {
        #[test]
        fn whatever_passes_holds_no_address_that_runs(url in "\\PC{0,40}") {
            if try_read("card", &json!({"title": "a", "imageUrl": url})).is_ok() {
                let lower = url.to_lowercase();
                prop_assert!(lower.starts_with("http") || lower.starts_with('/'), "{url}");
            }
        }
    }
}
