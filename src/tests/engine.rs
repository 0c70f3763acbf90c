//! The engine of replies: what is committed, what readers get, and what survives.

use crate::harness::Server;
use futures::{StreamExt, stream::BoxStream};
use parlor::{
    server::{
        clock::{new_id, now},
        conversation::Conversations,
        error::Error,
        generation::Engine,
        lifecycle::Lifecycle,
        model::{Delta, Finish, Model, ModelError, Request},
        store::on,
        thread::{self, feed::Feed},
    },
    wire::{
        conversation::{SendMessage, Sent},
        error::Code,
        event::{Change, Event},
        id::{ConversationId, MessageId, UserId},
        message::{Message, State},
    },
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{Mutex, mpsc};

type Piece = Result<Delta, ModelError>;

/// A model whose strings the test holds: each reply it is asked for arrives at [`Rig::reply`].
struct Puppet(mpsc::UnboundedSender<(Request, mpsc::UnboundedSender<Piece>)>);

impl Model for Puppet {
    fn name(&self) -> &str {
        "Puppet"
    }

    fn reply(&self, request: Request) -> BoxStream<'static, Piece> {
        let (strings, pieces) = mpsc::unbounded_channel();
        let _ = self.0.send((request, strings));
        futures::stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) }).boxed()
    }
}

struct Rig {
    server: Server,
    chats: Conversations,
    engine: Engine,
    lifecycle: Lifecycle,
    asked: Mutex<mpsc::UnboundedReceiver<(Request, mpsc::UnboundedSender<Piece>)>>,
    user: UserId,
}

impl Rig {
    async fn new(server: Server) -> Self {
        let state = &server.running.state;
        let (asks, asked) = mpsc::unbounded_channel();
        let lifecycle = Lifecycle::default();
        let engine =
            Engine::new(state.store.clone(), state.hub.clone(), Arc::new(Puppet(asks)), lifecycle.clone(), 500);
        let chats = Conversations::new(state.store.clone(), state.hub.clone(), engine.clone());
        let user = insert_user(&server, "ada").await;
        Self { chats, engine, lifecycle, asked: Mutex::new(asked), user, server }
    }

    async fn chat(&self) -> ConversationId {
        self.chats.create(self.user).await.unwrap().id
    }

    async fn send(&self, chat: ConversationId, text: &str) -> Sent {
        self.chats.send(self.user, chat, message(&new_id().to_string(), text)).await.unwrap()
    }

    /// The next reply that the model is asked for.
    async fn reply(&self) -> (Request, mpsc::UnboundedSender<Piece>) {
        soon(async { self.asked.lock().await.recv().await.unwrap() }).await
    }

    fn feed(&self, chat: ConversationId, after: i64) -> Feed {
        let state = &self.server.running.state;
        Feed::new(state.store.clone(), &*state.hub, chat, after)
    }

    /// The events after a seq, up to the end of a reply.
    async fn until_end(&self, chat: ConversationId, after: i64) -> Vec<Event> {
        let mut feed = self.feed(chat, after);
        let mut events = Vec::new();
        loop {
            let event = soon(feed.next()).await.unwrap();
            let end = matches!(event.change, Change::MessageCompleted { .. });
            events.push((*event).clone());
            if end {
                return events;
            }
        }
    }

    /// Waits for the end of one reply.
    async fn end_of(&self, chat: ConversationId, reply: MessageId) {
        let mut feed = self.feed(chat, 0);
        let ended =
            |event: &Event| matches!(event.change, Change::MessageCompleted { message_id, .. } if message_id == reply);
        while !ended(&soon(feed.next()).await.unwrap()) {}
    }

    async fn stored(&self, chat: ConversationId) -> Vec<Message> {
        self.chats.messages(self.user, chat, None, 200).await.unwrap().items
    }
}

async fn insert_user(server: &Server, name: &str) -> UserId {
    let user = UserId(new_id());
    let mut tx = server.running.state.store.begin().await.unwrap();
    on!(&mut tx, |db| {
        sqlx::query(
            "INSERT INTO users (id, username, username_key, email, password_hash, role, created_at)
             VALUES ($1, $2, $2, $2, '', 'user', 0)",
        )
        .bind(user.0)
        .bind(name)
        .execute(db)
        .await
        .map(drop)
    })
    .unwrap();
    tx.commit().await.unwrap();
    user
}

fn message(client_id: &str, content: &str) -> SendMessage {
    SendMessage { client_id: client_id.to_owned(), content: content.to_owned() }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("this should have happened long ago")
}

fn say(strings: &mpsc::UnboundedSender<Piece>, text: &str) {
    let _ = strings.send(Ok(Delta::Text(text.to_owned())));
}

fn finish(strings: &mpsc::UnboundedSender<Piece>) {
    let _ = strings.send(Ok(Delta::Finish(Finish::Stop)));
}

/// What a reader knows after a list of events: the text of each message, and its state.
fn apply(texts: &mut BTreeMap<MessageId, (String, State)>, events: &[Event]) {
    for event in events {
        match &event.change {
            Change::MessageCreated { message, .. } => {
                texts.insert(message.id, (message.content.clone(), message.state));
            }
            Change::MessageDelta { message_id, text } => texts.get_mut(message_id).unwrap().0.push_str(text),
            Change::MessageResumed { message_id, .. } => texts.get_mut(message_id).unwrap().1 = State::Streaming,
            Change::MessageCompleted { message_id, state, .. } => texts.get_mut(message_id).unwrap().1 = *state,
            _ => {}
        }
    }
}

fn known(messages: &[Message]) -> BTreeMap<MessageId, (String, State)> {
    messages.iter().map(|message| (message.id, (message.content.clone(), message.state))).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    match result.unwrap_err() {
        Error::Api(error) => error.code,
        other => panic!("{other}"),
    }
}

/// Waits until the reply's text in the store is `text`.
async fn until_stored(rig: &Rig, chat: ConversationId, text: &str) {
    let mut feed = rig.feed(chat, 0);
    let mut texts = BTreeMap::new();
    loop {
        let event = soon(feed.next()).await.unwrap();
        apply(&mut texts, &[(*event).clone()]);
        if texts.values().any(|(so_far, _)| so_far == text) {
            return;
        }
    }
}

both! {
    async fn a_reply_is_stored_and_told_and_the_chat_gets_a_title(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "What is a lease? And more.").await;
        let (request, strings) = rig.reply().await;
        assert_eq!(request.turns.last().unwrap().text, "What is a lease? And more.");
        say(&strings, "A promise ");
        say(&strings, "that ends.");
        finish(&strings);
        let events = rig.until_end(chat, 0).await;
        assert!(matches!(&events[0].change, Change::MessageCreated { message, .. } if message.id == sent.message.id));
        assert!(matches!(&events[1].change, Change::MessageCreated { message, .. }
            if message.id == sent.reply.id && message.generation_id == Some(sent.reply.generation_id)));
        let stored = rig.stored(chat).await;
        assert_eq!(stored[1].content, "A promise that ends.");
        assert_eq!(stored[1].state, State::Complete);
        assert_eq!(stored[1].model.as_deref(), Some("Puppet"));
        assert_eq!(rig.chats.get(rig.user, chat).await.unwrap().title, "What is a lease?");
    }

    async fn whatever_seq_a_reader_starts_from_it_gets_exactly_the_rest(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        for (question, words) in [("one", "a bb ccc "), ("two", "dd é 漢字 🙂 ")] {
            let sent = rig.send(chat, question).await;
            let (_, strings) = rig.reply().await;
            for (at, word) in words.split_inclusive(' ').enumerate() {
                say(&strings, word);
                // Each word its own commit, and something else between two of them.
                let so_far: String = words.split_inclusive(' ').take(at + 1).collect();
                until_stored(&rig, chat, &so_far).await;
                if at == 1 {
                    rig.chats.rename(rig.user, chat, "A name").await.unwrap();
                }
                // A reader that opens the page now and follows from there ends with the same as everybody.
                let open = rig.chats.open(rig.user, chat, 50).await.unwrap();
                assert_eq!(open.messages.last().unwrap().content, so_far);
            }
            finish(&strings);
            rig.end_of(chat, sent.reply.id).await;
        }
        let whole = all(&rig, chat, 0).await;
        let last = whole.last().unwrap().seq;
        let mut expected = BTreeMap::new();
        apply(&mut expected, &whole);
        assert_eq!(expected, known(&rig.stored(chat).await));
        let replies: Vec<_> = expected.iter().filter(|(_, (text, _))| text.contains(' ')).map(|(id, _)| *id).collect();
        for seq in 0..=last {
            let rest = all(&rig, chat, seq).await;
            assert!(rest.windows(2).all(|pair| pair[0].seq < pair[1].seq));
            assert!(rest.iter().all(|event| event.seq > seq));
            for reply in &replies {
                let text: String = rest.iter().filter_map(|event| match &event.change {
                    Change::MessageDelta { message_id, text } if message_id == reply => Some(text.as_str()),
                    _ => None,
                }).collect();
                assert!(expected[reply].0.ends_with(&text), "after {seq}: {text:?}");
                if seq == 0 {
                    assert_eq!(text, expected[reply].0);
                }
            }
        }
        let deltas = whole.iter().filter(|event| matches!(event.change, Change::MessageDelta { .. })).count();
        assert_eq!(deltas, 2, "a late reader gets each reply in one piece");
    }

    async fn readers_that_join_at_any_time_agree(server) {
        let rig = Arc::new(Rig::new(server).await);
        let chat = rig.chat().await;
        rig.send(chat, "Tell me").await;
        let (_, strings) = rig.reply().await;
        let mut readers = Vec::new();
        let mut whole = String::new();
        for at in 0..200 {
            let word = format!("word{at} ");
            whole.push_str(&word);
            say(&strings, &word);
            if at % 10 == 0 {
                let rig = rig.clone();
                readers.push(tokio::spawn(async move {
                    let open = rig.chats.open(rig.user, chat, 50).await.unwrap();
                    let mut texts = known(&open.messages);
                    // One that comes to run only after the reply's end has it whole, and nothing to wait for.
                    if texts.values().any(|(_, state)| *state == State::Streaming) {
                        apply(&mut texts, &rig.until_end(chat, open.seq).await);
                    }
                    texts
                }));
                tokio::task::yield_now().await;
            }
            if at % 40 == 0 {
                until_stored(&rig, chat, &whole).await;
            }
        }
        finish(&strings);
        let expected = rig.until_end(chat, 0).await;
        let mut texts = BTreeMap::new();
        apply(&mut texts, &expected);
        assert!(texts.values().any(|(text, state)| *text == whole && *state == State::Complete));
        for reader in readers {
            assert_eq!(soon(reader).await.unwrap(), texts);
        }
    }

    async fn many_chats_begin_at_once_and_none_waits_for_another_to_give_a_connection_back(server) {
        let rig = Rig::new(server).await;
        let mut chats = Vec::new();
        for _ in 0..64 {
            chats.push(rig.chat().await);
        }
        let sends = chats.iter().map(|&chat| {
            let message = SendMessage { client_id: "c".to_owned(), content: "Hello".to_owned() };
            rig.chats.send(rig.user, chat, message)
        });
        let sent = soon(futures::future::join_all(sends)).await;
        assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 64);
    }

    async fn the_same_send_is_one_message_and_one_reply(server) {
        let rig = Arc::new(Rig::new(server).await);
        let chat = rig.chat().await;
        let sends: Vec<_> = (0..64).map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move { rig.chats.send(rig.user, chat, message("once", "Hello")).await.unwrap() })
        }).collect();
        let mut answers = Vec::new();
        for send in sends {
            answers.push(soon(send).await.unwrap());
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        let (_, strings) = rig.reply().await;
        say(&strings, "Hi");
        finish(&strings);
        rig.until_end(chat, 0).await;
        assert_eq!(rig.chats.send(rig.user, chat, message("once", "Hello")).await.unwrap(), answers[0]);
        assert_eq!(rig.stored(chat).await.len(), 2);
        assert!(rig.asked.lock().await.try_recv().is_err(), "the model was asked more than once");
        assert_eq!(code(rig.chats.send(rig.user, chat, message("once", "Other")).await), Code::Conflict);
    }

    async fn the_same_first_send_is_one_chat(server) {
        let rig = Arc::new(Rig::new(server).await);
        let sends: Vec<_> = (0..16).map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move { rig.chats.begin(rig.user, message("first", "Hello")).await.unwrap() })
        }).collect();
        let mut answers = Vec::new();
        for send in sends {
            answers.push(soon(send).await.unwrap());
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(rig.chats.list(rig.user, None, 50).await.unwrap().items.len(), 1);
        assert_eq!(code(rig.chats.begin(rig.user, message("second", "")).await), Code::Invalid);
        assert_eq!(rig.chats.list(rig.user, None, 50).await.unwrap().items.len(), 1);
    }

    async fn stop_keeps_the_text_so_far(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "Count").await;
        let (_, strings) = rig.reply().await;
        say(&strings, "one two ");
        until_stored(&rig, chat, "one two ").await;
        rig.chats.stop(rig.user, sent.reply.generation_id).await.unwrap();
        rig.until_end(chat, 0).await;
        soon(strings.closed()).await;
        let reply = rig.stored(chat).await.remove(1);
        assert_eq!((reply.content.as_str(), reply.state), ("one two ", State::Stopped));
        rig.chats.stop(rig.user, sent.reply.generation_id).await.unwrap();
    }

    async fn stop_from_another_replica_arrives_with_the_heartbeat(server) {
        let rig = Rig::new(server).await;
        rig.engine.start().await.unwrap();
        let chat = rig.chat().await;
        let sent = rig.send(chat, "Count").await;
        let (_, strings) = rig.reply().await;
        say(&strings, "one ");
        // The server's own engine stands for the replica that does not run the reply.
        rig.server.running.state.conversations.stop(rig.user, sent.reply.generation_id).await.unwrap();
        rig.until_end(chat, 0).await;
        assert_eq!(rig.stored(chat).await[1].state, State::Stopped);
    }

    async fn a_sender_that_goes_away_gets_its_reply_all_the_same(server) {
        let rig = Arc::new(Rig::new(server).await);
        let chat = rig.chat().await;
        // Dropped at whatever point it has reached.
        for (at, patience) in [0, 1, 2, 3, 5].into_iter().enumerate() {
            let send = rig.chats.send(rig.user, chat, message(&format!("c{at}"), "Hello"));
            let _ = tokio::time::timeout(Duration::from_millis(patience), send).await;
        }
        for _ in 0..5 {
            let (_, strings) = rig.reply().await;
            say(&strings, "Hi");
            finish(&strings);
        }
        let replies = rig.stored(chat).await.into_iter().filter(|message| message.parent_id.is_some());
        for reply in replies.filter(|message| message.generation_id.is_some()) {
            rig.end_of(chat, reply.id).await;
        }
        assert_eq!(rig.stored(chat).await.len(), 10);
    }

    async fn a_reply_that_was_never_started_is_ended_by_its_own_process(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "Hello").await;
        let (_, _strings) = rig.reply().await;
        // As if it had been begun long ago by this process, and runs nowhere.
        let (asks, _asked) = mpsc::unbounded_channel();
        let state = &rig.server.running.state;
        let engine = Engine::new(state.store.clone(), state.hub.clone(), Arc::new(Puppet(asks)), Lifecycle::default(), 5);
        let mut tx = state.store.begin().await.unwrap();
        on!(&mut tx, |db| {
            sqlx::query("UPDATE generations SET owner = $1, created_at = 0, lease_until = $2")
                .bind(engine.owner())
                .bind(engine.lease_until() + 3_600_000)
                .execute(db)
                .await
                .map(drop)
        }).unwrap();
        tx.commit().await.unwrap();
        engine.beat().await.unwrap();
        // At once: the lease that the beat renews would keep everybody else from it, for as long as the process lives.
        let reply = rig.stored(chat).await.remove(1);
        assert_eq!((reply.id, reply.state), (sent.reply.id, State::Interrupted));
    }

    async fn what_a_dead_process_left_is_interrupted_and_continues(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "Story").await;
        let (_, strings) = rig.reply().await;
        say(&strings, "Once ");
        until_stored(&rig, chat, "Once ").await;
        expire_leases(&rig).await;
        // Another process starts and finds it.
        let (asks, _asked) = mpsc::unbounded_channel();
        let state = &rig.server.running.state;
        let other = Engine::new(state.store.clone(), state.hub.clone(), Arc::new(Puppet(asks)), Lifecycle::default(), 5);
        other.start().await.unwrap();
        let reply = rig.stored(chat).await.remove(1);
        assert_eq!((reply.content.as_str(), reply.state), ("Once ", State::Interrupted));
        assert!(reply.error.is_some());
        // The dead one wakes up: nothing of it is taken any more.
        say(&strings, "lost");
        finish(&strings);
        soon(strings.closed()).await;
        assert_eq!(rig.stored(chat).await[1].content, "Once ");

        let seq = rig.chats.open(rig.user, chat, 50).await.unwrap().seq;
        let resumed = rig.chats.resume(rig.user, sent.reply.id).await.unwrap();
        assert_eq!(resumed.id, sent.reply.id);
        let (request, strings) = rig.reply().await;
        assert_eq!(request.continue_from.as_deref(), Some("Once "));
        assert_eq!(request.turns.len(), 1);
        say(&strings, "upon a time");
        finish(&strings);
        let events = rig.until_end(chat, seq).await;
        assert!(matches!(&events[0].change, Change::MessageResumed { message_id, .. } if *message_id == sent.reply.id));
        let mut texts = BTreeMap::new();
        apply(&mut texts, &all(&rig, chat, 0).await);
        assert_eq!(texts[&sent.reply.id], ("Once upon a time".to_owned(), State::Complete));
        assert_eq!(rig.stored(chat).await[1].content, "Once upon a time");
        assert_eq!(code(rig.chats.resume(rig.user, sent.reply.id).await), Code::Conflict);
    }

    async fn regenerate_makes_a_sibling_and_a_second_click_finds_it(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "First").await;
        let (_, strings) = rig.reply().await;
        assert_eq!(code(rig.chats.regenerate(rig.user, sent.reply.id).await), Code::Conflict);
        let _ = strings.send(Err(ModelError::Unreachable));
        rig.until_end(chat, 0).await;
        let failed = rig.stored(chat).await.remove(1);
        assert_eq!(failed.state, State::Failed);
        assert_eq!(failed.error.unwrap().code, "refused");
        let new = rig.chats.regenerate(rig.user, sent.reply.id).await.unwrap();
        assert_ne!(new.id, sent.reply.id);
        assert_eq!(rig.chats.regenerate(rig.user, sent.reply.id).await.unwrap(), new);
        let (request, strings) = rig.reply().await;
        assert_eq!(request.turns.len(), 1);
        say(&strings, "Better");
        finish(&strings);
        rig.end_of(chat, new.id).await;
        let events = all(&rig, chat, 0).await;
        assert!(events.iter().any(|event| matches!(&event.change, Change::MessageCreated { message, replaces }
            if message.id == new.id && *replaces == Some(sent.reply.id))));
        let stored = rig.stored(chat).await;
        assert_eq!(stored.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["First", "Better"]);
    }

    async fn a_stopping_server_keeps_the_text(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        rig.send(chat, "Long").await;
        let (_, strings) = rig.reply().await;
        say(&strings, "half ");
        until_stored(&rig, chat, "half ").await;
        rig.lifecycle.soft.cancel();
        assert_eq!(code(rig.chats.send(rig.user, chat, message("late", "No")).await), Code::Unavailable);
        rig.lifecycle.hard.cancel();
        rig.lifecycle.tasks.close();
        soon(rig.lifecycle.tasks.wait()).await;
        let reply = rig.stored(chat).await.remove(1);
        assert_eq!((reply.content.as_str(), reply.state), ("half ", State::Interrupted));
        assert_eq!(reply.error.unwrap().code, "restarted");
    }

    async fn what_belongs_to_another_is_told_as_nothing(server) {
        let rig = Rig::new(server).await;
        let other = insert_user(&rig.server, "eve").await;
        let chat = rig.chat().await;
        let sent = rig.send(chat, "Mine").await;
        let chats = &rig.chats;
        assert_eq!(code(chats.get(other, chat).await), Code::NotFound);
        assert_eq!(code(chats.open(other, chat, 5).await), Code::NotFound);
        assert_eq!(code(chats.messages(other, chat, None, 5).await), Code::NotFound);
        assert_eq!(code(chats.older(other, chat, &new_id().to_string(), 5).await), Code::NotFound);
        assert_eq!(code(chats.send(other, chat, message("x", "x")).await), Code::NotFound);
        assert_eq!(code(chats.rename(other, chat, "x").await), Code::NotFound);
        assert_eq!(code(chats.delete(other, chat).await), Code::NotFound);
        assert_eq!(code(chats.restore(other, chat).await), Code::NotFound);
        assert_eq!(code(chats.regenerate(other, sent.reply.id).await), Code::NotFound);
        assert_eq!(code(chats.resume(other, sent.reply.id).await), Code::NotFound);
        assert_eq!(code(chats.stop(other, sent.reply.generation_id).await), Code::NotFound);
        assert_eq!(code(chats.follow(other, chat, 0).await.map(|feed| feed.is_some())), Code::NotFound);
        assert_eq!(chats.list(other, None, 50).await.unwrap().items, []);
    }

    async fn a_deleted_chat_comes_back_and_later_is_gone(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        rig.send(chat, "Keep").await;
        let (_, strings) = rig.reply().await;
        rig.chats.delete(rig.user, chat).await.unwrap();
        soon(strings.closed()).await;
        assert_eq!(code(rig.chats.get(rig.user, chat).await), Code::NotFound);
        assert_eq!(code(rig.chats.delete(rig.user, chat).await), Code::NotFound);
        rig.chats.restore(rig.user, chat).await.unwrap();
        assert_eq!(rig.stored(chat).await.len(), 2);
        rig.chats.purge_older_than(now().0 + 1).await.unwrap();
        rig.chats.get(rig.user, chat).await.unwrap();
        rig.chats.delete(rig.user, chat).await.unwrap();
        rig.chats.purge_older_than(now().0 + 1).await.unwrap();
        assert_eq!(code(rig.chats.restore(rig.user, chat).await), Code::NotFound);
        let (left,): (i64,) = on!(rig.server.running.state.store.read(), |db| {
            sqlx::query_as("SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM events)").fetch_one(db).await
        }).unwrap();
        assert_eq!(left, 0);
    }

    async fn lists_go_page_by_page_without_gap_or_repetition(server) {
        let rig = Rig::new(server).await;
        let mut chats = Vec::new();
        for _ in 0..7 {
            chats.push(rig.chat().await);
        }
        chats.reverse();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = rig.chats.list(rig.user, cursor.as_deref(), 3).await.unwrap();
            seen.extend(page.items.iter().map(|chat| chat.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, chats);
        assert_eq!(code(rig.chats.list(rig.user, Some("nonsense"), 3).await), Code::Invalid);

        let chat = chats[0];
        for question in ["1", "2", "3"] {
            let sent = rig.send(chat, question).await;
            let (_, strings) = rig.reply().await;
            say(&strings, "ok");
            finish(&strings);
            rig.end_of(chat, sent.reply.id).await;
        }
        let all = rig.stored(chat).await;
        let first = rig.chats.messages(rig.user, chat, None, 4).await.unwrap();
        let second = rig.chats.messages(rig.user, chat, first.next_cursor.as_deref(), 4).await.unwrap();
        assert_eq!(second.next_cursor, None);
        let ids = |messages: &[Message]| messages.iter().map(|message| message.id).collect::<Vec<_>>();
        assert_eq!(ids(&[first.items, second.items].concat()), ids(&all));
        let newest = rig.chats.open(rig.user, chat, 4).await.unwrap();
        let older = rig.chats.older(rig.user, chat, newest.older_cursor.as_deref().unwrap(), 4).await.unwrap();
        assert_eq!(older.next_cursor, None);
        assert_eq!(ids(&[older.items, newest.messages].concat()), ids(&all));
        assert_eq!(code(rig.chats.messages(rig.user, chat, Some("x"), 4).await), Code::Invalid);
    }

    async fn input_that_cannot_be_stored_is_refused_with_a_sentence(server) {
        let rig = Rig::new(server).await;
        let chat = rig.chat().await;
        for (client_id, content, expected) in [
            ("a", "", Code::Invalid),
            ("a", " \n\t", Code::Invalid),
            ("a", "nul \0", Code::Invalid),
            ("", "x", Code::Invalid),
            ("a\0", "x", Code::Invalid),
            ("a", &*"x".repeat(1024 * 1024), Code::TooLarge),
            (&*"i".repeat(129), "x", Code::Invalid),
        ] {
            assert_eq!(code(rig.chats.send(rig.user, chat, message(client_id, content)).await), expected);
        }
        for title in ["", "  ", "\0", &*"t".repeat(201)] {
            assert_eq!(code(rig.chats.rename(rig.user, chat, title).await), Code::Invalid);
        }
        assert_eq!(rig.stored(chat).await, []);
    }
}

async fn all(rig: &Rig, chat: ConversationId, after: i64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let last = events.last().map_or(after, |event: &Event| event.seq);
        let page = thread::after(&rig.server.running.state.store, chat, last).await.unwrap();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

async fn expire_leases(rig: &Rig) {
    let mut tx = rig.server.running.state.store.begin().await.unwrap();
    on!(&mut tx, |db| sqlx::query("UPDATE generations SET lease_until = 0").execute(db).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}
