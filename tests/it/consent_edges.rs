//! Edge cases of consent: spans, pauses, expiries and limits.

use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::consent::{DAY, denies, denies_after, noon_and, question};
use crate::support::*;

#[test]
fn an_ask_counts_until_its_span_ends() {
    let often = Some(Denial::AskedOftenEnough);
    let limited = |week, month| Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
    for (consent, span) in [(limited(1, 30), 7 * DAY), (limited(30, 1), 30 * DAY)] {
        denies(&consent, &[], None);
        denies(&consent, &[1 - span], often);
        denies(&consent, &[-span], None);
        denies(&consent, &[-1 - span], None);
        denies(&consent, &[0], often);
        // An instant in the future counts as well, since a clock may be behind.
        denies(&consent, &[1], often);
        denies(&consent, &[40 * DAY], often);
    }
    let default = Consent::granted();
    denies(&default, &[1 - 7 * DAY], None);
    denies(&default, &[1 - 7 * DAY, -5], often);
    denies(&default, &[-7 * DAY, -5], None);
    let month = [1 - 30 * DAY, -29 * DAY, -28 * DAY];
    denies(&default, &month, None);
    denies(&default, &[month[0], month[1], month[2], -10 * DAY], often);
    denies(&default, &[-30 * DAY, month[1], month[2], -10 * DAY], None);
    // The order is irrelevant, and two in one second count as two.
    denies(&default, &[-10 * DAY, month[1], month[0], month[2]], often);
    denies(&default, &[-3, -3], often);
    for nobody in [limited(0, 30), limited(30, 0), limited(0, 0)] {
        denies(&nobody, &[], often);
    }
}

#[test]
fn pauses_and_grants_end_on_the_second() {
    let granted = Consent::granted;
    denies(&granted().with_paused_until(noon_and(1)), &[], Some(Denial::Paused));
    denies(&granted().with_paused_until(noon_and(0)), &[], None);
    denies(&granted().with_expiry(noon_and(1)), &[], None);
    denies(&granted().with_expiry(noon_and(0)), &[], Some(Denial::Expired));
    // A pause that outlasts the grant does not revive it.
    let both = granted().with_paused_until(noon_and(5)).with_expiry(noon_and(-5));
    denies(&both, &[], Some(Denial::Expired));
    for far in [Timestamp::MIN, Timestamp::MAX] {
        let (paused, expired) =
            if far < noon() { (None, Some(Denial::Expired)) } else { (Some(Denial::Paused), None) };
        denies(&granted().with_paused_until(far), &[], paused);
        denies(&granted().with_expiry(far), &[], expired);
    }
    // With a fraction of a second a pause ends at the next whole second, and a grant expires at the
    // start of its own.
    let off = SignedDuration::from_nanos(1);
    denies(&granted().with_paused_until(noon() + off), &[], Some(Denial::Paused));
    denies(&granted().with_paused_until(noon() - off), &[], None);
    denies(&granted().with_expiry(noon_and(1) - off), &[], Some(Denial::Expired));
    denies(&granted().with_expiry(noon_and(1) + off), &[], None);
    // Before 1970 as well.
    let paused = granted().with_paused_until(at("1969-12-31T23:59:58.5Z"));
    let asked = |now| paused.evaluate(&Question { now: at(now), ..question() }, &[]);
    assert_eq!(asked("1969-12-31T23:59:58.9Z"), Err(Denial::Paused));
    assert_eq!(asked("1969-12-31T23:59:59Z"), Ok(()));
    // At the end of time there is no next second, and the instant is kept.
    let forever = granted().with_paused_until(Timestamp::MAX);
    let registry = Registry::new();
    let set = Change::SetConsent { owner: OwnerId(1), consent: forever.clone() };
    registry.apply([set]).unwrap();
    assert_eq!(registry.consent(OwnerId(1)), forever);
}

#[test]
fn an_owner_reads_their_consent_and_ends_a_pause() {
    let (agencies, incidents) = (Scope::only([AgencyId(3)]), Scope::all_but([IncidentKind::Theft]));
    let (limit, zone) = (AskLimit::new(1, 3).unwrap(), "Asia/Kathmandu".parse::<Zone>().unwrap());
    let consent = Consent::granted()
        .with_agencies(agencies.clone())
        .with_incidents(incidents.clone())
        .with_paused_until(noon_and(60))
        .with_expiry(noon_and(3_600))
        .with_limit(limit)
        .with_zone(zone.clone());
    let registry = Registry::new();
    let set = |consent| Change::SetConsent { owner: OwnerId(1), consent };
    registry.apply([set(consent.clone())]).unwrap();
    let kept = registry.consent(OwnerId(1));
    assert_eq!(kept, consent);
    assert_eq!((kept.standing(), kept.zone()), (Standing::Granted, Some(&zone)));
    assert_eq!((kept.agencies(), kept.incidents()), (&agencies, &incidents));
    assert_eq!((kept.paused_until(), kept.expiry()), (Some(noon_and(60)), Some(noon_and(3_600))));
    assert_eq!(kept.limit(), limit);

    registry.apply([set(kept.without_pause())]).unwrap();
    let resumed = registry.consent(OwnerId(1));
    assert_eq!(resumed.paused_until(), None);
    assert_eq!(resumed.with_paused_until(noon_and(60)), consent, "nothing else changed");
    let silent = registry.consent(OwnerId(2));
    assert_eq!((silent.standing(), silent.paused_until()), (Standing::NotGranted, None));
}

#[test]
fn asks_remain_readable_after_a_withdrawal() {
    let registry = Registry::new();
    let by = Some(AgencyId(4));
    let asked = |at| recorded(OwnerId(1), Ask { agency: by, at });
    let known = |instants: &[Timestamp]| {
        instants.iter().map(|&at| Ask { agency: by, at }).collect::<Vec<_>>()
    };
    assert!(registry.asked(OwnerId(1)).is_empty());
    registry.apply([asked(noon_and(60)), asked(noon_and(0)), asked(noon_and(60))]).unwrap();
    let all = known(&[noon_and(0), noon_and(60), noon_and(60)]);
    assert_eq!(registry.asked(OwnerId(1)), all);
    assert!(registry.asked(OwnerId(2)).is_empty());
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    assert_eq!(registry.asked(OwnerId(1)), all);

    // The registry keeps as many instants as a limit can count: the last ones.
    registry.apply((0..40).map(|second| asked(noon_and(100 + second)))).unwrap();
    let last: Vec<Timestamp> = (10..40).map(|second| noon_and(100 + second)).collect();
    assert_eq!(registry.asked(OwnerId(1)), known(&last));
}

#[test]
fn a_limit_of_more_than_thirty_requests_is_refused() {
    assert_eq!((AskLimit::default().per_7_days(), AskLimit::default().per_30_days()), (2, 4));
    assert!(AskLimit::new(30, 30).is_ok());
    for (week, month) in [(31, 1), (1, 31), (255, 255)] {
        let error = AskLimit::new(week, month).unwrap_err().to_string();
        assert_eq!(error, format!("a limit of `{}` requests is more than 30", week.max(month)));
    }
}

/// The agency that asks as often as it may leaves the others their part.
#[test]
fn no_agency_uses_up_the_limit_of_all() {
    let ask =
        |agency, days_ago| Ask { agency: Some(AgencyId(agency)), at: noon() - days(days_ago) };
    let (granted, often) = (Consent::granted(), Some(Denial::AskedOftenEnough));
    // Agency 1 asks; of the default, 2 in 7 days and 4 in 30, its part is 1 and 2.
    denies_after(&granted, vec![ask(2, 1)], None);
    denies_after(&granted, vec![ask(1, 1)], often);
    denies_after(&granted, vec![ask(2, 9), ask(2, 20)], None);
    denies_after(&granted, vec![ask(1, 9), ask(1, 20)], often);
    denies_after(&granted, vec![ask(1, 9), ask(2, 10), ask(3, 11)], None);
    denies_after(&granted, vec![ask(1, 9), ask(2, 10), ask(3, 11), ask(3, 12)], often);
    // An odd number is rounded up, so that 1 in 7 days is anybody's.
    let limit = |week, month| Consent::granted().with_limit(AskLimit::new(week, month).unwrap());
    denies_after(&limit(1, 30), vec![], None);
    denies_after(&limit(3, 30), vec![ask(1, 1)], None);
    denies_after(&limit(3, 30), vec![ask(1, 1), ask(1, 2)], often);
    denies_after(&limit(3, 30), vec![ask(2, 1), ask(2, 2)], None);
}
