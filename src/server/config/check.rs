//! Tells people how the settings stand.

use super::load::{Loaded, Row};

/// Every setting with its value and source, then what is wrong; secrets masked. Pure.
pub fn report(loaded: &Loaded) -> String {
    let name_width = width(loaded, |row| row.setting.env);
    let value_width = width(loaded, |row| shown(row)).min(60);
    let mut text = String::new();
    for row in &loaded.rows {
        let (name, value, source) = (row.setting.env, shown(row), row.source.as_str());
        let line = format!("{name:name_width$}  {value:value_width$}  {source}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for (title, lines) in
        [("error", loaded.errors()), ("error", loaded.unknown.clone()), ("warning", loaded.warnings.clone())]
    {
        for line in lines {
            text.push_str(&format!("{title}: {line}\n"));
        }
    }
    text
}

/// Whether `check` is content: no wrong value and no unknown name.
pub fn passes(loaded: &Loaded) -> bool {
    loaded.errors().is_empty() && loaded.unknown.is_empty()
}

fn shown(row: &Row) -> &str {
    if row.shown.is_empty() { "-" } else { &row.shown }
}

fn width<'a>(loaded: &'a Loaded, part: impl Fn(&'a Row) -> &'a str) -> usize {
    loaded.rows.iter().map(|row| part(row).chars().count()).max().unwrap_or_default()
}
