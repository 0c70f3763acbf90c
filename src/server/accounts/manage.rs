//! What people do with their account, and the operator with theirs.

use super::{
    Accounts, Caller, password, password::Match, rows, rows::UserRow, session_rows, sign_up::ADMINS, username,
};
use crate::{
    server::{
        clock::now,
        error::{Error, Result},
        limits::Wait,
    },
    wire::{
        account::{Role, Viewer},
        error::{ApiError, Code},
        id::{SessionId, UserId},
    },
};

/// An account as the list of all shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The account.
    pub viewer: Viewer,
    /// Whether it is shut out.
    pub disabled: bool,
}

impl Accounts {
    /// Changes names.
    ///
    /// # Errors
    /// Invalid, with the field `first_name` or `last_name`.
    pub async fn rename(&self, user: UserId, first: &str, last: &str) -> Result<Viewer> {
        let (first, last) = (username::check_name(first, "first_name")?, username::check_name(last, "last_name")?);
        let mut tx = self.store.begin().await?;
        rows::rename(&mut tx, user, &first, &last).await?;
        tx.commit().await?;
        Ok(self.user(user).await?.viewer())
    }

    /// Changes the password and ends the other sessions.
    ///
    /// # Errors
    /// Invalid, with the field `old` or `new`; too many wrong old ones.
    pub async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> Result<()> {
        let user = self.user(caller.viewer.id).await?;
        password::check(new, self.config.password_min, &[&user.email, &user.username], "new")?;
        self.confirm(&user, old, "old").await?;
        let hash = self.hasher.hash(new).await?;
        self.replace_password(caller.viewer.id, &hash, Some(caller.session)).await
    }

    /// Deletes the account with all that is its own, also what it said at websites where it was logged in. Replies that
    /// run for it stop within a heartbeat.
    ///
    /// # Errors
    /// Invalid, with the field `password`; a conflict for the only administrator among others; too many.
    pub async fn delete(&self, user: UserId, password: &str) -> Result<()> {
        self.confirm(&self.user(user).await?, password, "password").await?;
        let mut tx = self.store.begin().await?;
        tx.lock(ADMINS).await?;
        if !rows::another_admin(&mut tx, user).await? && rows::another_user(&mut tx, user).await? {
            let message = "You are the only administrator. Make somebody else one before you delete your account.";
            return Err(Error::conflict(message));
        }
        rows::delete_visitors(&mut tx, user).await?;
        rows::delete_user(&mut tx, user).await?;
        Ok(tx.commit().await?)
    }

    /// All accounts, the oldest first; for the command line.
    pub async fn list_users(&self) -> Result<Vec<Listed>> {
        let listed = |row: &UserRow| Listed { viewer: row.viewer(), disabled: row.disabled_at.is_some() };
        Ok(rows::users(&self.store).await?.iter().map(listed).collect())
    }

    /// Shuts the account with this e-mail address or username out, or lets it in again; for the command line. Shut out,
    /// its sessions end at once, and the server that writes a reply for it stops within a heartbeat. All that is its own
    /// stays.
    ///
    /// # Errors
    /// Not found; a conflict for the only administrator.
    pub async fn set_disabled(&self, login: &str, disabled: bool) -> Result<Viewer> {
        let user = self.by_login(login).await?;
        let (viewer, now) = (user.viewer(), now());
        let mut tx = self.store.begin().await?;
        if disabled {
            tx.lock(ADMINS).await?;
            if viewer.role == Role::Admin && !rows::another_admin(&mut tx, viewer.id).await? {
                let message = "This is the only administrator. Make somebody else one before you disable the account.";
                return Err(Error::conflict(message));
            }
        }
        rows::set_disabled(&mut tx, viewer.id, disabled.then_some(now)).await?;
        if disabled {
            session_rows::end_sessions(&mut tx, viewer.id, None, now).await?;
            rows::stop_replies(&mut tx, viewer.id).await?;
        }
        tx.commit().await?;
        Ok(viewer)
    }

    /// Gives the account with this e-mail address or username another password and ends all its sessions; for the
    /// command line.
    ///
    /// # Errors
    /// Not found; invalid, with the field `password`.
    pub async fn set_password(&self, login: &str, new: &str) -> Result<Viewer> {
        let user = self.by_login(login).await?;
        password::check(new, self.config.password_min, &[&user.email, &user.username], "password")?;
        let hash = self.hasher.hash(new).await?;
        self.replace_password(UserId(user.id), &hash, None).await?;
        Ok(user.viewer())
    }

    /// Gives the account with this e-mail address or username another role, at once for all its sessions; for the
    /// command line.
    ///
    /// # Errors
    /// Not found.
    pub async fn set_role(&self, login: &str, role: Role) -> Result<Viewer> {
        let user = self.by_login(login).await?;
        let mut tx = self.store.begin().await?;
        rows::set_role(&mut tx, UserId(user.id), role).await?;
        tx.commit().await?;
        Ok(Viewer { role, ..user.viewer() })
    }

    async fn by_login(&self, login: &str) -> Result<UserRow> {
        let user = rows::user_by_login(&self.store, &login.trim().to_lowercase()).await?;
        let missing = || ApiError::new(Code::NotFound, "There is no account with this username or e-mail address.");
        user.ok_or_else(|| Error::Api(missing()))
    }

    pub(super) async fn user(&self, id: UserId) -> Result<UserRow> {
        rows::user(&self.store, id).await?.ok_or_else(|| Error::not_found("account"))
    }

    async fn replace_password(&self, user: UserId, hash: &str, keep: Option<SessionId>) -> Result<()> {
        let mut tx = self.store.begin().await?;
        rows::set_password(&mut tx, user, hash).await?;
        session_rows::end_sessions(&mut tx, user, keep, now()).await?;
        Ok(tx.commit().await?)
    }

    /// Asks for the password of somebody who is logged in already; guessing waits here too, apart from log-ins.
    async fn confirm(&self, user: &UserRow, password: &str, field: &str) -> Result<()> {
        let key = format!("confirm:{}", user.id);
        if let Err(Wait(seconds)) = self.limits.strike(&key).await {
            let message = format!("There were too many wrong passwords. Please try again in {seconds} s.");
            return Err(Error::too_many(message, seconds));
        }
        if self.hasher.verify(password, Some(&user.password_hash)).await? == Match::No {
            let error = ApiError::new(Code::Invalid, "This is not your current password.");
            return Err(Error::Api(error.on(field)));
        }
        self.limits.clear(&key).await;
        Ok(())
    }
}
