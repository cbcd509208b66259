//! The head of a request: received, checked, and held until the connection has its turn.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::time::Instant;

use super::{Reading, Stream, elapsed, set};
use crate::http::connection::head::{self, HEAD_BYTES, Head};
use crate::http::problem::{Kind, Problem};

/// A requested turn.
pub(super) struct Waiting(pub(super) Option<Acquiring>);

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({})", self.0.is_some())
    }
}

impl Stream {
    /// Receives more of a head, or the end of its time.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
    pub(super) fn poll_turn(&mut self, has_token: bool, cx: &mut Context<'_>) -> Poll<()> {
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
}

/// Whether an empty line begins in the unchecked bytes, or right before them.
fn may_have_ended(received: &[u8], checked: usize) -> bool {
    let new = received.get(checked.saturating_sub(3)..).unwrap_or_default();
    new.windows(2).any(|pair| pair == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n")
}
