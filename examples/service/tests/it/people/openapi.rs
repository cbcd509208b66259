//! The `OpenAPI` document of each host, compared with the host's answers.

use serde_json::{Value, json};

use super::{Browser, officer, opened, owner, reviewer};

/// The operations of a document: method, path with numbers in it, whether it takes a body, its description.
fn operations(document: &Value) -> Vec<(String, String, bool, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "7" } else { part }).collect();
        for (method, operation) in item.as_object().unwrap() {
            let takes = operation.get("requestBody").is_some();
            operations.push((method.to_uppercase(), filled.join("/"), takes, operation.clone()));
        }
    }
    operations
}

#[test]
fn every_documented_operation_is_answered_on_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let public = Browser::new(&service, "localhost");
    let browsers = [officer(&service), reviewer(&service), owner(&service, 3), public];
    let mut all = Vec::new();
    for browser in &browsers {
        let document = browser.get("/v1/openapi.json").expect(200);
        assert_eq!(document["openapi"], "3.1.0");
        let problem = &document["components"]["schemas"]["Problem"];
        let codes = problem["properties"]["code"]["enum"].as_array().unwrap().clone();
        assert!(codes.contains(&json!("notice_not_approved")));
        for (method, path, takes, operation) in operations(&document) {
            if method == "DELETE" && path == "/v1/session" {
                continue;
            }
            let answer = browser.send(&method, &path, takes.then_some("[{}]"));
            assert!(
                answer.status != 405 && answer.status != 401,
                "{method} {path}: {}",
                answer.text
            );
            assert!(
                !answer.text.contains("no_such_endpoint") || path.starts_with("/problems"),
                "{path}"
            );
            assert_eq!(takes, method == "POST" || method == "PUT", "{method} {path}");
            let success: Vec<&String> =
                operation["responses"].as_object().unwrap().keys().collect();
            assert!(success.len() == 2 && success.iter().any(|s| *s == "default"), "{success:?}");
            if answer.status < 300 {
                assert!(
                    success.iter().any(|s| **s == answer.status.to_string()),
                    "{method} {path}"
                );
            } else {
                // The document lists each problem that occurs.
                assert!(codes.contains(&answer.json()["code"]), "{}", answer.text);
            }
            all.push((method, path));
        }
    }
    assert!(all.len() > 45, "{} operations", all.len());
}

#[test]
fn another_planes_operations_are_in_no_document() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let document = |host| {
        let document = Browser::new(&service, host).get("/v1/openapi.json").expect(200);
        operations(&document).into_iter().map(|(m, p, ..)| format!("{m} {p}")).collect::<Vec<_>>()
    };
    let agency = document("agency.localhost");
    for path in
        ["GET /v1/requests/7/route", "POST /v1/requests/7/ask", "GET /metrics", "POST /v1/changes"]
    {
        assert!(!agency.iter().any(|found| found == path));
        assert!(document("operator.localhost").iter().any(|found| found == path));
    }
    assert!(!document("localhost").iter().any(|found| found.contains("/v1/me")));
    // The document for programs has all endpoints except sessions.
    let programs = document("127.0.0.1");
    for host in ["agency.localhost", "operator.localhost", "owner.localhost", "localhost"] {
        for found in document(host).iter().filter(|found| !found.ends_with("/v1/session")) {
            assert!(programs.contains(found), "{host}: {found}");
        }
    }
}
