//! Accounts and sessions as the browser and programs see them.

use super::{
    id::{SessionId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

described! {
/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chats.
    User,
    /// Chats and answers visitors.
    Agent,
    /// All of that, and manages accounts and settings. The first account is one.
    Admin,
}
}

impl Role {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Agent, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

described! {
/// The account that is logged in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Viewer {
    /// Its id.
    pub id: UserId,
    /// The name it logs in with, besides the e-mail address.
    pub username: String,
    /// The e-mail address, in lower case.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}
}

impl Viewer {
    /// The name to show: first and last name, else the username.
    pub fn display_name(&self) -> String {
        let name = format!("{} {}", self.first_name.trim(), self.last_name.trim());
        if name.trim().is_empty() { self.username.clone() } else { name.trim().to_owned() }
    }

    /// One or two letters for the avatar. Its style makes capitals of them: the browser knows the alphabets already.
    pub fn initials(&self) -> String {
        self.display_name().split_whitespace().take(2).filter_map(|word| word.chars().next()).collect()
    }
}

described! {
/// One log-in, as the sessions page lists it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// The browser or program, in words ("Firefox on Linux").
    pub device: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
}

described! {
/// `POST /auth/signup`, and the sign-up form. What is absent is made up from the e-mail address.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignUp {
    /// 2 to 32 of letters, digits, `.`, `_`, `-`; unique whatever the case. Absent: made from name or e-mail.
    #[serde(default)]
    pub username: Option<String>,
    /// The seeds' single name field; split into first and last name at the first space.
    #[serde(default)]
    pub name: Option<String>,
    /// At most 100 characters.
    #[serde(default)]
    pub first_name: Option<String>,
    /// At most 100 characters.
    #[serde(default)]
    pub last_name: Option<String>,
    /// Unique whatever the case.
    pub email: String,
    /// Length as the settings say, at most 256 characters.
    pub password: String,
    /// The code from an invitation, where sign-up is by invitation.
    #[serde(default)]
    pub invite: Option<String>,
}
}

described! {
/// `POST /auth/login`, and the log-in form.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogIn {
    /// E-mail address or username.
    #[serde(alias = "login", alias = "username")]
    pub email: String,
    /// The password.
    pub password: String,
}
}

described! {
/// The pair that programs hold. Names as in the seeds' clients.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPair {
    /// A JWT for `Authorization: Bearer`.
    #[serde(rename = "authToken")]
    pub auth_token: String,
    /// For `POST /auth/refresh_tokens`, once.
    #[serde(rename = "refreshToken")]
    pub refresh_token: String,
}
}
