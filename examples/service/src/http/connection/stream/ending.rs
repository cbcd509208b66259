//! The end of a connection: a last problem, answers that are not taken, and further input.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::{Closing, Reading, Stream, elapsed, set};
use crate::http::connection::Peer;
use crate::http::connection::written::written;
use crate::http::problem::Problem;

/// The rate at which a client must take an answer, after the first seconds.
const ANSWER_BYTES_A_SECOND: u64 = 64 << 10;
/// After an answer that ends the connection, further input is received and dropped for this time
/// and up to this many bytes: closing at once would make the client lose the answer.
pub(super) const LINGER: (Duration, u64) = (Duration::from_secs(1), 16 << 20);

/// Gives a turn back: with the answer, or as soon as the service has to wait for a body. Otherwise a
/// few slow bodies would keep everybody without a token waiting.
pub(super) fn end_turn(peer: &Peer, has_turn: &mut bool) {
    if std::mem::take(has_turn) {
        peer.end_turn();
    }
}

impl Stream {
    /// Ends the input, and sends a problem as the last answer.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.metrics.refused_head(problem.kind().status().as_u16(), problem.kind().code());
        self.reading = Reading::Ended;
        self.closing = Closing::Answering { answer: written(problem), sent: 0 };
    }

    /// Ends a connection whose answer is not taken in time.
    pub(super) fn watch(
        &mut self,
        polled: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        end_turn(&self.peer, &mut self.has_turn);
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
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
    pub(super) fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
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
