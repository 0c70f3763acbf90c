//! `parlor serve`.

use super::{Done, Failure, out};
use crate::server::{
    config::{
        Config, SignUpMode,
        load::{self, Loaded},
        site, value,
    },
    model::detect::{self, Found, Ports},
    run, store, telemetry,
};
use futures::future::join;
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

/// Serves until a signal; then everything open may finish.
pub async fn run(loaded: Loaded) -> Done {
    telemetry::start(&loaded.log);
    let mut config = loaded.config;
    store::sqlite::private_folder(&config.data)
        .map_err(|error| Failure::Failed(format!("the folder {} cannot be made: {error}", config.data.display())))?;
    let listener = TcpListener::bind(config.addr).await.map_err(|error| in_use(config.addr, &error))?;
    config.addr = listener.local_addr()?;
    if !loaded.origins_given {
        config.origins = load::default_origins(config.addr);
    }
    let leptos = site::options(config.addr)
        .map_err(|error| Failure::Wrong(format!("the Leptos options cannot be read: {error}")))?;
    let looking = async {
        match config.model {
            None => detect::look(Ports::default()).await,
            Some(_) => Vec::new(),
        }
    };
    let (running, found) = join(run::start(config.clone(), leptos, listener), looking).await;
    let running = running?;
    // Only from here on is there something to finish; a signal before this ends the program as usual.
    running.state.lifecycle.hear_signals()?;
    out::line(greeting(&config, loaded.origins_given, &found));
    running.ended().await;
    out::line("Stopped.");
    Ok(())
}

fn in_use(addr: SocketAddr, error: &io::Error) -> Failure {
    Failure::Failed(match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{addr} is in use by another program. Stop that one, or choose another address with --addr or PARLOR_ADDR."
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("this account may not listen on {addr}. Choose a port above 1023 with --addr or PARLOR_ADDR.")
        }
        _ => format!("{addr} cannot be listened on: {error}"),
    })
}

/// What the person who started the server wants to know, and what to set next. Pure.
fn greeting(config: &Config, origins_given: bool, found: &[Found]) -> String {
    let mut rows = vec![
        ("Open", address(config, origins_given)),
        ("Widget", format!("{}/widget/demo", base(config, origins_given))),
        ("Database", database(config)),
        (
            "Model",
            match &config.model {
                Some(model) => format!("{} at {}", model.name, model.url),
                None => "Guide, which answers from the manual".to_owned(),
            },
        ),
        (
            "Sign-up",
            match config.signup {
                SignUpMode::Open => "open; the first account becomes the administrator".to_owned(),
                SignUpMode::Invite => "by invitation; the first account becomes the administrator".to_owned(),
                SignUpMode::Closed => "closed; only the very first account can be made".to_owned(),
            },
        ),
    ];
    if let [first, rest @ ..] = found {
        rows.push(("Next", first.offer()));
        rows.extend(rest.iter().map(|other| ("", other.offer())));
    } else if config.model.is_none() {
        rows.push(("Next", "PARLOR_MODEL_URL and PARLOR_MODEL_NAME connect a model, such as".to_owned()));
        rows.push(("", "PARLOR_MODEL_URL=http://127.0.0.1:11434/v1 PARLOR_MODEL_NAME=llama3.2".to_owned()));
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, text)| vec![format!("  {name}"), text]).collect();
    format!("Parlor {}\n\n{}\n", env!("CARGO_PKG_VERSION"), out::table(&rows))
}

/// Where to point the browser.
fn address(config: &Config, origins_given: bool) -> String {
    let base = base(config, origins_given);
    if origins_given { format!("{base}  (listening on {})", config.addr) } else { base }
}

fn base(config: &Config, origins_given: bool) -> String {
    let own = match (origins_given, config.origins.first()) {
        (true, Some(origin)) => return origin.clone(),
        _ if config.addr.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], config.addr.port())),
        _ => config.addr,
    };
    format!("http://{own}")
}

/// Which database, and where.
pub fn database(config: &Config) -> String {
    let shown = value::mask_url(config.database_url.expose());
    match shown.strip_prefix("sqlite:") {
        Some(path) => format!("SQLite, {}", path.trim_start_matches("//")),
        None => format!("PostgreSQL, {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::load::{Given, resolve};

    fn greet(environment: &[(&str, &str)]) -> String {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let loaded = resolve(&Given { environment, ..Given::default() });
        greeting(&loaded.config, loaded.origins_given, &[])
    }

    #[test]
    fn the_first_lines_say_where_what_and_what_next() {
        let text = greet(&[]);
        for part in ["http://127.0.0.1:3000", "SQLite, data/parlor.db", "Guide", "open", "PARLOR_MODEL_URL"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(greet(&[("PARLOR_ADDR", "0.0.0.0:80")]).contains("http://127.0.0.1:80\n"));
    }

    #[test]
    fn a_model_on_this_machine_is_offered() {
        let loaded = resolve(&Given::default());
        let url = "http://127.0.0.1:11434/v1".to_owned();
        let found = [Found { server: "Ollama", url, models: vec!["mistral".to_owned()] }];
        let text = greeting(&loaded.config, false, &found);
        assert!(text.contains("Ollama runs here: PARLOR_MODEL_URL=http://127.0.0.1:11434/v1"), "{text}");
        assert!(text.contains("PARLOR_MODEL_NAME=mistral") && !text.contains("llama3.2"), "{text}");
    }

    #[test]
    fn a_deployed_server_shows_its_origin_and_no_secret() {
        let text = greet(&[
            ("PARLOR_ORIGIN", "https://chat.example.org"),
            ("DATABASE_URL", "postgres://parlor:hunter2@db/chat"),
            ("PARLOR_MODEL_URL", "https://api.example/v1"),
            ("PARLOR_MODEL_KEY", "hunter2"),
            ("PARLOR_MODEL_NAME", "large"),
        ]);
        assert!(
            text.contains("https://chat.example.org") && text.contains("large at https://api.example/v1"),
            "{text}"
        );
        assert!(!text.contains("hunter2") && !text.contains("Next"), "{text}");
    }
}
