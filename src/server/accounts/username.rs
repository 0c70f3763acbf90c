//! What a person is called: usernames, names and e-mail addresses, checked and made.

use crate::wire::{
    account::SignUp,
    error::{ApiError, Code},
};

/// The longest username, in characters.
pub const LONGEST: usize = 32;
const SHORTEST: usize = 2;
const LONGEST_NAME: usize = 100;

/// Who signs up, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// What to be called.
    pub username: Username,
    /// In lower case.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// A username that was asked for, or one to begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Username {
    /// This one or none.
    Wanted(String),
    /// This one, or with a number after it.
    Made(String),
}

impl Person {
    /// Reads the form of a sign-up.
    ///
    /// # Errors
    /// Names the field.
    pub fn read(form: &SignUp) -> Result<Self, ApiError> {
        let name = form.name.as_deref().unwrap_or_default().trim();
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let given = |field: &Option<String>, else_: &str| {
            field.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(else_).to_owned()
        };
        let first_name = check_name(&given(&form.first_name, first), "first_name")?;
        let last_name = check_name(&given(&form.last_name, last), "last_name")?;
        let email = check_email(&form.email)?;
        let username = match form.username.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            Some(wanted) => Username::Wanted(check_username(wanted)?),
            None => Username::Made(made_from(&format!("{first_name} {last_name}"), &email)),
        };
        Ok(Self { username, email, first_name, last_name })
    }
}

/// A first or last name: trimmed, at most 100 characters.
pub fn check_name(text: &str, field: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
        let message = format!("A name can have at most {LONGEST_NAME} characters, all on one line.");
        return Err(ApiError::new(Code::Invalid, message).on(field));
    }
    Ok(text.to_owned())
}

fn check_username(text: &str) -> Result<String, ApiError> {
    let fits = (SHORTEST..=LONGEST).contains(&text.len()) && text.chars().all(is_username);
    if !fits {
        let message =
            format!("A username has {SHORTEST} to {LONGEST} letters (a to z), digits, dots, dashes or underscores.");
        return Err(ApiError::new(Code::Invalid, message).on("username"));
    }
    Ok(text.to_owned())
}

fn is_username(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}

/// An e-mail address in lower case, by its shape only (RFC 5321, 4.5.3.1: 64 bytes before the `@`, 254 in all).
pub fn check_email(text: &str) -> Result<String, ApiError> {
    let text = text.trim().to_lowercase();
    let fits = text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && text.len() <= 254
            && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
            && !local.contains(['@', '<', '>', ','])
            && domain
                .split('.')
                .all(|label| !label.is_empty() && label.chars().all(|letter| letter == '-' || letter.is_alphanumeric()))
    });
    if !fits {
        let message = "This does not look like an e-mail address. It has the form name@example.com.";
        return Err(ApiError::new(Code::Invalid, message).on("email"));
    }
    Ok(text)
}

/// A username to begin with, from the name, else from the address; shorter than the longest, so that a number fits.
fn made_from(name: &str, email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let tidy = |text: &str| {
        let dotted = text.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join(".");
        let kept: String = dotted.chars().filter(|&letter| is_username(letter)).take(LONGEST - 8).collect();
        kept.trim_matches(['.', '-', '_']).to_owned()
    };
    [tidy(name), tidy(local)].into_iter().find(|made| made.len() >= SHORTEST).unwrap_or_else(|| "user".to_owned())
}

/// The names to try when `base` is taken: with 2, 3 … and at last with a number nobody else has drawn.
pub fn candidates(base: &str) -> impl Iterator<Item = String> {
    let numbered = (2..=9).map(move |number| format!("{base}{number}"));
    let drawn =
        std::iter::repeat_with(move || format!("{base}{}", rand::random_range(1_000..100_000_000_u32))).take(20);
    std::iter::once(base.to_owned()).chain(numbered).chain(drawn)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use proptest::prelude::*;

    fn form(email: &str) -> SignUp {
        SignUp { email: email.to_owned(), ..SignUp::default() }
    }

    #[test]
    fn what_is_absent_is_made_up() {
        for (name, email, username, first, last) in [
            ("Ada Lovelace", "a@example.com", "ada.lovelace", "Ada", "Lovelace"),
            ("Jean Luc  Picard", "a@example.com", "jean.luc.picard", "Jean", "Luc  Picard"),
            ("", "Grace.Hopper@Example.com", "grace.hopper", "", ""),
            ("李 雷", "li@example.com", "li", "李", "雷"),
            ("李 雷", "李@example.com", "user", "李", "雷"),
        ] {
            let person = Person::read(&SignUp { name: Some(name.to_owned()), ..form(email) }).unwrap();
            assert_eq!(person.username, Username::Made(username.to_owned()), "{name} {email}");
            assert_eq!((&*person.first_name, &*person.last_name), (first, last));
            assert_eq!(person.email, email.to_lowercase());
        }
    }

    #[test]
    fn an_error_names_its_field() {
        let long = "x".repeat(101);
        for (form, field) in [
            (form("nobody"), "email"),
            (form("a b@example.com"), "email"),
            (form("a@b@example.com"), "email"),
            (form("a@example..com"), "email"),
            (form("@example.com"), "email"),
            (form(&format!("{}@example.com", "x".repeat(65))), "email"),
            (SignUp { username: Some("x".to_owned()), ..form("a@b.c") }, "username"),
            (SignUp { username: Some("a b".to_owned()), ..form("a@b.c") }, "username"),
            (SignUp { username: Some("a@b".to_owned()), ..form("a@b.c") }, "username"),
            (SignUp { username: Some("ä".repeat(3)), ..form("a@b.c") }, "username"),
            (SignUp { username: Some("x".repeat(33)), ..form("a@b.c") }, "username"),
            (SignUp { first_name: Some(long.clone()), ..form("a@b.c") }, "first_name"),
            (SignUp { last_name: Some("a\nb".to_owned()), ..form("a@b.c") }, "last_name"),
        ] {
            let error = Person::read(&form).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::Invalid, Some(field)), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_made_username_and_its_numbers_are_allowed(name in ".{0,60}", local in "[^@\\s]{1,60}") {
            for made in candidates(&made_from(&name, &format!("{local}@example.com"))) {
                prop_assert!(check_username(&made).is_ok(), "{made}");
            }
        }
    }
}
