//! The head of a request, checked before the HTTP implementation sees it.
//!
//! That implementation answers an invalid head with a status and no body, and silently removes
//! `Content-Length` beside `Transfer-Encoding`. Every head that it would refuse is refused here
//! first, with a problem.

use std::mem::MaybeUninit;

use axum::http::Uri;

use crate::http::problem::{Kind, Problem};

/// The longest head in bytes, its first line included.
pub(crate) const HEAD_BYTES: usize = 32 << 10;
/// The longest path and query in bytes.
pub(crate) const TARGET_BYTES: usize = 8 << 10;
/// The most header fields.
pub(crate) const HEADERS: usize = 100;

/// Fields that decide the caller, the host and the end of a message: duplicates are refused, since
/// another program on the way may use the other one.
const SINGLE: [&str; 5] =
    ["host", "authorization", "content-length", "transfer-encoding", "content-type"];

/// The end of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// It has this many bytes.
    Bytes(u64),
    /// It ends with its last chunk. Nothing is read from the connection behind it.
    Chunks,
}

/// The result of checking a request's first bytes.
#[derive(Debug)]
pub(super) enum Head {
    /// A valid head: its length, its body, and whether it has a token, known or not.
    Complete { bytes: usize, body: Body, has_token: bool },
    /// The beginning of a head.
    Partial,
    /// An invalid head.
    Refused(Problem),
}

/// Checks the first bytes of a request.
pub(super) fn check(received: &[u8]) -> Head {
    let mut fields = [const { MaybeUninit::uninit() }; HEADERS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(received, &mut fields) {
        Ok(httparse::Status::Complete(bytes)) if bytes <= HEAD_BYTES => match body(&request) {
            Ok((body, has_token)) => Head::Complete { bytes, body, has_token },
            Err(problem) => Head::Refused(problem),
        },
        Ok(httparse::Status::Partial) if received.len() < HEAD_BYTES => {
            if first_line_ended(received) || received.len() <= TARGET_BYTES {
                Head::Partial
            } else {
                Head::Refused(target_too_long())
            }
        }
        Ok(_) if first_line_ended(received) => {
            let detail = format!("a head has at most {HEAD_BYTES} bytes");
            Head::Refused(Problem::new(Kind::HeadTooLarge, detail))
        }
        Ok(_) => Head::Refused(target_too_long()),
        Err(error) => Head::Refused(refusal(error, request.path.is_some())),
    }
}

/// The problem of a head that cannot be parsed.
fn refusal(error: httparse::Error, has_target: bool) -> Problem {
    let bad = |detail: &str| Problem::new(Kind::BadHead, detail);
    match error {
        httparse::Error::TooManyHeaders => {
            Problem::new(Kind::HeadTooLarge, format!("a head has at most {HEADERS} header fields"))
        }
        httparse::Error::Version => Problem::new(Kind::HttpVersion, "send HTTP/1.1"),
        httparse::Error::HeaderName => bad("a header's name has a forbidden character"),
        httparse::Error::HeaderValue => bad("a header's value has a control character"),
        _ if has_target => bad("a line does not end with CR and LF"),
        _ => Problem::new(Kind::NotHttp, "begin with a line such as `GET /healthz HTTP/1.1`"),
    }
}

fn target_too_long() -> Problem {
    let detail = format!("a path and its query have at most {TARGET_BYTES} bytes together");
    Problem::new(Kind::TargetTooLong, detail)
}

/// Whether the first line that is not empty is complete.
fn first_line_ended(received: &[u8]) -> bool {
    received.trim_ascii_start().contains(&b'\n')
}

/// Checks a parsed head, and returns the end of the body and whether there is a token.
fn body(request: &httparse::Request<'_, '_>) -> Result<(Body, bool), Problem> {
    let bad = |detail: String| Problem::new(Kind::BadHead, detail);
    let target = request.path.unwrap_or_default();
    if target.len() > TARGET_BYTES {
        return Err(target_too_long());
    }
    // The commonest form, a plain path, is always valid.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/-._?=&".contains(b);
    let mut named = None;
    if !(target.starts_with('/') && target.bytes().all(|b| plain(&b))) {
        let uri = Uri::try_from(target);
        let uri = uri.map_err(|error| bad(format!("the target is no path: {error}")))?;
        named = uri.authority().cloned();
    }
    let mut values: [Option<&[u8]>; SINGLE.len()] = [None; SINGLE.len()];
    for field in request.headers.iter() {
        let found = SINGLE.iter().zip(&mut values);
        let same = |(name, _): &(&&str, _)| field.name.eq_ignore_ascii_case(name);
        if let Some((name, value)) = found.into_iter().find(same)
            && value.replace(field.value).is_some()
        {
            return Err(bad(format!("there are two header fields `{name}`; send one")));
        }
    }
    let [host, token, length, coding, _] = values;
    let is_1_1 = request.version == Some(1);
    if is_1_1 && host.is_none() {
        return Err(bad("the header `Host` is missing, which HTTP/1.1 asks for".to_owned()));
    }
    if let Some(host) = host {
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"-._~:[]".contains(b);
        if !host.iter().all(is_name) {
            return Err(bad("`Host` is a name or an address, and a port".to_owned()));
        }
        // A proxy in front may go by either of them.
        if named.is_some_and(|named| !named.as_str().as_bytes().eq_ignore_ascii_case(host)) {
            return Err(bad("the target and `Host` name different hosts".to_owned()));
        }
    }
    let body = match (length, coding) {
        (Some(_), Some(_)) => Err(bad(
            "there are `Content-Length` and `Transfer-Encoding`; the end of the body would be one or \
             the other, so send one"
                .to_owned(),
        )),
        (None, Some(coding)) if is_1_1 && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Body::Chunks)
        }
        (None, Some(_)) => Err(bad(
            "`Transfer-Encoding` is `chunked` alone, in HTTP/1.1; send `Content-Length`".to_owned(),
        )),
        (Some(length), None) => digits(length).map(Body::Bytes).ok_or_else(|| {
            bad("`Content-Length` is a whole number of at most 18 digits".to_owned())
        }),
        (None, None) => Ok(Body::Bytes(0)),
    };
    body.map(|body| (body, token.is_some()))
}

/// A number of digits only, small enough that every program on the way reads it alike.
fn digits(value: &[u8]) -> Option<u64> {
    let is_number = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::{Body, HEAD_BYTES, HEADERS, Head, TARGET_BYTES, check};

    fn code(head: &str) -> String {
        match check(head.as_bytes()) {
            Head::Complete { bytes, body: Body::Bytes(length), .. } => {
                format!("{bytes} and {length}")
            }
            Head::Complete { bytes, body: Body::Chunks, .. } => format!("{bytes} and chunks"),
            Head::Partial => "partial".to_owned(),
            Head::Refused(problem) => problem.kind().code().to_owned(),
        }
    }

    fn with(fields: &str) -> String {
        code(&format!("POST /v1/changes HTTP/1.1\r\nhost: x\r\n{fields}\r\n"))
    }

    #[test]
    fn every_beginning_of_a_head_is_partial() {
        let head = "POST /v1/changes HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(head.get(..end).map(code).as_deref(), Some("partial"), "{end}");
        }
        assert_eq!(code(head), format!("{} and 7", head.len()));
        assert_eq!(code(&format!("{head}GET / HTTP/")), format!("{} and 7", head.len()));
    }

    #[test]
    fn where_a_body_ends_is_never_a_matter_of_opinion() {
        assert_eq!(with("transfer-encoding: Chunked\r\n"), "66 and chunks");
        for fields in [
            "content-length: 2\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
            "content-length: 2\r\ncontent-length: 2\r\n",
            "content-length: 2\r\ncontent-length: 3\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: chunked, gzip\r\n",
            "transfer-encoding: xchunked\r\n",
            "content-length: +2\r\n",
            "content-length: 2, 2\r\n",
            "content-length: 0x2\r\n",
            "content-length:\r\n",
            "content-length: 18446744073709551616\r\n",
            "content-length : 2\r\n",
            "Host: y\r\n",
            "authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
            "x: a\r\n b\r\n",
        ] {
            assert_eq!(with(fields), "bad_head", "{fields}");
        }
        assert_eq!(code("GET / HTTP/1.1\r\n\r\n"), "bad_head");
        assert_eq!(code("GET / HTTP/1.0\r\n\r\n"), "18 and 0");
        assert_eq!(code("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"), "bad_head");
    }

    #[test]
    fn a_target_and_the_host_name_one_host() {
        let head = |target: &str, host: &str| {
            code(&format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n"))
        };
        for (target, host) in [
            ("http://agency.localhost/v1/me", "Agency.localhost"),
            ("http://[::1]:8787/v1/me", "[::1]:8787"),
            ("/v1/me", "my_service:8787"),
        ] {
            assert!(head(target, host).ends_with(" and 0"), "{target} {host}");
        }
        for (target, host) in [
            ("http://operator.localhost/v1/me", "agency.localhost"),
            ("http://agency.localhost:81/v1/me", "agency.localhost"),
            ("http://a@agency.localhost/v1/me", "agency.localhost"),
            ("/v1/me", "a@agency.localhost"),
            ("/v1/me", "agency.localhost, operator.localhost"),
            ("/v1/me", "agency.localhost/operator"),
            ("/v1/me", "%61gency.localhost"),
        ] {
            assert_eq!(head(target, host), "bad_head", "{target} {host}");
        }
    }

    #[test]
    fn lengths_are_limited_at_their_exact_values() {
        let fields = |many: usize| "x: y\r\n".repeat(many - 1);
        assert!(with(&fields(HEADERS)).ends_with(" and 0"));
        assert_eq!(with(&fields(HEADERS + 1)), "head_too_large");
        let target = |bytes: usize| {
            code(&format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(bytes - 1)))
        };
        assert!(target(TARGET_BYTES).ends_with(" and 0"));
        assert_eq!(target(TARGET_BYTES + 1), "target_too_long");
        assert_eq!(code(&format!("GET /{}", "a".repeat(60_000))), "target_too_long");
        let rest = "GET / HTTP/1.1\r\nhost: x\r\nx: \r\n\r\n".len();
        let head = |bytes: usize| {
            code(&format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(bytes - rest)))
        };
        assert!(head(HEAD_BYTES).ends_with(" and 0"));
        assert_eq!(head(HEAD_BYTES + 1), "head_too_large");
        assert_eq!(code(&format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(60_000))), "head_too_large");
    }

    #[test]
    fn no_http_and_other_versions_are_refused_at_once() {
        assert_eq!(code("\u{16}\u{3}\u{1}"), "not_http");
        assert_eq!(code("\0\0\0\0"), "not_http");
        assert_eq!(code("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http_version");
        assert_eq!(code("GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n"), "http_version");
        for text in ["GET /\r\n\r\n", "hello\r\n", "GET  / HTTP/1.1\r\n\r\n"] {
            assert!(matches!(code(text).as_str(), "not_http" | "http_version"), "{text}");
        }
        assert_eq!(code("GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n"), "bad_head");
    }
}
