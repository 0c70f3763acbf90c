//! The flags that set settings, made from the one table.

use crate::server::config::load::{SETTINGS, Setting};
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint};
use std::path::PathBuf;

/// The settings that every command needs: where the others are written, and where the data is.
#[derive(Clone, Default)]
pub struct Place {
    /// The settings file.
    pub file: Option<PathBuf>,
    /// The settings' names in the environment, and the values.
    pub flags: Vec<(&'static str, String)>,
}

/// All other settings that have a flag: for serving, and for checking what would be served.
#[derive(Clone, Default)]
pub struct Overrides {
    /// The settings' names in the environment, and the values.
    pub flags: Vec<(&'static str, String)>,
}

const FILE: &str = "PARLOR_CONFIG";

fn is_place(setting: &Setting) -> bool {
    setting.env == "PARLOR_DATA"
}

impl FromArgMatches for Place {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let file = matches.get_one::<String>(FILE).map(PathBuf::from);
        Ok(Self { file, flags: given(matches, is_place) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Place {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long("config")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Settings file in TOML [env: PARLOR_CONFIG] [default: parlor.toml, where it is]")
            .help_heading("Settings")
            .global(true);
        command.arg(file).args(flags(is_place).map(|flag| flag.global(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { flags: given(matches, |setting| !is_place(setting)) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        command.args(flags(|setting| !is_place(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flags(which: fn(&Setting) -> bool) -> impl Iterator<Item = Arg> {
    SETTINGS.iter().filter(move |setting| which(setting)).filter_map(|setting| {
        let default = match setting.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        let help = format!("{} [env: {}]{default}", setting.help, setting.env);
        let flag = Arg::new(setting.env).long(setting.flag()?).value_name(setting.value);
        Some(flag.help(help).help_heading("Settings"))
    })
}

fn given(matches: &ArgMatches, which: fn(&Setting) -> bool) -> Vec<(&'static str, String)> {
    let of =
        |setting: &'static Setting| matches.get_one::<String>(setting.env).map(|value| (setting.env, value.clone()));
    SETTINGS.iter().filter(|setting| !setting.secret && which(setting)).filter_map(of).collect()
}
