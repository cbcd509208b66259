//! Owners sign up by an invitation, decide, answer, and find out from the log whether they were
//! asked.

use canvass::OwnerId;
use canvass::audit::{Asked, AuditEntry, InclusionProof, OwnerSalt, TreeHead};
use serde_json::{Value, json};

use super::{Browser, approve, noticed, opened, owner, sign_in, street};
use crate::support::{FIRST, OPERATOR, Service, request, square};

#[test]
fn an_invitation_works_once_until_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let invite = || {
        let invited = service.post(OPERATOR, "/v1/owners/3/invitation", "{}").expect(201);
        json!({ "invitation": invited["invitation"] }).to_string()
    };
    let visitor = Browser::new(&service, "owner.localhost");
    let (old, new) = (invite(), invite());
    visitor.post("/v1/session", &old).problem(401, "invitation_unknown");
    let came = visitor.post("/v1/session", &new).expect(200);
    assert_eq!((&came["plane"], &came["name"]), (&json!("owner"), &json!(null)));
    visitor.post("/v1/session", &new).problem(401, "invitation_unknown");
    // An invitation is no token, and works for owners only.
    let token = json!({ "token": "nobody" }).to_string();
    visitor.post("/v1/session", token).problem(401, "token_unknown");
    let third: Value = serde_json::from_str(&invite()).unwrap();
    let as_token = json!({ "token": third["invitation"] }).to_string();
    visitor.post("/v1/session", as_token).problem(401, "token_unknown");
    let officer = Browser::new(&service, "agency.localhost");
    officer.post("/v1/session", third.to_string()).problem(401, "invitation_unknown");
    // The token from an invitation works until the third invitation is used, also after a restart.
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let ada = sign_in(&service, "owner.localhost", &json!({ "token": came["token"] }));
    assert_eq!(ada.get("/v1/me").expect(200)["owner"], 3);
    assert_eq!(service.get(came["token"].as_str().unwrap(), "/v1/me").expect(200)["owner"], 3);
    let again = sign_in(&service, "owner.localhost", &third);
    ada.get("/v1/me").problem(401, "session_unknown");
    service.get(came["token"].as_str().unwrap(), "/v1/me").problem(401, "token_unknown");
    assert_eq!(again.get("/v1/me").expect(200)["owner"], 3);
    // Neither the store nor the log contains a token or an invitation.
    let kept = std::fs::read(folder.path().join("data/canvass.redb")).unwrap();
    let logged = std::fs::read(folder.path().join("log")).unwrap();
    for secret in [&came["token"], &third["invitation"], &again.told["token"]] {
        let secret = secret.as_str().unwrap().as_bytes();
        assert_eq!(secret.len(), 64);
        assert!(!kept.windows(64).any(|found| found == secret), "a secret is kept");
        assert!(!logged.windows(64).any(|found| found == secret), "a secret is logged");
    }
}

#[test]
fn an_acknowledged_stop_is_in_no_later_route() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) =
        opened(folder.path(), &json!({ "anonymity": "waived", "min_households": 0 }));
    let ada = owner(&service, 3);
    let routed = || {
        let route = service.get(OPERATOR, &format!("/v1/requests/{id}/route")).expect(200);
        let recipients = route["recipients"].as_array().unwrap().clone();
        recipients.iter().any(|recipient| recipient["owner"] == 3)
    };
    assert!(routed());
    for _ in 0..20 {
        let stopped = ada.post("/v1/me/withdraw", "{}").expect(200);
        assert_eq!(stopped["consent"]["standing"], "not_granted");
        assert!(!routed());
        let yes = json!({ "standing": "granted" });
        let agreed = ada.put("/v1/me/consent", &yes).expect(200);
        assert_eq!(agreed["consent"]["standing"], "granted");
        assert!(agreed["revision"].as_u64() > stopped["revision"].as_u64());
        assert!(routed());
    }
}

#[test]
fn an_owner_sets_scopes_pause_expiry_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let ada = owner(&service, 3);
    let consent = json!({
        "standing": "granted", "agencies": { "all_but": [2] }, "incidents": { "only": ["burglary"] },
        "paused_until": "2027-01-01T00:00:00Z", "expires": "2028-01-01T00:00:00Z",
        "limit": { "per_7_days": 1, "per_30_days": 2 }, "zone": "America/New_York",
    });
    assert_eq!(ada.put("/v1/me/consent", &consent).expect(200)["consent"], consent);
    let me = ada.get("/v1/me").expect(200);
    assert_eq!((&me["consent"], &me["owner"]), (&consent, &json!(3)));
    assert_eq!(me["cameras"][0]["id"], 3);
    assert_eq!(
        me["agencies"],
        json!([{ "id": 1, "name": "Agency 1" }, { "id": 2, "name": "Agency 2" }])
    );
    assert!(me["incidents"].as_array().unwrap().contains(&json!("burglary")));
    assert_eq!(service.get(OPERATOR, "/v1/owners/3").expect(200)["consent"], consent);
    for bad in [
        json!({ "standing": "perhaps" }),
        json!({ "standing": "granted", "limit": { "per_7_days": -1, "per_30_days": 2 } }),
        json!({ "standing": "granted", "zone": "Nowhere/At_All" }),
        json!({ "standing": "granted", "owner": 4 }),
    ] {
        ada.put("/v1/me/consent", &bad).problem(422, "wrong_shape");
    }
    assert_eq!(ada.get("/v1/me").expect(200)["consent"], consent);
}

#[test]
fn an_owner_describes_and_removes_own_cameras_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let ada = owner(&service, 3);
    let facing = json!({ "bearing": 90.0, "angle": 120.0, "reach_m": 25.0 });
    let described = json!({ "facing": facing, "recording": { "kept_days": 14 } });
    let before = ada.get("/v1/me").expect(200)["cameras"][0].clone();
    let camera = ada.put("/v1/me/cameras/3", &described).expect(200)["camera"].clone();
    assert_eq!((&camera["facing"], &camera["recording"]), (&facing, &described["recording"]));
    assert_eq!((&camera["position"], &camera["owner"]), (&before["position"], &json!(3)));
    for other in ["4", "4000", "x"] {
        let path = format!("/v1/me/cameras/{other}");
        ada.put(&path, &described).problem(404, "no_such_camera");
        ada.delete(&path).problem(404, "no_such_camera");
    }
    // An owner can neither move the camera nor place another.
    let moved = json!({ "position": [-84.0, 41.0], "recording": { "kept_days": 14 } });
    ada.put("/v1/me/cameras/3", &moved).problem(422, "wrong_shape");
    ada.post("/v1/me/cameras/3", "{}").problem(405, "method_not_allowed");
    ada.delete("/v1/me/cameras/3").expect(200);
    assert_eq!(ada.get("/v1/me").expect(200)["cameras"], json!([]));
    assert_eq!(service.get(OPERATOR, "/v1/owners/4").expect(200)["cameras"][0]["id"], 4);
}

#[test]
fn an_owner_sees_requests_to_them_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let (ada, ben) = (owner(&service, 3), owner(&service, 900));
    let seen = |of: &Browser<'_>| of.get("/v1/me/requests").expect(200)["requests"].clone();
    assert_eq!(seen(&ada), json!([]));
    approve(&service, id);
    let path = format!("/v1/me/requests/{id}/answer");
    let shared = json!({ "answer": "shared" }).to_string();
    ada.post(&path, &shared).problem(404, "no_such_request");
    service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    let one = seen(&ada)[0].clone();
    assert_eq!(
        (&one["id"], &one["state"], &one["answer"]),
        (&json!(id), &json!("open"), &json!(null))
    );
    assert_eq!(one["agency"], json!({ "id": 1, "name": "Agency 1" }));
    assert_eq!((&one["cameras"], &one["bulletin"]), (&json!([3]), &json!(1)));
    assert!(one["text"].as_str().unwrap().contains("not a warrant"), "{one}");
    let letters = service.get(OPERATOR, &format!("/v1/requests/{id}/letters")).expect(200);
    assert_eq!(letters["letters"][2]["text"], one["text"]);
    // The request never reached the other owner.
    assert_eq!(seen(&ben), json!([]));
    ben.post(&path, &shared).problem(404, "no_such_request");
    assert_eq!(ada.post(&path, &shared).expect(200), json!({ "request": id, "answer": "shared" }));
    assert_eq!(seen(&ada)[0]["answer"], "shared");
    let declined = json!({ "answer": "declined" }).to_string();
    assert_eq!(ada.post(&path, &declined).expect(200)["answer"], json!(null));
    assert_eq!(seen(&ada)[0]["answer"], json!(null));
    ada.post(&path, &shared).expect(200);
    ada.post(&path, json!({ "answer": "perhaps" }).to_string()).problem(422, "wrong_shape");
    service.post(FIRST, &format!("/v1/requests/{id}/resolve"), "{}").expect(200);
    ada.post(&path, &shared).problem(409, "not_open");
    let ended = seen(&ada)[0].clone();
    assert_eq!((&ended["state"], &ended["answer"]), (&json!("resolved"), &json!(null)));
    assert!(ended["text"].as_str().unwrap().contains("not a warrant"), "{ended}");
    let outcome = service.get(FIRST, &format!("/v1/requests/{id}/outcome")).expect(200);
    assert_eq!(outcome["shared"]["at_least"], 0);
}

/// For each entry in an owner's log, whether it names them; each is verified against the head.
#[track_caller]
fn verified(of: &Browser<'_>, owner: u64) -> Vec<bool> {
    let told = of.get("/v1/me/log").expect(200);
    assert_eq!(told["owner"], owner);
    let salt: Vec<u8> = bytes(told["salt"].as_str().unwrap());
    let salt = OwnerSalt::new(salt.try_into().unwrap());
    let head: TreeHead = serde_json::from_value(told["head"].clone()).unwrap();
    let entries = told["entries"].as_array().unwrap().iter();
    let check = |one: &Value| {
        let entry: AuditEntry = serde_json::from_value(one["entry"].clone()).unwrap();
        assert_eq!(entry.to_bytes(), bytes(one["bytes"].as_str().unwrap()));
        let proof: InclusionProof = serde_json::from_value(one["inclusion"].clone()).unwrap();
        head.verify_inclusion(one["index"].as_u64().unwrap(), &entry, &proof).unwrap();
        entry.whether_asked(OwnerId(owner), &salt) == Some(Asked::Asked)
    };
    entries.map(check).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn an_owner_proves_from_the_log_whether_they_were_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = noticed(&json!({}));
    config["log"] = json!({ "seconds": 3 });
    let service = Service::start(folder.path(), &config);
    service.change(&street(1, 12, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let id = told["id"].as_u64().unwrap();
    let (ada, ben) = (owner(&service, 3), owner(&service, 900));
    let times = |seen: &[bool]| seen.iter().filter(|&&asked| asked).count();
    assert_eq!(times(&verified(&ada, 3)), 0);
    approve(&service, id);
    service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    // From the next batch on she finds it, though the request is open; he finds that it was not him.
    let found = (0..60).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        Some(verified(&ada, 3)).filter(|seen| times(seen) > 0)
    });
    assert_eq!(times(&found.unwrap()), 1);
    let seen = verified(&ben, 900);
    assert_eq!((times(&seen), seen.len() % 4), (0, 0));
    assert!(seen.len() >= 32, "{seen:?}");
    let salts = [&ada, &ben].map(|of| of.get("/v1/me/log").expect(200)["salt"].clone());
    assert_ne!(salts[0], salts[1]);
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let again = owner(&service, 3);
    assert_eq!(times(&verified(&again, 3)), 1);
    assert_eq!(again.get("/v1/me/log").expect(200)["salt"], salts[0]);
}
