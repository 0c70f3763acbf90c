//! Sites where people chat with an account: log in and sign up inside the panel. The pair of tokens lives in memory
//! only; it is renewed before it ends and once after a 401.

use super::{
    app::App,
    core::{outbox::quote, read},
    host::now,
    http::{self, As, Fault},
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The pair, and when the first was made.
#[derive(Clone)]
pub struct Pair {
    auth: String,
    refresh: String,
    made: f64,
}

/// How long a token is taken to hold, in milliseconds: half of what the server gives at least.
const HOLDS: f64 = 60_000.0;

fn pair(value: &JsValue) -> Option<Pair> {
    Some(Pair { auth: read::text(value, "authToken")?, refresh: read::text(value, "refreshToken")?, made: now() })
}

/// The token of the account, where somebody has logged in; `renew`: the last did not hold. It is asked for where a
/// session is opened, which happens once at a time.
pub async fn token(app: &Rc<App>, renew: bool) -> Option<String> {
    let held = app.state.borrow().account.clone()?;
    if !renew && now() - held.made < HOLDS {
        return Some(held.auth);
    }
    let mut body = String::from("{\"token\":");
    quote(&held.refresh, &mut body);
    body.push('}');
    match http::ask(app, As::Site, "POST", "/auth/refresh_tokens", Some(&body)).await {
        Ok(value) => {
            let fresh = pair(&value)?;
            app.state.borrow_mut().account = Some(fresh.clone());
            Some(fresh.auth)
        }
        // The old one may still hold; where it does not, the server says so.
        Err(fault) if fault.passes() => Some(held.auth),
        Err(_) => {
            app.state.borrow_mut().account = None;
            None
        }
    }
}

/// Logs in, or signs up and logs in.
pub async fn enter(app: &Rc<App>, fields: &[(&str, String)], sign_up: bool) -> Result<(), Fault> {
    let mut body = String::from("{");
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        quote(name, &mut body);
        body.push(':');
        quote(value, &mut body);
    }
    body.push('}');
    let path = if sign_up { "/auth/signup" } else { "/auth/login" };
    let value = http::ask(app, As::Site, "POST", path, Some(&body)).await?;
    let entered = pair(&value);
    if entered.is_none() && sign_up {
        // The address signs up and says no more; the same data logs in.
        let value = http::ask(app, As::Site, "POST", "/auth/login", Some(&body)).await?;
        app.state.borrow_mut().account = pair(&value);
    } else {
        app.state.borrow_mut().account = entered;
    }
    app.state.borrow_mut().token = None;
    Ok(())
}
