//! Server-sent events, read from an answer as it comes.

use super::{End, LOOK, Ladder, Pauses, Rung, again, beat, chunks::Chunks, judge, path, reader, rungs, take};
use crate::widget::{
    app::{App, Connection},
    core::stream,
    host::{now, spawn},
    json,
    later::http::{self, Fault},
};
use std::{cell::Cell, rc::Rc};
use web_sys::AbortController;

/// Listens until it ends.
pub async fn listen(app: &Rc<App>, ladder: &mut Ladder) -> End {
    let Some(path) = path(app, "/events?after=") else { return End::Done };
    let mut reader = reader(app);
    let after = app.state.borrow().thread.seq.to_string();
    let Ok(abort) = AbortController::new() else { return End::Refused };
    let signal = abort.signal();
    let began = now();
    // Looks after the connection while it reads, and cuts it off.
    let verdict = Rc::new(Cell::new(None));
    let is_over = Rc::new(Cell::new(false));
    {
        let (app, verdict, is_over) = (app.clone(), verdict.clone(), is_over.clone());
        let climb_at = ladder.climb_at();
        let rungs = rungs(&app);
        spawn(async move {
            let beat = beat(&app);
            let lowest = Ladder::new(&rungs, Pauses::default());
            while !is_over.get() {
                let _ = app.live.alarm.sleep(LOOK).await;
                let climbs = (now() >= climb_at).then_some(End::Climb);
                if let Some(end) = judge(&app, &lowest, began, beat * 2.0).or(climbs) {
                    verdict.set(Some(end));
                    abort.abort();
                    return;
                }
            }
        });
    }
    let broke = |was: bool| verdict.get().unwrap_or(if was { End::Broken } else { End::Refused });
    let outcome = async {
        let response = match http::send(app, "GET", &[&path, &*after].concat(), None, Some(&signal)).await {
            Ok(response) => response,
            Err(Fault::Refused(404, ..)) => {
                app.lost_conversation();
                return End::Done;
            }
            Err(_) => return broke(false),
        };
        let Some(mut chunks) = Chunks::of(&response) else { return End::Refused };
        let mut works = false;
        loop {
            if !chunks.more().await {
                return broke(works);
            }
            app.live.heard.set(now());
            if !works {
                works = true;
                ladder.works();
                app.connection(Connection::Live, Rung::Events);
            }
            while let Some(part) = chunks.part("\n\n") {
                let (name, data) = stream::record(&part);
                match name {
                    "reset" => {
                        again(app);
                        return End::Done;
                    }
                    "restarting" => return End::Broken,
                    _ if data.is_empty() => {}
                    _ => take(app, &json::parse(data), Some(&mut reader)),
                }
            }
        }
    }
    .await;
    is_over.set(true);
    outcome
}
