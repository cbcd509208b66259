//! JSON with impossible values is not reported as malformed, and records are read by names.

use serde_json::json;

use crate::support::{FIRST, OPERATOR, Service, config, request, square};

#[test]
fn valid_json_is_never_called_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let camera = |id: &str, position: &str| {
        format!(
            "[{{\"register\":{{\"id\":{id},\"owner\":1,\"position\":{position},\"recording\":\
             {{\"kept_days\":60}}}}}}]"
        )
    };
    let place = "[-84.9,41.1]";
    for valid in [
        camera("1e400", place),
        camera("18446744073709551616", place),
        camera("-1", place),
        camera("1.5", place),
        camera("\"\\ud800\"", place),
        camera("1", "[1e999,41.1]"),
        camera("1", "[184.9,91.1]"),
        camera("1", &format!("{}0{}", "[".repeat(500), "]".repeat(500))),
        "[{\"withdraw\":{\"owner\":1,\"owner\":2}}]".to_owned(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        "1e400".to_owned(),
        "\"\\ud800\"".to_owned(),
        "null".to_owned(),
        "[null]".to_owned(),
        "[{}]".to_owned(),
    ] {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&valid).is_ok(), "{valid}");
        service.post(OPERATOR, "/v1/changes", &valid).problem(422, "wrong_shape");
    }
    let bad = format!("[{{\"withdraw\":{{\"owner\":1}}}},{}", &camera("1e400", place)[1..]);
    let problem = service.post(OPERATOR, "/v1/changes", bad).problem(422, "wrong_shape");
    assert_eq!(problem["errors"][0]["index"], 1, "{problem}");
    for malformed in [
        "",
        " ",
        "[",
        "[{]",
        "[01]",
        "[1.]",
        "[+1]",
        "['a']",
        "[1,]",
        "[] []",
        "[NaN]",
        "[\"\t\"]",
        "\u{feff}[]",
        "// []",
        "[\"\\x\"]",
        // A wrong value in front, and no JSON behind it.
        "{]",
        "[7, }",
        "7 7",
    ] {
        service.post(OPERATOR, "/v1/changes", malformed).problem(400, "malformed_json");
    }
    service.post(OPERATOR, "/v1/changes", b"[\"\xff\"]").problem(400, "malformed_json");

    let asked = request("26-1", &square(-84.9, 41.1, 0.008)).to_string();
    for (from, to) in [
        ("\"agency\":1", "\"agency\":1e400"),
        ("\"agency\":1", "\"agency\":1,\"agency\":1"),
        ("\"26-1\"", "\"\\udc00\""),
        ("\"26-1\"", "26"),
    ] {
        let changed = asked.replace(from, to);
        assert_ne!(changed, asked);
        service.post(FIRST, "/v1/requests", changed).problem(422, "wrong_shape");
    }
}

#[test]
fn no_record_is_read_by_position() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let asked = request("26-1", &square(-84.9, 41.1, 0.008));
    let list = ["agency", "incident", "area", "window", "case_reference", "contact"]
        .map(|name| asked[name].clone());
    service.post(FIRST, "/v1/requests", json!(list).to_string()).problem(422, "wrong_shape");
    let told = service.open(&asked);
    let at = |verb: &str| format!("/v1/requests/{}/{verb}", told["id"]);
    service
        .post(FIRST, &at("extend"), json!([told["latest"]]).to_string())
        .problem(422, "wrong_shape");
    for verb in ["resolve", "withdraw"] {
        service.post(FIRST, &at(verb), "[]").problem(422, "wrong_shape");
    }
    service.post(OPERATOR, &at("ask"), "[]").problem(422, "wrong_shape");
    service.post(OPERATOR, &at("answers"), "[[7,\"shared\"]]").problem(422, "wrong_shape");
    assert_eq!(service.get(FIRST, at("").trim_end_matches('/')).expect(200), told);

    for (name, value) in [("limits", json!([1, 2])), ("agencies", json!([["a", "b"]]))] {
        let mut config = config(&json!({}), &json!({}));
        config[name] = value;
        let read = serde_json::from_value::<canvass_service::settings::Settings>(config);
        assert!(read.unwrap_err().to_string().contains("an object with named fields"));
    }
}

#[test]
fn no_change_is_read_by_position() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    for list in [
        json!([{ "register": [1, 2, [-84.9, 41.1], { "kept_days": 60 }] }]),
        json!([{ "withdraw": [7] }]),
        json!([{ "record_asked": [7, "2026-05-01T00:00:00Z"] }]),
        json!([{ "set_consent": [7, ["granted"]] }]),
        json!([{ "set_consent": { "owner": 7, "consent": ["granted"] } }]),
        json!([{ "remove": [1] }]),
    ] {
        service.post(OPERATOR, "/v1/changes", list.to_string()).problem(422, "wrong_shape");
    }
}
