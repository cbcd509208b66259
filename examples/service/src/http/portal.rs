//! The pages: static files, and the set-up that the pages need. Each plane has its own page and no
//! other.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::portal_hosts::Plane;
use super::{App, body};
use crate::basemap::BaseMap;
use crate::demo;
use crate::settings::Settings;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A file that is served as it is.
#[derive(Clone, Copy)]
struct File {
    path: &'static str,
    kind: &'static str,
    name: &'static str,
    embedded: &'static [u8],
}

macro_rules! file {
    ($path:literal $kind:ident $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            name: $name,
            embedded: include_bytes!(concat!("../../portal/", $name)),
        }
    };
    ($kind:ident $name:literal) => {
        File {
            path: concat!("/", $name),
            kind: $kind,
            name: $name,
            embedded: include_bytes!(concat!("../../portal/", $name)),
        }
    };
}

const SVG: &str = "image/svg+xml";

/// Files that all pages use.
const SHARED: &[File] = &[
    file!(STYLE "portal.css"),
    file!(SVG "icon.svg"),
    file!(SCRIPT "api.js"),
    file!(SCRIPT "page.js"),
    file!(SCRIPT "time.js"),
];

/// The page of one plane, and the files that it alone uses.
const fn own(plane: Plane) -> &'static [File] {
    match plane {
        Plane::Agency => &[
            file!("/" HTML "agency.html"),
            file!(SCRIPT "agency.js"),
            file!(SCRIPT "map.js"),
            file!(SCRIPT "drawing.js"),
            file!(SCRIPT "refusals.js"),
        ],
        Plane::Operator => &[
            file!("/" HTML "operator.html"),
            file!(SCRIPT "operator.js"),
            file!(SCRIPT "map.js"),
            file!(SCRIPT "marks.js"),
        ],
        Plane::Owner => {
            &[file!("/" HTML "owner.html"), file!(SCRIPT "owner.js"), file!(SCRIPT "verify.js")]
        }
        Plane::Public => {
            &[file!("/" HTML "index.html"), file!(SCRIPT "public.js"), file!(SCRIPT "map.js")]
        }
        Plane::Programs => &[],
    }
}

const STORY: File = file!(SCRIPT "story.js");

/// The pages' answers that are not files.
#[derive(Debug)]
pub(super) struct Pages {
    map: BaseMap,
    // Computed once: a map may be large.
    map_tag: String,
    is_demo: bool,
}

impl Pages {
    pub(super) fn new(settings: &Settings) -> Self {
        let bare = || BaseMap::bare(settings.agencies.iter().map(|caller| &caller.agency));
        let map = settings.portal.map.clone().unwrap_or_else(bare);
        let map_tag = tag(map.json().as_bytes());
        Self { map, map_tag, is_demo: settings.portal.is_demo }
    }
}

/// The routes of a plane's pages.
pub(super) fn pages(plane: Plane) -> Router<Arc<App>> {
    if plane == Plane::Programs {
        return Router::new();
    }
    let files = SHARED.iter().chain(own(plane)).copied();
    let router = files.fold(Router::new(), |router, file| {
        router.route(file.path, get(move |headers: HeaderMap| async move { file.answer(&headers) }))
    });
    router
        .route("/map.json", get(map))
        .route("/portal.json", get(move |app: State<Arc<App>>| async move { about(plane, &app) }))
        .route(
            STORY.path,
            get(|State(app): State<Arc<App>>, headers: HeaderMap| async move {
                if app.portal.is_demo {
                    STORY.answer(&headers)
                } else {
                    StatusCode::NOT_FOUND.into_response()
                }
            }),
        )
}

/// `GET /map.json`: the base map.
async fn map(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Pages { map, map_tag, .. } = &app.portal;
    tagged(&headers, "application/json", map_tag, || map.json().as_bytes().to_vec())
}

/// `GET /portal.json`: the name of this plane, and in the demo the way to sign in. The names of the
/// other hosts are only for the public, and for the demo's links.
fn about(plane: Plane, app: &App) -> Response {
    let is_demo = app.portal.is_demo;
    let hosts = (plane == Plane::Public || is_demo).then(|| {
        let hosts = &app.hosts;
        json!({ "agency": hosts.agency, "operator": hosts.operator, "owner": hosts.owner, "public": hosts.public })
    });
    let token = match plane {
        Plane::Agency => Some(demo::AGENCY),
        Plane::Operator => Some(demo::OPERATOR),
        Plane::Owner => Some(demo::OWNER),
        Plane::Public | Plane::Programs => None,
    };
    let demo = is_demo.then(|| json!({ "token": token }));
    body::json(StatusCode::OK, &json!({ "plane": plane.code(), "hosts": hosts, "demo": demo }))
}

impl File {
    fn answer(self, headers: &HeaderMap) -> Response {
        let bytes = self.bytes();
        tagged(headers, self.kind, &tag(&bytes), || bytes)
    }

    /// In debug builds files are read from the disk, so that reloading a page shows an edit.
    fn bytes(self) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/portal/");
        let fresh =
            cfg!(debug_assertions).then(|| std::fs::read(format!("{folder}{}", self.name)).ok());
        fresh.flatten().unwrap_or_else(|| self.embedded.to_vec())
    }
}

/// The tag of an answer's content, in the form of the header `ETag`.
fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex = digest.iter().take(12).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("\"{hex}\"")
}

/// An answer that a browser caches and revalidates each time.
fn tagged(
    headers: &HeaderMap,
    kind: &'static str,
    tag: &str,
    bytes: impl FnOnce() -> Vec<u8>,
) -> Response {
    let is_known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], bytes()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
