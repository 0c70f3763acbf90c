//! Rich messages: what a message shows besides its text, as typed data. Never markup.
//!
//! Every address in them is `https:`, `http:`, `mailto:` or `tel:`, or a path of this server; the server refuses others
//! when such a message is made, and who shows one looks again.

use super::id::FileId;
use serde::{Deserialize, Serialize};

/// The most buttons, options or files of one message.
pub const MOST_PARTS: usize = 12;
/// The longest label, title or value, in bytes.
pub const LONGEST_LABEL: usize = 512;
/// The longest body of a card, in bytes.
pub const LONGEST_BODY: usize = 8 * 1024;
/// The longest address, in bytes.
pub const LONGEST_URL: usize = 2048;

described! {
/// What a message shows besides its text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Rich {
    /// Answers to choose from; choosing sends the label as the visitor's message, with the value beside it, see
    /// [`Choice`]. Gone after the next message.
    QuickReplies {
        /// The answers.
        options: Vec<Choice>,
    },
    /// A title with text, a picture and buttons.
    Card {
        /// The heading.
        title: String,
        /// The text, Markdown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// A picture of this server; one from elsewhere is shown as a link, never loaded.
        #[serde(default, rename = "imageUrl", skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// The buttons.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actions: Vec<Choice>,
    },
    /// Something to buy.
    Product {
        /// Its name.
        title: String,
        /// What it is, Markdown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// As for a card.
        #[serde(default, rename = "imageUrl", skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// The price as people read it, with its currency.
        price: String,
        /// The buttons.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actions: Vec<Choice>,
    },
    /// A question with a scale or answers, which are sent as those of quick replies.
    Survey {
        /// The question.
        title: String,
        /// The answers, in order.
        options: Vec<Choice>,
    },
    /// Uploaded files.
    Files {
        /// The files.
        files: Vec<FileRef>,
    },
}
}

described! {
/// A button or an answer: it leads to its address, or sends its label with its value: whoever sends it puts `answer`,
/// an object of `messageId` and `value`, into the metadata, and the server writes there what was offered, with `type`
/// and `label`. A message whose text is a value counts as the answer too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// What it stands for, for programs; absent: the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it leads instead, in a new tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
}

described! {
/// An uploaded file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileRef {
    /// Its id.
    pub id: FileId,
    /// The name it had on the sender's machine, for people; never a path here.
    pub name: String,
    /// The media type as the server found it.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Where to read it: a path of this server that only the conversation's people know.
    pub url: String,
}
}
