//! A site: a website that embeds the widget. What its owner sets, and what of it the widget is told.

use super::{id::SiteId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The longest title, welcome message, placeholder or away text, in characters.
pub const MAX_TEXT: usize = 1000;
/// The largest custom style sheet, in bytes.
pub const MAX_CSS: usize = 16 * 1024;

described! {
/// Who may chat on a site.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoMayChat {
    /// Every visitor.
    #[default]
    Anyone,
    /// Visitors with a token that the site's own server signed.
    Verified,
    /// People who log in to this server.
    Account,
}
}

impl WhoMayChat {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Verified => "verified",
            Self::Account => "account",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Anyone, Self::Verified, Self::Account].into_iter().find(|who| who.as_str() == text)
    }
}

described! {
/// How the widget looks and speaks on a site. Each value holds where the page's tag is silent; absent: the widget's own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// The panel's heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Said first, by the site; Markdown. It is no message of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welcome_message: Option<String>,
    /// In the empty input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_placeholder: Option<String>,
    /// A CSS colour in hexadecimal, such as `#0f766e`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<String>,
    /// `left` or `right`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// `auto`, `light` or `dark`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// A language tag; absent: the visitor's own, where there is a file for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Questions offered in an empty conversation, at most 6.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// When a person will read it, in the site's own words, such as "on weekdays from 9 to 17".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away_message: Option<String>,
    /// More style inside the panel's shadow tree; it reaches nothing of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_css: Option<String>,
}
}

described! {
/// How much one visitor of a site may do; absent: the server's own limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteLimits {
    /// Messages of one visitor in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_minute: Option<u32>,
    /// Messages of all visitors in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_day: Option<u32>,
    /// The largest upload, in bytes; 0 turns uploads off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_bytes: Option<u64>,
}
}

described! {
/// All that a site's owner sets.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteSettings {
    /// The origins whose pages may use it, exactly as browsers write them. Pages of this server always may.
    pub origins: Vec<String>,
    /// Whether pages of the visitor's own machine (`localhost`, any port) may use it, too; for development.
    pub loopback: bool,
    /// Who may chat.
    pub who: WhoMayChat,
    /// The name of the model that answers; absent: the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Instructions for the model, which visitors do not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// Its look.
    pub branding: Branding,
    /// Its limits.
    pub limits: SiteLimits,
}
}

described! {
/// A site as an administrator sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// What administrators call it.
    pub name: String,
    /// What they set.
    pub settings: SiteSettings,
    /// The keys that hold now, the newest first; two while a rotation is under way.
    pub keys: Vec<SiteKey>,
    /// When it was made.
    pub created_at: Timestamp,
}
}

described! {
/// A key of a site. It is public: it stands in the page's source, and says which site speaks, not who.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SiteKey {
    /// The key.
    pub key: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to hold; absent: not.
    pub expires_at: Option<Timestamp>,
}
}

described! {
/// `GET /v1/widget/config`: what the widget needs to know before a visitor acts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WidgetConfig {
    /// Who may chat.
    pub who: WhoMayChat,
    /// Its look.
    pub branding: Branding,
    /// The largest upload, in bytes; 0: none.
    pub upload_bytes: u64,
    /// What may be uploaded: media types, `image/*` for all of a kind.
    pub upload_types: Vec<String>,
    /// The longest message, in bytes.
    pub message_bytes: u64,
}
}
