#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::wire::{
    conversation::{MessageRef, ReplyRef},
    id::{ConversationId, GenerationId},
    message::Fault,
};
use proptest::prelude::*;

fn conversation(title: &str) -> Conversation {
    Conversation {
        id: ConversationId(Uuid::from_u128(1)),
        title: title.to_owned(),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn message(id: u128, author: Author, content: &str) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(id)),
        parent_id: None,
        client_id: (author == Author::User).then(|| Uuid::from_u128(id + 1_000_000).to_string()),
        author,
        content: content.to_owned(),
        state: if author == Author::Bot { State::Streaming } else { State::Complete },
        error: None,
        generation_id: (author == Author::Bot).then(|| GenerationId(Uuid::from_u128(id))),
        model: (author == Author::Bot).then(|| "Guide".to_owned()),
        sources: Vec::new(),
        rich: None,
        metadata: None,
        rating: 0,
        created_at: Timestamp(id as i64),
        finished_at: (author == Author::User).then_some(Timestamp(id as i64)),
        input_tokens: None,
        output_tokens: None,
    }
}

fn created(message: Message) -> Change {
    Change::MessageCreated { message: Box::new(message), replaces: None }
}

fn delta(id: u128, text: &str) -> Change {
    Change::MessageDelta { message_id: MessageId(Uuid::from_u128(id)), text: text.to_owned() }
}

fn completed(id: u128, state: State) -> Change {
    Change::MessageCompleted {
        message_id: MessageId(Uuid::from_u128(id)),
        state,
        error: (state == State::Failed).then(|| Fault { code: "cut".into(), message: "Retry.".into() }),
        sources: Vec::new(),
        finished_at: Timestamp(99),
        input_tokens: Some(20),
        output_tokens: Some(312),
    }
}

fn numbered(changes: Vec<Change>) -> Vec<Event> {
    changes.into_iter().zip(1..).map(|(change, seq)| Event { seq, change }).collect()
}

fn empty() -> Thread {
    Thread::new(Snapshot { conversation: conversation(""), messages: Vec::new(), older_cursor: None, seq: 0 })
}

fn texts(thread: &Thread) -> Vec<&str> {
    thread.visible().iter().map(|entry| entry.message.content.as_str()).collect()
}

#[test]
fn an_optimistic_message_becomes_the_stored_one_under_the_same_key() {
    let stored = message(10, Author::User, "Hello");
    let client_id = stored.client_id.clone().unwrap();
    let events = numbered(vec![created(stored), created(message(11, Author::Bot, ""))]);

    let mut by_event_first = empty();
    by_event_first.send(&client_id, "Hello", Timestamp(5));
    assert!(by_event_first.awaits_reply());
    let key = by_event_first.visible()[0].key.clone();
    by_event_first.apply(events.clone());
    let sent = Sent {
        message: MessageRef { id: MessageId(Uuid::from_u128(10)) },
        reply: ReplyRef { id: MessageId(Uuid::from_u128(11)), generation_id: GenerationId(Uuid::from_u128(11)) },
    };
    let mut by_answer_first = by_event_first.clone();
    by_event_first.accept(&client_id, &sent);

    by_answer_first.entries.clear();
    by_answer_first.seq = 0;
    by_answer_first.send(&client_id, "Hello", Timestamp(5));
    by_answer_first.accept(&client_id, &sent);
    assert!(by_answer_first.awaits_reply());
    by_answer_first.apply(events);

    assert_eq!(by_event_first, by_answer_first);
    assert_eq!(by_event_first.visible()[0].key, key);
    assert_eq!(texts(&by_event_first), ["Hello", ""]);
    assert!(!by_event_first.awaits_reply());
}

#[test]
fn what_is_still_on_its_way_stays_last() {
    let mut thread = empty();
    thread.send("mine", "second", Timestamp(1));
    thread
        .apply(numbered(vec![created(message(10, Author::User, "first")), created(message(11, Author::Bot, "reply"))]));
    assert_eq!(texts(&thread), ["first", "reply", "second"]);
    thread.fail("mine", "offline");
    assert_eq!(thread.visible()[2].delivery, Delivery::Failed("offline".into()));
    thread.send("mine", "second", Timestamp(2));
    assert_eq!(thread.visible()[2].delivery, Delivery::Sending);
    assert_eq!(thread.visible().len(), 3);
    assert_eq!(thread.withdraw("mine").as_deref(), Some("second"));
    assert_eq!(texts(&thread), ["first", "reply"]);
}

#[test]
fn a_replacement_hides_the_reply_and_all_after_it() {
    let mut thread = empty();
    thread.apply(numbered(vec![
        created(message(10, Author::User, "a")),
        created(message(11, Author::Bot, "b")),
        created(message(12, Author::User, "c")),
        created(message(13, Author::Bot, "d")),
    ]));
    let old = MessageId(Uuid::from_u128(11));
    thread.replace(old);
    assert_eq!(texts(&thread), ["a"]);
    assert!(thread.awaits_reply());
    thread.keep();
    assert_eq!(texts(&thread), ["a", "b", "c", "d"]);
    thread.replace(old);
    let change = Change::MessageCreated { message: Box::new(message(14, Author::Bot, "")), replaces: Some(old) };
    let touched = thread.apply([Event { seq: 5, change }]);
    assert!(touched.order);
    thread.apply([Event { seq: 6, change: delta(14, "anew") }]);
    assert_eq!(texts(&thread), ["a", "anew"]);
    assert!(!thread.awaits_reply());
}

#[test]
fn older_messages_go_before_the_first_and_only_once() {
    let mut thread = empty();
    thread.apply(numbered(vec![created(message(10, Author::User, "new"))]));
    let page =
        Page { items: vec![message(3, Author::User, "old"), message(10, Author::User, "new")], next_cursor: None };
    thread.prepend(page);
    assert_eq!(texts(&thread), ["old", "new"]);
}

#[test]
fn a_delta_touches_its_own_message_only() {
    let mut thread = empty();
    thread.apply(numbered(vec![created(message(10, Author::User, "a")), created(message(11, Author::Bot, ""))]));
    let touched = thread.apply([Event { seq: 3, change: delta(11, "x") }]);
    assert!(!touched.order && !touched.conversation);
    assert_eq!(touched.keys.len(), 1);
    assert_eq!(thread.apply([Event { seq: 3, change: delta(11, "x") }]), Touched::default());
}

/// One step of a chat, as the server might take it.
#[derive(Clone, Debug)]
enum Step {
    Turn,
    Text(String),
    End(State),
    Resume,
    Regenerate(usize),
    Title(String),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Turn),
        6 => "[a-zé ]{1,6}".prop_map(Step::Text),
        2 => prop_oneof![Just(State::Complete), Just(State::Stopped), Just(State::Interrupted), Just(State::Failed)]
            .prop_map(Step::End),
        1 => Just(Step::Resume),
        1 => (0usize..4).prop_map(Step::Regenerate),
        1 => "[a-z]{1,8}".prop_map(Step::Title),
    ]
}

/// The server's side, written apart from [`Thread`]: rows and events grow together.
#[derive(Default)]
struct Server {
    rows: Vec<Message>,
    title: String,
    next: u128,
    events: Vec<Event>,
    snapshots: Vec<Snapshot>,
}

impl Server {
    fn emit(&mut self, change: Change) {
        self.events.push(Event { seq: self.events.len() as i64 + 1, change });
        self.keep();
    }

    fn keep(&mut self) {
        self.snapshots.push(Snapshot {
            conversation: conversation(&self.title),
            messages: self.rows.clone(),
            older_cursor: None,
            seq: self.events.len() as i64,
        });
    }

    fn add(&mut self, author: Author, replaces: Option<MessageId>) {
        self.next += 1;
        let row = message(self.next, author, if author == Author::User { "question" } else { "" });
        self.rows.push(row.clone());
        self.emit(Change::MessageCreated { message: Box::new(row), replaces });
    }

    fn take(&mut self, step: Step) {
        let open = self.rows.last().filter(|row| row.state == State::Streaming).map(|row| row.id.0.as_u128());
        match (step, open) {
            (Step::Turn, None) => {
                self.add(Author::User, None);
                self.add(Author::Bot, None);
            }
            (Step::Text(text), Some(id)) => {
                self.rows.last_mut().unwrap().content.push_str(&text);
                self.emit(delta(id, &text));
            }
            (Step::End(state), Some(id)) => {
                let change = completed(id, state);
                let row = self.rows.last_mut().unwrap();
                if let Change::MessageCompleted { error, .. } = &change {
                    row.error = error.clone();
                }
                row.state = state;
                row.finished_at = Some(Timestamp(99));
                (row.input_tokens, row.output_tokens) = (Some(20), Some(312));
                self.emit(change);
            }
            (Step::Resume, None) => {
                let Some(row) = self.rows.last_mut().filter(|row| row.author == Author::Bot) else { return };
                row.state = State::Streaming;
                row.finished_at = None;
                row.error = None;
                let generation_id = GenerationId(Uuid::from_u128(1000 + self.events.len() as u128));
                row.generation_id = Some(generation_id);
                let message_id = row.id;
                self.emit(Change::MessageResumed { message_id, generation_id });
            }
            (Step::Regenerate(nth), None) => {
                let replies: Vec<_> =
                    self.rows.iter().filter(|row| row.author == Author::Bot).map(|row| row.id).collect();
                let Some(old) = replies.get(nth).copied() else { return };
                let at = self.rows.iter().position(|row| row.id == old).unwrap();
                self.rows.truncate(at);
                self.add(Author::Bot, Some(old));
            }
            (Step::Title(title), _) => {
                self.title = title;
                let conversation = conversation(&self.title);
                self.emit(Change::ConversationUpdated { conversation });
            }
            _ => {}
        }
    }
}

/// Joins deltas of one message that follow each other, as the server does for who joins late.
fn joined(events: &[Event]) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        if let (
            Some(Event { seq, change: Change::MessageDelta { message_id, text } }),
            Change::MessageDelta { message_id: same, text: more },
        ) = (joined.last_mut(), &event.change)
            && message_id == same
        {
            *seq = event.seq;
            text.push_str(more);
            continue;
        }
        joined.push(event.clone());
    }
    joined
}

proptest! {
    #[test]
    fn a_snapshot_at_any_point_and_the_events_after_it_are_the_final_state(
        steps in prop::collection::vec(step(), 0..40),
        at in any::<prop::sample::Index>(),
        again in 0usize..5,
        join in any::<bool>(),
    ) {
        let mut server = Server::default();
        server.keep();
        for step in steps {
            server.take(step);
        }
        let last = server.snapshots.last().unwrap().clone();
        let from = at.index(server.snapshots.len());
        let mut thread = Thread::new(server.snapshots[from].clone());
        let after = if join { joined(&server.events[from..]) } else { server.events[from..].to_vec() };
        // What is known already comes again, as after a reconnect with an older seq.
        let known = server.events[from.saturating_sub(again)..from].to_vec();
        thread.apply(known.into_iter().chain(after.clone()).chain(after));
        prop_assert_eq!(thread, Thread::new(last));
    }
}
