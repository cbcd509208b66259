//! Writers who race, stop and come back, in random schedules: nobody is asked against the log.

use canvass::{AgencyId, Change, Consent, OwnerId, RequestId};
use canvass_cluster::log::chain::{Chain, Verdict};
use canvass_cluster::log::record::{Body, Record, RecordId};

const OWNER: OwnerId = OwnerId(1);

/// Whether a record counts, by the rule under test or a broken one.
type Rule = fn(&mut Chain, u64, &Record) -> Verdict;

fn rule(chain: &mut Chain, sequence: u64, record: &Record) -> Verdict {
    chain.judge(sequence, record).unwrap()
}

/// Whoever holds the office may append, however little they have read.
fn without_after(chain: &mut Chain, sequence: u64, record: &Record) -> Verdict {
    let after = chain.last;
    rule(chain, sequence, &Record { after, ..record.clone() })
}

/// Everything counts.
fn without_fence(chain: &mut Chain, sequence: u64, _: &Record) -> Verdict {
    chain.last = sequence;
    chain.epoch += 1;
    Verdict::Valid
}

/// One owner who may be asked once between two grants.
#[derive(Clone, Debug, Default)]
struct Reader {
    chain: Chain,
    read: usize,
    may_be_asked: bool,
}

impl Reader {
    /// Reads the next record; whether it asks somebody who may not be asked.
    fn next(&mut self, log: &[Record], rule: Rule) -> (Verdict, bool) {
        let record = &log[self.read];
        self.read += 1;
        let verdict = rule(&mut self.chain, self.read as u64, record);
        if verdict == Verdict::Void {
            return (verdict, false);
        }
        match &record.body {
            Body::Changes { changes, .. } => {
                self.may_be_asked = matches!(changes[0], Change::SetConsent { .. });
                (verdict, false)
            }
            Body::Asked { .. } => (verdict, !std::mem::take(&mut self.may_be_asked)),
            _ => (verdict, false),
        }
    }
}

#[derive(Debug, Default)]
struct Writer {
    reader: Reader,
    office: u64,
    number: u64,
    /// The record that is under way; it may land late, and twice.
    under_way: Option<Record>,
}

fn below(seed: &mut u64, end: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % end
}

/// Runs a schedule; how many asks counted, and how many of them nobody should have made.
fn run(seed: u64, rule: Rule) -> (usize, usize) {
    let mut seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut log: Vec<Record> = Vec::new();
    let mut writers: [Writer; 3] = Default::default();
    for _ in 0..400 {
        let number = below(&mut seed, 3);
        let writer = &mut writers[usize::try_from(number).unwrap()];
        match below(&mut seed, 6) {
            // Reads on, or is stopped for a while.
            0..3 if writer.reader.read < log.len() => {
                let own = writer.under_way.as_ref().map(|record| record.id.clone());
                let record = log[writer.reader.read].clone();
                let (verdict, _) = writer.reader.next(&log, rule);
                if Some(&record.id) == own.as_ref() {
                    writer.under_way = None;
                    if verdict == Verdict::Valid && record.body.takes_office() {
                        writer.office = record.epoch;
                    }
                }
            }
            // Makes a record from its latest state.
            3 if writer.under_way.is_none() => {
                let Chain { epoch, last, .. } = writer.reader.chain;
                let in_office = writer.office == epoch && epoch > 0;
                let yes = Change::SetConsent { owner: OWNER, consent: Consent::granted() };
                let changes = |change| Body::Changes { owner: OWNER, changes: vec![change] };
                let at = jiff::Timestamp::UNIX_EPOCH;
                let body = match below(&mut seed, 4) {
                    _ if !in_office => Body::Office { partitions: 1 },
                    0 => changes(Change::Withdraw { owner: OWNER }),
                    1 => changes(yes),
                    _ if writer.reader.may_be_asked => {
                        let (request, agency) = (RequestId(1), AgencyId(3));
                        Body::Asked { request, agency, at, owners: vec![OWNER] }
                    }
                    _ => changes(yes),
                };
                writer.number += 1;
                let id = RecordId { writer: number.to_string(), number: writer.number };
                let epoch = if in_office { epoch } else { epoch + 1 };
                writer.under_way = Some(Record { chain: 0, epoch, after: last, id, body });
            }
            // The record lands; its writer may not know, and append it again.
            4 => log.extend(writer.under_way.clone()),
            // Crashes: a record that is under way may have landed.
            5 if below(&mut seed, 20) == 0 => {
                *writer = Writer { number: writer.number, ..Writer::default() }
            }
            _ => {}
        }
    }
    let mut fresh = Reader::default();
    let (mut asks, mut wrong) = (0, 0);
    while fresh.read < log.len() {
        let is_ask = matches!(log[fresh.read].body, Body::Asked { .. });
        let (verdict, is_wrong) = fresh.next(&log, rule);
        asks += usize::from(is_ask && verdict == Verdict::Valid);
        wrong += usize::from(is_wrong);
    }
    (asks, wrong)
}

fn runs(rule: Rule) -> (usize, usize) {
    (0..2_000).map(|seed| run(seed, rule)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
}

#[test]
fn nobody_is_asked_against_the_log() {
    let (asks, wrong) = runs(rule);
    assert!(asks > 2_000, "{asks}");
    assert_eq!(wrong, 0);
}

#[test]
fn a_broken_fence_asks_against_the_log() {
    assert!(runs(without_after).1 > 0);
    assert!(runs(without_fence).1 > 0);
}

#[test]
fn a_reader_that_lacks_a_record_stops() {
    let record = |epoch, after, body| Record {
        chain: 3,
        epoch,
        after,
        id: RecordId { writer: "w".to_owned(), number: 0 },
        body,
    };
    let mut chain = Chain::default();
    assert_eq!(chain.judge(4, &record(1, 0, Body::Office { partitions: 8 })), Ok(Verdict::Valid));
    assert_eq!(chain.judge(5, &record(1, 0, Body::Mark)), Ok(Verdict::Void));
    assert_eq!(chain.judge(6, &record(2, 4, Body::Mark)), Ok(Verdict::Void));
    let lacking = chain.judge(9, &record(1, 7, Body::Mark)).unwrap_err();
    assert_eq!(
        lacking.to_string(),
        "record 9 of chain 3 follows record 7, and this reader knows none that counts after 4: it missed a record and must be started anew"
    );
}
