//! Bytes that were received and not passed on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::http::connection::head::HEAD_BYTES;

/// The initial size of the buffer.
const BUFFER_BYTES: usize = 2 << 10;

/// Bytes that were received and not passed on.
#[derive(Debug, Default)]
pub(super) struct Received {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Received {
    pub(super) fn waiting(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
        // The buffer shrinks after one long head.
        if self.buffer.len() > 4 * BUFFER_BYTES {
            self.buffer = Vec::new();
        }
    }

    /// Passes on up to `most` bytes, as far as there is space.
    pub(super) fn pass(&mut self, most: usize, to: &mut ReadBuf<'_>) -> usize {
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
    pub(super) fn poll_more(
        &mut self,
        from: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
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
pub(super) fn poll_direct(
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
