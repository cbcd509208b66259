//! Endpoints with their descriptions: routes and the `OpenAPI` document come from one list, so that
//! they cannot differ.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, delete, get, post, put};
use serde_json::{Value, json};
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Paths,
    Ref, RefOr, Required, Schema,
};

use super::App;
use super::portal_hosts::Plane;
use super::problem::{Kind, MEDIA_TYPE};

/// Routes with their descriptions.
pub(super) struct Endpoints {
    router: Router<Arc<App>>,
    told: Vec<Endpoint>,
}

/// The description of one endpoint.
struct Endpoint {
    method: HttpMethod,
    path: &'static str,
    summary: &'static str,
    /// An example of the body that it takes.
    takes: Option<Value>,
    success: StatusCode,
    query: Vec<(&'static str, &'static str)>,
    /// The callers who are admitted; none if everybody is.
    by: Option<&'static str>,
}

impl Endpoints {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), told: Vec::new() }
    }

    pub(super) fn get<H: Handler<T, Arc<App>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        summary: &'static str,
    ) -> Self {
        self.with(HttpMethod::Get, path, get(handler), StatusCode::OK, None, summary)
    }

    /// An endpoint that takes a body, with an example.
    pub(super) fn post<H: Handler<T, Arc<App>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        success: StatusCode,
        takes: Value,
        summary: &'static str,
    ) -> Self {
        self.with(HttpMethod::Post, path, post(handler), success, Some(takes), summary)
    }

    pub(super) fn put<H: Handler<T, Arc<App>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        takes: Value,
        summary: &'static str,
    ) -> Self {
        self.with(HttpMethod::Put, path, put(handler), StatusCode::OK, Some(takes), summary)
    }

    pub(super) fn delete<H: Handler<T, Arc<App>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        success: StatusCode,
        summary: &'static str,
    ) -> Self {
        self.with(HttpMethod::Delete, path, delete(handler), success, None, summary)
    }

    fn with(
        mut self,
        method: HttpMethod,
        path: &'static str,
        route: MethodRouter<Arc<App>>,
        success: StatusCode,
        takes: Option<Value>,
        summary: &'static str,
    ) -> Self {
        self.router = self.router.route(path, route);
        self.told.push(Endpoint {
            method,
            path,
            summary,
            takes,
            success,
            query: Vec::new(),
            by: None,
        });
        self
    }

    /// Adds a query parameter to the last endpoint.
    pub(super) fn query(mut self, name: &'static str, about: &'static str) -> Self {
        if let Some(last) = self.told.last_mut() {
            last.query.push((name, about));
        }
        self
    }

    /// Restricts all of these to some callers, which a layer enforces.
    pub(super) fn only(
        mut self,
        by: &'static str,
        layer: impl FnOnce(Router<Arc<App>>) -> Router<Arc<App>>,
    ) -> Self {
        for endpoint in &mut self.told {
            endpoint.by = Some(by);
        }
        self.router = layer(self.router);
        self
    }

    /// Adds a layer around the answers of all of these.
    pub(super) fn limited(
        mut self,
        layer: impl FnOnce(Router<Arc<App>>) -> Router<Arc<App>>,
    ) -> Self {
        self.router = layer(self.router);
        self
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.told.extend(other.told);
        self
    }

    /// The routes, and the document about them.
    pub(super) fn router(self, plane: Plane) -> Router<Arc<App>> {
        let document = document(plane, &self.told);
        let text = serde_json::to_string(&document).unwrap_or_default();
        let serve = move || {
            let text = text.clone();
            async move {
                let kind = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, kind)], text).into_response()
            }
        };
        self.router.route(DOCUMENT, get(serve))
    }
}

/// The path of the document.
const DOCUMENT: &str = "/v1/openapi.json";

fn document(plane: Plane, told: &[Endpoint]) -> OpenApi {
    let mut paths = Paths::new();
    for endpoint in told {
        paths.add_path_operation(
            endpoint.path,
            vec![endpoint.method.clone()],
            endpoint.operation(),
        );
    }
    let text = |name: &str| (name.to_owned(), RefOr::T(Schema::from(of_type(Type::String))));
    let codes: Vec<Value> = Kind::ALL.iter().map(|kind| json!(kind.code())).collect();
    let mut problem = ObjectBuilder::new()
        .description(Some("Problem details (RFC 9457). Members beside these depend on the code."));
    for name in ["type", "title", "detail"] {
        let (name, schema) = text(name);
        problem = problem.property(name.clone(), schema).required(name);
    }
    problem = problem
        .property("status", of_type(Type::Integer))
        .required("status")
        .property("code", of_type(Type::String).enum_values(Some(codes)))
        .required("code");
    let session = ApiKeyValue::new("__Host-session");
    let components = ComponentsBuilder::new()
        .schema("Problem", problem.build())
        .security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let info = InfoBuilder::new()
        .title(format!("Canvass: {}", plane.code()))
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The endpoints of one host. Another host's are not there."));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind))
}

impl Endpoint {
    fn operation(&self) -> utoipa::openapi::path::Operation {
        let mut operation = OperationBuilder::new().summary(Some(self.summary));
        for name in
            self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(of_type(Type::String)));
            operation = operation.parameter(parameter.build());
        }
        for (name, about) in &self.query {
            let parameter = ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(*about))
                .schema(Some(of_type(Type::String)));
            operation = operation.parameter(parameter.build());
        }
        if let Some(example) = &self.takes {
            let kind = match example {
                Value::Array(_) => Type::Array,
                _ => Type::Object,
            };
            let schema = match kind {
                Type::Array => Schema::Array(
                    utoipa::openapi::schema::ArrayBuilder::new()
                        .items(of_type(Type::Object))
                        .build(),
                ),
                kind => Schema::from(of_type(kind)),
            };
            let content = ContentBuilder::new().schema(Some(schema)).example(Some(example.clone()));
            let body = RequestBodyBuilder::new()
                .content("application/json", content.build())
                .required(Some(Required::True));
            operation = operation.request_body(Some(body.build()));
        }
        let success = ResponseBuilder::new().description("As the README has it");
        let success = match self.success {
            StatusCode::NO_CONTENT => success,
            _ => success.content(
                "application/json",
                ContentBuilder::new().schema(Some(of_type(Type::Object))).build(),
            ),
        };
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let refused = ResponseBuilder::new()
            .description("A problem; `/problems/{code}` has its title and status")
            .content(MEDIA_TYPE, problem);
        operation = operation
            .response(self.success.as_str(), success.build())
            .response("default", refused.build());
        if let Some(by) = self.by {
            let none: [&str; 0] = [];
            operation = operation
                .tag(by)
                .security(SecurityRequirement::new("token", none))
                .security(SecurityRequirement::new("session", none));
        }
        operation.build()
    }
}
