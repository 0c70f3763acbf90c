//! Events by asking again and again, each time for a while.

use super::{End, Ladder, Rung, again, path, reader, take};
use crate::widget::{
    app::{App, Connection},
    core::read::{self, Value},
    host::{hidden, now},
    later::http::{self, Fault},
};
use std::rc::Rc;

/// Listens until it ends.
pub async fn listen(app: &Rc<App>, ladder: &mut Ladder) -> End {
    // A reply that comes with the answer to its message is not asked for.
    loop {
        let Some(rest) = app.live.replies.borrow().rest(now()) else { break };
        app.connection(Connection::Live, Rung::Poll);
        let _ = app.live.alarm.sleep(rest).await;
        if app.gone.get() || app.live.stop.get() {
            return End::Done;
        }
    }
    let Some(path) = path(app, "/poll?after=") else { return End::Done };
    let mut reader = reader(app);
    let asked = reader.seq();
    let after = asked.to_string();
    let was_hidden = hidden();
    let wait = if was_hidden { "&wait=0" } else { "&wait=20" };
    let began = now();
    match http::ask(app, "GET", &[&path, &*after, wait].concat(), None).await {
        Ok(answer) => {
            ladder.works();
            app.connection(Connection::Live, Rung::Poll);
            let events = answer.get("events").map(|events| events.items()).unwrap_or_default();
            events.iter().for_each(|event| take(app, event, Some(&mut reader)));
            // Against what was asked for: a reply may have told more meanwhile.
            if read::number(&answer, "seq").is_some_and(|seq| (seq as i64) < asked) {
                again(app);
            }
            app.live.expects.set(0.0);
            // Somebody on the way answers at once instead of waiting: then we wait.
            let pause = app.transport_number("pollIntervalMs", 3000.0);
            if events.is_empty() && now() - began < 1000.0 && was_hidden == hidden() {
                let _ = app.live.alarm.sleep(pause.max(500.0) as u32).await;
            }
            End::Done
        }
        Err(Fault::Refused(404, ..)) => {
            app.lost_conversation();
            End::Done
        }
        Err(Fault::Refused(429, _, after)) => {
            let _ = app.live.alarm.sleep((after.unwrap_or(5.0) * 1000.0) as u32).await;
            End::Done
        }
        Err(_) => End::Refused,
    }
}
