//! `/admin/sites`: pages and forms for administrators. The forms are plain ones; a change comes past the cross-site
//! guard like every other.

use super::plain::{Css, Visitor, fault, nothing, page, turn_away};
use super::widget;
use crate::{
    plain::{
        field::{Form, Values},
        notice,
        site::{self, Shown, Tags},
        sites,
    },
    server::{
        error::{Error, Result},
        sites::{
            SiteSecret,
            form::{self, Section},
        },
        state::AppState,
    },
    wire::{
        error::{ApiError, Code},
        id::SiteId,
        site::{Site, SiteSettings},
    },
};
use axum::{
    Extension, Router,
    extract::{FromRequest, OriginalUri, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

const SCRIPT: Option<&str> = Some("/admin.js");

/// Its routes.
pub fn router(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/admin", get(|| async { Redirect::to("/admin/sites") }))
        .route("/admin/sites", get(index).post(create))
        .route("/admin/sites/{id}", get(show))
        .route("/admin/sites/{id}/{action}", post(act))
        .route_layer(from_fn_with_state(state.clone(), only_administrators))
        .layer(Extension(Css::find(state)))
}

/// Lets administrators through. A form that comes after the access token's short life is kept: see
/// [`notice::once_more`].
async fn only_administrators(
    State(state): State<AppState>,
    Extension(css): Extension<Css>,
    uri: OriginalUri,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    if matches!(visitor, Visitor::Admin) {
        let mut response = next.run(request).await;
        let private = HeaderValue::from_static("private, no-store");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(private);
        return response;
    }
    let (headers, method) = (request.headers().clone(), request.method().clone());
    if matches!(visitor, Visitor::Nobody) && method == Method::POST {
        let typed = match Typed::from_request(request, &state).await {
            Ok(Typed(typed)) => typed,
            Err(error) => return fault(&css, &headers, error),
        };
        let action = uri.path().to_owned();
        let title = "One more step";
        return page(&css, &headers, StatusCode::UNAUTHORIZED, title, None, || notice::once_more(action, &typed));
    }
    turn_away(&visitor, &css, &headers, &method, &uri)
}

/// The fields of a form, by name; a name that comes twice has its last value.
struct Typed(Values);

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let form = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
        let axum::Form(pairs) = form.map_err(|_| Error::invalid("This form cannot be read. Go back and try again."))?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect()))
    }
}

/// What the page before did.
#[derive(Deserialize)]
struct Said {
    saved: Option<String>,
    deleted: Option<String>,
}

async fn index(
    State(state): State<AppState>,
    Extension(css): Extension<Css>,
    Query(said): Query<Said>,
    headers: HeaderMap,
) -> Response {
    let said = said.deleted.map(|_| "The site was deleted.".to_owned());
    match state.sites.list().await {
        Ok(all) => {
            let form = Form { values: &Values::new(), fault: None };
            page(&css, &headers, StatusCode::OK, "Sites", SCRIPT, || sites::index(&all, &form, said))
        }
        Err(error) => fault(&css, &headers, error),
    }
}

async fn create(
    State(state): State<AppState>,
    Extension(css): Extension<Css>,
    headers: HeaderMap,
    Typed(typed): Typed,
) -> Response {
    let field = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let settings = SiteSettings { origins: form::origins(field("origins")), ..SiteSettings::default() };
    match state.sites.create(field("name"), settings).await {
        Ok(site) => Redirect::to(&format!("/admin/sites/{}", site.id)).into_response(),
        Err(Error::Api(error)) if error.code == Code::Invalid => match state.sites.list().await {
            Ok(all) => {
                let form = Form { values: &typed, fault: Some(&error) };
                page(&css, &headers, StatusCode::BAD_REQUEST, "Sites", SCRIPT, || sites::index(&all, &form, None))
            }
            Err(error) => fault(&css, &headers, error),
        },
        Err(error) => fault(&css, &headers, error),
    }
}

async fn show(
    State(state): State<AppState>,
    Extension(css): Extension<Css>,
    Path(id): Path<String>,
    Query(said): Query<Said>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse() else { return nothing(&css, &headers) };
    render(&state, &css, &headers, id, Outcome { saved: said.saved, ..Outcome::default() }).await
}

/// What was done, for the page that shows it.
#[derive(Default)]
struct Outcome {
    saved: Option<String>,
    refused: Option<(String, ApiError, Values)>,
    secrets: Vec<SiteSecret>,
}

async fn render(state: &AppState, css: &Css, headers: &HeaderMap, id: SiteId, outcome: Outcome) -> Response {
    let all = match state.sites.list().await {
        Ok(all) => all,
        Err(error) => return fault(css, headers, error),
    };
    let Some(site) = all.iter().find(|site| site.id == id) else { return nothing(css, headers) };
    let mut values = form::values(site);
    let mut status = StatusCode::OK;
    if let Some((section, error, typed)) = &outcome.refused {
        status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        // What was typed, and what was emptied: fields of other sections stay as they are stored.
        if section == "general" {
            values.remove("loopback");
        }
        values.extend(typed.clone());
    }
    let tags = tags(state, site).await;
    let told = |known: &SiteSecret| (known.secret.expose().to_owned(), known.expires_at);
    let secrets: Vec<_> = outcome.secrets.iter().map(told).collect();
    let shown = Shown {
        all: &all,
        site,
        values: &values,
        saved: outcome.saved.as_deref(),
        fault: outcome.refused.as_ref().map(|(section, error, _)| (section.as_str(), error)),
        secrets: &secrets,
        tags: &tags,
        no_model: state.config.model.is_none(),
    };
    page(css, headers, status, &site.name, SCRIPT, || site::page(&shown))
}

/// The tags to copy, for the first of the server's own origins.
async fn tags(state: &AppState, site: &Site) -> Tags {
    let key = site.keys.first().map(|key| key.key.as_str()).unwrap_or_default();
    Tags { floating: widget::tag(state, key), pinned: widget::pinned(state, key).await }
}

async fn act(
    State(state): State<AppState>,
    Extension(css): Extension<Css>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
    Typed(typed): Typed,
) -> Response {
    let Ok(id) = id.parse::<SiteId>() else { return nothing(&css, &headers) };
    match done(&state, id, &action, &typed).await {
        Ok(Done::Go(to)) => Redirect::to(&to).into_response(),
        Ok(Done::Show(secrets)) => {
            let outcome = Outcome { secrets, ..Outcome::default() };
            let mut response = render(&state, &css, &headers, id, outcome).await;
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            response
        }
        Ok(Done::Nothing) => nothing(&css, &headers),
        Err(Error::Api(error)) if error.code == Code::Invalid || error.code == Code::Conflict => {
            let refused = Some((action, error, typed));
            render(&state, &css, &headers, id, Outcome { refused, ..Outcome::default() }).await
        }
        Err(error) => fault(&css, &headers, error),
    }
}

enum Done {
    Go(String),
    Show(Vec<SiteSecret>),
    Nothing,
}

/// One form of the page. Each section saves only its own fields.
async fn done(state: &AppState, id: SiteId, action: &str, typed: &Values) -> Result<Done> {
    let field = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let saved = |section: &str| Done::Go(format!("/admin/sites/{id}?saved={section}#{section}"));
    if let Some(section) = Section::parse(action) {
        let change = |name: &mut String, settings: &mut SiteSettings| form::apply(section, typed, name, settings);
        state.sites.change(id, change).await?;
        return Ok(saved(action));
    }
    Ok(match action {
        "keys" => {
            state.sites.rotate(id, field("when") == "now").await?;
            saved("keys")
        }
        "revoke" => {
            state.sites.revoke(id, field("key")).await?;
            saved("keys")
        }
        "secret" => match field("what") {
            what @ ("rotate" | "rotate-now") => {
                state.sites.rotate_secret(id, what == "rotate-now").await?;
                saved("secret")
            }
            "end" => {
                state.sites.end_previous_secret(id).await?;
                saved("secret")
            }
            _ => Done::Show(state.sites.secrets(id).await?),
        },
        "delete" if field("sure").is_empty() => {
            let error = ApiError::new(Code::Invalid, "Tick the box to say that you mean it.");
            return Err(Error::Api(error.on("sure")));
        }
        "delete" => {
            state.sites.delete(id).await?;
            Done::Go("/admin/sites?deleted=1".to_owned())
        }
        _ => Done::Nothing,
    })
}
