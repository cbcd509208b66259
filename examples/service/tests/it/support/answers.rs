//! Requests over HTTP, and their answers.

use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The problem in an answer, with the expected status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

pub fn get(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
) -> Result<Answer, ureq::Error> {
    let mut request = agent.get(format!("{address}{path}"));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.call()?)
}

pub fn post(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let mut request = agent.post(format!("{address}{path}")).content_type("application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.send(body)?)
}

pub fn post_keyed(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
    key: &str,
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let request = agent.post(format!("{address}{path}")).content_type("application/json");
    let request = request.header("authorization", format!("Bearer {token}"));
    answer(request.header("idempotency-key", key).send(body)?)
}

pub fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), text })
}
