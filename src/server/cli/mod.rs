//! The command line. Without a command the program serves.
//!
//! Exit codes: 0 done, 1 failed, 2 a wrong setting or a wrong call.

mod args;
mod backup;
mod check;
mod out;
mod serve;
mod site;
mod user;

use super::{
    config::load::{self, Loaded},
    store::{self, Store},
};
use args::{Overrides, Place};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a person can ask the program.
#[derive(Parser)]
#[command(
    name = "parlor",
    version,
    about = "A private AI chat app, a chat widget for any website and an inbox for people, in one binary.",
    long_about = "A private AI chat app, a chat widget for any website and an inbox for people, in one binary.\n\n\
                  Without a command it serves. It needs no setting: with none, it answers on http://127.0.0.1:3000 \
                  and keeps everything in the folder data/.",
    after_help = EXAMPLES,
    after_long_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    overrides: Overrides,
}

impl Cli {
    /// What flags say, before and after the command; what stands later wins.
    fn flags(&self) -> Vec<(&'static str, String)> {
        let after = match &self.command {
            Some(Command::Serve(overrides)) => overrides.flags.clone(),
            Some(Command::Check(args)) => args.overrides.flags.clone(),
            _ => Vec::new(),
        };
        [self.place.flags.clone(), self.overrides.flags.clone(), after].concat()
    }
}

const EXAMPLES: &str = "\
Settings come from the file, the environment and the flags, in rising order. `parlor check` lists all. Secrets have \
no flag: DATABASE_URL, PARLOR_MODEL_KEY, PARLOR_SECRET and WIDGET_API_KEY are read from the environment or the file.

Examples:
  parlor                                  serve on http://127.0.0.1:3000
  parlor --addr 0.0.0.0:80 --origin https://chat.example.org
  PARLOR_MODEL_URL=http://127.0.0.1:11434/v1 PARLOR_MODEL_NAME=llama3.2 parlor
  parlor check --online                   try the settings, the database, the model
  parlor user add ada@example.org --role admin
  parlor site add Shop --origin https://shop.example
  parlor backup                           copy the database of a running server";

#[derive(Subcommand)]
enum Command {
    /// Serve the app (the default)
    Serve(Overrides),
    /// Bring the database's tables up to date; serve does this, too
    Migrate,
    /// Validate all settings and show where each comes from, secrets masked
    Check(check::Args),
    /// Accounts
    #[command(subcommand)]
    User(user::Command),
    /// Websites that embed the widget
    #[command(subcommand)]
    Site(site::Command),
    /// Copy the SQLite database, consistently, while the server writes
    Backup(backup::Args),
    /// Print the version
    Version,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
enum Failure {
    /// The call or the settings: exit 2.
    Wrong(String),
    /// Anything else: exit 1.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

type Done = Result<(), Failure>;

/// Runs the program.
pub fn main() -> ExitCode {
    // Before anything opens a TLS connection: two providers are compiled in by dependencies, and none is the default.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Wrong(message)) => {
            out::note(format_args!("parlor: {message}"));
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            out::note(format_args!("parlor: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Done {
    let (file, flags) = (cli.place.file.clone(), cli.flags());
    let settings = || load::load(file, flags);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command.unwrap_or_else(|| Command::Serve(Overrides::default())) {
        Command::Serve(_) => runtime.block_on(serve::run(valid(settings())?)),
        Command::Migrate => runtime.block_on(migrate(valid(settings())?)),
        Command::Check(args) => runtime.block_on(check::run(&settings(), &args)),
        Command::User(command) => runtime.block_on(user::run(valid(settings())?, command)),
        Command::Site(command) => runtime.block_on(site::run(valid(settings())?, command)),
        Command::Backup(args) => runtime.block_on(backup::run(valid(settings())?, &args)),
        Command::Version => {
            out::line(format_args!("parlor {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    }
}

/// The settings, when nothing in them is wrong; what is doubtful is told.
fn valid(loaded: Loaded) -> Result<Loaded, Failure> {
    let errors = loaded.errors();
    if !errors.is_empty() {
        return Err(Failure::Wrong(format!("{}\n`parlor check` shows all settings.", errors.join("\nparlor: "))));
    }
    for warning in loaded.unknown.iter().chain(&loaded.warnings) {
        out::note(format_args!("warning: {warning}"));
    }
    Ok(loaded)
}

/// Opens the database of a command that is not the server.
async fn open(loaded: &Loaded) -> Result<Store, Failure> {
    store::sqlite::private_folder(&loaded.config.data)?;
    Ok(Store::open(loaded.config.database_url.expose()).await?)
}

async fn migrate(loaded: Loaded) -> Done {
    let store = open(&loaded).await?;
    out::line(format_args!("{} is up to date.", serve::database(&loaded.config)));
    store.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_and_after_the_command() {
        let flags = |call: &[&str]| Cli::try_parse_from(call).map(|cli| cli.flags()).unwrap_or_default();
        let expected = [("PARLOR_DATA", "/srv/a".to_owned()), ("PARLOR_ADDR", "[::1]:1".to_owned())];
        assert_eq!(flags(&["parlor", "--data", "/srv/a", "--addr", "[::1]:1"]), expected);
        assert_eq!(flags(&["parlor", "--data", "/srv/a", "--addr", "[::1]:1", "serve"]), expected);
        assert_eq!(flags(&["parlor", "serve", "--data", "/srv/a", "--addr", "[::1]:1"]), expected);
        assert_eq!(flags(&["parlor", "check", "--data", "/srv/a", "--addr", "[::1]:1"]), expected);
        assert_eq!(flags(&["parlor", "user", "list", "--data", "/srv/a"]), expected[..1]);
        assert!(Cli::try_parse_from(["parlor", "user", "list", "--addr", "[::1]:1"]).is_err());
    }

    #[test]
    fn no_secret_has_a_flag() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("--model-url") && help.contains("PARLOR_MODEL_URL"));
        for flag in ["--model-key", "--secret", "--database-url"] {
            assert!(!help.contains(flag), "{flag}");
        }
    }
}
