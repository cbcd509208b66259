//! A connection on which the test controls every byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::Service;

pub struct Wire(TcpStream);

/// An answer as bytes.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Asserts that this is a whole problem, and returns its status and code.
    #[track_caller]
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert!(self.header("date").is_some_and(|date| date.ends_with(" GMT")), "{self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        for member in ["title", "detail", "type"] {
            assert!(problem[member].is_string(), "{problem}");
        }
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}

impl Wire {
    pub fn open(service: &Service) -> Self {
        let address = service.address().strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends bytes, unless the other side has closed by now.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        match self.0.write_all(bytes.as_ref()) {
            Err(error)
                if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) =>
            {
                panic!("{error}")
            }
            _ => {}
        }
    }

    /// Closes the sending side.
    pub fn finish(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// All answers until the other side closes, as it must.
    #[track_caller]
    pub fn answers(&mut self) -> Vec<Seen> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).unwrap();
        split(&bytes)
    }

    /// All answers if the other side closes in time without being asked; `None` if it waits.
    #[track_caller]
    pub fn answers_within(&mut self, time: Duration) -> Option<Vec<Seen>> {
        let usual = self.0.read_timeout().unwrap();
        self.0.set_read_timeout(Some(time)).unwrap();
        let begun = self.0.peek(&mut [0]);
        self.0.set_read_timeout(usual).unwrap();
        match begun {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            begun => {
                begun.unwrap();
                Some(self.answers())
            }
        }
    }

    /// Sends bytes, and returns all answers.
    #[track_caller]
    pub fn exchange(service: &Service, bytes: impl AsRef<[u8]>) -> Vec<Seen> {
        split(&Self::exchange_bytes(service, bytes))
    }

    /// As [`exchange`](Self::exchange), with the answers as bytes.
    #[track_caller]
    pub fn exchange_bytes(service: &Service, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut wire = Self::open(service);
        wire.send(bytes);
        let mut answers = Vec::new();
        wire.0.read_to_end(&mut answers).unwrap();
        answers
    }

    /// One line, without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
        }
        String::from_utf8(bytes).unwrap().trim_end().to_owned()
    }

    /// One answer, on a connection that stays.
    #[track_caller]
    pub fn answer(&mut self) -> Seen {
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
            if bytes.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let head = String::from_utf8(bytes.clone()).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        bytes.extend(body);
        split(&bytes).remove(0)
    }
}

/// Splits a stream of answers, and asserts that it has nothing else.
#[track_caller]
fn split(mut bytes: &[u8]) -> Vec<Seen> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let shown = String::from_utf8_lossy(bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {shown}"));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap();
        let status = status.strip_prefix("HTTP/1.1 ").or(status.strip_prefix("HTTP/1.0 "));
        let status = status.unwrap_or_else(|| panic!("no answer: {shown}"));
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        };
        let mut seen = Seen {
            status: status[..3].parse().unwrap(),
            headers: lines.map(field).collect(),
            body: String::new(),
        };
        let length: usize = seen.header("content-length").map_or(0, |value| value.parse().unwrap());
        let (start, stop) = (end + 4, end + 4 + length);
        assert!(stop <= bytes.len(), "half an answer: {shown}");
        seen.body = String::from_utf8(bytes[start..stop].to_vec()).unwrap();
        bytes = &bytes[stop..];
        answers.push(seen);
    }
    answers
}
