use super::{super::reader::Reader, *};
use proptest::prelude::*;
use uuid::Uuid;

fn message(number: u128, author: Author, client_id: Option<&str>) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(number)),
        parent_id: None,
        client_id: client_id.map(str::to_owned),
        author,
        content: String::new(),
        state: if author == Author::Bot { State::Streaming } else { State::Complete },
        error: None,
        generation_id: (author == Author::Bot).then(|| GenerationId(Uuid::from_u128(number + 1000))),
        model: None,
        sources: Vec::new(),
        rich: None,
        metadata: None,
        rating: 0,
        input_tokens: None,
        output_tokens: None,
        created_at: Timestamp(0),
        finished_at: None,
    }
}

fn created(number: u128, author: Author, client_id: Option<&str>) -> Option<Change> {
    Some(Change::MessageCreated { message: Box::new(message(number, author, client_id)), replaces: None })
}

fn delta(number: u128, text: &str) -> Option<Change> {
    Some(Change::MessageDelta { message_id: MessageId(Uuid::from_u128(number)), text: text.to_owned() })
}

fn ended(number: u128) -> Option<Change> {
    Some(Change::MessageCompleted {
        message_id: MessageId(Uuid::from_u128(number)),
        state: State::Complete,
        error: None,
        sources: Vec::new(),
        finished_at: Timestamp(1),
        input_tokens: None,
        output_tokens: None,
    })
}

#[test]
fn a_message_on_its_way_becomes_the_stored_one_and_keeps_its_place() {
    let mut thread = Thread::default();
    thread.send("c1", "Hello", Vec::new(), Timestamp(0), Delivery::Sending);
    thread.send("c2", "More", Vec::new(), Timestamp(0), Delivery::Waiting);
    assert!(!thread.awaits_reply(), "nobody answers what has not gone out");
    assert_eq!(thread.apply(1, created(1, Author::Visitor, Some("c1"))), Applied::Changed);
    assert_eq!(thread.apply(2, created(2, Author::Bot, None)), Applied::Changed);
    let keys: Vec<&str> = thread.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys[0], "c1");
    assert_eq!(keys[2], "c2");
    assert_eq!(thread.entries[0].delivery, Delivery::Stored);
    // Told a second time, by whatever way, it is the same message.
    assert_eq!(thread.apply(1, created(1, Author::Visitor, Some("c1"))), Applied::Known);
    thread.send("c1", "Hello", Vec::new(), Timestamp(0), Delivery::Sending);
    assert_eq!((thread.entries.len(), &thread.entries[0].delivery), (3, &Delivery::Stored));
}

#[test]
fn what_is_missing_is_noticed() {
    let mut thread = Thread::default();
    assert_eq!(thread.apply(2, created(1, Author::Agent, None)), Applied::Gap);
    assert_eq!(thread.apply(1, created(1, Author::Bot, None)), Applied::Changed);
    // Several deltas as one.
    assert_eq!(thread.apply(4, delta(1, "abc")), Applied::Changed);
    assert_eq!(thread.entries[0].message.content, "abc");
    assert_eq!(thread.apply(3, delta(1, "b")), Applied::Known);
    assert_eq!(thread.apply(5, delta(7, "?")), Applied::Gap);
    // What this version does not know still counts.
    assert_eq!(thread.apply(5, None), Applied::Changed);
    assert_eq!(thread.apply(6, ended(1)), Applied::Changed);
    assert_eq!(thread.writing(), None);
}

#[test]
fn unread_is_what_others_said_since_the_visitor_looked() {
    let mut thread = Thread::default();
    thread.open(ConversationId(Uuid::from_u128(1)), Opened { seq: 4, visitor_read: 4, ..Opened::default() });
    thread.apply(5, created(5, Author::Visitor, Some("c")));
    thread.apply(6, created(6, Author::Bot, None));
    thread.apply(7, created(7, Author::Agent, None));
    assert_eq!(thread.unread(), 2);
    assert_eq!(thread.seen(), Some(7));
    assert_eq!((thread.unread(), thread.seen()), (0, None));
    thread.apply(8, Some(Change::ConversationRead { by: Author::Agent, up_to: 5 }));
    assert_eq!(thread.agent_read, 5);
}

#[test]
fn what_an_agent_has_read_is_known_of_a_snapshot_and_of_what_follows() {
    let mut thread = Thread::default();
    let messages = vec![message(1, Author::Visitor, Some("a")), message(2, Author::Visitor, Some("b"))];
    let agent_read_id = Some(MessageId(Uuid::from_u128(1)));
    thread.open(
        ConversationId(Uuid::from_u128(1)),
        Opened { messages, seq: 4, agent_read: 2, agent_read_id, ..Opened::default() },
    );
    assert_eq!(thread.read_up_to(), Some(0));
    thread.send("c", "More", Vec::new(), Timestamp(0), Delivery::Sending);
    // Not so far as the snapshot goes: which of it that is, nobody knows.
    thread.apply(5, Some(Change::ConversationRead { by: Author::Agent, up_to: 3 }));
    assert_eq!(thread.read_up_to(), Some(0));
    thread.apply(6, Some(Change::ConversationRead { by: Author::Agent, up_to: 4 }));
    assert_eq!(thread.read_up_to(), Some(1));
    thread.apply(7, created(7, Author::Visitor, Some("c")));
    assert_eq!(thread.read_up_to(), Some(1));
    thread.apply(8, Some(Change::ConversationRead { by: Author::Agent, up_to: 7 }));
    assert_eq!(thread.read_up_to(), Some(2));
}

#[test]
fn a_new_answer_takes_the_place_of_the_old_one_and_of_what_followed() {
    let mut thread = Thread::default();
    thread.apply(1, created(1, Author::Visitor, Some("c")));
    thread.apply(2, created(2, Author::Bot, None));
    thread.apply(3, ended(2));
    let new = message(3, Author::Bot, None);
    thread.apply(
        4,
        Some(Change::MessageCreated { message: Box::new(new), replaces: Some(MessageId(Uuid::from_u128(2))) }),
    );
    assert_eq!(thread.entries.iter().map(|entry| entry.message.id.0.as_u128()).collect::<Vec<_>>(), [1, 3]);
    assert!(thread.awaits_reply());
    assert_eq!(thread.writing(), Some(GenerationId(Uuid::from_u128(1003))));
}

#[test]
fn a_plugin_changes_what_is_shown_of_a_message_or_that_it_is() {
    let mut thread = Thread::default();
    thread.send("a", "Rudely", Vec::new(), Timestamp(0), Delivery::Sending);
    thread.rewrite("a", "Kindly");
    assert_eq!(thread.entries[0].message.content, "Kindly");
    thread.apply(1, created(1, Author::Visitor, Some("a")));
    let version = thread.entries[0].version;
    thread.rewrite("a", "too late");
    let id = thread.entries[0].message.id;
    let content = thread.entries[0].message.content.clone();
    thread.remake(id, Some(content));
    assert_eq!(thread.entries[0].version, version, "the same text draws nothing anew");
    thread.remake(id, Some("Made anew".to_owned()));
    assert_eq!(thread.message(id).map(|message| &*message.content), Some("Made anew"));
    thread.remake(id, None);
    assert_eq!((thread.entries.len(), thread.seq), (0, 1));
}

#[test]
fn older_messages_come_before_and_once() {
    let mut thread = Thread::default();
    let messages = vec![message(5, Author::Visitor, Some("c"))];
    thread.open(ConversationId(Uuid::from_u128(1)), Opened { messages, seq: 9, ..Opened::default() });
    let page =
        vec![message(3, Author::Agent, None), message(4, Author::Agent, None), message(5, Author::Visitor, Some("c"))];
    assert_eq!(thread.prepend(page, None), 2);
    assert_eq!(thread.entries.iter().map(|entry| entry.message.id.0.as_u128()).collect::<Vec<_>>(), [3, 4, 5]);
}

proptest! {
    /// Whatever is told twice, late, or cut off by a new connection, the conversation is the one of all events in order.
    #[test]
    fn any_way_of_telling_gives_the_same_conversation(cuts in prop::collection::vec((0_usize..14, 0_usize..14), 1..12)) {
        let events: Vec<(i64, Option<Change>)> = (1..).zip([
            created(1, Author::Visitor, Some("a")), created(2, Author::Bot, None), delta(2, "One "), delta(2, "two "),
            None, delta(2, "three"), ended(2), created(3, Author::Visitor, Some("b")), created(4, Author::Bot, None),
            delta(4, "x"), delta(4, "y"), ended(4), created(5, Author::Agent, None),
        ]).collect();
        let mut whole = Thread::default();
        for (seq, change) in &events {
            prop_assert_eq!(whole.apply(*seq, change.clone()), Applied::Changed);
        }
        let mut thread = Thread::default();
        thread.send("a", "", Vec::new(), Timestamp(0), Delivery::Sending);
        for (from, to) in cuts {
            // A connection tells from somewhere before where the reader is.
            let from = from.min(usize::try_from(thread.seq).unwrap_or_default());
            for (seq, change) in events.iter().take(to).skip(from) {
                prop_assert_ne!(thread.apply(*seq, change.clone()), Applied::Gap);
            }
        }
        for (seq, change) in &events {
            prop_assert_ne!(thread.apply(*seq, change.clone()), Applied::Gap);
        }
        let said = |thread: &Thread| thread.entries.iter().map(|entry| (entry.key.clone(), entry.message.clone())).collect::<Vec<_>>();
        prop_assert_eq!(said(&thread), said(&whole));
        prop_assert_eq!(thread.seq, 13);
    }

    /// Several ways at once, each from where the conversation was when it began, each joining deltas as it likes, in
    /// any order of what they tell: every word once.
    #[test]
    fn any_ways_at_once_that_join_as_they_like_give_the_same_conversation(
        steps in prop::collection::vec((0_usize..4, 1_usize..6, any::<bool>()), 1..120),
    ) {
        let resumed = || Some(Change::MessageResumed {
            message_id: MessageId(Uuid::from_u128(2)), generation_id: GenerationId(Uuid::from_u128(9)),
        });
        let mut log: Vec<Option<Change>> = vec![created(1, Author::Visitor, Some("a")), created(2, Author::Bot, None)];
        let words = ["Ā", "one ", "漢字 ", "two ", "é", " three", "👩‍👧", "x"];
        log.extend(words.iter().map(|word| delta(2, word)));
        log.extend([ended(2), resumed()]);
        log.extend(words.iter().map(|word| delta(2, word)));
        log.extend([ended(2), created(3, Author::Visitor, Some("b")), created(4, Author::Bot, None)]);
        log.extend(words.iter().map(|word| delta(4, word)));
        log.push(ended(4));
        let whole: String = words.concat();

        let mut thread = Thread::default();
        let mut ways: Vec<(usize, Reader)> = (0..4).map(|_| (0, Reader::of(&thread))).collect();
        // At the end one of them tells the rest.
        for (way, many, begins) in steps.into_iter().chain(std::iter::repeat_n((0, 3, false), 40)) {
            let (told, reader) = &mut ways[way];
            if begins {
                (*told, *reader) = (usize::try_from(thread.seq).unwrap_or_default(), Reader::of(&thread));
            }
            let Some(mut change) = log.get(*told).cloned() else { continue };
            *told += 1;
            for _ in 1..many {
                let (Some(Change::MessageDelta { text, .. }), Some(Some(Change::MessageDelta { text: more, .. }))) =
                    (&mut change, log.get(*told)) else { break };
                text.push_str(more);
                *told += 1;
            }
            let seq = i64::try_from(*told).unwrap_or_default();
            let at = reader.place(&thread, seq, change.as_ref());
            prop_assert_ne!(thread.apply_at(seq, change, at), Applied::Gap);
        }
        let said: Vec<&str> = thread.entries.iter().map(|entry| entry.message.content.as_str()).collect();
        let twice = whole.repeat(2);
        prop_assert_eq!(said, ["", &*twice, "", &*whole]);
    }
}
