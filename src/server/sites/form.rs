//! A site's settings as the texts of a form, and back. Pure.

use crate::{
    server::error::{Error, Result},
    wire::{
        error::{ApiError, Code},
        site::{Site, SiteSettings, WhoMayChat},
    },
};
use std::collections::BTreeMap;

/// What fields hold, by name.
pub type Values = BTreeMap<String, String>;

const MEGABYTE: f64 = 1024.0 * 1024.0;

/// Which fields are saved together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// The name, the origins and who may chat.
    General,
    /// The branding.
    Look,
    /// The model and its instructions.
    Answers,
    /// The limits.
    Limits,
}

impl Section {
    /// All.
    pub const ALL: [Self; 4] = [Self::General, Self::Look, Self::Answers, Self::Limits];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Look => "look",
            Self::Answers => "answers",
            Self::Limits => "limits",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.as_str() == text)
    }
}

/// The fields of a site as it is stored.
pub fn values(site: &Site) -> Values {
    let SiteSettings { origins, loopback, who, model, system_prompt, branding, limits } = &site.settings;
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let upload = limits.upload_bytes.map(|bytes| {
        #[expect(clippy::cast_precision_loss, reason = "an upload is far below 2^53 bytes")]
        let megabytes = bytes as f64 / MEGABYTE;
        megabytes.to_string()
    });
    [
        ("name", Some(site.name.clone())),
        ("origins", Some(origins.join("\n"))),
        ("loopback", loopback.then(|| "on".to_owned())),
        ("who", Some(who.as_str().to_owned())),
        ("model", model.clone()),
        ("system_prompt", system_prompt.clone()),
        ("title", branding.title.clone()),
        ("welcome_message", branding.welcome_message.clone()),
        ("input_placeholder", branding.input_placeholder.clone()),
        ("accent_color", branding.accent_color.clone()),
        ("position", branding.position.clone().filter(|position| position != "right")),
        ("theme", branding.theme.clone().filter(|theme| theme != "auto")),
        ("locale", branding.locale.clone()),
        ("suggestions", Some(branding.suggestions.join("\n"))),
        ("away_message", branding.away_message.clone()),
        ("custom_css", branding.custom_css.clone()),
        ("messages_per_minute", number(limits.messages_per_minute)),
        ("messages_per_day", number(limits.messages_per_day)),
        ("upload_bytes", upload),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// Lines that hold something; origins may be separated by spaces or commas, too.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Origins as people list them: by lines, commas or spaces.
pub fn origins(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\r', '\t']).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Puts the typed fields of a section over a site. Whether the values are allowed is for [`super::check`].
///
/// # Errors
/// Invalid, with its field, for what is no number where one is needed.
pub fn apply(section: Section, typed: &Values, name: &mut String, settings: &mut SiteSettings) -> Result<()> {
    let text = |field: &str| typed.get(field).cloned();
    match section {
        Section::General => {
            *name = text("name").unwrap_or_default();
            settings.origins = origins(&text("origins").unwrap_or_default());
            settings.loopback = typed.contains_key("loopback");
            if let Some(who) = text("who").and_then(|who| WhoMayChat::parse(&who)) {
                settings.who = who;
            }
        }
        Section::Look => {
            let branding = &mut settings.branding;
            branding.title = text("title");
            branding.welcome_message = text("welcome_message");
            branding.input_placeholder = text("input_placeholder");
            branding.accent_color = text("accent_color");
            branding.position = text("position");
            branding.theme = text("theme");
            branding.locale = text("locale");
            branding.suggestions = lines(&text("suggestions").unwrap_or_default());
            branding.away_message = text("away_message");
            branding.custom_css = text("custom_css");
        }
        Section::Answers => {
            settings.model = text("model");
            settings.system_prompt = text("system_prompt");
        }
        Section::Limits => {
            let limits = &mut settings.limits;
            limits.messages_per_minute = number(typed, "messages_per_minute")?;
            limits.messages_per_day = number(typed, "messages_per_day")?;
            limits.upload_bytes = megabytes(typed)?;
        }
    }
    Ok(())
}

fn filled<'a>(typed: &'a Values, field: &str) -> Option<&'a str> {
    typed.get(field).map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn number(typed: &Values, field: &str) -> Result<Option<u32>> {
    let wrong = || Error::Api(ApiError::new(Code::Invalid, "A whole number is allowed, or nothing.").on(field));
    filled(typed, field).map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn megabytes(typed: &Values) -> Result<Option<u64>> {
    let wrong =
        || Error::Api(ApiError::new(Code::Invalid, "A number of MB is allowed, or nothing.").on("upload_bytes"));
    let Some(text) = filled(typed, "upload_bytes") else { return Ok(None) };
    let number: f64 = text.replace(',', ".").parse().map_err(|_| wrong())?;
    if !(0.0..=1e6).contains(&number) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10^12")]
    let bytes = (number * MEGABYTE).round() as u64;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::{
        server::sites::check,
        wire::{
            site::{Branding, SiteLimits},
            time::Timestamp,
        },
    };

    fn full() -> Site {
        let text = |text: &str| Some(text.to_owned());
        Site {
            id: "019aa000-0000-7000-8000-000000000000".parse().unwrap(),
            name: "Shop".to_owned(),
            settings: SiteSettings {
                origins: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
                loopback: true,
                who: WhoMayChat::Verified,
                model: text("large"),
                system_prompt: text("Be kind.\nBe short."),
                branding: Branding {
                    title: text("Help"),
                    welcome_message: text("Hello"),
                    input_placeholder: text("Ask"),
                    accent_color: text("#0f766e"),
                    position: text("left"),
                    theme: text("dark"),
                    locale: text("de"),
                    suggestions: vec!["One?".to_owned(), "Two?".to_owned()],
                    away_message: text("on Mondays"),
                    custom_css: text("p { color: red }"),
                },
                limits: SiteLimits {
                    messages_per_minute: Some(5),
                    messages_per_day: Some(1000),
                    upload_bytes: Some(1_572_864),
                },
            },
            keys: Vec::new(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn what_is_shown_and_saved_again_is_the_same() {
        let site = full();
        let (mut name, mut settings) = (String::new(), SiteSettings::default());
        for section in Section::ALL {
            apply(section, &values(&site), &mut name, &mut settings).unwrap();
        }
        assert_eq!((name, check::settings(settings, true).unwrap()), (site.name.clone(), site.settings));
    }

    #[test]
    fn a_section_changes_only_its_own() {
        let site = full();
        let (mut name, mut settings) = (site.name.clone(), site.settings.clone());
        apply(Section::Look, &Values::new(), &mut name, &mut settings).unwrap();
        assert_eq!(check::settings(settings.clone(), true).unwrap().branding, Branding::default());
        assert_eq!((&settings.origins, settings.limits), (&site.settings.origins, site.settings.limits));
    }

    #[test]
    fn what_is_no_number_names_its_field() {
        for (field, wrong) in [
            ("messages_per_minute", "many"),
            ("messages_per_day", "-1"),
            ("upload_bytes", "ten"),
            ("upload_bytes", "NaN"),
        ] {
            let typed = Values::from([(field.to_owned(), wrong.to_owned())]);
            let error = apply(Section::Limits, &typed, &mut String::new(), &mut SiteSettings::default()).unwrap_err();
            assert_eq!(ApiError::from(error).field.as_deref(), Some(field));
        }
        assert_eq!(origins("https://a.example, https://b.example\r\nhttps://c.example").len(), 3);
    }
}
