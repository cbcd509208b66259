//! Large contents in pieces: a lost, doubled or foreign piece is an error, and never a shorter content.

use canvass::{Camera, CameraId, Change, Consent, OwnerId, Position, Recording};
use canvass_cluster::log::body_pieces::bodies;
use canvass_cluster::log::record::{Body, Record, RecordId};
use canvass_cluster::pieces::{Joiner, Piece, PieceError, cut};
use canvass_cluster::roles::frames::{Frame, SendingId, messages};
use canvass_cluster::roles::large::{Large, LargeError};
use canvass_cluster::state::replica::{Content, Replica, Taken};

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// The result of the last piece; all before it are taken.
fn joined(pieces: &[Piece]) -> Result<Option<Vec<u8>>, PieceError> {
    let mut joiner = Joiner::default();
    let (last, before) = pieces.split_last().unwrap();
    for piece in before {
        assert_eq!(joiner.take(piece), Ok(None));
    }
    let taken = joiner.take(last);
    assert_eq!(joiner.is_empty(), taken != Ok(None));
    taken
}

#[test]
fn pieces_of_any_size_make_the_whole() {
    for (length, at_most, count) in
        [(1, 64, 1), (63, 64, 1), (64, 64, 1), (65, 64, 2), (640, 64, 10), (3, 1, 3)]
    {
        let whole = content(length);
        let pieces = cut(&whole, at_most);
        assert_eq!(pieces.len(), count);
        assert_eq!(joined(&pieces), Ok(Some(whole)));
    }
}

#[test]
fn a_lost_doubled_or_foreign_piece_is_an_error() {
    let pieces = cut(&content(500), 100);
    let [first, second, third, ..] = &pieces[..] else { panic!() };
    let lost = joined(&[first.clone(), third.clone()]).unwrap_err();
    assert_eq!(lost, PieceError::Lost { expected: 1, found: 2, count: 5 });
    assert_eq!(lost.to_string(), "piece 2 of 5 came where piece 1 was expected: one is lost");
    let doubled = joined(&[first.clone(), second.clone(), second.clone()]).unwrap_err();
    assert_eq!(doubled, PieceError::Doubled { found: 1, count: 5 });
    let other = cut(&content(501), 100);
    let foreign = joined(&[first.clone(), other[1].clone()]).unwrap_err();
    assert_eq!(foreign, PieceError::Foreign { found: 1 });
    // A piece that claims to be of the whole: the digest finds it out.
    let swapped = Piece { bytes: other[2].bytes[..99].to_vec(), ..pieces[2].clone() };
    let mut wrong = pieces.clone();
    wrong[2] = swapped;
    assert_eq!(joined(&wrong), Err(PieceError::Broken));
    for at in 0..5 {
        let mut flipped = pieces.clone();
        flipped[at].bytes[7] ^= 1;
        assert_eq!(joined(&flipped), Err(PieceError::Broken));
    }
    let short: Vec<Piece> = pieces[..4].iter().map(|it| Piece { count: 4, ..it.clone() }).collect();
    assert_eq!(joined(&short), Err(PieceError::Broken), "a shorter count is no way around");
    let beyond = Piece { number: 5, ..first.clone() };
    assert!(matches!(joined(&[beyond]), Err(PieceError::Lost { expected: 0, .. })));
}

fn framed(content: &[u8], most: usize) -> Vec<(SendingId, Piece)> {
    let read = |bytes: &bytes::Bytes| match Frame::read(bytes) {
        Frame::Piece(id, piece) => (id, piece),
        frame => panic!("{frame:?}"),
    };
    messages(content.to_vec(), most).unwrap().iter().map(read).collect()
}

#[test]
fn calls_in_pieces_do_not_mix() {
    let (large, whole) = (Large::default(), content(900));
    // Two callers send the same at once.
    let (one, other) = (framed(&whole, 160), framed(&whole, 160));
    assert_eq!((one.len(), one[0].1.bytes.len()), (9, 100));
    for ((id, piece), (other_id, other_piece)) in one.iter().zip(&other) {
        assert_ne!(id, other_id);
        let is_last = piece.number == 8;
        let expected = is_last.then(|| whole.clone());
        assert_eq!(large.take(*id, piece).unwrap(), expected);
        assert_eq!(large.take(*other_id, other_piece).unwrap(), expected);
    }
    // A process that was started anew in the middle has lost the first pieces.
    let late = Large::default().take(one[3].0, &one[3].1).unwrap_err();
    assert!(matches!(late, LargeError::Piece(PieceError::Lost { expected: 0, found: 3, .. })));
    let answer = messages(whole.clone(), 160).unwrap();
    let (id, _) = framed(&whole, 160)[0];
    assert_eq!(large.keep(answer.clone()).unwrap(), answer[0]);
    assert_eq!(large.fetch(id, 1), None, "of another answer");
    let Frame::Piece(id, _) = Frame::read(&answer[0]) else { panic!() };
    for (number, piece) in (1..).zip(&answer[1..]) {
        assert_eq!(large.fetch(id, number).as_ref(), Some(piece));
    }
    assert_eq!(large.fetch(id, 1), None, "fetched to its end, it is forgotten");
}

/// A chain with one writer.
struct Chain {
    replica: Replica,
    next: u64,
}

impl Chain {
    fn take(&mut self, epoch: u64, body: Body) -> Taken {
        let after = self.replica.chain.last;
        let id = RecordId { writer: "w".to_owned(), number: self.next };
        self.next += 1;
        self.replica.take(self.next, &Record { chain: 0, epoch, after, id, body }).unwrap()
    }

    fn cameras(&self) -> usize {
        match &self.replica.content {
            Content::Partition(registry) => registry.snapshot().cameras(),
            Content::Requests(_) => panic!(),
        }
    }
}

fn chain() -> Chain {
    let mut chain = Chain { replica: Replica::partition(), next: 0 };
    let office = chain.take(1, Body::Office { partitions: 8 });
    assert!(matches!(office, Taken::Valid { applied: Ok(()), .. }));
    chain
}

fn list(cameras: std::ops::Range<u64>) -> Body {
    let place = Position::new(10.0, 50.0).unwrap();
    let recording = Recording::kept_for_days(30);
    let camera = |id| Change::Register(Camera::new(CameraId(id), OwnerId(1), place, recording));
    Body::Changes { owner: OwnerId(1), changes: cameras.map(camera).collect() }
}

fn refusal(taken: Taken) -> String {
    match taken {
        Taken::Valid { applied: Err(refused), .. } => refused.message,
        taken => panic!("{taken:?}"),
    }
}

#[test]
fn a_list_in_pieces_is_applied_at_its_last_one() {
    let mut chain = chain();
    let pieces = bodies(list(0..200), 4_096).unwrap();
    assert!(pieces.len() > 5, "{}", pieces.len());
    let (last, before) = pieces.split_last().unwrap();
    for piece in before {
        assert!(matches!(chain.take(1, piece.clone()), Taken::Valid { applied: Ok(()), .. }));
        assert_eq!(chain.cameras(), 0);
        let record = serde_json::to_vec(piece).unwrap();
        assert!(record.len() < 4_096 - 512, "room for the record around it: {}", record.len());
    }
    assert!(matches!(chain.take(1, last.clone()), Taken::Valid { applied: Ok(()), .. }));
    assert_eq!(chain.cameras(), 200);
    // A list that is refused at its end is refused whole: camera 200 is taken by then.
    let pieces = bodies(list(200..400), 4_096).unwrap();
    chain.take(1, list(399..400));
    let outcomes: Vec<Taken> = pieces.into_iter().map(|piece| chain.take(1, piece)).collect();
    assert!(refusal(outcomes.last().unwrap().clone()).contains("399"));
    assert_eq!(chain.cameras(), 201);
}

#[test]
fn a_list_that_was_cut_short_is_never_applied() {
    let pieces = bodies(list(0..200), 4_096).unwrap();
    let (last, before) = pieces.split_last().unwrap();
    let others = [
        list(900..901),
        Body::Changes { owner: OwnerId(3), changes: Vec::new() },
        pieces[1].clone(),
        bodies(list(0..201), 4_096).unwrap().swap_remove(2),
    ];
    for other in others {
        let mut chain = chain();
        for piece in before {
            chain.take(1, piece.clone());
        }
        chain.take(1, other);
        assert!(refusal(chain.take(1, last.clone())).contains("one is lost"));
        assert!(chain.cameras() <= 1);
    }
    // A writer that gave up in the middle begins anew, with the same list or another.
    for again in [bodies(list(0..200), 4_096), bodies(list(0..300), 4_096)] {
        let mut chain = chain();
        chain.take(1, pieces[0].clone());
        chain.take(1, pieces[1].clone());
        let again = again.unwrap();
        let taken: Vec<Taken> = again.into_iter().map(|piece| chain.take(1, piece)).collect();
        assert!(matches!(taken.last(), Some(Taken::Valid { applied: Ok(()), .. })));
        assert!(chain.cameras() >= 200);
    }
    // Another writer takes office in between, and the first goes on.
    let mut chain = chain();
    for piece in before {
        chain.take(1, piece.clone());
    }
    chain.take(2, Body::Office { partitions: 8 });
    assert_eq!(chain.take(1, last.clone()), Taken::Void);
    assert!(refusal(chain.take(2, last.clone())).contains("one is lost"));
    for piece in pieces {
        chain.take(2, piece);
    }
    assert_eq!(chain.cameras(), 200, "sent again it is applied");
}

#[test]
fn an_office_is_taken_by_no_piece() {
    for body in [Body::Office { partitions: 8 }, Body::Mark] {
        let text = serde_json::to_vec(&body).unwrap();
        let mut chain = chain();
        let [piece] = &cut(&text, 1_000)[..] else { panic!() };
        assert!(refusal(chain.take(1, Body::Piece(piece.clone()))).contains("never cut"));
        assert_eq!(chain.replica.chain.epoch, 1);
    }
    let consent = Consent::granted();
    let small = Body::Import { changes: vec![Change::SetConsent { owner: OwnerId(1), consent }] };
    assert_eq!(bodies(small.clone(), 4_096).unwrap(), [small]);
}
