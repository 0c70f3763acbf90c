//! `/admin/sites`: all sites, and a form for a new one.

use super::{
    field::{Form, line, lines, told},
    notice, site,
};
use crate::{
    app::{
        title::PRODUCT,
        ui::icon::{Icon, Svg},
    },
    wire::site::{Site, WhoMayChat},
};
use leptos::prelude::*;

/// The frame of the administration: the list of sites on the left.
pub fn layout(sites: &[Site], current: Option<&Site>, content: AnyView) -> AnyView {
    let row = |site: &Site| {
        let here = current.is_some_and(|current| current.id == site.id);
        let section = |(id, title): (&'static str, &'static str)| {
            view! { <li><a class="entry" href=format!("#{id}")>{title}</a></li> }
        };
        let sections = here.then(|| {
            view! { <ul role="list" class="sections" aria-label="Sections">{site::SECTIONS.map(section).collect_view()}</ul> }
        });
        view! {
            <li>
                <a class="entry" href=format!("/admin/sites/{}", site.id) aria-current=here.then_some("page")>
                    <span class="clip" dir="auto">{site.name.clone()}</span>
                </a>
                {sections}
            </li>
        }
    };
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="settings admin">
            <nav aria-label="Administration">
                <div class="brand"><a class="product" href="/">{PRODUCT}</a></div>
                <a class="entry" href="/"><Svg icon=Icon::ChevronLeft/>"Back to chats"</a>
                <a class="entry" href="/admin/sites" aria-current=current.is_none().then_some("page")>
                    <Svg icon=Icon::Settings/>"Sites"
                </a>
                <ul role="list" class="sites">{sites.iter().map(row).collect_view()}</ul>
            </nav>
            <main id="main" tabindex="-1"><div class="column">{content}</div></main>
        </div>
    }
    .into_any()
}

/// The word for people.
fn who(who: WhoMayChat) -> &'static str {
    match who {
        WhoMayChat::Anyone => "Every visitor may chat",
        WhoMayChat::Verified => "Visitors whom the site vouches for may chat",
        WhoMayChat::Account => "People with an account here may chat",
    }
}

/// Where a site's widget may be, in a line: the first two of many origins, and how many more there are.
fn origins(site: &Site) -> String {
    const SHOWN: usize = 2;
    let mut all: Vec<&str> = site.settings.origins.iter().map(String::as_str).collect();
    if site.settings.loopback {
        all.push("pages of this machine");
    }
    match all.len() {
        0 => "though no website may use it yet".to_owned(),
        count if count > SHOWN + 1 => format!("on {} and {} more", all[..SHOWN].join(", "), count - SHOWN),
        _ => format!("on {}", all.join(", ")),
    }
}

/// The list, and the form for a new site.
pub fn index(sites: &[Site], form: &Form<'_>, said: Option<String>) -> AnyView {
    let row = |site: &Site| {
        let origins = origins(site);
        let model = site.settings.model.as_ref().map(|model| format!(" Answered by {model}.")).unwrap_or_default();
        view! {
            <li>
                <div class="what">
                    <p class="device"><a href=format!("/admin/sites/{}", site.id) dir="auto">{site.name.clone()}</a></p>
                    <p class="when">{format!("{}, {origins}.{model}", who(site.settings.who))}</p>
                </div>
                <Svg icon=Icon::ChevronRight/>
            </li>
        }
    };
    let fault = form.fault.map(|fault| notice::bad(format!("The site was not made. {}", fault.message)));
    let rows = if sites.is_empty() {
        view! { <p class="about">"There is no site yet. Name the first one below; its page then has the tag to paste into yours."</p> }.into_any()
    } else {
        view! { <ul role="list" class="rows">{sites.iter().map(row).collect_view()}</ul> }.into_any()
    };
    let content = view! {
        <section>
            <h1>"Sites"</h1>
            <p class="about">
                "A site is a website that embeds the chat widget. It has a key, the origins that may use it, and its own look and limits."
            </p>
            {said.map(notice::good)}
            {fault}
            {rows}
        </section>
        <section aria-labelledby="new">
            <h2 id="new">"New site"</h2>
            <form class="form" method="post" action="/admin/sites">
                {line(form, told("name", "Name", "What administrators call it; visitors do not see it."), "")}
                {lines(
                    form,
                    told("origins", "Origins", "The websites that may embed the widget, one per line, as browsers write them: https://shop.example. You can add them later."),
                    3,
                    true,
                )}
                <div class="actions"><button class="button primary">"Make the site"</button></div>
            </form>
        </section>
    }
    .into_any();
    layout(sites, None, content)
}
