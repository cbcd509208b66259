//! The views of people on the four hosts, by their sessions.

mod agency;
mod browser;
mod erasure;
mod hosts;
mod notices;
mod openapi;
mod owners;
mod pages;
mod public;
mod same_story;
mod sessions;

use std::path::Path;

use canvass_service::settings::TokenDigest;
use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};
pub(crate) use browser::{Browser, sign_in};

/// A configuration in which a reviewer approves notices here, without quiet hours.
fn noticed(policy: &Value) -> Value {
    let mut policy = policy.clone();
    policy["quiet_hours"] = json!("none");
    let mut config = config(&policy, &json!({}));
    config["notices"] = json!({ "zone": "America/New_York" });
    config
}

/// A street of households that agreed to be asked, with ids from a number on.
fn street(first: u64, households: u64, west: f64, south: f64) -> Vec<Value> {
    let house = |number: u64| {
        let (column, row) = (number % 20, number / 20);
        agreed(first + number, west + 0.0002 * column as f64, south + 0.0002 * row as f64)
    };
    (0..households).flat_map(house).collect()
}

/// A service with twelve households in an area, and an open request about it.
fn opened(folder: &Path, policy: &Value) -> (Service, u64) {
    let service = Service::start(folder, &noticed(policy));
    service.change(&street(1, 12, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    (service, told["id"].as_u64().unwrap())
}

/// A notice that passes every rule.
fn notice(public_text: &str, approve: bool) -> String {
    json!({
        "template": "{agency} asks for footage of {window} from {cameras}, case {case}. To share is voluntary, and \
            this is not a warrant. {stop}",
        "stop": "To stop being asked, reply STOP.", "withheld": ["Jane Roe"],
        "public_text": public_text, "reviewer": "J. Hill", "approve": approve,
    })
    .to_string()
}

/// Approves a notice, and asserts that it is accepted.
fn approve(service: &Service, id: u64) -> Value {
    let path = format!("/v1/requests/{id}/notice");
    service.post(OPERATOR, &path, notice("A home was entered on Friday.", true)).expect(200)
}

/// Invites an owner, who signs up.
fn owner(service: &Service, owner: u64) -> Browser<'_> {
    let path = format!("/v1/owners/{owner}/invitation");
    let invited = service.post(OPERATOR, &path, "{}").expect(201);
    sign_in(service, "owner.localhost", &json!({ "invitation": invited["invitation"] }))
}

fn officer(service: &Service) -> Browser<'_> {
    sign_in(service, "agency.localhost", &json!({ "token": FIRST }))
}

fn reviewer(service: &Service) -> Browser<'_> {
    sign_in(service, "operator.localhost", &json!({ "token": OPERATOR }))
}

fn hex(token: &str) -> String {
    TokenDigest::of(token.as_bytes()).hex()
}
