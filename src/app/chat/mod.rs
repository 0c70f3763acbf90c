//! The chat: the list of chats, the open one, and what is typed into it.

pub mod store;
