//! The one writer of chunks: it gathers what all replies produce and commits it in groups.
//!
//! A reply's first text is committed at once, later text within [`GROUP`]; what comes while a commit runs waits for the
//! next. So the number of commits does not grow with the number of replies, and a reader still waits little. Readers
//! are told after the commit, never before.

use crate::{
    server::{
        hub::{Hub, Signal},
        store::{DeltaRow, Store, Tx, on},
    },
    wire::{
        event::{Change, Event},
        id::{ConversationId, GenerationId, MessageId},
    },
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

/// The longest that text waits for company, when no commit is running.
const GROUP: Duration = Duration::from_millis(25);
/// Orders that may wait; a reply that is ahead of the disk waits for it here.
const QUEUE: usize = 4096;
/// Between two tries when the database refuses.
const RETRY: Duration = Duration::from_millis(250);

/// Hands text to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<Order>);

enum Order {
    /// `due` is when it must be on its way to the disk.
    Text { row: DeltaRow, due: Instant },
    /// Answers when all earlier text of the generation is committed or dropped.
    Flush { generation: Uuid, done: oneshot::Sender<()> },
}

impl Writer {
    /// Starts the writer; it ends when the last handle is dropped.
    pub fn spawn(store: Store, hub: Arc<dyn Hub>) -> Self {
        let (orders, inbox) = mpsc::channel(QUEUE);
        // Not among the tracked tasks: replies wait for it, and it lives until the last of them has gone.
        tokio::spawn(run(store, hub, inbox));
        Self(orders)
    }

    /// Appends text to a reply; waits only while the queue is full.
    pub async fn text(
        &self,
        conversation: ConversationId,
        message: MessageId,
        generation: GenerationId,
        text: String,
        at_once: bool,
    ) {
        let row = DeltaRow { conversation: conversation.0, message: message.0, generation: generation.0, text };
        // Counted from here, so that text that waits for a commit under way does not wait for company as well.
        let due = Instant::now() + if at_once { Duration::ZERO } else { GROUP };
        // The writer lives as long as this handle; an error cannot happen before the process ends.
        let _ = self.0.send(Order::Text { row, due }).await;
    }

    /// Waits until all text of a generation is committed.
    pub async fn flush(&self, generation: GenerationId) {
        let (done, waits) = oneshot::channel();
        if self.0.send(Order::Flush { generation: generation.0, done }).await.is_ok() {
            let _ = waits.await;
        }
    }
}

/// Text that waits for the next commit, in the order of its arrival.
#[derive(Default)]
struct Pending {
    rows: Vec<DeltaRow>,
    by_generation: HashMap<Uuid, usize>,
    flushes: Vec<oneshot::Sender<()>>,
    due: Option<Instant>,
}

impl Pending {
    fn take(&mut self, order: Order) {
        match order {
            Order::Text { row, due } => {
                self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
                match self.by_generation.get(&row.generation).and_then(|&at| self.rows.get_mut(at)) {
                    Some(waiting) => waiting.text.push_str(&row.text),
                    None => {
                        self.by_generation.insert(row.generation, self.rows.len());
                        self.rows.push(row);
                    }
                }
            }
            Order::Flush { generation, done } if self.by_generation.contains_key(&generation) => {
                self.due = Some(Instant::now());
                self.flushes.push(done);
            }
            Order::Flush { done, .. } => drop(done.send(())),
        }
    }

    /// The rows for one commit: of each conversation at most one, the rest stays for the next.
    fn batch(&mut self) -> Vec<DeltaRow> {
        let mut seen = HashMap::new();
        let (batch, rest) =
            std::mem::take(&mut self.rows).into_iter().partition(|row| seen.insert(row.conversation, ()).is_none());
        self.rows = rest;
        self.by_generation = self.rows.iter().enumerate().map(|(at, row)| (row.generation, at)).collect();
        batch
    }
}

async fn run(store: Store, hub: Arc<dyn Hub>, mut inbox: mpsc::Receiver<Order>) {
    let mut pending = Pending::default();
    loop {
        match pending.due {
            None => match inbox.recv().await {
                Some(order) => pending.take(order),
                None => return,
            },
            Some(due) => tokio::select! {
                biased;
                () = sleep_until(due) => {
                    // What already stands in the queue comes along.
                    while let Ok(order) = inbox.try_recv() {
                        pending.take(order);
                    }
                    while !pending.rows.is_empty() {
                        commit(&store, &*hub, pending.batch()).await;
                    }
                    pending.due = None;
                    for done in pending.flushes.drain(..) {
                        let _ = done.send(());
                    }
                }
                order = inbox.recv() => match order {
                    Some(order) => pending.take(order),
                    None => pending.due = Some(Instant::now()),
                },
            },
        }
    }
}

/// Commits a batch, however often the database has to be asked, and then tells the readers.
async fn commit(store: &Store, hub: &dyn Hub, batch: Vec<DeltaRow>) {
    let mut doubtful = Vec::new();
    let taken = loop {
        match try_commit(store, &batch, &mut doubtful).await {
            Ok(taken) => break taken,
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                tracing::warn!(%error, "text of replies cannot be stored yet; it is tried again");
                sleep(RETRY).await;
            }
        }
    };
    let seqs: HashMap<Uuid, i64> = taken.into_iter().collect();
    for row in batch {
        // What was not taken belongs to a generation that was ended elsewhere, or to a deleted conversation.
        let Some(&seq) = seqs.get(&row.conversation) else { continue };
        let change = Change::MessageDelta { message_id: MessageId(row.message), text: row.text };
        hub.publish(ConversationId(row.conversation), Signal::Event(Arc::new(Event { seq, change })));
    }
}

/// What a commit took: conversations, each with the seq of its delta.
type Taken = Vec<(Uuid, i64)>;

/// `doubtful` is what earlier tries for this batch would have taken whose commit was not answered.
async fn try_commit(store: &Store, batch: &[DeltaRow], doubtful: &mut Vec<Taken>) -> Result<Taken, sqlx::Error> {
    let mut tx = store.begin().await?;
    let taken = tx.append_deltas(batch).await?;
    // Asked while the conversations are held: before, such a commit might still have been on its way.
    for earlier in doubtful.iter() {
        if any_stands(&mut tx, batch, earlier).await? {
            return Ok(earlier.clone());
        }
    }
    doubtful.push(taken.clone());
    tx.commit().await?;
    Ok(taken)
}

/// Whether any of the deltas is among the events as it was taken; as they were in one transaction, all are then that
/// were not removed since.
async fn any_stands(tx: &mut Tx, batch: &[DeltaRow], taken: &Taken) -> Result<bool, sqlx::Error> {
    for (conversation, seq) in taken {
        let Some(row) = batch.iter().find(|row| row.conversation == *conversation) else { continue };
        let stands = on!(&mut *tx, |db| {
            sqlx::query(
                "SELECT 1 FROM events WHERE conversation_id = $1 AND seq = $2 AND message_id = $3 AND body = $4",
            )
            .bind(conversation)
            .bind(seq)
            .bind(row.message)
            .bind(&row.text)
            .fetch_optional(db)
            .await
            .map(|row| row.is_some())
        })?;
        if stands {
            return Ok(true);
        }
    }
    Ok(false)
}
