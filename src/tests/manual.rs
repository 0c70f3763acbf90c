//! The pages under /docs, as a browser gets them.

use crate::harness::Server;
use parlor::server::knowledge::passages;
use std::collections::HashSet;

/// What begins with `open` and goes on to `close`, each time.
fn between<'a>(html: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

both! {
    async fn every_source_that_guide_can_name_is_a_place_on_its_page(server) {
        let knowledge = &server.running.state.knowledge;
        let odd = "# Odd ones\n\nText.\n\n## Main\n\nA.\n\n## Main\n\nB.\n\nUnder\nlined\n---\n\nC.\n\n> ## Main\n\n## `a`_b_ [c](/d) & <e>\n\nD.\n\n\
                   ```\n## Code\n```\n\n# Again\n\nE.\n\n##### Deep\n\nF.\n\n## …\n\nG.\n";
        knowledge.put_document("odd", "Another title", odd).await.unwrap();
        knowledge.put_document("untitled", "Untitled", "Text first.\n\n## Then a heading\n\nMore.\n").await.unwrap();
        let mut places = 0;
        for document in knowledge.list_documents().await.unwrap() {
            let page = server.client.get(server.url(&format!("/docs/{}", document.slug))).send().await.unwrap();
            assert_eq!(page.status(), 200, "{}", document.slug);
            let html = page.text().await.unwrap();
            let ids: Vec<_> = between(&html, " id=\"", "\"").collect();
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{}: {ids:?}", document.slug);
            let markdown = knowledge.document(&document.slug).await.unwrap().unwrap().markdown;
            for passage in passages::cut(&document.title, &markdown).iter().filter(|passage| !passage.anchor.is_empty()) {
                assert!(ids.contains(&passage.anchor.as_str()), "{}#{}: {ids:?}", document.slug, passage.anchor);
                places += 1;
            }
        }
        assert!(places > 50, "{places}");
    }

    async fn headings_of_a_page_go_down_from_its_title(server) {
        for document in server.running.state.knowledge.list_documents().await.unwrap() {
            let page = server.client.get(server.url(&format!("/docs/{}", document.slug))).send().await.unwrap();
            let html = page.text().await.unwrap();
            let levels: Vec<u8> = between(&html, "<h", ">").filter_map(|tag| tag.get(..1)?.parse().ok()).collect();
            assert_eq!(levels.first(), Some(&1), "{}: {levels:?}", document.slug);
            assert!(levels.contains(&2), "{}: {levels:?}", document.slug);
            for pair in levels.windows(2) {
                assert!(pair[1] >= 2 && pair[1] <= pair[0] + 1, "{}: {levels:?}", document.slug);
            }
        }
    }
}
