//! What a chat is called: in the list, over the thread and in the tab.

/// The name of a chat that nothing has named yet.
pub const UNTITLED: &str = "New chat";

/// The name to show.
pub fn shown(title: &str) -> String {
    if title.trim().is_empty() { UNTITLED.to_owned() } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_without_a_title_has_a_name() {
        assert_eq!(shown(" "), "New chat");
        assert_eq!(shown("Retry policy"), "Retry policy");
    }
}
