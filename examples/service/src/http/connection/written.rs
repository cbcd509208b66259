//! A problem as bytes, for places without the HTTP implementation: always the last answer.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::http::problem::Problem;

/// The bytes of an answer that closes the connection.
pub(super) fn written(problem: Problem) -> Vec<u8> {
    let (status, headers, text) = problem.into_parts();
    let mut answer = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in &headers {
        if name != "connection"
            && let Ok(value) = value.to_str()
        {
            // Writing to a string cannot fail.
            let _ = write!(answer, "{name}: {value}\r\n");
        }
    }
    #[expect(clippy::disallowed_methods, reason = "a header that decides nothing")]
    let now = Timestamp::now();
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        let _ = write!(answer, "date: {date}\r\n");
    }
    let _ = write!(answer, "content-length: {}\r\nconnection: close\r\n\r\n{text}", text.len());
    answer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::written;
    use crate::http::problem::{Kind, Problem};

    #[test]
    fn a_problem_is_one_whole_answer() {
        let answer = written(Problem::new(Kind::HeadTooLarge, "too large"));
        let answer = String::from_utf8(answer).unwrap_or_default();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        assert!(head.contains(" GMT\r\n") && head.ends_with("connection: close"), "{head}");
        assert!(body.contains("\"code\":\"head_too_large\""), "{body}");
    }
}
