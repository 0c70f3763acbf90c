//! `parlor check`.

use super::{Done, Failure, args::Overrides, out, serve};
use crate::server::{
    config::{Config, ModelSettings, check, load::Loaded},
    store::Store,
};
use std::{path::Path, time::Duration};

/// What `check` is asked.
#[derive(clap::Args)]
pub struct Args {
    /// Also open the database and ask the model's server
    #[arg(long)]
    online: bool,
    /// What would be served with these
    #[command(flatten)]
    pub overrides: Overrides,
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Prints all settings; fails when one is wrong, or with `--online` when something does not answer.
pub async fn run(loaded: &Loaded, args: &Args) -> Done {
    out::line(check::report(loaded).trim_end());
    if !check::passes(loaded) {
        return Err(Failure::Wrong("the settings are not right; see above".to_owned()));
    }
    if !args.online {
        out::line("The settings are right.");
        return Ok(());
    }
    let mut answers = vec![("Database", serve::database(&loaded.config), database(&loaded.config).await)];
    if let Some(model) = &loaded.config.model {
        answers.push(("Model", model.url.clone(), ask(model).await));
    }
    for (what, which, answer) in &answers {
        let answer = answer.as_ref().unwrap_or_else(|fault| fault);
        out::line(format_args!("{what}: {which}: {answer}"));
    }
    if answers.iter().any(|(.., answer)| answer.is_err()) {
        return Err(Failure::Wrong("not everything answers; see above".to_owned()));
    }
    out::line("The settings are right.");
    Ok(())
}

async fn database(config: &Config) -> Result<String, String> {
    let url = config.database_url.expose();
    // Opening it would make the file.
    if url.strip_prefix("sqlite:").is_some_and(|path| !Path::new(path.trim_start_matches("//")).exists()) {
        return Ok("not there yet; serve makes it".to_owned());
    }
    let opened = tokio::time::timeout(PATIENCE, Store::connect(url)).await.map_err(|_| "does not answer".to_owned())?;
    let store = opened.map_err(|error| error.to_string())?;
    let answer = store.ping().await.map_err(|error| error.to_string());
    store.close().await;
    answer.map(|()| "answers".to_owned())
}

/// Asks for the list of models, which every OpenAI-compatible server has and which costs nothing.
async fn ask(model: &ModelSettings) -> Result<String, String> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let mut request = client.get(format!("{}/models", model.url));
    if let Some(key) = &model.key {
        request = request.bearer_auth(key.expose());
    }
    match request.send().await {
        Ok(response) => match response.status().as_u16() {
            401 | 403 => Err("answers, and does not accept PARLOR_MODEL_KEY".to_owned()),
            status => Ok(format!("answers ({status})")),
        },
        Err(error) if error.is_timeout() => Err("does not answer in 5 s".to_owned()),
        Err(_) => Err("cannot be reached; check PARLOR_MODEL_URL, and that the server runs".to_owned()),
    }
}
