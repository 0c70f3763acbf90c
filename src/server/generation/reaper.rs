//! The heartbeat of what runs here, and the end of what nobody runs any more.

use super::{
    Engine, HEARTBEAT, LEASE, finish,
    rows::{self, Unfinished},
};
use crate::{
    server::clock::now,
    wire::{
        id::{ConversationId, GenerationId, MessageId},
        message::{Fault, State},
    },
};
use tokio::time::{MissedTickBehavior, interval};

/// Ends the orphans that are there, then goes on in the background until the server stops hard.
pub async fn start(engine: &Engine) -> Result<(), sqlx::Error> {
    // SQLite belongs to one server: whatever is unfinished at the start has nobody to finish it.
    let all = engine.0.store.name() == "SQLite";
    reap(engine, if all { i64::MAX } else { now().0 }).await?;
    let engine = engine.clone();
    // Not among the tracked tasks: it must go on as long as a reply does.
    tokio::spawn(async move {
        let mut ticks = interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = engine.0.lifecycle.hard.cancelled() => return,
            }
            if let Err(error) = beat(&engine).await {
                tracing::warn!(%error, "the heartbeat of replies failed; it is tried again");
            }
        }
    });
    Ok(())
}

pub async fn beat(engine: &Engine) -> Result<(), sqlx::Error> {
    // Looked at first: what begins in between is not missed among the rows.
    let running: Vec<GenerationId> = engine.running().keys().copied().collect();
    let begun = rows::renew(&engine.0.store, engine.owner(), engine.lease_until()).await?;
    for generation in running {
        // Its rows went with the account or the chat, or another process took it for dead: nobody will read more of it.
        if !begun.iter().any(|begun| begun.id == generation.0) {
            engine.stop_here(generation);
        }
    }
    // One that cannot be ended keeps none of the others waiting.
    let mut broken = Ok(());
    for begun in begun {
        let runs = engine.runs(GenerationId(begun.id));
        if begun.stop_requested && runs {
            engine.stop_here(GenerationId(begun.id));
        } else if !runs && begun.created_at < now().0 - LEASE.as_millis() as i64 {
            // Its rows were committed and it never started, or its task broke: nobody else would end it.
            broken = broken.and(interrupt(engine, begun).await);
        }
    }
    broken.and(reap(engine, now().0).await)
}

/// Ends every generation whose lease ended before `before`.
async fn reap(engine: &Engine, before: i64) -> Result<(), sqlx::Error> {
    loop {
        let orphans = rows::orphans(&engine.0.store, before).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        let mut broken = Ok(());
        for orphan in orphans {
            broken = broken.and(interrupt(engine, orphan).await);
        }
        broken?;
    }
}

/// Turns a generation that nobody runs into an interrupted reply with its text kept.
async fn interrupt(engine: &Engine, orphan: Unfinished) -> Result<(), sqlx::Error> {
    tracing::warn!(generation = %orphan.id, "a reply was left unfinished; its text is kept");
    let fault = Fault {
        code: "interrupted".to_owned(),
        message: "The server went away while it wrote this. What arrived is kept; continue or retry.".to_owned(),
    };
    let end =
        finish::End { state: State::Interrupted, fault: Some(fault), sources: Vec::new(), usage: None, model: None };
    let (conversation, message) = (ConversationId(orphan.conversation_id), MessageId(orphan.message_id));
    finish::finish(engine, GenerationId(orphan.id), conversation, message, end).await
}
