//! The manual, for everyone: the pages that Guide quotes.

pub mod part;
pub mod remote;

use super::{
    call::Load,
    not_found::Nothing,
    title::{PRODUCT, PageTitle},
    ui::{markdown::Markdown, skeleton::Skeleton},
};
use crate::browser::ask;
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_params_map};

/// A line with the way back above the page.
#[component]
pub fn DocsLayout() -> impl IntoView {
    view! {
        <div class="manual">
            <header>
                <a class="product" href="/">{PRODUCT}</a>
                <a href="/docs">"Manual"</a>
            </header>
            <main id="main" tabindex="-1"><Outlet/></main>
        </div>
    }
}

/// `/docs`: all pages of the manual.
#[component]
pub fn DocumentsPage() -> impl IntoView {
    let all = Load::once(|| remote::Documents {});
    view! {
        <PageTitle text="Manual"/>
        <h1>"Manual"</h1>
        <Suspense fallback=|| view! { <Skeleton lines=6/> }>
            {move || Suspend::new(async move {
                match all.await {
                    Ok(all) if all.is_empty() => "There are no pages yet.".into_any(),
                    Err(_) => "The list could not be loaded. Reload the page to try again.".into_any(),
                    Ok(all) => {
                        let row = |page: remote::PageInfo| {
                            view! { <li><a href=format!("/docs/{}", page.slug)>{page.title}</a></li> }
                        };
                        let rows = all.into_iter().map(row).collect_view();
                        view! { <ul role="list" class="pages">{rows}</ul> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

/// `/docs/:slug`
#[component]
pub fn DocumentPage() -> impl IntoView {
    let params = use_params_map();
    let slug = move || params.with(|params| params.get("slug").unwrap_or_default());
    let page = Load::<Option<remote::Page>>::each(slug, move || ask(remote::Document { slug: slug() }));
    view! {
        <Suspense fallback=|| view! { <Skeleton lines=8/> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(Some(page)) => {
                        let streaming = Signal::stored(false);
                        let id = Some(page.id).filter(|id| !id.is_empty());
                        let text = Signal::stored(page.markdown);
                        view! {
                            <PageTitle text=page.title.clone()/>
                            <h1 id=id>{page.title}</h1>
                            <article class="prose"><Markdown text=text streaming=streaming ids=page.ids/></article>
                        }.into_any()
                    }
                    _ => view! { <Nothing/> }.into_any(),
                }
            })}
        </Suspense>
    }
}
