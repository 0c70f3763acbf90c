//! What is sent: the JSON body of a Chat Completions request.

use super::{Request, Speaker, Turn};
use serde_json::{Value, json};

/// Asks for the rest of a reply. Servers differ in whether they go on with a conversation that ends with the
/// assistant's turn, but every one answers a person's.
const GO_ON: &str = "Your last message was cut off. Continue it from exactly where it stopped, in the middle of a \
    sentence or word if need be. Write only what comes next: no greeting, no remark, nothing twice.";

/// Where the servers differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switches {
    /// Ask for `stream_options.include_usage`.
    pub usage: bool,
    /// The limit is called `max_completion_tokens`, as OpenAI has it; most others know only `max_tokens`.
    pub completion_tokens: bool,
}

/// The body for this request.
pub fn body(model: &str, request: &Request, switches: Switches) -> Value {
    let mut body = json!({ "model": model, "messages": messages(request), "stream": true });
    if switches.usage {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if let Some(limit) = request.max_tokens {
        body[if switches.completion_tokens { "max_completion_tokens" } else { "max_tokens" }] = limit.into();
    }
    body
}

/// The turns as the dialect has them. Neighbours of one speaker (a reply between them failed, say) become one message:
/// the templates of many local models refuse roles that do not alternate.
fn messages(request: &Request) -> Vec<Value> {
    let mut turns: Vec<Turn> = Vec::with_capacity(request.turns.len() + 2);
    let partial = request.continue_from.iter().filter(|text| !text.trim().is_empty()).flat_map(|text| {
        [
            Turn { speaker: Speaker::Model, text: text.clone() },
            Turn { speaker: Speaker::Person, text: GO_ON.to_owned() },
        ]
    });
    for turn in request.turns.iter().cloned().chain(partial) {
        match turns.last_mut() {
            _ if turn.text.trim().is_empty() => {}
            Some(last) if last.speaker == turn.speaker => {
                last.text.push_str("\n\n");
                last.text.push_str(&turn.text);
            }
            _ => turns.push(turn),
        }
    }
    let system = request.system.iter().map(|text| json!({ "role": "system", "content": text }));
    let spoken = turns.into_iter().map(|turn| {
        let role = match turn.speaker {
            Speaker::Person => "user",
            Speaker::Model => "assistant",
        };
        json!({ "role": role, "content": turn.text })
    });
    system.chain(spoken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(speaker: Speaker, text: &str) -> Turn {
        Turn { speaker, text: text.to_owned() }
    }

    const PLAIN: Switches = Switches { usage: false, completion_tokens: false };

    #[test]
    fn a_conversation_keeps_its_order_and_roles_alternate() {
        let request = Request {
            system: Some("Be brief.".to_owned()),
            turns: vec![
                turn(Speaker::Person, "One"),
                turn(Speaker::Model, ""),
                turn(Speaker::Person, "Two"),
                turn(Speaker::Model, "Three"),
                turn(Speaker::Person, "Four"),
            ],
            ..Request::default()
        };
        assert_eq!(
            body("org/model:tag", &request, PLAIN),
            json!({ "model": "org/model:tag", "stream": true, "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "One\n\nTwo" },
                { "role": "assistant", "content": "Three" },
                { "role": "user", "content": "Four" },
            ]})
        );
    }

    #[test]
    fn a_reply_goes_on_from_its_own_words() {
        let request = Request {
            turns: vec![turn(Speaker::Person, "Count")],
            continue_from: Some("one, tw".to_owned()),
            ..Request::default()
        };
        let messages = messages(&request);
        assert_eq!(messages[1], json!({ "role": "assistant", "content": "one, tw" }));
        assert_eq!(messages[2], json!({ "role": "user", "content": GO_ON }));
        assert_eq!(messages.len(), 3);
        let fresh = Request { continue_from: Some(" ".to_owned()), ..request };
        assert_eq!(super::messages(&fresh).len(), 1, "a reply that has no words yet simply starts");
    }

    #[test]
    fn the_switches_name_the_options() {
        let request = Request { max_tokens: Some(9), ..Request::default() };
        let old = body("m", &request, PLAIN);
        assert_eq!((&old["max_tokens"], old.get("stream_options")), (&json!(9), None));
        let new = body("m", &request, Switches { usage: true, completion_tokens: true });
        assert_eq!((&new["max_completion_tokens"], new.get("max_tokens")), (&json!(9), None));
        assert_eq!(new["stream_options"], json!({ "include_usage": true }));
    }
}
