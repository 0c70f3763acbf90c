//! What the tree, the stream and the addresses promise.

mod corpus;


mod stream;
