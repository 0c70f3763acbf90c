//! Generations: model replies in the making.
//!
//! A generation belongs to the server, not to the connection that asked for it: closing a tab stops nothing. Its text
//! goes through the `writer` into the log before anybody sees it. Its row carries a lease that a heartbeat renews;
//! the `reaper` ends what nobody renews, so nothing spins for ever after a crash.

mod finish;
mod reaper;
mod reply;
mod rows;
mod writer;

pub use finish::title_of;
pub use rows::{insert, stop_all};

use super::{
    clock::new_id,
    error::{Error, Result},
    hub::Hub,
    lifecycle::Lifecycle,
    model::{Model, Request},
    store::{OpenError, Store},
};
use crate::wire::{
    error::{ApiError, Code},
    id::{ConversationId, GenerationId, MessageId},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use writer::Writer;

/// A generation that nobody renewed for so long is taken for dead.
const LEASE: Duration = Duration::from_secs(15);
/// How often leases are renewed and dead ones looked for.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Runs replies. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    hub: Arc<dyn Hub>,
    model: Arc<dyn Model>,
    lifecycle: Lifecycle,
    places: Arc<Semaphore>,
    writer: Writer,
    /// This process, in the `owner` column.
    owner: String,
    /// What runs here, with the token that stops it.
    running: Mutex<HashMap<GenerationId, Running>>,
}

struct Running {
    conversation: ConversationId,
    stop: CancellationToken,
}

/// The right to run one more reply.
pub struct Place(OwnedSemaphorePermit);

/// A reply that runs here from now on, though its model was not asked yet: Stop finds it. Dropped, it runs no more.
pub struct Seat {
    engine: Engine,
    generation: GenerationId,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.engine.running().remove(&self.generation);
    }
}

/// A reply to write.
pub struct Job {
    /// Its generation, whose row stands already.
    pub generation: GenerationId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The reply's message, in state `streaming`.
    pub message: MessageId,
    /// What the model is asked.
    pub request: Request,
}

impl Engine {
    /// An engine that answers with one model, at most `max_streams` replies at once.
    pub fn new(
        store: Store,
        hub: Arc<dyn Hub>,
        model: Arc<dyn Model>,
        lifecycle: Lifecycle,
        max_streams: usize,
    ) -> Self {
        let writer = Writer::spawn(store.clone(), hub.clone());
        Self(Arc::new(Inner {
            store,
            hub,
            model,
            lifecycle,
            places: Arc::new(Semaphore::new(max_streams)),
            writer,
            owner: new_id().to_string(),
            running: Mutex::default(),
        }))
    }

    /// Ends what a dead process left, and starts the heartbeat and the reaper.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn start(&self) -> Result<(), OpenError> {
        reaper::start(self).await.map_err(OpenError::Connect)
    }

    /// One beat of the heart: renews the leases of what runs here, and ends what nobody runs. [`Self::start`] lets it
    /// beat every 5 s.
    ///
    /// # Errors
    /// When the database does not answer; the next beat tries again.
    pub async fn beat(&self) -> Result<(), sqlx::Error> {
        reaper::beat(self).await
    }

    /// The name of the model that answers.
    pub fn model_name(&self) -> &str {
        self.0.model.name()
    }

    /// This process, as the `owner` of the generations it runs.
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// When a lease that begins or is renewed now ends, in milliseconds.
    pub fn lease_until(&self) -> i64 {
        super::clock::now().0 + LEASE.as_millis() as i64
    }

    /// Asks for the right to run one more reply, before anything of it is written.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when as many run as the settings allow, or the server is stopping.
    pub fn place(&self) -> Result<Place> {
        let full = |message: &str, seconds| {
            Error::Api(ApiError { retry_after: Some(seconds), ..ApiError::new(Code::Unavailable, message) })
        };
        if self.0.lifecycle.soft.is_cancelled() {
            return Err(full("The server is restarting. Nothing was sent; please try again in a moment.", 5));
        }
        let permit = self.0.places.clone().try_acquire_owned();
        permit.map(Place).map_err(|_| {
            full("The server is writing as many replies as it can. Nothing was sent; please try again in a moment.", 2)
        })
    }

    /// Makes a reply known as one that runs here. Its rows are committed already.
    pub fn seat(&self, place: Place, conversation: ConversationId, generation: GenerationId) -> Seat {
        let stop = self.0.lifecycle.hard.child_token();
        self.running().insert(generation, Running { conversation, stop: stop.clone() });
        Seat { engine: self.clone(), generation, stop, _place: place.0 }
    }

    /// Starts to write a reply.
    pub fn launch(&self, seat: Seat, job: Job) {
        let engine = self.clone();
        self.0.lifecycle.tasks.spawn(async move {
            reply::write(&engine, job, seat.stop.clone()).await;
            drop(seat);
        });
    }

    /// Stops a reply that runs here. Whether it does.
    pub fn stop_here(&self, generation: GenerationId) -> bool {
        let running = self.running();
        let found = running.get(&generation);
        if let Some(running) = found {
            running.stop.cancel();
        }
        found.is_some()
    }

    /// Whether a reply runs here.
    fn runs(&self, generation: GenerationId) -> bool {
        self.running().contains_key(&generation)
    }

    /// Stops every reply of a conversation that runs here.
    pub fn stop_conversation(&self, conversation: ConversationId) {
        for running in self.running().values().filter(|running| running.conversation == conversation) {
            running.stop.cancel();
        }
    }

    /// Whether a reply of this conversation is being written here.
    pub fn is_answering(&self, conversation: ConversationId) -> bool {
        self.running().values().any(|running| running.conversation == conversation)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<GenerationId, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
