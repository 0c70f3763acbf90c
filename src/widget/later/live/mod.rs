//! The events of the conversation, over whatever the network lets through. One connection at a time, and where it is no
//! WebSocket the answer to a send besides, which brings its reply; what they bring is applied by seq, so that changing
//! the transport, or having two, loses and doubles nothing.

mod chunks;
pub mod custom;
mod events;
mod poll;
pub mod reply;
mod socket;

use super::{
    app::{App, Connection},
    core::{
        ladder::{End, HIDDEN, HIDDEN_PAUSE, Ladder, Pauses, Rung},
        read::Value,
        reader::Reader,
        thread::Applied,
    },
    host::{chance, hidden, now, spawn},
    json,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A connection that has told nothing after so long is none, in milliseconds.
const FIRST: f64 = 8_000.0;
/// A sent message that has not come back as an event after so long is kept back on the way.
const ECHO: f64 = 6_000.0;
/// How often a connection is looked after.
const LOOK: u32 = 1_000;
/// Who has not looked for so long was asleep, in milliseconds.
const SLEPT: f64 = 10_000.0;

/// Begins to listen, unless something does already.
pub fn begin(app: &Rc<App>) {
    let custom = app.options.get("transport").filter(|transport| transport.is_object());
    if app.live.running.replace(true) {
        app.live.alarm.wake();
        return;
    }
    if let Some(transport) = custom {
        return custom::start(app, &transport);
    }
    let app = app.clone();
    spawn(async move {
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
    let pauses = app.pauses();
    let mut ladder = Ladder::new(&rungs(app), pauses);
    while !app.gone.get() && app.state.borrow().thread.id.is_some() && !app.state.borrow().thread.deleted {
        app.live.stop.set(false);
        app.live.heard.set(0.0);
        app.live.looked.set(now());
        was_told(app);
        if app.state.borrow().connection != Connection::Live {
            app.connection(Connection::Connecting, ladder.rung());
        }
        let began = now();
        let hidden_long = hidden() && began - app.hidden_since.get() > HIDDEN;
        let end = match if hidden_long { Rung::Poll } else { ladder.rung() } {
            Rung::Socket => socket::listen(app, &mut ladder).await,
            Rung::Events => events::listen(app, &mut ladder).await,
            Rung::Poll => poll::listen(app, &mut ladder).await,
        };
        if app.gone.get() {
            return;
        }
        let next = ladder.ended(end, now(), now() - began, chance());
        if matches!(end, End::Refused | End::Silent | End::Broken) && next.after > 0 {
            app.connection(Connection::Lost, next.rung);
        }
        if app.online() {
            // It may have come into sight meanwhile.
            let pause = if hidden_long && hidden() { HIDDEN_PAUSE } else { next.after };
            if pause > 0 {
                let _ = app.live.alarm.sleep(pause).await;
            }
        } else {
            app.connection(Connection::Lost, next.rung);
            let _ = app.live.alarm.sleep(pauses.most).await;
            ladder.afresh();
        }
    }
    app.connection(Connection::Idle, ladder.rung());
}

/// How often a sign of life is due, in milliseconds: often enough for proxies that end what is silent for half a minute,
/// and for the server.
fn beat(app: &App) -> f64 {
    app.transport_number("heartbeatMs", 20_000.0).clamp(15_000.0, 25_000.0)
}

fn path(app: &App, end: &str) -> Option<String> {
    let id = app.state.borrow().thread.id?;
    Some(["/v1/widget/conversations/", &id.to_string(), end].concat())
}

/// A way that tells what follows on what is known now.
fn reader(app: &App) -> Reader {
    Reader::of(&app.state.borrow().thread)
}

/// Takes one event; a gap opens the conversation anew.
fn take(app: &Rc<App>, value: &JsValue, reader: Option<&mut Reader>) {
    app.live.heard.set(now());
    app.live.expects.set(0.0);
    if app.apply(value, reader) == Applied::Gap {
        again(app);
    }
}

/// What a reply has told of itself nothing else needs to tell: a new connection begins after it.
fn was_told(app: &App) {
    if app.live.told.get() >= app.live.expects.get() {
        app.live.expects.set(0.0);
    }
}

/// Opens the conversation anew: there are events that cannot be had one by one.
fn again(app: &Rc<App>) {
    let inner = app.clone();
    spawn(async move {
        inner.reopen().await;
    });
}

/// What is wrong with a connection now, looked at again and again.
fn judge(app: &App, ladder: &Ladder, began: f64, quiet: f64) -> Option<End> {
    let at = now();
    // The machine slept, or the tab was hardly let run: nobody could hear anything meanwhile.
    if at - app.live.looked.replace(at) > SLEPT && app.live.heard.get() > 0.0 {
        app.live.heard.set(at);
    }
    let heard = app.live.heard.get();
    let expects = app.live.expects.get();
    if app.gone.get() || app.live.stop.get() {
        Some(End::Done)
    } else if heard == 0.0 && at - began > FIRST || heard > 0.0 && at - heard > quiet {
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

/// Ends what listens.
pub fn end(app: &App) {
    app.live.stop.set(true);
    for transport in app.live.custom.take() {
        json::call(&transport, "stop", &[]);
        app.live.running.set(false);
    }
    reply::end(app);
    app.live.alarm.wake();
}
