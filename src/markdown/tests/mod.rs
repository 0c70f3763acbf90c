//! What the tree, the stream and the addresses promise.

mod corpus;
mod mapping;
mod payloads;
mod safety;
mod stream;
