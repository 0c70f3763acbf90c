//! Knowledge and Guide, on both databases.

use crate::harness::Server;
use futures::{StreamExt, future::join_all};
use parlor::server::{
    config::load::SETTINGS,
    knowledge::{Knowledge, Origin, manual, search::Hit},
    model::{
        Delta, Finish, Model, Request, Speaker, Turn,
        guide::{Guide, answer::SUGGESTIONS},
    },
};
use std::time::{Duration, Instant};

/// Questions as people ask them, and where the answer stands.
const QUESTIONS: &[(&str, &str)] = &[
    ("how do I change the port?", "configuration#address-and-port-parlor_addr"),
    ("where is my data stored", "backup#where-the-data-is-stored"),
    ("can I use Mistral", "models#mistral"),
    ("forgot stop button keeps text?", "chat#stop-a-reply"),
    ("how to back up", "backup#back-up-parlor-with"),
    ("How do I restore a backup?", "backup#restore-a-backup"),
    ("I forgot my password", "accounts#a-forgotten-password"),
    ("how can I delete my account", "accounts#delete-my-account"),
    ("What happens when I close the tab?", "chat#close-the-tab-during-a-reply"),
    ("keyboard shortcuts", "chat#keyboard"),
    ("how do I use ollama", "models#ollama"),
    ("does it run on postgres?", ""),
    ("Who is the administrator?", "accounts#"),
    ("what is client_id for", "api#send-again-safely-client_id"),
    ("how can I reach it from my phone", "troubleshooting#i-cannot-reach-parlor-from-another-machine"),
    ("address already in use", "troubleshooting#the-address-is-already-in-use"),
    ("how do I embed the widget on my website", "widget#embed-the-widget"),
    ("how long does an access token live", ""),
    ("how do I stop people from signing up", ""),
    ("can other users see my chats", "security#who-can-read-my-chats"),
    ("how to upgrade", "install#update-to-a-new-version"),
    ("does it work offline", "index#what-guide-is"),
    ("hugging face token", "models#mistral-models-through-the-hugging-face-router"),
    ("streaming stops behind nginx", ""),
    ("dark mode", "chat#appearance"),
    ("can I upload a file", "chat#what-a-chat-cannot-do-yet"),
    ("how to enable https", "security#put-parlor-on-the-internet-with-https"),
    ("reset password", "accounts#a-forgotten-password"),
    ("where are the logs", ""),
    ("export all my conversations", "accounts#export-my-data"),
    ("sse events reconnect", "api#reconnect-to-events"),
    ("llama.cpp server", "models#llamacpp"),
    ("log out of all devices", "accounts#sessions"),
    ("how to use gpt-4 with this", "models#openai"),
    ("is my password safe", "security#how-passwords-are-kept"),
];

/// Questions about other things.
const STRANGE: &[&str] = &[
    "What is the capital of France?",
    "write a haiku about autumn",
    "how do I bake sourdough bread",
    "what is the weather in Berlin tomorrow",
    "who won the world cup in 1998",
    "solve x^2 + 3x = 10",
];

async fn hits(knowledge: &Knowledge, question: &str) -> Vec<Hit> {
    knowledge.search(question, 3).await.unwrap()
}

fn person(text: &str) -> Turn {
    Turn { speaker: Speaker::Person, text: text.to_owned() }
}

fn model(text: &str) -> Turn {
    Turn { speaker: Speaker::Model, text: text.to_owned() }
}

async fn deltas(guide: &Guide, turns: Vec<Turn>, continue_from: Option<String>) -> Vec<Delta> {
    let request = Request { turns, continue_from, ..Request::default() };
    guide.reply(request).map(|delta| delta.unwrap()).collect().await
}

fn text(deltas: &[Delta]) -> String {
    let text = deltas.iter().filter_map(|delta| if let Delta::Text(text) = delta { Some(text.as_str()) } else { None });
    text.collect()
}

#[test]
fn the_manual_has_every_setting_with_its_default() {
    let pages = manual();
    let (_, page) = pages.iter().find(|(slug, _)| slug == "configuration").unwrap();
    for setting in SETTINGS {
        let told = page.split("\n## ").find(|section| section.contains(&format!("`{}`", setting.env)));
        let told = told.unwrap_or_else(|| panic!("{} is not in docs/configuration.md", setting.env));
        assert!(told.contains(setting.default), "{}: {:?} is not told", setting.env, setting.default);
    }
}

both! {
    async fn real_questions_find_their_passage(server) {
        let knowledge = &server.running.state.knowledge;
        let mut wrong = Vec::new();
        for (question, place) in QUESTIONS {
            let found = hits(knowledge, question).await;
            let seen: Vec<_> = found.iter().map(|hit| format!("{:.2} {}", hit.score, hit.href())).collect();
            if !found.first().is_some_and(|hit| hit.href().starts_with(&format!("/docs/{place}")) && hit.score >= 0.4) {
                wrong.push(format!("{question}: {seen:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn suggestions_can_be_answered_and_strange_questions_cannot(server) {
        let guide = Guide::new(server.running.state.knowledge.clone());
        let ask = |question: &'static str| {
            let guide = guide.clone();
            async move { (question, deltas(&guide, vec![person(question)], None).await) }
        };
        for (question, deltas) in join_all(SUGGESTIONS.iter().copied().map(ask)).await {
            assert!(text(&deltas).starts_with("Here is what I have on that."), "{question}: {deltas:?}");
        }
        for (question, deltas) in join_all(STRANGE.iter().copied().map(ask)).await {
            assert!(text(&deltas).starts_with("I have nothing on that"), "{question}: {deltas:?}");
            assert!(!deltas.iter().any(|delta| matches!(delta, Delta::Sources(_))), "{question}");
        }
    }

    async fn the_manual_is_loaded_once_even_by_many_at_once(server) {
        let knowledge = &server.running.state.knowledge;
        let before = knowledge.list_documents().await.unwrap();
        assert_eq!(before.len(), manual().len());
        assert!(before.iter().all(|document| document.origin == Origin::Manual && document.passages > 0));
        assert_eq!(knowledge.load_manual().await.unwrap(), 0);
        assert_eq!(knowledge.list_documents().await.unwrap(), before);

        // Eight processes with a new version of a page: one writes it.
        let mut pages = manual();
        pages[0].1 = "# Another\n\nA page about zeppelins.\n".to_owned();
        let loads: Vec<_> = (0..8)
            .map(|_| {
                let (knowledge, pages) = (knowledge.clone(), pages.clone());
                tokio::spawn(async move { knowledge.load(&pages).await.unwrap() })
            })
            .collect();
        let mut written = 0;
        for load in loads {
            written += load.await.unwrap();
        }
        assert_eq!(written, 1);
        assert_eq!(hits(knowledge, "zeppelin").await.len(), 1);
    }

    async fn what_changes_is_replaced_and_what_is_removed_vanishes(server) {
        let knowledge = &server.running.state.knowledge;
        knowledge.put_document("tea", "Tea", "# Tea\n\nOur tea comes from Darjeeling.").await.unwrap();
        let found = hits(knowledge, "darjeeling").await;
        assert_eq!((found.len(), found[0].href().as_str()), (1, "/docs/tea#tea"));
        let document = knowledge.document("tea").await.unwrap().unwrap();
        assert_eq!((document.title.as_str(), document.origin), ("Tea", Origin::Operator));

        knowledge.put_document("tea", "Tea", "# Tea\n\nOur tea comes from Assam.").await.unwrap();
        assert!(hits(knowledge, "darjeeling").await.is_empty());
        assert_eq!(hits(knowledge, "assam").await.len(), 1);
        // Loading the manual leaves it alone.
        knowledge.load_manual().await.unwrap();
        assert_eq!(hits(knowledge, "assam").await.len(), 1);

        knowledge.remove_document("tea").await.unwrap();
        assert!(hits(knowledge, "assam").await.is_empty());
        assert!(knowledge.document("tea").await.unwrap().is_none());
        assert!(knowledge.remove_document("tea").await.is_err());

        // A page that the manual no longer has goes too; the others stay.
        let pages: Vec<_> = manual().into_iter().filter(|(slug, _)| slug != "widget").collect();
        assert_eq!(knowledge.load(&pages).await.unwrap(), 1);
        assert!(knowledge.document("widget").await.unwrap().is_none());
        assert!(hits(knowledge, "launcher").await.iter().all(|hit| hit.slug != "widget"));
        assert_eq!(knowledge.list_documents().await.unwrap().len(), pages.len());
    }

    async fn documents_that_are_not_allowed_are_refused(server) {
        let knowledge = &server.running.state.knowledge;
        for (slug, title, text) in [
            ("", "T", "t"), ("Über", "T", "t"), ("a/b", "T", "t"), ("a", "", "t"), ("a", "T\nU", "t"), ("a", "T", " "),
            ("a", "T", "a\0b"), ("install", "T", "t"),
        ] {
            assert!(knowledge.put_document(slug, title, text).await.is_err(), "{slug:?} {title:?} {text:?}");
        }
        let large = "a ".repeat(600_000);
        assert!(knowledge.put_document("a", "T", &large).await.is_err());
        assert!(knowledge.remove_document("install").await.is_err());
        assert!(knowledge.document("install").await.unwrap().is_some());
    }

    async fn inflected_accented_and_foreign_words_are_found(server) {
        let knowledge = &server.running.state.knowledge;
        let text = "Zum Zurücksetzen öffnen Sie die Einstellungen. Réinitialiser: la même page. 設定方法はこちら。";
        knowledge.put_document("reset", "Reset", text).await.unwrap();
        for question in ["zurucksetzen", "ZURÜCKSETZEN!", "Reinitialiser", "re\u{301}initialiser", "設定", "設定方法"] {
            let found = hits(knowledge, question).await;
            assert!(found.first().is_some_and(|hit| hit.slug == "reset" && hit.score > 0.6), "{question}: {found:?}");
        }
        let found = hits(knowledge, "regenerating interrupted replies").await;
        assert!(found.first().is_some_and(|hit| hit.score > 0.6), "{found:?}");
    }

    async fn hostile_questions_never_fail(server) {
        let knowledge = &server.running.state.knowledge;
        let long = "backup \" OR ( ".repeat(8_000);
        assert!(long.len() > 100_000);
        let many: String = (0..20_000).map(|n| format!("w{n} ")).collect();
        for question in [
            "\"", "\"\"\"", "-", "-backup", "NEAR(backup restore, 3)", "heading:backup", "*", "back*", "^backup", "(", ")))",
            "AND OR NOT", "' OR 1=1 --", "'; DROP TABLE passages; --", "\\", "a\0b", "🙂", "the of and", "", " \n\t",
            "& | ! <-> :*", "{backup}", "設定 ♥ \u{202e}abc", &long, &many,
        ] {
            knowledge.search(question, 3).await.unwrap_or_else(|error| panic!("{question:.40}: {error}"));
        }
        assert!(!hits(knowledge, "-\"backup\" AND (").await.is_empty());
        assert!(hits(knowledge, "the of and").await.is_empty());
        assert!(knowledge.search("backup", 0).await.unwrap().is_empty());
    }

    async fn guide_streams_sources_then_text_then_the_end(server) {
        let guide = Guide::new(server.running.state.knowledge.clone());
        let begun = Instant::now();
        let first = deltas(&guide, vec![person("How do I change the port?")], None).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let Delta::Sources(sources) = &first[0] else { panic!("{first:?}") };
        assert_eq!((sources[0].number, sources[0].href.as_str()), (1, "/docs/configuration#address-and-port-parlor_addr"));
        assert_eq!(first.last(), Some(&Delta::Finish(Finish::Stop)));
        assert!(first.len() > 20, "in pieces: {first:?}");
        let whole = text(&first);
        assert!(whole.contains("[1]") && whole.contains("> `PARLOR_ADDR`") && whole.contains("No model is configured"));
        assert_eq!(deltas(&guide, vec![person("How do I change the port?")], None).await, first);

        let half: String = whole.chars().take(whole.chars().count() / 2).collect();
        let rest = deltas(&guide, vec![person("How do I change the port?")], Some(half.clone())).await;
        assert_eq!(half + &text(&rest), whole);
    }

    async fn guide_understands_a_follow_up(server) {
        let guide = Guide::new(server.running.state.knowledge.clone());
        let turns = vec![person("How do I back up Parlor?"), model("So."), person("And with PostgreSQL?")];
        let reply = deltas(&guide, turns, None).await;
        let Delta::Sources(sources) = &reply[0] else { panic!("{reply:?}") };
        assert_eq!(sources[0].href, "/docs/backup#back-up-parlor-with-postgresql");
        assert!(!text(&reply).contains("No model is configured"));

        let turns = vec![person("How do I back up Parlor?"), model("So."), person("And the weather?")];
        assert!(text(&deltas(&guide, turns, None).await).starts_with("I have nothing on that"));
    }
}
