//! A model server that already runs on this machine, so that the start-up lines can offer it.
//!
//! Looks only at loopback, only at the two places where Ollama and llama.cpp listen by default, and only once. What is
//! found is never used by itself: a model is chosen by setting it.

use futures::future::join;
use reqwest::{Client, Response, header::SERVER, redirect::Policy};
use serde_json::Value;
use std::time::Duration;

/// How long each server has to answer.
pub const PATIENCE: Duration = Duration::from_millis(300);
/// The most bytes of a list of models.
const MAX_LIST: usize = 1024 * 1024;

/// Where to look, on 127.0.0.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// Ollama's.
    pub ollama: u16,
    /// llama.cpp's.
    pub llama_cpp: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { ollama: 11434, llama_cpp: 8080 }
    }
}

/// A model server that answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What it is.
    pub server: &'static str,
    /// The value for `PARLOR_MODEL_URL`.
    pub url: String,
    /// What it can run; the values for `PARLOR_MODEL_NAME`. Empty while it loads or when nothing is installed.
    pub models: Vec<String>,
}

impl Found {
    /// One line for the person who started Parlor: what was found and how to use it.
    pub fn offer(&self) -> String {
        let Self { server, url, models } = self;
        match models.as_slice() {
            [] => format!("{server} runs at {url} but has no model yet"),
            [model, rest @ ..] => {
                let more = if rest.is_empty() { String::new() } else { format!(" ({} more there)", rest.len()) };
                format!("{server} runs here: PARLOR_MODEL_URL={url} PARLOR_MODEL_NAME={model} uses it{more}")
            }
        }
    }
}

/// Looks, at both places at once and for at most [`PATIENCE`].
pub async fn look(ports: Ports) -> Vec<Found> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build();
    let Ok(client) = client else { return Vec::new() };
    let (ollama, llama_cpp) = join(ollama(&client, ports.ollama), llama_cpp(&client, ports.llama_cpp)).await;
    ollama.into_iter().chain(llama_cpp).collect()
}

async fn ollama(client: &Client, port: u16) -> Option<Found> {
    let base = format!("http://127.0.0.1:{port}");
    let get = async |path: &str| json(client.get(format!("{base}{path}")).send().await.ok()?).await;
    let (version, tags) = join(get("/api/version"), get("/api/tags")).await;
    version?.get("version")?.as_str()?;
    let models = tags.map(|tags| names(&tags["models"], "name")).unwrap_or_default();
    Some(Found { server: "Ollama", url: format!("{base}/v1"), models })
}

async fn llama_cpp(client: &Client, port: u16) -> Option<Found> {
    let url = format!("http://127.0.0.1:{port}/v1");
    let response = client.get(format!("{url}/models")).send().await.ok()?;
    let is_named = response.headers().get(SERVER).is_some_and(|server| server == "llama.cpp");
    let list = json(response).await.unwrap_or_default();
    let is_owner = list["data"][0]["owned_by"] == "llamacpp";
    let models = names(&list["data"], "id");
    let server = match (is_named || is_owner, models.is_empty()) {
        (true, _) => "llama.cpp",
        (false, false) => "A model server",
        // Something else has the port.
        (false, true) => return None,
    };
    Some(Found { server, url, models })
}

/// The names in a list of models, as far as they can be printed and typed.
fn names(list: &Value, key: &str) -> Vec<String> {
    let is_plain = |name: &&str| !name.is_empty() && name.len() <= 200 && name.chars().all(|c| c.is_ascii_graphic());
    let names = list.as_array().into_iter().flatten().filter_map(|model| model.get(key)?.as_str());
    names.filter(is_plain).map(str::to_owned).collect()
}

async fn json(mut response: Response) -> Option<Value> {
    if !response.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_LIST {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_names_what_to_set() {
        let mut found = Found { server: "Ollama", url: "http://127.0.0.1:11434/v1".to_owned(), models: Vec::new() };
        assert_eq!(found.offer(), "Ollama runs at http://127.0.0.1:11434/v1 but has no model yet");
        found.models = vec!["llama3.2:3b".to_owned(), "qwen3".to_owned()];
        assert_eq!(
            found.offer(),
            "Ollama runs here: PARLOR_MODEL_URL=http://127.0.0.1:11434/v1 PARLOR_MODEL_NAME=llama3.2:3b uses it \
             (1 more there)"
        );
    }

    #[test]
    fn names_that_could_trick_a_terminal_are_left_out() {
        let list = serde_json::json!([{ "id": "good:1b" }, { "id": "\u{1b}[2Jbad" }, { "id": "" }, { "id": 7 }, 7]);
        assert_eq!(names(&list, "id"), ["good:1b"]);
    }
}
