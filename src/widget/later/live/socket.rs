//! Events over a WebSocket: the token goes in the first frame, a ping every so often.

use super::{End, LOOK, Ladder, Rung, again, beat, judge, reader, reply, take};
use crate::widget::{
    app::{App, Connection},
    core::{
        outbox::quote,
        read::{self, Value},
        reader::Reader,
    },
    host::{Listener, now},
    json,
    later::http,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, WebSocket};

/// Listens until it ends.
pub async fn listen(app: &Rc<App>, ladder: &mut Ladder) -> End {
    let Ok(token) = http::token(app, false).await else { return End::Refused };
    let own = app.transport_option("webSocketUrl").and_then(|url| url.as_string());
    let address = own.unwrap_or_else(|| ["ws", &app.server[4..], "/v1/widget/socket"].concat());
    let Ok(socket) = WebSocket::new(&address) else { return End::Refused };
    let (closed, failed) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None)));
    let is_ready = Rc::new(Cell::new(false));
    // From where it tells, once it is ready.
    let asked = Rc::new(RefCell::new(Reader::default()));
    let opened = {
        let (app, socket, asked) = (app.clone(), socket.clone(), asked.clone());
        let token = token.clone();
        Listener::new(&socket.clone(), "open", move |_| {
            asked.replace(reader(&app));
            let _ = socket.send_with_str(&auth(&app, &token));
        })
    };
    let told = {
        let (app, failed, ready, asked) = (app.clone(), failed.clone(), is_ready.clone(), asked.clone());
        let mut reader = Reader::default();
        Listener::new(&socket, "message", move |event| {
            let frame = json::parse(&event.unchecked_ref::<MessageEvent>().data().as_string().unwrap_or_default());
            app.live.heard.set(now());
            match read::text(&frame, "type").as_deref() {
                Some("ready") => {
                    ready.set(true);
                    reader.clone_from(&asked.borrow());
                    // Against what it was asked for: a reply may have told more meanwhile.
                    if read::number(&frame, "seq").is_some_and(|seq| (seq as i64) < reader.seq()) {
                        again(&app);
                    }
                    app.live.alarm.wake();
                }
                Some("event") => {
                    if let Some(event) = frame.get("event") {
                        take(&app, &event, Some(&mut reader));
                    }
                }
                Some("restarting") => {
                    failed.set(Some(End::Done));
                    app.live.alarm.wake();
                }
                Some("error") => {
                    let code = frame.get("error").and_then(|error| read::text(&error, "code"));
                    if code.as_deref() == Some("unauthenticated") {
                        app.state.borrow_mut().token = None;
                    }
                    failed.set(Some(if ready.get() { End::Broken } else { End::Refused }));
                    app.live.alarm.wake();
                }
                _ => {}
            }
        })
    };
    let ended = {
        let (app, closed) = (app.clone(), closed.clone());
        Listener::new(&socket, "close", move |_| {
            closed.set(true);
            app.live.alarm.wake();
        })
    };
    let beat = beat(app);
    let (began, mut pinged, mut sent_token) = (now(), now(), token);
    let mut was_ready = false;
    let end = loop {
        let _ = app.live.alarm.sleep(LOOK).await;
        if is_ready.get() && !was_ready {
            was_ready = true;
            ladder.works();
            app.connection(Connection::Live, Rung::Socket);
            // From here on it brings everything, replies too.
            app.live.by_socket.set(true);
            super::was_told(app);
            reply::end(app);
        }
        if let Some(end) = failed.get() {
            break end;
        }
        if closed.get() {
            break if was_ready { End::Broken } else { End::Refused };
        }
        if let Some(end) = judge(app, ladder, began, beat * 2.0) {
            break end;
        }
        if now() - pinged > beat && was_ready {
            pinged = now();
            let _ = socket.send_with_str("{\"type\":\"ping\"}");
            // A new token before the old one ends.
            if let Ok(token) = http::token(app, false).await
                && token != sent_token
            {
                asked.replace(reader(app));
                let _ = socket.send_with_str(&auth(app, &token));
                sent_token = token;
            }
        }
    };
    app.live.by_socket.set(false);
    drop((opened, told, ended));
    let _ = socket.close();
    end
}

fn auth(app: &App, token: &str) -> String {
    let state = app.state.borrow();
    let mut frame = String::from("{\"type\":\"auth\",\"token\":");
    quote(token, &mut frame);
    if let Some(id) = state.thread.id {
        frame.push_str(",\"conversation_id\":");
        quote(&id.to_string(), &mut frame);
    }
    frame.push_str(",\"after\":");
    frame.push_str(&state.thread.seq.to_string());
    frame.push('}');
    frame
}
