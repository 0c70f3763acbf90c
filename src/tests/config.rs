//! What is written in several files says the same in all of them.

use leptos::config::LeptosOptions;
use parlor::server::config::{
    load::{Given, SETTINGS, Source, resolve},
    site,
};
use std::{collections::BTreeMap, fs};

fn table(path: &str) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn leptos(table: &toml::Table) -> toml::Table {
    table["package"]["metadata"]["leptos"].as_table().unwrap().clone()
}

/// The environment that cargo sets wins over both files, so the files themselves are compared.
#[test]
fn leptos_toml_agrees_with_cargo_toml() {
    let (cargo, deployed) = (leptos(&table("Cargo.toml")), leptos(&table("Leptos.toml")));
    assert_eq!(deployed["env"].as_str(), Some("PROD"));
    for (key, value) in deployed.iter().filter(|(key, _)| *key != "env") {
        assert_eq!(cargo.get(key), Some(value), "{key}");
    }
    for key in ["output-name", "site-root", "site-pkg-dir", "site-addr", "hash-files", "server-fn-prefix"] {
        assert!(deployed.contains_key(key), "{key}");
    }
}

#[test]
fn the_built_in_options_agree_with_leptos_toml() {
    let told = |options: LeptosOptions| format!("{options:?}");
    let read = leptos::config::get_configuration(Some("Leptos.toml")).unwrap().leptos_options;
    assert_eq!(told(site::builtin()), told(read));
}

#[test]
fn cargo_sets_what_cargo_leptos_would() {
    let cargo = leptos(&table("Cargo.toml"));
    let environment = table(".cargo/config.toml")["env"].as_table().unwrap().clone();
    let expected = [
        ("LEPTOS_OUTPUT_NAME", "output-name"),
        ("SERVER_FN_PREFIX", "server-fn-prefix"),
        ("DISABLE_SERVER_FN_HASH", "disable-server-fn-hash"),
        ("SERVER_FN_MOD_PATH", "server-fn-mod-path"),
    ];
    for (variable, key) in expected {
        let value = cargo[key].as_str().map_or_else(|| cargo[key].to_string(), str::to_owned);
        assert_eq!(environment[variable].as_str(), Some(value.as_str()), "{variable}");
    }
    assert_eq!(environment.len(), expected.len());
}

#[test]
fn the_example_names_every_setting_with_its_default_and_no_other() {
    let text = fs::read_to_string(".env.example").unwrap();
    let named: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('='))
        .filter(|(name, _)| !name.contains(' '))
        .collect();
    let table: BTreeMap<&str, &str> = SETTINGS.iter().map(|setting| (setting.env, setting.default)).collect();
    assert_eq!(named, table);
    let environment = named.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let loaded = resolve(&Given { environment, ..Given::default() });
    assert_eq!((loaded.errors(), loaded.unknown), (Vec::<String>::new(), Vec::<String>::new()));
    assert!(loaded.rows.iter().all(|row| row.source == Source::Environment || row.setting.default.is_empty()));
}

#[test]
fn the_readme_tells_the_default_of_every_setting() {
    let text = fs::read_to_string("README.md").unwrap();
    let rows: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.strip_suffix('`')?, cells.next()?))
        })
        .collect();
    for setting in SETTINGS {
        let told = rows.get(setting.env).unwrap_or_else(|| panic!("{} has no row", setting.env));
        match setting.default {
            "" => assert!(!told.is_empty() && !told.starts_with('`') || told.contains(' '), "{}: {told}", setting.env),
            default => assert_eq!(*told, format!("`{default}`"), "{}", setting.env),
        }
    }
    assert_eq!(rows.len(), SETTINGS.len(), "a row that is no setting: {rows:?}");
}

#[test]
fn the_manual_names_every_setting_and_no_other() {
    assert!(fs::exists("docs/configuration.md").unwrap());
    for path in ["README.md", "docs/configuration.md"] {
        // Absent in a package without them; whoever writes one has to name them all.
        let Ok(text) = fs::read_to_string(path) else { continue };
        let mut words: Vec<&str> =
            text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        words.sort_unstable();
        for setting in SETTINGS {
            assert!(words.binary_search(&setting.env).is_ok(), "{} is missing in {path}", setting.env);
        }
        let known = |word: &str| SETTINGS.iter().any(|setting| setting.env == word) || word == "PARLOR_CONFIG";
        let foreign =
            |word: &str| word.starts_with("PARLOR_TOOL") || word.starts_with("PARLOR_TEST_") || word == "PARLOR_";
        for word in words.iter().filter(|word| word.starts_with("PARLOR_")) {
            assert!(known(word) || foreign(word), "{path} names {word}, which is not a setting");
        }
    }
}
