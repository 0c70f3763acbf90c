//! `parlor user`.

use super::{Done, Failure, open, out};
use crate::{
    server::{
        accounts::{Accounts, manage::Listed},
        config::load::Loaded,
        secrets::Secrets,
    },
    wire::account::{Role, SignUp},
};
use clap::Subcommand;
use std::{
    io::{self, BufRead, IsTerminal},
    sync::Arc,
    time::Duration,
};

/// What can be done with accounts.
#[derive(Subcommand)]
pub enum Command {
    /// Make an account, whoever may sign up
    Add {
        /// E-mail address
        email: String,
        /// 2 to 32 letters, digits, `.`, `_` or `-` [default: made from the e-mail address]
        #[arg(long, value_name = "NAME")]
        username: Option<String>,
        /// First name
        #[arg(long, value_name = "NAME")]
        first_name: Option<String>,
        /// Last name
        #[arg(long, value_name = "NAME")]
        last_name: Option<String>,
        /// user, agent or admin
        #[arg(long, default_value = "user", value_parser = role)]
        role: Role,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all accounts
    List,
    /// Make a code that lets one person sign up, where sign-up is by invitation
    Invite {
        /// Days until the code ends
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// Give an account a new password and end its sessions
    Passwd {
        /// E-mail address or username
        login: String,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// Shut an account out: its sessions end, its replies stop, its chats stay
    Disable {
        /// E-mail address or username
        login: String,
    },
    /// Let a disabled account in again
    Enable {
        /// E-mail address or username
        login: String,
    },
    /// Give an account a role
    Role {
        /// E-mail address or username
        login: String,
        /// user, agent or admin
        #[arg(value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "user, agent or admin is allowed".to_owned())
}

/// Runs one of them on the database of the settings, while a server uses it or not.
pub async fn run(loaded: Loaded, command: Command) -> Done {
    // Before the database is opened: asking takes as long as the person likes.
    let password = match &command {
        Command::Add { password_stdin, .. } | Command::Passwd { password_stdin, .. } => password(*password_stdin)?,
        _ => String::new(),
    };
    let store = open(&loaded).await?;
    let secrets = Secrets::load_or_create(&loaded.config.data, loaded.config.secret.clone())?;
    let accounts = Accounts::new(store.clone(), Arc::new(loaded.config), &secrets);
    let done = apply(&accounts, command, password).await;
    store.close().await;
    out::line(done?);
    Ok(())
}

async fn apply(accounts: &Accounts, command: Command, password: String) -> Result<String, Failure> {
    Ok(match command {
        Command::Add { email, username, first_name, last_name, role, .. } => {
            let form = SignUp { username, first_name, last_name, email, password, ..SignUp::default() };
            let viewer = accounts.create_user(form, role).await?;
            format!("{} was made: {}, {}.", viewer.username, viewer.email, viewer.role.as_str())
        }
        Command::List => list(&accounts.list_users().await?),
        Command::Invite { days } => {
            let code = accounts.create_invite(None, Duration::from_secs(u64::from(days) * 86_400)).await?;
            format!("{code}\nIt lets one person sign up at /signup within {days} days.")
        }
        Command::Passwd { login, .. } => {
            let viewer = accounts.set_password(&login, &password).await?;
            format!("{} has a new password. Sessions that stood have ended.", viewer.username)
        }
        Command::Disable { login } => {
            let viewer = accounts.set_disabled(&login, true).await?;
            format!(
                "{} is disabled and logged out everywhere. Replies that run for it stop within seconds.",
                viewer.username
            )
        }
        Command::Enable { login } => {
            let viewer = accounts.set_disabled(&login, false).await?;
            format!("{} can log in again.", viewer.username)
        }
        Command::Role { login, role } => {
            let viewer = accounts.set_role(&login, role).await?;
            format!("{} is now {}.", viewer.username, viewer.role.as_str())
        }
    })
}

fn list(viewers: &[Listed]) -> String {
    if viewers.is_empty() {
        return "There is no account yet. The first one that signs up becomes the administrator.".to_owned();
    }
    let title = ["USERNAME", "E-MAIL", "ROLE", "SINCE", "STATUS"].map(str::to_owned).to_vec();
    let row = |Listed { viewer, disabled }: &Listed| {
        let since = viewer.created_at.to_string().split('T').next().unwrap_or_default().to_owned();
        let status = if *disabled { "disabled" } else { "active" };
        vec![viewer.username.clone(), viewer.email.clone(), viewer.role.as_str().to_owned(), since, status.to_owned()]
    };
    out::table(&std::iter::once(title).chain(viewers.iter().map(row)).collect::<Vec<_>>())
}

fn password(from_stdin: bool) -> Result<String, Failure> {
    if from_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        return if password.is_empty() {
            Err(Failure::Wrong("standard input has no password".into()))
        } else {
            Ok(password)
        };
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Wrong("there is no terminal to ask for a password; use --password-stdin".to_owned()));
    }
    let first = rpassword::prompt_password("Password: ")?;
    if first != rpassword::prompt_password("Again: ")? {
        return Err(Failure::Wrong("the two passwords differ; nothing was changed".to_owned()));
    }
    Ok(first)
}
