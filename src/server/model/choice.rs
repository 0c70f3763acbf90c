//! Which model answers: the configured endpoint, or Guide where a site asks for it.

use super::{Delta, Model, ModelError, Request, guide::Guide};
use futures::stream::BoxStream;

/// What a site writes to be answered by Guide whatever is configured.
pub const GUIDE: &str = "guide";

/// An endpoint with Guide beside it.
pub struct Choice<M> {
    endpoint: M,
    guide: Guide,
}

impl<M: Model> Choice<M> {
    /// Of an endpoint, and Guide for those who ask for it.
    pub fn new(endpoint: M, guide: Guide) -> Self {
        Self { endpoint, guide }
    }
}

impl<M: Model> Model for Choice<M> {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn name_for(&self, request: &Request) -> String {
        match request.model.as_deref() {
            Some(GUIDE) => self.guide.name_for(request),
            _ => self.endpoint.name_for(request),
        }
    }

    fn reply(&self, request: Request) -> BoxStream<'static, Result<Delta, ModelError>> {
        match request.model.as_deref() {
            Some(GUIDE) => self.guide.reply(request),
            _ => self.endpoint.reply(request),
        }
    }
}
