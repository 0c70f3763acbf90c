//! The events of the open chat, as they happen: one `EventSource` that goes on where it left off.
//!
//! Nothing here runs on the server. A page that nobody looks at reads only while a reply is written: over HTTP/1.1 a
//! browser has six connections for a whole site, and ten tabs must not use them up.

use super::{open::OpenChat, remote};
use crate::app::reactive::effect;
use crate::{
    app::call::tell,
    browser::chat::random,
    wire::{error::Code, event::Event},
};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
    serde_json,
    task::spawn_local,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{self, EventSource, MessageEvent},
};
use std::time::Duration;

/// The first wait before asking again, in milliseconds; it doubles up to [`SLOWEST`].
const FIRST: u32 = 400;
/// The longest wait, in milliseconds.
const SLOWEST: u32 = 15_000;
/// Frames are not drawn while nobody looks; then events are applied after this.
const UNSEEN: Duration = Duration::from_millis(250);

/// The wait before try number `tries`, from 0, in milliseconds: doubling, and spread over its upper half so that many
/// readers of a server that restarts do not come at once. `random` is from 0 up to 1.
pub fn backoff(tries: u32, random: f64) -> u32 {
    let full = FIRST.saturating_mul(1 << tries.min(8)).min(SLOWEST);
    full / 2 + (f64::from(full / 2) * random) as u32
}

/// Whether the page hears of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// It does, or nobody looks.
    Quiet,
    /// It lost the connection and asks again.
    Reconnecting,
    /// The session is over; only logging in helps.
    LoggedOut,
    /// The chat is gone.
    Gone,
}

struct Source {
    source: EventSource,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _error: Closure<dyn FnMut(web_sys::Event)>,
    _open: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.set_onopen(None);
        self.source.close();
    }
}

/// The reader of one chat.
#[derive(Clone, Copy)]
struct Live {
    chat: OpenChat,
    link: RwSignal<Link>,
    // Wrapped, since what a page holds is dropped on any thread of the server; there it is never filled.
    source: StoredValue<Option<SendWrapper<Source>>>,
    timer: StoredValue<Option<TimeoutHandle>>,
    tries: StoredValue<u32>,
    pending: StoredValue<Vec<Event>>,
    left: StoredValue<bool>,
}

/// Reads the events of a chat from hydration on until its page is left.
pub fn follow(chat: OpenChat) -> RwSignal<Link> {
    let live = Live {
        chat,
        link: RwSignal::new(Link::Quiet),
        source: StoredValue::new(None),
        timer: StoredValue::new(None),
        tries: StoredValue::new(0),
        pending: StoredValue::new(Vec::new()),
        left: StoredValue::new(false),
    };
    effect(move |_| live.open());
    effect(move |before: Option<u32>| {
        let poke = chat.poke.get();
        if before.is_some_and(|before| before != poke) {
            live.open();
        }
        poke
    });
    // A reply that ends while nobody looks frees the connection.
    effect(move |_| {
        let (_, _) = (chat.streaming.get(), chat.awaiting.get());
        if live.idle() {
            live.close();
        }
    });
    effect(move |_| {
        let seen = window_event_listener_untyped("visibilitychange", move |_| live.seen_or_not());
        let online = window_event_listener_untyped("online", move |_| live.again());
        let shown = window_event_listener_untyped("pageshow", move |_| live.again());
        on_cleanup(move || {
            seen.remove();
            online.remove();
            shown.remove();
        });
    });
    on_cleanup(move || {
        live.left.try_set_value(true);
        live.close();
    });
    live.link
}

impl Live {
    /// Whether nothing needs to be heard while nobody looks.
    fn idle(self) -> bool {
        let hears = self.chat.streaming.try_get_untracked().flatten().is_some()
            || self.chat.awaiting.try_get_untracked().unwrap_or_default();
        document().hidden() && !hears
    }

    fn close(self) {
        self.source.try_update_value(Option::take);
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    /// Opens the source unless there is one.
    fn open(self) {
        let Some(id) = self.chat.id else { return };
        let over = matches!(self.link.get_untracked(), Link::LoggedOut | Link::Gone);
        if over || self.idle() || self.left.try_get_value().unwrap_or(true) || self.source.with_value(Option::is_some) {
            return;
        }
        self.close();
        let address = format!("/v1/conversations/{id}/events?after={}", self.chat.seq());
        let Ok(source) = EventSource::new(&address) else { return self.later() };
        let message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| self.receive(&event));
        let error = Closure::<dyn FnMut(_)>::new(move |_: web_sys::Event| self.lost());
        let open = Closure::<dyn FnMut(_)>::new(move |_: web_sys::Event| {
            self.tries.try_set_value(0);
            self.link.try_set(Link::Quiet);
        });
        source.set_onmessage(Some(message.as_ref().unchecked_ref()));
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        // A server that shuts down says so before it closes.
        let _ = source.add_event_listener_with_callback("restarting", error.as_ref().unchecked_ref());
        self.source.set_value(Some(SendWrapper::new(Source { source, _message: message, _error: error, _open: open })));
    }

    /// Collects events; those of one frame are applied together.
    fn receive(self, event: &MessageEvent) {
        let Some(event) = event.data().as_string().and_then(|data| serde_json::from_str::<Event>(&data).ok()) else {
            return;
        };
        let first = self.pending.try_update_value(|pending| {
            pending.push(event);
            pending.len() == 1
        });
        if first == Some(true) {
            if document().hidden() {
                set_timeout(move || self.flush(), UNSEEN);
            } else {
                request_animation_frame(move || self.flush());
            }
        }
    }

    fn flush(self) {
        if let Some(events) = self.pending.try_update_value(std::mem::take)
            && !events.is_empty()
        {
            self.chat.apply(events);
        }
    }

    /// The source is lost. Whether the session, the chat or only the connection is gone, it does not say: so ask.
    fn lost(self) {
        self.flush();
        let refused = self
            .source
            .try_with_value(|source| {
                source.as_ref().is_some_and(|source| source.source.ready_state() == EventSource::CLOSED)
            })
            .unwrap_or_default();
        // Not from inside its own callback, which must outlive the call.
        set_timeout(
            move || {
                // "restarting" and the error of the closing connection come both.
                if !self.source.try_with_value(Option::is_some).unwrap_or_default() {
                    return;
                }
                self.close();
                if refused { self.ask() } else { self.later() }
            },
            Duration::ZERO,
        );
    }

    fn ask(self) {
        let Some(id) = self.chat.id else { return };
        spawn_local(async move {
            match tell(remote::CheckChat { id }).await {
                Err(error) if error.code == Code::Unauthenticated => {
                    self.link.try_set(Link::LoggedOut);
                }
                Err(error) if error.code == Code::NotFound => {
                    self.link.try_set(Link::Gone);
                }
                Ok(()) | Err(_) => self.later(),
            }
        });
    }

    /// Opens again after a while.
    fn later(self) {
        if self.left.try_get_value().unwrap_or(true) {
            return;
        }
        let tries = self.tries.try_update_value(|tries| {
            *tries += 1;
            *tries - 1
        });
        let tries = tries.unwrap_or_default();
        // The first try most often succeeds before anybody could read the line.
        if tries > 0 {
            self.link.try_set(Link::Reconnecting);
        }
        let wait = Duration::from_millis(backoff(tries, random()).into());
        if let Ok(timer) = set_timeout_with_handle(move || self.open(), wait) {
            self.timer.try_set_value(Some(timer));
        }
    }

    /// The way is free again, or somebody looks again: do not wait.
    fn again(self) {
        if self.source.try_with_value(Option::is_none).unwrap_or_default() {
            self.open();
        }
    }

    fn seen_or_not(self) {
        self.flush();
        if self.idle() { self.close() } else { self.again() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_is_spread() {
        assert_eq!((backoff(0, 0.0), backoff(0, 1.0)), (200, 400));
        assert_eq!((backoff(3, 0.0), backoff(3, 1.0)), (1600, 3200));
        assert_eq!((backoff(100, 0.0), backoff(100, 1.0)), (7500, 15_000));
    }
}
