//! One connection's bytes: heads are checked before they are passed on, and both heads and answers
//! have time limits.
//!
//! Each head is passed on whole, and no byte behind its body before the next one is requested. So
//! when a head is refused, the HTTP implementation above is waiting for a head, has sent all its
//! output, and takes the end of the input for the end of the connection. Then the problem is sent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Peer;
use super::head::{self, Body, HEAD_BYTES, Head};
use super::written::written;
use crate::http::problem::{Kind, Problem};
use crate::metrics::Metrics;

/// The initial size of the buffer.
const BUFFER_BYTES: usize = 2 << 10;
/// The rate at which a client must take an answer, after the first seconds.
const ANSWER_BYTES_A_SECOND: u64 = 64 << 10;
/// After an answer that ends the connection, further input is received and dropped for this time
/// and up to this many bytes: closing at once would make the client lose the answer.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 16 << 20);

/// A client's connection.
#[derive(Debug)]
pub(super) struct Stream {
    socket: TcpStream,
    peer: Arc<Peer>,
    metrics: Arc<Metrics>,
    head_within: Duration,
    write_within: Duration,
    reading: Reading,
    /// The turn that an unknown connection waits for before it is answered.
    turn: Waiting,
    has_turn: bool,
    received: Received,
    /// For the expected head, and then for the end.
    head_sleep: Option<Pin<Box<Sleep>>>,
    /// For an answer that is not taken.
    write_sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline for an answer that is not being taken.
    write_by: Option<Instant>,
    closing: Closing,
}

/// A requested turn.
struct Waiting(Option<Acquiring>);

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({})", self.0.is_some())
    }
}

/// The part of a request that is read now.
#[derive(Debug)]
enum Reading {
    /// None, until the connection has its turn. Then the head is passed on.
    Turn { head: usize, body: Body, has_token: bool },
    /// A head, of which a part was checked.
    Head { checked: usize, is_asked: bool, is_timed: bool },
    /// The rest of a checked head, and then its body.
    Passing { head: usize, body: Body },
    /// The rest of a body.
    Body(u64),
    /// A body in chunks, and the end of the connection behind it.
    ToTheEnd,
    /// None any more.
    Ended,
}

/// A head of which nothing was received: no data was requested, nor has its time begun.
const HEAD: Reading = Reading::Head { checked: 0, is_asked: false, is_timed: false };

/// Bytes that were received and not passed on.
#[derive(Debug)]
struct Received {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// The progress of a connection's end.
#[derive(Debug)]
enum Closing {
    No,
    /// A part of the problem was sent.
    Answering {
        answer: Vec<u8>,
        sent: usize,
    },
    Ending,
    /// Further input is dropped, up to a number of bytes.
    Lingering {
        left: u64,
        is_timed: bool,
    },
    Done,
}

impl Stream {
    pub(super) fn new(
        stream: TcpStream,
        peer: Arc<Peer>,
        metrics: Arc<Metrics>,
        head_within: Duration,
        write_within: Duration,
    ) -> Self {
        Self {
            socket: stream,
            peer,
            metrics,
            head_within,
            write_within,
            reading: HEAD,
            turn: Waiting(None),
            has_turn: false,
            received: Received { buffer: Vec::new(), start: 0, end: 0 },
            head_sleep: None,
            write_sleep: None,
            write_by: None,
            closing: Closing::No,
        }
    }

    /// Receives more of a head, or the end of its time.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Reading::Head { checked, is_asked, is_timed } = &mut self.reading else {
            return Poll::Ready(Ok(()));
        };
        let waiting = self.received.waiting();
        // A head in many pieces is parsed only if it may have ended, or has doubled in size:
        // parsing it from its beginning for each piece would take quadratic time.
        if waiting.len() > *checked
            && (waiting.len() >= *checked * 2
                || waiting.len() >= HEAD_BYTES
                || may_have_ended(waiting, *checked))
        {
            *checked = waiting.len();
            match head::check(waiting) {
                Head::Partial => {}
                Head::Refused(problem) => {
                    self.refuse(problem);
                    return Poll::Ready(Ok(()));
                }
                Head::Complete { bytes, body, has_token } => {
                    let was_sent_before = !*is_asked;
                    if was_sent_before && !has_token {
                        let detail =
                            "without a token, wait for each answer before the next request";
                        self.refuse(Problem::new(Kind::TooManyRequests, detail));
                        return Poll::Ready(Ok(()));
                    }
                    let needs_turn = !(has_token && self.peer.is_known());
                    self.reading = if needs_turn {
                        Reading::Turn { head: bytes, body, has_token }
                    } else {
                        Reading::Passing { head: bytes, body }
                    };
                    if was_sent_before {
                        // This request was sent before the last answer, so other connections come
                        // first.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
        let within = self.head_within;
        *is_asked = true;
        match self.received.poll_more(&mut self.socket, cx) {
            Poll::Ready(Ok(0)) => {
                if self.received.is_empty() {
                    self.reading = Reading::Ended;
                } else {
                    self.refuse(Problem::new(Kind::BadHead, "it ended before the empty line"));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(more) => Poll::Ready(more.map(drop)),
            Poll::Pending => {
                if !std::mem::replace(is_timed, true) {
                    set(&mut self.head_sleep, Instant::now() + within);
                }
                ready!(elapsed(&mut self.head_sleep, cx));
                if self.received.is_empty() {
                    self.reading = Reading::Ended;
                } else {
                    let detail = format!("it was incomplete after {} seconds", within.as_secs());
                    self.refuse(Problem::new(Kind::HeadTooSlow, detail));
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Waits for a turn, if none is free.
    fn poll_turn(&mut self, has_token: bool, cx: &mut Context<'_>) -> Poll<()> {
        let turn = if let Some(waiting) = &mut self.turn.0 {
            ready!(waiting.as_mut().poll(cx)).ok()
        } else {
            let turns = self.peer.turns(has_token);
            if let Ok(turn) = Arc::clone(&turns).try_acquire_owned() {
                Some(turn)
            } else {
                let waiting = self.turn.0.insert(Box::pin(turns.acquire_owned()));
                ready!(waiting.as_mut().poll(cx)).ok()
            }
        };
        self.turn.0 = None;
        if let Some(turn) = turn {
            self.peer.begin_turn(turn);
            self.has_turn = true;
        }
        Poll::Ready(())
    }

    /// Ends the input, and sends a problem as the last answer.
    fn refuse(&mut self, problem: Problem) {
        self.metrics.refused_head(problem.kind().status().as_u16(), problem.kind().code());
        self.reading = Reading::Ended;
        self.closing = Closing::Answering { answer: written(problem), sent: 0 };
    }

    /// Ends a connection whose answer is not taken in time.
    fn watch(
        &mut self,
        polled: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.has_turn) {
            self.peer.end_turn();
        }
        match &polled {
            Poll::Ready(Ok(taken)) if *taken < offered => {
                let millis = u64::try_from(*taken).unwrap_or(u64::MAX).saturating_mul(1000);
                let more = Duration::from_millis(millis / ANSWER_BYTES_A_SECOND);
                self.write_by = self.write_by.map(|by| by + more);
            }
            Poll::Ready(_) => self.write_by = None,
            Poll::Pending => {
                let by = *self.write_by.get_or_insert_with(|| Instant::now() + self.write_within);
                set(&mut self.write_sleep, by);
                if elapsed(&mut self.write_sleep, cx).is_ready() {
                    self.metrics.unread_answers.inc();
                    // The system's buffers are dropped too, and not kept for minutes.
                    let _ = self.socket.set_zero_linger();
                    let error = "the answer was not taken in time";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, error)));
                }
            }
        }
        polled
    }

    /// Sends the rest of a problem.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Closing::Answering { answer, sent } = &mut self.closing {
            let rest = answer.get(*sent..).unwrap_or_default();
            let offered = rest.len();
            if offered == 0 {
                self.closing = Closing::Ending;
                break;
            }
            let polled = Pin::new(&mut self.socket).poll_write(cx, rest);
            let taken = ready!(self.watch(polled, offered, cx))?;
            if let Closing::Answering { sent, .. } = &mut self.closing {
                *sent = sent.saturating_add(taken);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Drops further input, for a while.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Closing::Lingering { left, is_timed } = &mut self.closing {
            if !std::mem::replace(is_timed, true) {
                set(&mut self.head_sleep, Instant::now() + LINGER.0);
            }
            self.received.clear();
            match self.received.poll_more(&mut self.socket, cx) {
                Poll::Ready(Ok(more)) if more > 0 && *left > 0 => {
                    *left = left.saturating_sub(u64::try_from(more).unwrap_or(u64::MAX));
                }
                Poll::Ready(_) => self.closing = Closing::Done,
                Poll::Pending => {
                    ready!(elapsed(&mut self.head_sleep, cx));
                    self.closing = Closing::Done;
                }
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.reading {
                Reading::Ended => return Poll::Ready(Ok(())),
                Reading::Head { .. } => ready!(this.poll_head(cx))?,
                &mut Reading::Turn { head, body, has_token } => {
                    ready!(this.poll_turn(has_token, cx));
                    this.reading = Reading::Passing { head, body };
                }
                Reading::Passing { head: 0, body } => {
                    this.reading = match *body {
                        Body::Bytes(bytes) => Reading::Body(bytes),
                        Body::Chunks => Reading::ToTheEnd,
                    };
                    if !buffer.filled().is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Reading::Passing { head, .. } => {
                    let passed = this.received.pass(*head, buffer);
                    if passed == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    *head = head.saturating_sub(passed);
                }
                Reading::Body(0) => {
                    this.reading = HEAD;
                }
                Reading::Body(left) => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX);
                    let passed = if this.received.is_empty() {
                        ready!(poll_direct(&mut this.socket, cx, buffer, most))?
                    } else {
                        this.received.pass(most, buffer)
                    };
                    *left = left.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX));
                    return Poll::Ready(Ok(()));
                }
                Reading::ToTheEnd if this.received.is_empty() => {
                    return Pin::new(&mut this.socket).poll_read(cx, buffer);
                }
                Reading::ToTheEnd => {
                    this.received.pass(usize::MAX, buffer);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch(polled, bytes.len(), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = pieces.iter().map(|piece| piece.len()).sum();
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.watch(polled, offered, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &this.closing {
                Closing::No => this.closing = Closing::Ending,
                Closing::Answering { .. } => ready!(this.poll_answer(cx))?,
                Closing::Ending => {
                    ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
                    // Behind a whole message no more input is expected.
                    let more = !matches!(this.reading, Reading::Head { .. } | Reading::Body(0))
                        || !this.received.is_empty();
                    this.closing = if more {
                        Closing::Lingering { left: LINGER.1, is_timed: false }
                    } else {
                        Closing::Done
                    };
                }
                Closing::Lingering { .. } => ready!(this.poll_linger(cx)),
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl Received {
    fn waiting(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
        // The buffer shrinks after one long head.
        if self.buffer.len() > 4 * BUFFER_BYTES {
            self.buffer = Vec::new();
        }
    }

    /// Passes on up to `most` bytes, as far as there is space.
    fn pass(&mut self, most: usize, to: &mut ReadBuf<'_>) -> usize {
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        let passed = most.min(to.remaining()).min(waiting.len());
        to.put_slice(waiting.get(..passed).unwrap_or_default());
        self.start = self.start.saturating_add(passed);
        if self.is_empty() {
            self.clear();
        }
        passed
    }

    /// Receives more behind the present bytes. The buffer grows up to the size of a head.
    fn poll_more(&mut self, from: &mut TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end.saturating_sub(self.start));
            } else {
                let larger = (self.buffer.len() * 2).clamp(BUFFER_BYTES, 2 * HEAD_BYTES);
                self.buffer.resize(larger, 0);
            }
        }
        let mut space = ReadBuf::new(self.buffer.get_mut(self.end..).unwrap_or_default());
        ready!(Pin::new(from).poll_read(cx, &mut space))?;
        let more = space.filled().len();
        self.end = self.end.saturating_add(more);
        Poll::Ready(Ok(more))
    }
}

/// Receives up to `most` bytes directly into their destination, and returns the number.
fn poll_direct(
    from: &mut TcpStream,
    cx: &mut Context<'_>,
    to: &mut ReadBuf<'_>,
    most: usize,
) -> Poll<io::Result<usize>> {
    let most = most.min(to.remaining());
    let mut space = ReadBuf::new(to.initialize_unfilled_to(most));
    ready!(Pin::new(from).poll_read(cx, &mut space))?;
    let came = space.filled().len();
    to.advance(came);
    Poll::Ready(Ok(came))
}

/// Whether an empty line begins in the unchecked bytes, or right before them.
fn may_have_ended(received: &[u8], checked: usize) -> bool {
    let new = received.get(checked.saturating_sub(3)..).unwrap_or_default();
    new.windows(2).any(|pair| pair == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n")
}

fn set(sleep: &mut Option<Pin<Box<Sleep>>>, until: Instant) {
    match sleep {
        Some(sleep) if sleep.deadline() == until => {}
        Some(sleep) => sleep.as_mut().reset(until),
        None => *sleep = Some(Box::pin(sleep_until(until))),
    }
}

fn elapsed(sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    match sleep {
        Some(sleep) => sleep.as_mut().poll(cx),
        None => Poll::Pending,
    }
}
