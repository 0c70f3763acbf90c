//! `parlor site`.

use super::{Done, Failure, open, out};
use crate::{
    server::{config::load::Loaded, error, sites::Sites},
    wire::{
        id::SiteId,
        site::{Site, SiteSettings, WhoMayChat},
        time::Timestamp,
    },
};
use clap::Subcommand;
use std::sync::Arc;

/// What can be done with sites.
#[derive(Subcommand)]
pub enum Command {
    /// List all sites with their keys
    List,
    /// Make a site and print its key
    Add {
        /// What administrators call it, such as "Our shop"
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a site; what is not named stays as it is
    Set {
        /// The site's name or id
        site: String,
        /// Call it so from now on
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print the site's key, or make a new one
    Key {
        /// The site's name or id
        site: String,
        /// Make a new key; the one before holds for another 24 hours
        #[arg(long)]
        rotate: bool,
        /// With --rotate: the one before ends at once
        #[arg(long, requires = "rotate")]
        now: bool,
    },
    /// Print the secret of the site's own server: it signs its visitors' tokens, and speaks in their conversations
    Secret {
        /// The site's name or id
        site: String,
        /// Make a new one; the one before holds for another 24 hours
        #[arg(long)]
        rotate: bool,
        /// With --rotate: the one before ends at once
        #[arg(long, requires = "rotate")]
        now: bool,
    },
    /// Delete a site with its visitors and their conversations
    Remove {
        /// The site's name or id
        site: String,
        /// Do it; without this, it is only said what would go
        #[arg(long)]
        yes: bool,
    },
}

/// What of a site can be set here; the rest on its page at /admin/sites.
#[derive(clap::Args)]
pub struct Settings {
    // Not as a doc comment: what reads well in a terminal is a bare address to rustdoc.
    #[arg(
        long = "origin",
        value_name = "ORIGIN",
        help = "A website that may embed the widget, such as https://shop.example; again for each. Replaces those before; \"\" for none"
    )]
    origins: Vec<String>,
    /// Whether pages of this machine (localhost) may, too: true or false
    #[arg(long, value_name = "BOOL")]
    loopback: Option<bool>,
    /// Who may chat: anyone, verified (a token that the site's own server signed) or account (log in here)
    #[arg(long, value_name = "WHO", value_parser = who)]
    who: Option<WhoMayChat>,
    /// The panel's heading
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Said first, by the site
    #[arg(long, value_name = "TEXT")]
    welcome: Option<String>,
    /// A colour such as #0f766e
    #[arg(long, value_name = "COLOUR")]
    accent_color: Option<String>,
    /// The model that answers, by its name as the endpoint knows it; guide for the built-in Guide, "" for the server's own
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Instructions for the model, which visitors do not see
    #[arg(long, value_name = "TEXT")]
    system_prompt: Option<String>,
}

fn who(text: &str) -> Result<WhoMayChat, String> {
    WhoMayChat::parse(text).ok_or_else(|| "anyone, verified or account is allowed".to_owned())
}

impl Settings {
    /// Puts what was given over what is there.
    fn over(&self, settings: &mut SiteSettings) {
        if !self.origins.is_empty() {
            settings.origins = self.origins.clone();
        }
        if let Some(loopback) = self.loopback {
            settings.loopback = loopback;
        }
        if let Some(who) = self.who {
            settings.who = who;
        }
        for (given, there) in [
            (&self.title, &mut settings.branding.title),
            (&self.welcome, &mut settings.branding.welcome_message),
            (&self.accent_color, &mut settings.branding.accent_color),
            (&self.model, &mut settings.model),
            (&self.system_prompt, &mut settings.system_prompt),
        ] {
            if given.is_some() {
                there.clone_from(given);
            }
        }
    }
}

/// Runs one of them on the database of the settings, while a server uses it or not.
pub async fn run(loaded: Loaded, command: Command) -> Done {
    let store = open(&loaded).await?;
    let sites = Sites::new(store.clone(), Arc::new(loaded.config));
    let done = apply(&sites, command).await;
    store.close().await;
    out::line(done?);
    Ok(())
}

async fn apply(sites: &Sites, command: Command) -> Result<String, Failure> {
    Ok(match command {
        Command::List => list(&sites.list().await?),
        Command::Add { name, settings } => {
            let mut all = SiteSettings::default();
            settings.over(&mut all);
            let site = sites.create(&name, all).await?;
            format!("{} was made: {}\n{}", site.name, site.id, keys(&site))
        }
        Command::Set { site, name, settings } => {
            let id = find(sites, &site).await?.id;
            let changed = sites.change(id, |called, all| {
                if let Some(name) = name {
                    *called = name;
                }
                settings.over(all);
                Ok(())
            });
            format!("{} was changed. A running server knows within two seconds.", changed.await?.name)
        }
        Command::Key { site, rotate, now } => {
            let site = find(sites, &site).await?;
            if rotate { keys(&sites.rotate(site.id, now).await?) } else { keys(&site) }
        }
        Command::Secret { site, rotate, now } => {
            let id = find(sites, &site).await?.id;
            let secrets = if rotate { sites.rotate_secret(id, now).await? } else { sites.secrets(id).await? };
            lines(secrets.iter().map(|secret| (secret.secret.expose(), secret.expires_at)))
        }
        Command::Remove { site, yes: false } => {
            let site = find(sites, &site).await?;
            return Err(Failure::Wrong(format!(
                "this deletes {} with all its visitors and their conversations; say it again with --yes",
                site.name
            )));
        }
        Command::Remove { site, yes: true } => {
            let site = find(sites, &site).await?;
            sites.delete(site.id).await?;
            format!("{} was deleted.", site.name)
        }
    })
}

/// By id, else by name where only one has it.
async fn find(sites: &Sites, which: &str) -> Result<Site, Failure> {
    if let Ok(id) = which.parse::<SiteId>() {
        return sites.show(id).await.map_err(|error: error::Error| Failure::Failed(error.to_string()));
    }
    let same = |site: &Site| site.name.to_lowercase() == which.trim().to_lowercase();
    let mut found: Vec<Site> = sites.list().await?.into_iter().filter(same).collect();
    match (found.pop(), found.is_empty()) {
        (Some(site), true) => Ok(site),
        (Some(_), false) => Err(Failure::Wrong(format!("several sites are called {which}; name one by its id"))),
        (None, _) => Err(Failure::Failed(format!("there is no site called {which}; `parlor site list` shows all"))),
    }
}

fn keys(site: &Site) -> String {
    lines(site.keys.iter().map(|key| (key.key.as_str(), key.expires_at)))
}

/// Keys or secrets, a line each, the newest first, with their ends.
fn lines<'a>(all: impl Iterator<Item = (&'a str, Option<Timestamp>)>) -> String {
    let line = |(text, end): (&str, Option<Timestamp>)| match end {
        Some(end) => format!("{text}  until {}", minute(&end.to_string())),
        None => text.to_owned(),
    };
    all.map(line).collect::<Vec<_>>().join("\n")
}

/// `2026-11-21T07:30:00.000Z` without its seconds.
fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ") + " UTC"
}

fn list(sites: &[Site]) -> String {
    if sites.is_empty() {
        return "There is no site. `parlor site add NAME` makes one, and so does the next start of the server."
            .to_owned();
    }
    let title = ["NAME", "WHO", "MODEL", "KEY", "ORIGINS", "ID"].map(str::to_owned).to_vec();
    let row = |site: &Site| {
        let mut origins = site.settings.origins.clone();
        if site.settings.loopback {
            origins.push("this machine".to_owned());
        }
        let origins = if origins.is_empty() { "only this server".to_owned() } else { origins.join(", ") };
        let key = site.keys.first().map(|key| key.key.clone()).unwrap_or_default();
        let model = site.settings.model.clone().unwrap_or_else(|| "server's".to_owned());
        vec![site.name.clone(), site.settings.who.as_str().to_owned(), model, key, origins, site.id.to_string()]
    };
    out::table(&std::iter::once(title).chain(sites.iter().map(row)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::wire::site::SiteKey;

    fn site() -> Site {
        let key = |key: &str, expires_at| SiteKey { key: key.to_owned(), created_at: Timestamp(0), expires_at };
        Site {
            id: "019aa000-0000-7000-8000-000000000000".parse().unwrap(),
            name: "Shop".to_owned(),
            settings: SiteSettings { origins: vec!["https://shop.example".to_owned()], ..SiteSettings::default() },
            keys: vec![key("pk_new", None), key("pk_old", Some(Timestamp(1_795_246_200_123)))],
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn a_list_shows_what_a_page_needs() {
        let text = list(&[site()]);
        for part in ["Shop", "anyone", "pk_new", "https://shop.example", "019aa000"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(list(&[]).contains("parlor site add"));
        assert_eq!(keys(&site()), "pk_new\npk_old  until 2026-11-21 07:30 UTC");
    }

    #[test]
    fn what_is_not_named_stays() {
        let given = Settings {
            origins: Vec::new(),
            loopback: Some(true),
            who: None,
            title: Some("Help".to_owned()),
            welcome: None,
            accent_color: None,
            model: None,
            system_prompt: None,
        };
        let mut settings = site().settings;
        settings.branding.welcome_message = Some("Hello".to_owned());
        given.over(&mut settings);
        assert_eq!(settings.origins, ["https://shop.example"]);
        assert!(settings.loopback);
        assert_eq!(settings.branding.title.as_deref(), Some("Help"));
        assert_eq!(settings.branding.welcome_message.as_deref(), Some("Hello"));
    }
}
