//! `/v1/openapi.json`: the description of everything that programs can call.

use super::{conversations, events, replies};
use crate::{
    plain::api,
    server::{
        error::Error,
        http::{
            auth, health,
            plain::{self, Css},
            programs, site, visitors, widget,
        },
        state::AppState,
    },
    wire::{event::Event, json::Json as AnyJson, page::Page, rich::Rich, time::Timestamp},
};
use axum::{
    Extension, Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use std::borrow::Cow;
use utoipa::{
    Modify, OpenApi, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, Components, Content, KnownFormat, ObjectBuilder, Ref, RefOr, ResponseBuilder, Schema,
        SchemaFormat,
        path::Operation,
        schema::{SchemaType, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

pub(super) fn router(state: &AppState) -> Router<AppState> {
    Router::new().route("/v1", get(reference)).layer(Extension(Css::find(state))).route("/v1/openapi.json", get(itself))
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "server", operation_id = "openapi", security(()), responses(
    (status = 200, description = "In OpenAPI 3.1", body = AnyJson)))]
async fn itself() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

/// The document, to read.
async fn reference(Extension(css): Extension<Css>, headers: HeaderMap) -> Response {
    match serde_json::to_value(document()) {
        Ok(document) => plain::page(&css, &headers, StatusCode::OK, "API reference", None, || api::page(&document)),
        Err(error) => Error::Internal(format!("the OpenAPI document: {error}")).into_response(),
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(visitors::Described::openapi());
    document.merge(programs::Described::openapi());
    document.merge(widget::Described::openapi());
    document.merge(health::Described::openapi());
    for item in document.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        all.into_iter().flatten().for_each(with_refusals_of_bodies);
    }
    document
}

/// What every route says of a body in JSON that it cannot take, where the route does not say it in its own words.
fn with_refusals_of_bodies(operation: &mut Operation) {
    let takes_json =
        matches!(&operation.request_body, Some(RefOr::T(body)) if body.content.contains_key("application/json"));
    if !takes_json {
        return;
    }
    for (status, description) in [
        ("400", "Not JSON, or with a field that cannot be read"),
        ("413", "Larger than is taken here"),
        ("415", "Without Content-Type: application/json"),
    ] {
        let refusal = || {
            let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            ResponseBuilder::new().description(description).content("application/json", body).build().into()
        };
        operation.responses.responses.entry(status.to_owned()).or_insert_with(refusal);
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Parlor", description = "Chats with a model: send, follow, stop. Errors have one shape everywhere: \
        {\"error\":{\"code\",\"message\"}}."),
    paths(
        auth::sign_up, auth::log_in, auth::refresh_tokens, auth::me, auth::log_out,
        conversations::create, conversations::list, conversations::show, conversations::rename,
        conversations::remove, conversations::restore, conversations::messages, conversations::send,
        events::events, replies::stop, replies::regenerate, replies::resume,
        site::config, itself,
    ),
    components(schemas(Event, Rich)),
    security(("bearer" = []), ("cookie" = [])),
    modifiers(&Credentials),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The authToken of POST /auth/login, with Authorization: Bearer"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let visitor = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The token of POST /v1/widget/session, with Authorization: Bearer"))
            .build();
        components.add_security_scheme("visitor", SecurityScheme::Http(visitor));
        let secret = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The site's secret, with Authorization: Bearer, from the site's own server and nowhere else",
            ))
            .build();
        components.add_security_scheme("site_secret", SecurityScheme::Http(secret));
        let cookie = ApiKeyValue::with_description(
            "__Host-at",
            "The app's own cookie. A change must come with Sec-Fetch-Site: same-origin or the app's Origin.",
        );
        let site = ApiKeyValue::with_description(
            "X-Widget-Api-Key",
            "The public key of a site. Pages of other origins need one of the site's origins, too.",
        );
        components.add_security_scheme("site", SecurityScheme::ApiKey(ApiKey::Header(site)));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, in UTC"))
            .into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for AnyJson {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Any JSON")).into()
    }
}

impl ToSchema for AnyJson {}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Ask again with it to go on; null on the last page"));
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .property("next_cursor", cursor)
            .required("items")
            .required("next_cursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
