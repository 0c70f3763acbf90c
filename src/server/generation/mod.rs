//! Generations: model replies in the making.

use super::{hub::Hub, lifecycle::Lifecycle, model::Model, store::Store};
use std::sync::Arc;

/// Runs replies. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

#[expect(dead_code, reason = "filled in by the next slice")]
struct Inner {
    store: Store,
    hub: Arc<dyn Hub>,
    model: Arc<dyn Model>,
    lifecycle: Lifecycle,
    max_streams: usize,
}

impl Engine {
    /// An engine that answers with one model.
    pub fn new(
        store: Store,
        hub: Arc<dyn Hub>,
        model: Arc<dyn Model>,
        lifecycle: Lifecycle,
        max_streams: usize,
    ) -> Self {
        Self(Arc::new(Inner { store, hub, model, lifecycle, max_streams }))
    }

    /// The name of the model that answers.
    pub fn model_name(&self) -> &str {
        self.0.model.name()
    }
}
