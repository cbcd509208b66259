//! A person's browser: a host, a cookie, and the browser's own headers.

use serde_json::Value;

use crate::support::{Answer, Service, answer};

/// A page of one origin, with its session's cookie.
pub struct Browser<'a> {
    service: &'a Service,
    host: &'static str,
    pub cookie: Option<String>,
    /// Headers that replace those of the browser.
    pub says: Vec<(&'static str, String)>,
    /// The answer to the last sign-in.
    pub told: Value,
}

/// Signs in, and asserts that it is accepted.
#[track_caller]
pub fn sign_in<'a>(service: &'a Service, host: &'static str, with: &Value) -> Browser<'a> {
    let mut browser = Browser::new(service, host);
    let answer = browser.send("POST", "/v1/session", Some(&with.to_string()));
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    browser.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    browser.told = answer.expect(200);
    browser
}

impl<'a> Browser<'a> {
    pub fn new(service: &'a Service, host: &'static str) -> Self {
        let says = vec![("sec-fetch-site", "same-origin".to_owned())];
        Self { service, host, cookie: None, says, told: Value::Null }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<str>) -> Answer {
        self.send("POST", path, Some(body.as_ref()))
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(&body.to_string()))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let uri = format!("{}{path}", self.service.address());
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        request = request.header("host", self.host);
        for (name, value) in &self.says {
            request = request.header(*name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let agent = self.service.agent();
        let response = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                agent.run(request.body(body.to_owned()).unwrap())
            }
            None => agent.run(request.body(()).unwrap()),
        };
        answer(response.unwrap()).unwrap()
    }
}
