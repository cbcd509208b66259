//! The last commit before a kill, for each sort of disclosure: if the disk has damaged or lost it,
//! the start repeats it from the mark, or is refused. No acknowledged state is missing silently.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::damage::{PAGE, start};
use crate::people::{Browser, sign_in};
use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};

const NOTICE: &str = "{agency} asks for {window}, case {case}. To share is voluntary, and this is not a warrant. {stop}";

/// A service at work: request 1 has asked, request 2 has not.
struct Scene {
    service: Service,
    ids: [u64; 2],
    /// The token of owner 1.
    token: String,
    /// An invitation of owner 2.
    invitation: Value,
}

fn settings() -> Value {
    let policy = json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none" });
    let mut config = config(&policy, &json!({ "checkpoint_revisions": 1000 }));
    config["notices"] = json!({ "zone": "America/New_York" });
    config
}

fn approve(service: &Service, id: u64, public_text: &str) {
    let body = json!({ "template": NOTICE, "stop": "Reply STOP.", "public_text": public_text,
        "reviewer": "J. Hill", "approve": true });
    service.post(OPERATOR, &format!("/v1/requests/{id}/notice"), body.to_string()).expect(200);
}

fn invite(service: &Service, owner: u64) -> Value {
    let path = format!("/v1/owners/{owner}/invitation");
    service.post(OPERATOR, &path, "{}").expect(201)["invitation"].clone()
}

impl Scene {
    fn new(folder: &Path) -> Self {
        let service = Service::start(folder, &settings());
        service.wait_for(std::time::Duration::from_secs(20), |service| {
            service.get("", "/v1/coverage").status == 200
        });
        let street: Vec<Value> = (1..=6)
            .flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102))
            .collect();
        service.change(&street);
        let open = |case: &str, west: f64| {
            service.open(&request(case, &square(west, 41.1, 0.01)))["id"].as_u64().unwrap()
        };
        let ids = [open("26-1", -84.9), open("26-2", -84.8)];
        approve(&service, ids[0], "A home was entered.");
        service.post(OPERATOR, &format!("/v1/requests/{}/ask", ids[0]), "{}").expect(200);
        // A further owner, who was not asked yet.
        service.change(&agreed(7, -84.895, 41.105));
        let with = json!({ "invitation": invite(&service, 1) });
        let token = sign_in(&service, "owner.localhost", &with).told["token"].clone();
        let invitation = invite(&service, 2);
        Self { ids, token: token.as_str().unwrap().to_owned(), invitation, service }
    }

    /// The whole visible state.
    fn seen(&self, service: &Service) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in ["/v1/bulletins", "/v1/coverage", "/v1/log/head"] {
            seen.push(service.get("", path).expect(200));
        }
        let [one, other] = self.ids;
        let operators = ["/v1/events?after=0", "/v1/requests?state=all"].map(ToOwned::to_owned);
        let notices = [one, other].map(|id| format!("/v1/requests/{id}/notice"));
        let owners = (1..=7).map(|owner| format!("/v1/owners/{owner}"));
        for path in operators.into_iter().chain(notices).chain(owners) {
            seen.push(service.get(OPERATOR, &path).expect(200));
        }
        for path in ["/v1/me", "/v1/me/requests", "/v1/me/log"] {
            let answer = service.get(&self.token, path);
            seen.push(json!([answer.status, answer.json()]));
        }
        seen.push(service.get(FIRST, "/v1/requests").expect(200));
        // A start examines all open requests again.
        for of in &mut seen {
            let requests = of.get_mut("requests").and_then(Value::as_array_mut);
            for request in requests.into_iter().flatten() {
                request.as_object_mut().unwrap().remove("due");
            }
        }
        seen
    }
}

/// Makes a change last, and loses or damages its writes; returns the numbers of refused and of
/// whole starts.
fn tried(name: &str, deed: impl FnOnce(&Scene), is_redone: bool) {
    let (folder, config) = (tempfile::tempdir().unwrap(), settings());
    let scene = Scene::new(folder.path());
    let file = folder.path().join("data/canvass.redb");
    let mark = folder.path().join("data/canvass.mark");
    let before = fs::read(&file).unwrap();
    deed(&scene);
    let expected = scene.seen(&scene.service);
    let pid = scene.service.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    std::thread::sleep(std::time::Duration::from_millis(100));
    let (after, marked) = (fs::read(&file).unwrap(), fs::read(&mark).unwrap());
    let (mut refused, mut whole) = (0, 0);
    let mut try_with = |what: &str, bytes: &[u8], must_start: Option<bool>| {
        fs::write(&file, bytes).unwrap();
        fs::write(&mark, &marked).unwrap();
        match start(folder.path(), &config) {
            Ok(service) => {
                let seen = scene.seen(&service);
                for (found, expected) in seen.iter().zip(&expected) {
                    assert_eq!(found, expected, "{name}: {what}");
                }
                service.kill();
                whole += 1;
                assert_ne!(must_start, Some(false), "{name}: {what}: it starts");
            }
            Err(complaint) => {
                assert_eq!(complaint.lines().count(), 1, "{name}: {what}: {complaint}");
                refused += 1;
                assert_ne!(must_start, Some(true), "{name}: {what}: {complaint}");
            }
        }
    };
    // The database is as before the change, as on a disk that lost the last writes.
    try_with("lost", &before, Some(is_redone));
    let changed = (0..after.len() / PAGE).filter(|page| {
        let page = page * PAGE..(page + 1) * PAGE;
        before.get(page.clone()) != after.get(page)
    });
    let changed: Vec<usize> = changed.collect();
    assert!(changed.len() > 3, "{name}: {} pages", changed.len());
    for (number, &page) in changed.iter().enumerate() {
        let (mut bytes, range) = (after.clone(), page * PAGE..(page + 1) * PAGE);
        match number % 3 {
            0 => bytes[range].fill(0),
            1 => bytes[page * PAGE + (number * 977) % PAGE] ^= 1 << (number % 8),
            _ => bytes[range.clone()].copy_from_slice(before.get(range).unwrap_or(&[0; PAGE])),
        }
        try_with(&format!("page {page}, damage {}", number % 3), &bytes, None);
    }
    println!("{name}: {} pages, {refused} refused, {whole} as it was", changed.len());
}

#[test]
fn a_last_approval_or_round_of_asking_is_not_lost() {
    tried("approval", |scene| approve(&scene.service, scene.ids[1], "A shed was entered."), true);
    tried("correction", |scene| approve(&scene.service, scene.ids[0], "A shed was entered."), true);
    let ask = |scene: &Scene| {
        let path = format!("/v1/requests/{}/ask", scene.ids[0]);
        scene.service.post(OPERATOR, &path, "{}").expect(200);
    };
    tried("asking", ask, true);
}

#[test]
fn a_last_answer_or_end_is_not_lost() {
    let answer = |scene: &Scene| {
        let path = format!("/v1/me/requests/{}/answer", scene.ids[0]);
        scene
            .service
            .post(&scene.token, &path, json!({ "answer": "shared" }).to_string())
            .expect(200);
    };
    tried("answer", answer, true);
    let resolve = |scene: &Scene| {
        let path = format!("/v1/requests/{}/resolve", scene.ids[0]);
        scene.service.post(FIRST, &path, "{}").expect(200);
    };
    tried("end", resolve, true);
    let refuse = |scene: &Scene| {
        let area = square(-84.9, 41.1, 1.0);
        let refused = scene.service.post(FIRST, "/v1/requests", request("26-3", &area).to_string());
        assert_eq!(refused.status, 422, "{}", refused.text);
    };
    tried("refusal", refuse, true);
}

#[test]
fn a_last_stop_token_or_erasure_is_not_lost() {
    let stop = |scene: &Scene| {
        scene.service.post(&scene.token, "/v1/me/withdraw", "{}").expect(200);
    };
    tried("stop", stop, true);
    let redeem = |scene: &Scene| {
        let with = json!({ "invitation": scene.invitation }).to_string();
        Browser::new(&scene.service, "owner.localhost").post("/v1/session", with).expect(200);
    };
    tried("token", redeem, true);
    // The mark has no row of an erased owner, so such a commit cannot be repeated.
    let erase = |scene: &Scene| {
        assert_eq!(scene.service.send(OPERATOR, "DELETE", "/v1/owners/3").status, 200);
    };
    tried("erasure", erase, false);
}
