//! Where the account is logged in.

use super::remote::{self, EndOtherSessions, EndSession};
use crate::{
    app::{
        call::Load,
        form::{Form, RpcForm},
        request::take_flash,
        ui::{
            button::{Button, Kind},
            field::Notice,
            icon::{Icon, Svg},
            skeleton::Skeleton,
            time::RelativeTime,
            toast::Toasts,
        },
    },
    wire::account::SessionInfo,
};
use leptos::prelude::*;

/// The section.
#[component]
pub fn Sessions() -> impl IntoView {
    let flash = take_flash("sessions").unwrap_or_default();
    let all = Load::once(|| remote::Sessions {});
    let toasts = expect_context::<Toasts>();
    let others = Form::of_account::<EndOtherSessions>("end_other_sessions");
    others.on_success(move |()| {
        all.refetch();
        toasts.show("All other sessions are ended.");
    });
    view! {
        <section aria-labelledby="sessions">
            <h2 id="sessions" class="hidden-text">"Open sessions"</h2>
            <p class="about">"Every browser and program in which you are logged in. End what you do not know, then change your password."</p>
            <Notice text=flash.notice/>
            <Notice text=flash.error.map(|error| error.message) bad=true/>
            <Notice text=others.fault_of_all(&[]) bad=true/>
            <Transition fallback=|| view! { <Skeleton lines=6/> }>
                {move || Suspend::new(async move {
                    match all.await {
                        Ok(list) => {
                            let several = list.len() > 1;
                            let rows = list.into_iter().map(|session| view! { <Row session=session all=all/> }.into_any()).collect_view();
                            view! {
                                <ul role="list" class="rows">{rows}</ul>
                                {several.then(|| {
                                    view! {
                                        <RpcForm form=others>
                                            <div class="actions">
                                                <Button kind=Kind::Danger submit=true busy=others.busy()>
                                                    "End all other sessions"
                                                </Button>
                                            </div>
                                        </RpcForm>
                                    }.into_any()
                                })}
                            }.into_any()
                        }
                        Err(error) => view! { <Notice text=Some(error.message) bad=true/> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

type All = Load<Vec<SessionInfo>>;

#[component]
fn Row(session: SessionInfo, all: All) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let form = Form::of_account::<EndSession>("end_session");
    form.on_success(move |()| {
        all.refetch();
        toasts.show("The session is ended.");
    });
    let device = if session.device.is_empty() { "Unknown device".to_owned() } else { session.device };
    let label = format!("End the session of {device}");
    view! {
        <li>
            <Svg icon=Icon::Device/>
            <div class="what">
                <p class="device">
                    <span dir="auto">{device}</span>
                    {session.current.then(|| view! { <span class="badge">"This one"</span> }.into_any())}
                </p>
                <p class="when">
                    "Last used " <RelativeTime at=session.last_seen_at/> ", began " <RelativeTime at=session.created_at/>
                </p>
                <Notice text=form.fault_of_all(&[]) bad=true/>
            </div>
            {(!session.current).then(|| {
                view! {
                    <RpcForm form=form>
                        <input type="hidden" name="session" value=session.id.to_string()/>
                        <Button submit=true busy=form.busy() attr:aria-label=label>"End"</Button>
                    </RpcForm>
                }.into_any()
            })}
        </li>
    }
}
