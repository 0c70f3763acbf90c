//! The composition root: settings in, a serving server out.

use super::{
    accounts::Accounts,
    config::Config,
    conversation::Conversations,
    files::{
        Files,
        disk::{Disk, FOLDER},
    },
    generation::Engine,
    http::{
        self,
        serve::{Limits, serve},
    },
    hub::local::LocalHub,
    knowledge::Knowledge,
    lifecycle::{DRAIN, Lifecycle, NOTE},
    model::{
        Model,
        choice::Choice,
        client::{OpenAi, SetupError},
        guide::Guide,
    },
    secrets::Secrets,
    sites::Sites,
    state::AppState,
    store::{OpenError, Store},
    visitors::Visitors,
};
use leptos::config::LeptosOptions;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The address, or a file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A use case that runs at the start.
    #[error("{0}")]
    Feature(#[from] super::error::Error),
    /// The model's settings.
    #[error("{0}")]
    Model(#[from] SetupError),
}

/// A server that serves.
pub struct Running {
    /// Where.
    pub addr: SocketAddr,
    /// What it is made of.
    pub state: AppState,
    /// Ends when the server has stopped.
    pub serving: JoinHandle<()>,
}

impl Running {
    /// Stops softly and waits for the end.
    pub async fn stop(self) {
        self.state.lifecycle.soft.cancel();
        self.ended().await;
    }

    /// Waits until the server has stopped: every connection closed, every task ended, the database closed.
    pub async fn ended(self) {
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server broke");
        }
    }
}

/// Puts a server together and lets it serve on `listener`.
pub async fn start(config: Config, leptos: LeptosOptions, listener: TcpListener) -> Result<Running, StartError> {
    let config = Arc::new(config);
    let secrets = Secrets::load_or_create(&config.data, config.secret.clone())?;
    let store = Store::open(config.database_url.expose()).await?;
    let knowledge = Knowledge::new(store.clone());
    knowledge.load_manual().await?;
    let hub = Arc::new(LocalHub::default());
    let lifecycle = Lifecycle::default();
    let model = choose_model(&config, &knowledge)?;
    let engine = Engine::new(store.clone(), hub.clone(), model, lifecycle.clone(), config.max_streams);
    engine.start().await?;
    let sites = Sites::new(store.clone(), config.clone());
    sites.ensure_first().await?;
    let accounts = Accounts::new(store.clone(), config.clone(), &secrets);
    let conversations = Conversations::new(store.clone(), hub.clone(), engine.clone());
    let files = Files::new(store.clone(), Arc::new(Disk::new(config.data.join(FOLDER))), &secrets);
    let visitors = Visitors::new(
        store.clone(),
        sites.clone(),
        accounts.clone(),
        conversations.clone(),
        files.clone(),
        &secrets,
        config.max_connections,
    );
    let state = AppState {
        accounts,
        conversations,
        config,
        leptos,
        store,
        hub,
        engine,
        knowledge,
        stash: Arc::default(),
        sites,
        visitors,
        files,
        lifecycle,
    };
    tokio::spawn(state.conversations.clone().purge_deleted());
    tokio::spawn(state.accounts.clone().sweep_always(state.lifecycle.soft.clone()));
    tokio::spawn(state.files.clone().sweep());
    let addr = listener.local_addr()?;
    let app = http::router(state.clone());
    let limits = Limits::new(state.config.max_connections);
    let parts = state.clone();
    let serving = tokio::spawn(async move {
        let lifecycle = &parts.lifecycle;
        let patience = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.limit(DRAIN).await }
        });
        serve(listener, app, limits, lifecycle).await;
        lifecycle.drained().await;
        patience.abort();
        if tokio::time::timeout(NOTE, parts.store.close()).await.is_err() {
            tracing::warn!("the database was still in use at the end");
        }
    });
    Ok(Running { addr, state, serving })
}

/// The configured endpoint with Guide beside it, else Guide alone.
fn choose_model(config: &Config, knowledge: &Knowledge) -> Result<Arc<dyn Model>, SetupError> {
    Ok(match &config.model {
        Some(settings) => Arc::new(Choice::new(OpenAi::new(settings)?, Guide::new(knowledge.clone()))),
        None => Arc::new(Guide::new(knowledge.clone())),
    })
}
