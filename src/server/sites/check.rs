//! What a site's owner may set. Pure: each fault names its field, what is wrong and what is allowed.

use crate::{
    server::{model::choice::GUIDE, origin},
    wire::{
        error::{ApiError, Code},
        site::{Branding, MAX_CSS, MAX_TEXT, SiteLimits, SiteSettings},
    },
};

/// The longest name of a site, in characters.
pub const MAX_NAME: usize = 100;
/// The longest title and placeholder, in characters.
pub const MAX_LINE: usize = 200;
/// The most origins of a site.
pub const MAX_ORIGINS: usize = 50;
/// The longest instructions for the model, in bytes.
pub const MAX_PROMPT: usize = 32 * 1024;
/// The most questions that are offered, and the longest of them in characters.
pub const MAX_SUGGESTIONS: (usize, usize) = (6, 200);
/// The largest upload that can be allowed, in bytes.
pub const MAX_UPLOAD: u64 = 50 * 1024 * 1024;

type Checked<T> = Result<T, ApiError>;

fn wrong<T>(field: &str, message: impl Into<String>) -> Checked<T> {
    Err(ApiError::new(Code::Invalid, message).on(field))
}

/// A name, without the spaces around it.
///
/// # Errors
/// Invalid, with the field `name`.
pub fn name(text: &str) -> Checked<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
        return wrong("name", format!("A site needs a name of 1 to {MAX_NAME} characters."));
    }
    Ok(text.to_owned())
}

/// Settings, with texts trimmed and empty ones absent. `public`: other machines reach this server, so that `*` is no
/// origin.
///
/// # Errors
/// Invalid, with the field that is wrong.
pub fn settings(settings: SiteSettings, public: bool) -> Checked<SiteSettings> {
    Ok(SiteSettings {
        origins: origins(settings.origins, public)?,
        loopback: settings.loopback,
        who: settings.who,
        model: model(settings.model)?,
        system_prompt: prompt(settings.system_prompt)?,
        branding: branding(settings.branding)?,
        limits: limits(settings.limits)?,
    })
}

fn origins(given: Vec<String>, public: bool) -> Checked<Vec<String>> {
    let mut origins: Vec<String> = Vec::new();
    for text in given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        if text == "*" && public {
            let message = "* would let every website use this site's key, and this server is open to other machines. \
                           Write each origin out, such as https://shop.example.";
            return wrong("origins", message);
        }
        if text != "*"
            && let Err(fault) = origin::check(text)
        {
            return wrong("origins", format!("{fault}."));
        }
        if !origins.iter().any(|known| known == text) {
            origins.push(text.to_owned());
        }
    }
    if origins.len() > MAX_ORIGINS {
        return wrong("origins", format!("A site has at most {MAX_ORIGINS} origins."));
    }
    Ok(origins)
}

fn branding(given: Branding) -> Checked<Branding> {
    Ok(Branding {
        title: line(given.title, "title", MAX_LINE)?,
        welcome_message: text(given.welcome_message, "welcome_message")?,
        input_placeholder: line(given.input_placeholder, "input_placeholder", MAX_LINE)?,
        accent_color: colour(given.accent_color)?,
        position: one_of(given.position, "position", &["left", "right"])?,
        theme: one_of(given.theme, "theme", &["auto", "light", "dark"])?,
        locale: locale(given.locale)?,
        suggestions: suggestions(given.suggestions)?,
        away_message: text(given.away_message, "away_message")?,
        custom_css: css(given.custom_css)?,
    })
}

fn present(given: Option<String>) -> Option<String> {
    given.map(|text| text.trim().replace("\r\n", "\n")).filter(|text| !text.is_empty())
}

/// One line of text.
fn line(given: Option<String>, field: &str, most: usize) -> Checked<Option<String>> {
    match present(given) {
        Some(text) if text.chars().count() > most => wrong(field, format!("At most {most} characters are allowed.")),
        Some(text) if text.chars().any(char::is_control) => wrong(field, "One line of text is allowed."),
        text => Ok(text),
    }
}

/// The name of a model, as endpoints know them; Guide is written small.
fn model(given: Option<String>) -> Checked<Option<String>> {
    match line(given, "model", MAX_LINE)? {
        Some(name) if name.contains(char::is_whitespace) => {
            wrong("model", "The name of a model has no spaces. Allowed is a name as the endpoint knows it, or guide.")
        }
        Some(name) if name.eq_ignore_ascii_case(GUIDE) => Ok(Some(GUIDE.to_owned())),
        name => Ok(name),
    }
}

/// Some lines of text.
fn text(given: Option<String>, field: &str) -> Checked<Option<String>> {
    match present(given) {
        Some(text) if text.chars().count() > MAX_TEXT => {
            wrong(field, format!("At most {MAX_TEXT} characters are allowed."))
        }
        Some(text) if text.contains('\0') => wrong(field, "Text is allowed."),
        text => Ok(text),
    }
}

fn prompt(given: Option<String>) -> Checked<Option<String>> {
    match present(given) {
        Some(text) if text.len() > MAX_PROMPT => {
            wrong("system_prompt", format!("At most {} kB are allowed.", MAX_PROMPT / 1024))
        }
        Some(text) if text.contains('\0') => wrong("system_prompt", "Text is allowed."),
        text => Ok(text),
    }
}

fn colour(given: Option<String>) -> Checked<Option<String>> {
    let is_colour = |text: &str| {
        let digits = text.strip_prefix('#').unwrap_or_default();
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match present(given).map(|text| text.to_ascii_lowercase()) {
        Some(text) if !is_colour(&text) => {
            wrong("accent_color", "A colour in hexadecimal is allowed, such as #0f766e.")
        }
        text => Ok(text),
    }
}

fn one_of(given: Option<String>, field: &str, allowed: &[&str]) -> Checked<Option<String>> {
    match present(given) {
        Some(text) if !allowed.contains(&&*text) => wrong(field, format!("Allowed are {}.", allowed.join(", "))),
        text => Ok(text),
    }
}

/// A language tag in the form of RFC 5646: `de`, `pt-BR`.
fn locale(given: Option<String>) -> Checked<Option<String>> {
    let is_tag = |text: &str| {
        let mut parts = text.split('-');
        let of = |part: &str, least: usize| {
            (least..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        text.len() <= 35
            && parts.next().is_some_and(|part| of(part, 2) && part.bytes().all(|byte| byte.is_ascii_alphabetic()))
            && parts.all(|part| of(part, 1))
    };
    match present(given) {
        Some(text) if !is_tag(&text) => wrong("locale", "A language tag is allowed, such as en, de or pt-BR."),
        text => Ok(text),
    }
}

fn suggestions(given: Vec<String>) -> Checked<Vec<String>> {
    let (most, longest) = MAX_SUGGESTIONS;
    let given: Vec<String> = given.into_iter().filter_map(|text| present(Some(text))).collect();
    let fits = |text: &String| text.chars().count() <= longest && !text.chars().any(char::is_control);
    if given.len() > most || !given.iter().all(fits) {
        return wrong("suggestions", format!("At most {most} questions of {longest} characters are allowed."));
    }
    Ok(given)
}

fn css(given: Option<String>) -> Checked<Option<String>> {
    match present(given) {
        Some(text) if text.len() > MAX_CSS => {
            wrong("custom_css", format!("At most {} kB are allowed.", MAX_CSS / 1024))
        }
        Some(text) if text.contains('\0') || text.contains("</") => wrong("custom_css", "A style sheet is allowed."),
        Some(text) if text.to_ascii_lowercase().contains("@import") => {
            wrong("custom_css", "@import is not allowed: a style sheet of another server could follow visitors.")
        }
        text => Ok(text),
    }
}

fn limits(given: SiteLimits) -> Checked<SiteLimits> {
    let within = |value: Option<u32>, field: &str, most: u32| match value {
        Some(value) if value == 0 || value > most => wrong(field, format!("1 to {most} is allowed.")),
        value => Ok(value),
    };
    if given.upload_bytes.is_some_and(|bytes| bytes > MAX_UPLOAD) {
        return wrong("upload_bytes", format!("At most {} MB are allowed; 0 turns uploads off.", MAX_UPLOAD >> 20));
    }
    Ok(SiteLimits {
        messages_per_minute: within(given.messages_per_minute, "messages_per_minute", 10_000)?,
        messages_per_day: within(given.messages_per_day, "messages_per_day", 10_000_000)?,
        upload_bytes: given.upload_bytes,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    fn branded(change: impl FnOnce(&mut Branding)) -> Checked<SiteSettings> {
        let mut given = SiteSettings::default();
        change(&mut given.branding);
        settings(given, true)
    }

    fn field(checked: Checked<SiteSettings>) -> String {
        checked.unwrap_err().field.unwrap()
    }

    #[test]
    fn a_star_is_no_origin_of_a_server_that_others_reach() {
        let star = || SiteSettings { origins: vec!["*".to_owned()], ..SiteSettings::default() };
        assert_eq!(field(settings(star(), true)), "origins");
        assert_eq!(settings(star(), false).unwrap().origins, ["*"]);
    }

    #[test]
    fn origins_are_kept_once_and_in_order() {
        let given = [" https://b.example ", "", "https://a.example", "https://b.example"].map(str::to_owned).to_vec();
        let kept = settings(SiteSettings { origins: given, ..SiteSettings::default() }, true).unwrap();
        assert_eq!(kept.origins, ["https://b.example", "https://a.example"]);
        let many = (0..=MAX_ORIGINS).map(|number| format!("https://a{number}.example")).collect();
        assert_eq!(field(settings(SiteSettings { origins: many, ..SiteSettings::default() }, true)), "origins");
    }

    #[test]
    fn what_is_empty_is_absent() {
        let kept = branded(|branding| {
            branding.title = Some("  ".to_owned());
            branding.welcome_message = Some(" Hello\r\nthere ".to_owned());
            branding.accent_color = Some("#0F766E".to_owned());
            branding.suggestions = vec![String::new(), "Where is my order?".to_owned()];
        });
        let branding = kept.unwrap().branding;
        assert_eq!(branding.title, None);
        assert_eq!(branding.welcome_message.as_deref(), Some("Hello\nthere"));
        assert_eq!(branding.accent_color.as_deref(), Some("#0f766e"));
        assert_eq!(branding.suggestions, ["Where is my order?"]);
    }

    #[test]
    fn a_wrong_value_names_its_field() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(field(branded(|b| b.accent_color = text("red"))), "accent_color");
        assert_eq!(field(branded(|b| b.accent_color = text("#0f766e;x"))), "accent_color");
        assert_eq!(field(branded(|b| b.position = text("top"))), "position");
        assert_eq!(field(branded(|b| b.theme = text("blue"))), "theme");
        assert_eq!(field(branded(|b| b.locale = text("../en"))), "locale");
        assert_eq!(field(branded(|b| b.title = text(&"x".repeat(MAX_LINE + 1)))), "title");
        assert_eq!(field(branded(|b| b.welcome_message = text(&"x".repeat(MAX_TEXT + 1)))), "welcome_message");
        assert_eq!(field(branded(|b| b.custom_css = text(&"x".repeat(MAX_CSS + 1)))), "custom_css");
        assert_eq!(field(branded(|b| b.custom_css = text("@IMPORT url(//evil.example)"))), "custom_css");
        assert_eq!(field(branded(|b| b.suggestions = vec!["x".to_owned(); 7])), "suggestions");
        assert!(branded(|b| b.locale = text("pt-BR")).is_ok());
        let named = |name: &str| settings(SiteSettings { model: text(name), ..SiteSettings::default() }, true);
        assert_eq!(field(named("two words")), "model");
        assert_eq!(named(" GUIDE ").unwrap().model.as_deref(), Some("guide"));
        assert_eq!(named("meta-llama/Llama-3:8b").unwrap().model.as_deref(), Some("meta-llama/Llama-3:8b"));
        let limited = |limits| settings(SiteSettings { limits, ..SiteSettings::default() }, true);
        assert_eq!(
            field(limited(SiteLimits { messages_per_minute: Some(0), ..SiteLimits::default() })),
            "messages_per_minute"
        );
        assert_eq!(
            field(limited(SiteLimits { upload_bytes: Some(MAX_UPLOAD + 1), ..SiteLimits::default() })),
            "upload_bytes"
        );
        assert_eq!(name("  ").unwrap_err().field.as_deref(), Some("name"));
        assert_eq!(name(" Shop ").unwrap(), "Shop");
    }
}
