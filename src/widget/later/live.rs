//! The events of the conversation, over whatever the network lets through. One connection at a time; what it brings is
//! applied by seq, so that changing the transport loses and doubles nothing.

use super::{
    app::{App, Connection},
    core::{
        ladder::{End, HIDDEN, HIDDEN_PAUSE, Ladder, Pauses, Rung},
        outbox::quote,
        read::{self, Value},
        thread::Applied,
    },
    host::{Listener, hidden, now},
    http::{self, As, Fault},
    json,
};
use js_sys::{Reflect, Uint8Array};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, MessageEvent, WebSocket};

/// A connection that has told nothing after so long is none, in milliseconds.
const FIRST: f64 = 8_000.0;
/// A sent message that has not come back as an event after so long is kept back on the way.
const ECHO: f64 = 6_000.0;
/// How often a connection is looked after.
const LOOK: u32 = 1_000;

/// Begins to listen, unless something does already.
pub fn begin(app: &Rc<App>) {
    let custom = app.options.get("transport").filter(|transport| transport.is_object());
    if app.live.running.replace(true) {
        app.live.alarm.wake();
        return;
    }
    if let Some(transport) = custom {
        return foreign(app, &transport);
    }
    let app = app.clone();
    super::host::spawn(async move {
        run(&app).await;
        app.live.running.set(false);
    });
}

fn rungs(app: &App) -> Vec<Rung> {
    match app.options.get("transport").and_then(|word| word.as_string()).as_deref() {
        Some("websocket") => vec![Rung::Socket],
        Some("sse") => vec![Rung::Events],
        Some("polling") => vec![Rung::Poll],
        _ => vec![Rung::Socket, Rung::Events, Rung::Poll],
    }
}

async fn run(app: &Rc<App>) {
    let most = app.transport_number("backoffMaxMs", 30_000.0);
    let base = app.transport_number("backoffBaseMs", 500.0);
    let mut ladder = Ladder::new(&rungs(app), Pauses { base: base as u32, most: most as u32 });
    while !app.gone.get() && app.state.borrow().thread.id.is_some() && !app.state.borrow().thread.deleted {
        app.live.stop.set(false);
        app.live.heard.set(0.0);
        if app.state.borrow().connection != Connection::Live {
            app.connection(Connection::Connecting, ladder.rung());
        }
        let began = now();
        let hidden_long = hidden() && began - app.hidden_since.get() > HIDDEN;
        let end = match if hidden_long { Rung::Poll } else { ladder.rung() } {
            Rung::Socket => socket(app, &mut ladder).await,
            Rung::Events => events(app, &mut ladder).await,
            Rung::Poll => poll(app, &mut ladder).await,
        };
        if app.gone.get() {
            return;
        }
        let next = ladder.ended(end, now(), now() - began, super::host::chance());
        if matches!(end, End::Refused | End::Silent | End::Broken) && next.after > 0 {
            app.connection(Connection::Lost, next.rung);
        }
        if app.online() {
            let pause = if hidden_long { HIDDEN_PAUSE } else { next.after };
            if pause > 0 {
                app.live.alarm.sleep(pause).await;
            }
        } else {
            app.connection(Connection::Lost, next.rung);
            app.live.alarm.sleep(most as u32).await;
            ladder.afresh();
        }
    }
    app.connection(Connection::Idle, ladder.rung());
}

fn path(app: &App, end: &str) -> Option<String> {
    let id = app.state.borrow().thread.id?;
    Some(["/v1/widget/conversations/", &id.to_string(), end].concat())
}

/// Takes one event; a gap opens the conversation anew.
fn take(app: &Rc<App>, value: &JsValue) {
    app.live.heard.set(now());
    app.live.expects.set(0.0);
    if app.apply(value) == Applied::Gap {
        again(app);
    }
}

/// Opens the conversation anew: there are events that cannot be had one by one.
fn again(app: &Rc<App>) {
    let inner = app.clone();
    super::host::spawn(async move {
        inner.reopen().await;
    });
}

/// What is wrong with a connection now, looked at again and again.
fn judge(app: &App, ladder: &Ladder, began: f64, quiet: f64) -> Option<End> {
    let (at, heard) = (now(), app.live.heard.get());
    let expects = app.live.expects.get();
    if app.gone.get() || app.live.stop.get() {
        Some(End::Done)
    } else if heard == 0.0 && at - began > FIRST.max(quiet / 2.0) || heard > 0.0 && at - heard > quiet {
        Some(End::Silent)
    } else if expects > 0.0 && at - expects > ECHO {
        app.live.expects.set(0.0);
        Some(End::Silent)
    } else if hidden() && at - app.hidden_since.get() > HIDDEN {
        Some(End::Done)
    } else {
        (at >= ladder.climb_at()).then_some(End::Climb)
    }
}

async fn socket(app: &Rc<App>, ladder: &mut Ladder) -> End {
    let Ok(token) = http::token(app, false).await else { return End::Refused };
    let own = app.transport_option("webSocketUrl").and_then(|url| url.as_string());
    let address = own.unwrap_or_else(|| ["ws", &app.server[4..], "/v1/widget/socket"].concat());
    let Ok(socket) = WebSocket::new(&address) else { return End::Refused };
    let (closed, failed) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None)));
    let is_ready = Rc::new(Cell::new(false));
    let opened = {
        let (app, socket) = (app.clone(), socket.clone());
        let token = token.clone();
        Listener::new(&socket.clone(), "open", move |_| {
            let _ = socket.send_with_str(&auth(&app, &token));
        })
    };
    let told = {
        let (app, failed, ready) = (app.clone(), failed.clone(), is_ready.clone());
        Listener::new(&socket, "message", move |event| {
            let frame = json::parse(&event.unchecked_ref::<MessageEvent>().data().as_string().unwrap_or_default());
            app.live.heard.set(now());
            match read::text(&frame, "type").as_deref() {
                Some("ready") => {
                    ready.set(true);
                    if read::number(&frame, "seq").is_some_and(|seq| (seq as i64) < app.state.borrow().thread.seq) {
                        again(&app);
                    }
                    app.live.alarm.wake();
                }
                Some("event") => {
                    if let Some(event) = frame.get("event") {
                        take(&app, &event);
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
    let beat = app.transport_number("heartbeatMs", 20_000.0).clamp(5_000.0, 25_000.0);
    let (began, mut pinged, mut sent_token) = (now(), now(), token);
    let mut was_ready = false;
    let end = loop {
        app.live.alarm.sleep(LOOK).await;
        if is_ready.get() && !was_ready {
            was_ready = true;
            ladder.works();
            app.connection(Connection::Live, Rung::Socket);
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
                let _ = socket.send_with_str(&auth(app, &token));
                sent_token = token;
            }
        }
    };
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

async fn events(app: &Rc<App>, ladder: &mut Ladder) -> End {
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
        super::host::spawn(async move {
            let beat = app.transport_number("heartbeatMs", 20_000.0).clamp(5_000.0, 25_000.0);
            let lowest = Ladder::new(&rungs, Pauses::default());
            while !is_over.get() {
                app.live.alarm.sleep(LOOK).await;
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
        let response = match http::send(app, As::Visitor, "GET", &[&path, &*after].concat(), None, Some(&signal)).await
        {
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
            let Ok(part) = super::host::wait(promise).await else { return broke(works) };
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

async fn poll(app: &Rc<App>, ladder: &mut Ladder) -> End {
    let Some(path) = path(app, "/poll?after=") else { return End::Done };
    let after = app.state.borrow().thread.seq.to_string();
    let wait = if hidden() { "&wait=0" } else { "&wait=20" };
    let began = now();
    match http::ask(app, As::Visitor, "GET", &[&path, &*after, wait].concat(), None).await {
        Ok(answer) => {
            ladder.works();
            app.connection(Connection::Live, Rung::Poll);
            let events = answer.get("events").map(|events| events.items()).unwrap_or_default();
            events.iter().for_each(|event| take(app, event));
            if read::number(&answer, "seq").is_some_and(|seq| (seq as i64) < app.state.borrow().thread.seq) {
                again(app);
            }
            app.live.expects.set(0.0);
            // Somebody on the way answers at once instead of waiting: then we wait.
            let pause = app.transport_number("pollIntervalMs", 3000.0);
            if events.is_empty() && now() - began < 1000.0 {
                app.live.alarm.sleep(pause.max(500.0) as u32).await;
            }
            End::Done
        }
        Err(Fault::Refused(404, ..)) => {
            app.lost_conversation();
            End::Done
        }
        Err(Fault::Refused(429, _, after)) => {
            app.live.alarm.sleep((after.unwrap_or(5.0) * 1000.0) as u32).await;
            End::Done
        }
        Err(_) => End::Refused,
    }
}

/// A transport of the page's own.
fn foreign(app: &Rc<App>, transport: &JsValue) {
    let on_event = {
        let app = app.clone();
        Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| take(&app, &event)).into_js_value()
    };
    let on_state = {
        let app = app.clone();
        let act = move |state: JsValue| {
            let connection = match state.as_string().as_deref() {
                Some("live" | "open" | "connected") => Connection::Live,
                Some("connecting") => Connection::Connecting,
                Some("closed") => Connection::Idle,
                _ => Connection::Lost,
            };
            app.connection(connection, Rung::Socket);
        };
        Closure::<dyn FnMut(JsValue)>::new(act).into_js_value()
    };
    let (app, transport) = (app.clone(), transport.clone());
    super::host::spawn(async move {
        let Ok(token) = http::token(&app, false).await else {
            app.live.running.set(false);
            return;
        };
        let (id, after) = {
            let state = app.state.borrow();
            (state.thread.id.map(|id| id.to_string()), state.thread.seq)
        };
        let context = json::object(&[
            ("conversationId", id.into()),
            ("after", (after as f64).into()),
            ("token", token.into()),
            ("onEvent", on_event),
            ("onState", on_state),
        ]);
        json::call(&transport, "start", &[context]);
        app.live.custom.borrow_mut().push(transport);
    });
}

/// Ends what listens.
pub fn end(app: &App) {
    app.live.stop.set(true);
    for transport in app.live.custom.take() {
        json::call(&transport, "stop", &[]);
        app.live.running.set(false);
    }
    app.live.alarm.wake();
}

/// Sends by a transport of the page's own, where it does that; else `None`.
pub async fn send(app: &App, message: &JsValue) -> Option<Result<JsValue, Fault>> {
    let transport = app.options.get("transport").filter(|transport| transport.is_object())?;
    let answer = super::host::wait(json::call(&transport, "send", std::slice::from_ref(message))?).await;
    Some(answer.map_err(|error| match Reflect::get(&error, &"status".into()).ok().and_then(|status| status.as_f64()) {
        Some(status) => Fault::Refused(status as u16, read::text(&error, "message").unwrap_or_default(), None),
        None => Fault::Network,
    }))
}
