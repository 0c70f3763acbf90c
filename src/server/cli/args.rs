//! The flags that set settings, made from the one table.

use crate::server::config::load::SETTINGS;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint};
use std::path::PathBuf;

/// What flags say about settings.
#[derive(Clone, Default)]
pub struct Overrides {
    /// The settings file.
    pub file: Option<PathBuf>,
    /// The settings' names in the environment, and the values.
    pub flags: Vec<(&'static str, String)>,
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |env: &'static str| matches.get_one::<String>(env).map(|value| (env, value.clone()));
        Ok(Self {
            file: matches.get_one::<String>("PARLOR_CONFIG").map(PathBuf::from),
            flags: SETTINGS.iter().filter(|setting| !setting.secret).filter_map(|setting| given(setting.env)).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        let file = flag("PARLOR_CONFIG", "config")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Settings file in TOML [env: PARLOR_CONFIG] [default: parlor.toml, where it is]");
        let flags = SETTINGS.iter().filter_map(|setting| {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            let help = format!("{} [env: {}]{default}", setting.help, setting.env);
            Some(flag(setting.env, &setting.flag()?).value_name(setting.value).help(help))
        });
        command.next_help_heading("Settings").arg(file).args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(id: &'static str, long: &str) -> Arg {
    Arg::new(id).long(long.to_owned()).global(true).num_args(1)
}
