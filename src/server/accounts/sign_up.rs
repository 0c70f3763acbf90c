//! Making accounts: the first, the open ones, those by invitation, and those made by the operator.

use super::{
    Accounts, Caller, Client, LoggedIn, password, rows,
    rows::UserRow,
    token::digest,
    username::{Person, Username, candidates},
};
use crate::{
    server::{
        clock::{new_id, now},
        config::SignUpMode,
        error::{Error, Result},
        secrets::random_text,
        store::Tx,
    },
    wire::{
        account::{Role, SignUp, Viewer},
        error::{ApiError, Code},
        id::UserId,
    },
};
use std::time::Duration;

/// Held while the number of administrators is looked at and changed: the first account, the last administrator.
pub(super) const ADMINS: &str = "accounts: administrators";

impl Accounts {
    /// Makes an account and logs it in. The first account is the administrator, whatever the settings say about
    /// sign-up; of two that race to be first, one is.
    ///
    /// # Errors
    /// Invalid, with the field; a conflict, with the field; forbidden where sign-up is closed; too many.
    pub async fn sign_up(&self, form: SignUp, client: &Client) -> Result<LoggedIn> {
        let person = self.check(&form)?;
        self.admit(client).await?;
        let invite = form.invite.as_deref().map(str::trim).filter(|code| !code.is_empty()).map(digest);
        if rows::any_user(&self.store).await? {
            self.may_sign_up(invite.as_deref()).await?;
        }
        let hash = self.hasher.hash(&form.password).await?;
        let mut tx = self.store.begin().await?;
        let first = self.is_first(&mut tx).await?;
        let role = if first { Role::Admin } else { Role::User };
        let user = insert(&mut tx, person, hash, role).await?;
        if !first {
            self.admit_by_mode(&mut tx, &user, invite.as_deref()).await?;
        }
        let logged_in = self.begin_session(&mut tx, &user, client).await?;
        tx.commit().await?;
        self.admitted(client).await;
        Ok(logged_in)
    }

    /// Makes an account for somebody, whatever the settings say about sign-up; for the command line.
    ///
    /// # Errors
    /// Invalid, or a conflict, with the field.
    pub async fn create_user(&self, form: SignUp, role: Role) -> Result<Viewer> {
        let person = self.check(&form)?;
        let hash = self.hasher.hash(&form.password).await?;
        let mut tx = self.store.begin().await?;
        let user = insert(&mut tx, person, hash, role).await?;
        tx.commit().await?;
        Ok(user.viewer())
    }

    /// A code that lets one person sign up within `valid`. `by` is `None` on the command line.
    ///
    /// # Errors
    /// Forbidden to all but administrators.
    pub async fn create_invite(&self, by: Option<&Caller>, valid: Duration) -> Result<String> {
        if by.is_some_and(|caller| caller.viewer.role != Role::Admin) {
            return Err(Error::forbidden("Only an administrator can invite people."));
        }
        let (code, now) = (random_text(), now());
        let expires_at = now.0.saturating_add(i64::try_from(valid.as_millis()).unwrap_or(i64::MAX));
        let mut tx = self.store.begin().await?;
        rows::insert_invite(&mut tx, digest(&code), by.map(|caller| caller.viewer.id), now, expires_at).await?;
        tx.commit().await?;
        Ok(code)
    }

    fn check(&self, form: &SignUp) -> Result<Person> {
        let person = Person::read(form)?;
        let (Username::Wanted(username) | Username::Made(username)) = &person.username;
        password::check(&form.password, self.config.password_min, &[&person.email, username], "password")?;
        Ok(person)
    }

    /// Whether sign-up would be refused anyway, before anything is spent on it.
    async fn may_sign_up(&self, invite: Option<&[u8]>) -> Result<()> {
        match (self.config.signup, invite) {
            (SignUpMode::Open, _) => Ok(()),
            (SignUpMode::Invite, Some(code)) if rows::invite_stands(&self.store, code, now()).await? => Ok(()),
            (mode, _) => Err(refused(mode)),
        }
    }

    async fn is_first(&self, tx: &mut Tx) -> Result<bool> {
        if rows::any_user_now(tx).await? {
            return Ok(false);
        }
        tx.lock(ADMINS).await?;
        Ok(!rows::any_user_now(tx).await?)
    }

    async fn admit_by_mode(&self, tx: &mut Tx, user: &UserRow, invite: Option<&[u8]>) -> Result<()> {
        match (self.config.signup, invite) {
            (SignUpMode::Open, _) => Ok(()),
            (SignUpMode::Invite, Some(code)) if rows::use_invite(tx, code, user.id, now()).await? => Ok(()),
            (mode, _) => Err(refused(mode)),
        }
    }
}

fn refused(mode: SignUpMode) -> Error {
    match mode {
        SignUpMode::Invite => {
            let message =
                "Signing up needs an invitation that has not been used. Please ask the administrator for one.";
            Error::Api(ApiError::new(Code::Forbidden, message).on("invite"))
        }
        _ => Error::forbidden("Signing up is closed here. Please ask the administrator for an account."),
    }
}

/// Puts the account in; a made-up username that is taken gets a number.
async fn insert(tx: &mut Tx, person: Person, password_hash: String, role: Role) -> Result<UserRow> {
    let id = UserId(new_id());
    let (names, wanted): (Vec<_>, _) = match person.username {
        Username::Wanted(name) => (vec![name], true),
        Username::Made(base) => (candidates(&base).collect(), false),
    };
    let mut user = UserRow {
        id: id.0,
        username: String::new(),
        email: person.email,
        first_name: person.first_name,
        last_name: person.last_name,
        password_hash,
        role: role.as_str().to_owned(),
        disabled_at: None,
        created_at: now().0,
    };
    for name in names {
        user.username = name;
        if rows::insert_user(tx, &user).await? {
            return Ok(user);
        }
        if rows::email_taken(tx, &user.email).await? {
            let message = "There is an account with this e-mail address already. Please log in.";
            return Err(Error::Api(ApiError::new(Code::Conflict, message).on("email")));
        }
    }
    let message = if wanted { "This username is taken. Please choose another." } else { "Please choose a username." };
    Err(Error::Api(ApiError::new(Code::Conflict, message).on("username")))
}
