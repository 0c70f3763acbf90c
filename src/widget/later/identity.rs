//! The visitor's identity in the browser: a record in localStorage, mirrored in a cookie of the page's own site.

use super::{
    core::{
        identity::{self, Record, Verdict},
        outbox::quote,
        read,
    },
    host::{now, storage, window},
    json,
    lock::alone,
};
use js_sys::{Reflect, Uint8Array};
use std::{cell::RefCell, rc::Rc};

const RECORD: &str = "cs_client_identity_v1";
const COOKIE: &str = "cs_client_id";
const LOCK: &str = "cs-client-id";

/// A random UUIDv4, also where the page is no secure context.
pub fn uuid() -> String {
    let bytes = Uint8Array::new_with_length(16);
    let crypto = Reflect::get(&window(), &"crypto".into()).unwrap_or_default();
    let _ = json::call(&crypto, "getRandomValues", &[bytes.clone().into()]);
    let mut raw = [0; 16];
    bytes.copy_to(&mut raw);
    uuid::Builder::from_random_bytes(raw).into_uuid().to_string()
}

fn record() -> Option<Record> {
    let value = json::parse(&storage()?.get_item(RECORD).ok()??);
    Some(Record {
        id: read::text(&value, "id")?,
        created_at: read::number(&value, "createdAt")?,
        expires_at: read::number(&value, "expiresAt")?,
    })
}

fn cookies() -> String {
    let document = window().document();
    document.and_then(|page| Reflect::get(&page, &"cookie".into()).ok()?.as_string()).unwrap_or_default()
}

fn write(record: &Record) {
    let mut text = String::from("{\"id\":");
    quote(&record.id, &mut text);
    for (name, at) in [("createdAt", record.created_at), ("expiresAt", record.expires_at)] {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        text.push_str(&(at as i64).to_string());
    }
    text.push('}');
    if let Some(storage) = storage() {
        let _ = storage.set_item(RECORD, &text);
    }
    set_cookie(&record.id, (identity::LIFE / 1000.0) as i64);
}

fn set_cookie(value: &str, seconds: i64) {
    let is_secure = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
    let cookie = identity::set_cookie(COOKIE, value, seconds, is_secure);
    if let Some(page) = window().document() {
        let _ = Reflect::set(&page, &"cookie".into(), &cookie.into());
    }
}

/// Whether this browser has an identity. Looks, and writes nothing.
pub fn known() -> bool {
    !matches!(identity::judge(record(), identity::cookie(&cookies(), COOKIE), now()), Verdict::Make)
}

/// The identity, made or renewed where needed, and the one whose place it takes. Only after the visitor has acted.
/// `held` is the one of the session before: where the browser keeps nothing it stands until the page is left.
pub async fn ensure(held: Option<String>) -> (String, Option<String>) {
    let found = Rc::new(RefCell::new((String::new(), None)));
    let inner = found.clone();
    alone(
        LOCK,
        Box::pin(async move {
            let old = record();
            let all = cookies();
            let verdict = identity::judge(old.clone(), identity::cookie(&all, COOKIE), now());
            *inner.borrow_mut() = match verdict {
                Verdict::Keep(record) => (record.id, None),
                Verdict::Renew(record) => {
                    write(&record);
                    (record.id, None)
                }
                Verdict::Make => {
                    let record = identity::renewed(uuid(), now(), now());
                    write(&record);
                    if let Some(held) = held.filter(|_| !known()) {
                        *inner.borrow_mut() = (held, None);
                        return;
                    }
                    // An identity at its end hands its conversations on.
                    let previous = old.map(|old| old.id).filter(|id| identity::is_uuid(id));
                    (record.id, previous)
                }
            };
        }),
    )
    .await;
    found.take()
}

/// Forgets who the visitor is.
pub fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(RECORD);
    }
    set_cookie("", 0);
}
