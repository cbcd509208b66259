//! The pages' files: the operator's own streets, and what a browser keeps of them.

use serde_json::{Value, json};

use super::{Browser, noticed};
use crate::support::{Service, command};

fn streets(kind: &str) -> String {
    let feature = |kind: &str, geometry: Value| json!({ "type": "Feature", "properties": { "kind": kind }, "geometry": geometry });
    let lake = json!({ "type": "Polygon", "coordinates": [
        [[-84.95, 41.12], [-84.94, 41.12], [-84.94, 41.13], [-84.95, 41.12]]
    ] });
    let road = json!({ "type": "LineString", "coordinates": [[-84.96, 41.11], [-84.93, 41.14]] });
    json!({ "type": "FeatureCollection", "features": [feature("water", lake), feature(kind, road)] })
        .to_string()
}

#[test]
fn pages_draw_on_the_operators_own_streets() {
    let folder = tempfile::tempdir().unwrap();
    let (file, config) = (folder.path().join("streets.geojson"), noticed(&json!({})));
    std::fs::write(&file, streets("road")).unwrap();
    let options = ["--map", file.to_str().unwrap()];
    let service = Service::start_with(folder.path(), &config, &options);
    for host in ["agency.localhost", "operator.localhost", "localhost"] {
        let map = Browser::new(&service, host).get("/map.json").expect(200);
        let kinds: Vec<&str> =
            map["layers"].as_array().unwrap().iter().map(|l| l["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["water", "road"], "{host}");
        assert_eq!(map["origin"], json!([-84.96, 41.14]), "{host}");
    }
    service.stop();
    // Without streets, a page draws on the jurisdictions alone.
    let service = Service::start(folder.path(), &config);
    let map = Browser::new(&service, "agency.localhost").get("/map.json").expect(200);
    assert_eq!(map["layers"], json!([]));
    service.stop();
    std::fs::write(&file, streets("motorway")).unwrap();
    let ended = command(folder.path(), &config).args(options).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("streets.geojson") && said.contains("feature 1"), "{said}");
    assert!(said.contains("`motorway` is not water, park, road or building"), "{said}");
}

#[test]
fn a_browser_asks_again_and_gets_files_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let mut browser = Browser::new(&service, "agency.localhost");
    for path in ["/", "/agency.js", "/portal.css", "/map.json"] {
        browser.says = vec![];
        let first = browser.get(path);
        assert_eq!(
            (first.status, &first.headers["cache-control"]),
            (200, &"no-cache".parse().unwrap())
        );
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        browser.says = vec![("if-none-match", tag.clone())];
        let again = browser.get(path);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.headers["etag"], tag);
        browser.says = vec![("if-none-match", "\"other\"".to_owned())];
        assert_eq!(browser.get(path).text, first.text, "{path}");
    }
    // Only the demo has its strip.
    browser.get("/story.js").problem(404, "no_such_endpoint");
}
