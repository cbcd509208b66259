//! Writes that come too late, to another process, or after a later one about the same owner.

use std::time::Duration;

use canvass::{Change, Consent, OwnerId};
use canvass_cluster::log::record::{Body, Record};
use canvass_cluster::roles::call::{Answer, Call, Ticket};

use crate::checkpoints::Kept;
use crate::engine::server;

const OWNER: OwnerId = OwnerId(7);

/// Sends a call to the worker; none if it does not answer within some seconds.
fn sent(kept: &Kept, call: &Call) -> Option<Answer> {
    let request = async_nats::Request::new()
        .payload(serde_json::to_vec(call).unwrap().into())
        .timeout(Some(Duration::from_secs(3)));
    let sending = kept.client.send_request("canvass.one.call.w", request);
    let reply = kept.runtime.block_on(sending).ok()?;
    Some(serde_json::from_slice(&reply.payload).unwrap())
}

fn ready(kept: &Kept) -> Ticket {
    // The engine may not know yet that the process has subscribed.
    for _ in 0..50 {
        match sent(kept, &Call::Ready { chain: 0 }) {
            Some(Answer::Ready(ticket)) => return ticket,
            None => std::thread::sleep(Duration::from_millis(20)),
            answer => panic!("{answer:?}"),
        }
    }
    panic!("the worker is not ready");
}

fn consent(consent: Consent) -> Vec<Change> {
    vec![Change::SetConsent { owner: OWNER, consent }]
}

/// Sends a grant by a ticket; the code of the refusal.
fn grants(kept: &Kept, ticket: Ticket, within_ms: u64, is_import: bool) -> Result<u64, String> {
    let changes = consent(Consent::granted());
    let call = if is_import {
        Call::Import { chain: 0, changes }
    } else {
        Call::Change { owner: OWNER, changes }
    };
    match sent(kept, &Call::Write { ticket, within_ms, call: Box::new(call) }) {
        Some(Answer::Written(sequence)) => Ok(sequence),
        Some(Answer::Refused { code, .. }) => Err(code),
        None => Err("no answer".to_owned()),
        answer => panic!("{answer:?}"),
    }
}

fn with_worker(test: impl FnOnce(&Kept)) {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    kept.with_worker(|| test(&kept));
}

#[test]
fn a_late_grant_does_not_pass_over_a_withdrawal() {
    with_worker(|kept| {
        for is_import in [false, true] {
            // Whoever sent the grant is told that its outcome is unknown, and withdraws.
            let late = ready(kept);
            kept.change(7, vec![Change::Withdraw { owner: OWNER }]);
            assert_eq!(grants(kept, late, 20_000, is_import), Err("overtaken".to_owned()));
            assert_eq!(kept.owner(7).consent, Consent::default());
            // With a ticket after the withdrawal it is a new grant, and others' records do not stop it.
            let ticket = ready(kept);
            kept.change(8, vec![Change::Withdraw { owner: OwnerId(8) }]);
            assert!(grants(kept, ticket, 20_000, is_import).is_ok());
            assert_eq!(kept.owner(7).consent, Consent::granted());
        }
    });
}

#[test]
fn a_withdrawal_before_a_start_is_not_passed_over() {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    let ticket = kept.with_worker(|| {
        let late = ready(&kept);
        kept.change(7, vec![Change::Withdraw { owner: OWNER }]);
        late
    });
    // From the checkpoint, which does not tell when each owner was last changed.
    kept.with_worker(|| {
        let Ticket { process, at_ms, .. } = ready(&kept);
        let late = Ticket { process, at_ms, read: ticket.read };
        assert_eq!(grants(&kept, late, 20_000, false), Err("overtaken".to_owned()));
    });
}

#[test]
fn a_write_that_nobody_waits_for_is_not_done() {
    with_worker(|kept| {
        let ticket = ready(kept);
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(grants(kept, ticket, 20, false), Err("expired".to_owned()));
        let never = Ticket { at_ms: u64::MAX, ..ticket };
        assert_eq!(grants(kept, never, 20_000, false), Err("expired".to_owned()));
        // Another process of this name was ready: it answers, and this one does nothing.
        let other = Ticket { process: ticket.process ^ 1, ..ticket };
        assert_eq!(grants(kept, other, 20_000, false), Err("no answer".to_owned()));
        let change = Call::Change { owner: OWNER, changes: consent(Consent::granted()) };
        assert!(sent(kept, &change).unwrap().is_refused_as("unreadable"), "without a ticket");
        assert_eq!(kept.owner(7).consent, Consent::default());
        assert!(grants(kept, ticket, 20_000, false).is_ok());
    });
}

#[test]
fn of_two_processes_of_one_name_one_writes() {
    with_worker(|kept| {
        // The second on the same folder, as where a supervisor starts one too many.
        kept.with_worker(|| {
            let withdraw = || vec![Change::Withdraw { owner: OWNER }];
            let sequences: Vec<u64> = (0..12).map(|_| kept.change(7, withdraw())).collect();
            let written = kept.runtime.block_on(async {
                let context = async_nats::jetstream::new(kept.client.clone());
                let stream = context.get_stream("canvass-one").await.unwrap();
                let mut written = Vec::new();
                for sequence in 1..=stream.cached_info().state.last_sequence {
                    let message = stream.get_raw_message(sequence).await.unwrap();
                    let record: Record = serde_json::from_slice(&message.payload).unwrap();
                    if matches!(record.body, Body::Changes { .. }) {
                        written.push(sequence);
                    }
                }
                written
            });
            assert_eq!(written, sequences);
        });
    });
}
