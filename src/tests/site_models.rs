//! Who answers on a site: the model it names, with its instructions, or Guide; and what visitors never read.

use crate::{
    harness::Server,
    member::Member,
    rig::Rig,
    visitor::{Visitor, first_site, site},
};
use parlor::wire::{error::ApiError, site::SiteSettings};
use serde_json::Value;

async fn change(server: &Server, change: impl FnOnce(&mut SiteSettings) + Send) {
    let sites = &server.running.state.sites;
    let apply = |_: &mut String, settings: &mut SiteSettings| {
        change(settings);
        Ok(())
    };
    sites.change(first_site(server).await.id, apply).await.unwrap();
}

async fn reply(visitor: &Visitor, question: &str) -> Value {
    let id = visitor.asked(question).await;
    visitor.messages(&id).await.remove(1)
}

/// What only whoever runs the server can use.
fn is_for_the_operator(text: &str) -> bool {
    ["PARLOR_", "administrator", "provider", "No model is configured", "Guide"].iter().any(|word| text.contains(word))
}

scripted! {
    "text=Hello.&delay=0" async fn a_site_names_its_model_and_its_instructions(rig) {
        let visitor = rig.visitor().await;
        change(&rig.server, |settings| {
            settings.model = Some("script:text=From%20the%20other.&delay=0".to_owned());
            settings.system_prompt = Some("Sell tea, never coffee.".to_owned());
        })
        .await;
        let told = reply(&visitor, "Hi").await;
        assert_eq!(told["content"], "From the other.");
        assert_eq!(told["model"], "script:text=From%20the%20other.&delay=0");
        let asked = rig.upstream.requests().await.remove(0);
        assert!(asked.to_string().contains("Sell tea, never coffee."), "{asked}");
        // Another site, and chats of accounts, have the server's own.
        let other = site(&rig.server, |settings| settings.loopback = true).await;
        let told = reply(&Visitor::new(&rig.server, &other.keys[0].key).await, "Hi").await;
        assert_eq!((&told["content"], &told["model"]), (&"Hello.".into(), &"script:text=Hello.&delay=0".into()));
        let member = rig.member().await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Hi").await;
        let told = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert_eq!(told["content"], "Hello.");
        assert!(!rig.upstream.requests().await[2].to_string().contains("Sell tea"));
    }

    "text=Hello.&delay=0" async fn a_site_is_answered_by_guide_where_it_says_so(rig) {
        let visitor = rig.visitor().await;
        change(&rig.server, |settings| settings.model = Some("Guide".to_owned())).await;
        assert_eq!(first_site(&rig.server).await.settings.model.as_deref(), Some("guide"));
        let told = reply(&visitor, "How do I back up Parlor?").await;
        assert!(!told["sources"].as_array().unwrap().is_empty() && !is_for_the_operator(told["content"].as_str().unwrap()), "{told}");
        assert_eq!(told["model"], "Guide");
        assert!(rig.upstream.requests().await.is_empty());
        change(&rig.server, |settings| settings.model = None).await;
        assert_eq!(reply(&visitor, "Hi").await["content"], "Hello.");
    }

    "fault=401" async fn a_fault_is_told_to_each_in_their_own_words(rig) {
        let visitor = rig.visitor().await;
        let told = reply(&visitor, "Hi").await;
        assert_eq!((&told["state"], &told["error"]["code"]), (&"failed".into(), &"unauthorized".into()), "{told}");
        assert!(!is_for_the_operator(told["error"]["message"].as_str().unwrap()), "{told}");
        let member = rig.member().await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Hi").await;
        let told = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert!(told["error"]["message"].as_str().unwrap().contains("PARLOR_MODEL_KEY"), "{told}");
    }
}

both! {
    async fn with_no_model_a_visitor_reads_answers_and_no_settings(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let quoted = reply(&visitor, "Where is my data stored?").await;
        assert!(!quoted["sources"].as_array().unwrap().is_empty(), "{quoted}");
        for question in ["Hello", "What is the capital of France?", "Who are you?", "thanks"] {
            let told = reply(&visitor, question).await;
            let text = told["content"].as_str().unwrap();
            assert!(!text.is_empty() && !is_for_the_operator(text), "{question}: {text}");
        }
        let member = Member::new(&server.client, &server.url(""), "ada").await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Hello").await;
        let told = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert!(told["content"].as_str().unwrap().contains("PARLOR_MODEL_URL"), "{told}");
    }

    async fn with_no_model_a_website_in_use_quotes_the_manual_only_where_it_asks_for_guide(server) {
        change(&server, |settings| settings.origins = vec!["https://shop.example".to_owned()]).await;
        let visitor = Visitor::new(&server, &first_site(&server).await.keys.remove(0).key).await;
        let told = reply(&visitor, "Where is my data stored?").await;
        assert!(told["content"].as_str().unwrap().contains("talk to a person"), "{told}");
        assert!(told["sources"].as_array().is_none_or(Vec::is_empty), "{told}");
        assert!(!is_for_the_operator(told["content"].as_str().unwrap()), "{told}");
        change(&server, |settings| settings.model = Some("guide".to_owned())).await;
        let told = reply(&visitor, "Where is my data stored?").await;
        assert!(!told["sources"].as_array().unwrap().is_empty(), "{told}");
    }

    async fn a_name_that_no_model_has_is_refused(server) {
        let id = first_site(&server).await.id;
        for wrong in ["two words", "a\tb", &"x".repeat(201)] {
            let model = Some(wrong.to_owned());
            let refused = server.running.state.sites.change(id, |_, settings| { settings.model = model; Ok(()) }).await;
            assert_eq!(ApiError::from(refused.unwrap_err()).field.as_deref(), Some("model"), "{wrong}");
        }
    }
}
