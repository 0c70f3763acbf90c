//! How much a site, a visitor and an address may do.

use super::{Sites, known::ActiveSite};
use crate::{
    server::{
        error::{Error, Result},
        limits::{Share, Wait, address_key},
    },
    wire::id::VisitorId,
};
use std::{net::IpAddr, time::Duration};

/// Messages of one visitor in a minute where the site sets none.
pub const MESSAGES_PER_MINUTE: u32 = 30;
/// Uploads of one visitor in a minute.
pub const UPLOADS_PER_MINUTE: u32 = 20;
const DAY: Duration = Duration::from_secs(86_400);

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Becoming a visitor, or coming back as one.
    Session,
    /// A message, a regenerated or continued reply: whatever the model answers.
    Message,
    /// A file.
    Upload,
}

impl Sites {
    /// Counts an act before it is done: against the share of its address (`RATE_LIMIT_*` of the settings), of its
    /// visitor and of its site. What one of them refuses is taken from none.
    ///
    /// # Errors
    /// Too many, with the seconds until it makes sense to ask again.
    pub async fn admit(&self, site: &ActiveSite, visitor: Option<VisitorId>, address: IpAddr, act: Act) -> Result<()> {
        let of_settings = Share { most: self.config.rate_limit.most, window: self.config.rate_limit.window };
        let of_visitor = visitor.and_then(|visitor| {
            let most = match act {
                Act::Session => return None,
                Act::Message => site.settings.limits.messages_per_minute.unwrap_or(MESSAGES_PER_MINUTE),
                Act::Upload => UPLOADS_PER_MINUTE,
            };
            Some((format!("{act:?}:{visitor}"), Share::per_minute(most), "You are"))
        });
        let of_site = site.settings.limits.messages_per_day.filter(|_| act == Act::Message);
        let of_site = of_site
            .map(|most| (format!("day:{}", site.id), Share { most, window: DAY }, "The visitors of this site are"));
        let of_address = Some((address_key(address), of_settings, "You are"));
        let mut taken: Vec<(String, Share)> = Vec::with_capacity(3);
        for (key, share, who) in [of_visitor, of_address, of_site].into_iter().flatten() {
            if let Err(Wait(seconds)) = self.limits.take(&key, share).await {
                for (key, share) in &taken {
                    self.limits.give_back(key, *share).await;
                }
                let unit = if seconds == 1 { "second" } else { "seconds" };
                let message = format!("{who} sending more than is allowed here. Please try again in {seconds} {unit}.");
                return Err(Error::too_many(message, seconds));
            }
            taken.push((key, share));
        }
        Ok(())
    }
}
