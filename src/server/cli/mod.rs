//! The command line. Without a command the program serves.
//!
//! Exit codes: 0 done, 1 failed, 2 a wrong setting or a wrong call.

mod args;
mod backup;
mod check;
mod out;
mod serve;
mod user;

use super::{
    config::load::{self, Loaded},
    store::{self, Store},
};
use args::Overrides;
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
    after_long_help = EXAMPLES,
    disable_version_flag = false
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    overrides: Overrides,
}

const EXAMPLES: &str = "\
Settings come from the file, the environment and the flags, in rising order. Secrets have no flag: DATABASE_URL,
PARLOR_MODEL_KEY and PARLOR_SECRET are read from the environment or the file. `parlor check` lists all.

Examples:
  parlor                                        serve on http://127.0.0.1:3000
  parlor --addr 0.0.0.0:8080 --origin https://chat.example.org
  PARLOR_MODEL_URL=http://127.0.0.1:11434/v1 PARLOR_MODEL_NAME=llama3.2 parlor
  parlor check --online                         validate the settings, try the database and the model
  parlor user add ada@example.org --role admin
  parlor backup                                 copy the database while the server runs";

#[derive(Subcommand)]
enum Command {
    /// Serve the app (the default)
    Serve,
    /// Bring the database's tables up to date; serve does this, too
    Migrate,
    /// Validate all settings and show where each comes from, secrets masked
    Check(check::Args),
    /// Accounts
    #[command(subcommand)]
    User(user::Command),
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
    let settings = || load::load(cli.overrides.file.clone(), cli.overrides.flags.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => runtime.block_on(serve::run(valid(settings())?)),
        Command::Migrate => runtime.block_on(migrate(valid(settings())?)),
        Command::Check(args) => runtime.block_on(check::run(&settings(), &args)),
        Command::User(command) => runtime.block_on(user::run(valid(settings())?, command)),
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
        for call in [["parlor", "--data", "/srv/a", "serve"], ["parlor", "serve", "--data", "/srv/a"]] {
            let flags = Cli::try_parse_from(call).map(|cli| cli.overrides.flags).unwrap_or_default();
            assert_eq!(flags, [("PARLOR_DATA", "/srv/a".to_owned())]);
        }
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
