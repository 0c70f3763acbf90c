//! Who may try to log in, and how often.

use super::{Accounts, Client};
use crate::server::{
    error::{Error, Result},
    limits::{Share, Wait, address_key},
};

/// The share of one attempt; names what to forget when it succeeds.
pub(super) struct Attempt {
    guesses: String,
    address: Option<String>,
}

impl Accounts {
    /// Counts an attempt on an account before it is answered. `account` is its id, or what was typed where there is
    /// none, so that both answer alike.
    ///
    /// A browser that was let in before counts by itself: whoever guesses at the account, from wherever, does not make
    /// its owner wait.
    ///
    /// # Errors
    /// Too many.
    pub(super) async fn attempt(&self, account: &str, device: Option<String>, client: &Client) -> Result<Attempt> {
        let attempt = match device {
            Some(device) => Attempt { guesses: format!("device:{device}"), address: None },
            None => Attempt { guesses: format!("account:{account}"), address: Some(address_key(client.address)) },
        };
        if let Some(address) = &attempt.address {
            self.limits.take(address, self.share()).await.map_err(refuse)?;
        }
        self.limits.strike(&attempt.guesses).await.map_err(refuse)?;
        Ok(attempt)
    }

    fn share(&self) -> Share {
        Share::per_minute(self.config.auth_per_minute)
    }

    /// The attempt was right: it was no guess.
    pub(super) async fn succeed(&self, attempt: Attempt) {
        self.limits.clear(&attempt.guesses).await;
        if let Some(address) = attempt.address {
            self.limits.give_back(&address, self.share()).await;
        }
    }

    /// Counts a sign-up before it is answered: as an attempt, since a refused one tells whether a name is taken, and
    /// as an account, of which one address can make ten times as many.
    ///
    /// # Errors
    /// Too many from this address.
    pub(super) async fn admit(&self, client: &Client) -> Result<()> {
        let address = address_key(client.address);
        self.limits.take(&address, self.share()).await.map_err(refuse)?;
        let accounts = Share::per_minute(self.config.auth_per_minute.saturating_mul(10));
        self.limits.take(&format!("sign-up:{address}"), accounts).await.map_err(refuse)
    }

    /// The sign-up made an account: it told nothing.
    pub(super) async fn admitted(&self, client: &Client) {
        self.limits.give_back(&address_key(client.address), self.share()).await;
    }
}

fn refuse(Wait(seconds): Wait) -> Error {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    Error::too_many(format!("There were too many attempts. Please try again in {seconds} {unit}."), seconds)
}
