//! Server-sent events, read from an answer as it comes.

use super::{End, LOOK, Ladder, Pauses, Rung, again, beat, judge, path, rungs, take};
use crate::widget::{
    app::{App, Connection},
    host::{now, spawn, wait},
    json,
    later::http::{self, Fault},
};
use js_sys::{Reflect, Uint8Array};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// Listens until it ends.
pub async fn listen(app: &Rc<App>, ladder: &mut Ladder) -> End {
    let Some(path) = path(app, "/events?after=") else { return End::Done };
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
        let body = Reflect::get(&response, &"body".into()).unwrap_or_default();
        let Some(reader) = json::call(&body, "getReader", &[]) else { return End::Refused };
        let Ok(decoder) = web_sys::TextDecoder::new() else { return End::Refused };
        let (mut text, mut works) = (String::new(), false);
        let stream = json::object(&[("stream", true.into())]);
        loop {
            let Some(promise) = json::call(&reader, "read", &[]) else { return broke(works) };
            let Ok(part) = wait(promise).await else { return broke(works) };
            let chunk = Reflect::get(&part, &"value".into()).unwrap_or_default();
            let Some(bytes) = chunk.dyn_ref::<Uint8Array>() else { return broke(works) };
            let decoded = json::call(&decoder, "decode", &[bytes.into(), stream.clone()]);
            text.push_str(&decoded.and_then(|text| text.as_string()).unwrap_or_default());
            app.live.heard.set(now());
            if !works {
                works = true;
                ladder.works();
                app.connection(Connection::Live, Rung::Events);
            }
            while let Some(end) = text.find("\n\n") {
                let record: String = text.drain(..end + 2).collect();
                let mut name = "";
                let mut data = String::new();
                for line in record.lines() {
                    if let Some(value) = line.strip_prefix("event:") {
                        name = value.trim();
                    } else if let Some(value) = line.strip_prefix("data:") {
                        data.push_str(value);
                    }
                }
                match name {
                    "reset" => {
                        again(app);
                        return End::Done;
                    }
                    "restarting" => return End::Broken,
                    _ if data.is_empty() => {}
                    _ => take(app, &json::parse(&data)),
                }
            }
        }
    }
    .await;
    is_over.set(true);
    outcome
}
