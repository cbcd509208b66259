//! Progress on standard error during long steps: a bar on a terminal, otherwise a line now and
//! then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A bar is drawn once something takes longer than this.
const PATIENCE: Duration = Duration::from_millis(400);
const BETWEEN: Duration = Duration::from_millis(80);
/// The time between lines in a file or a log.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
const WIDTH: u64 = 30;

/// The progress of a step.
pub(crate) struct Progress {
    what: &'static str,
    total: Option<u64>,
    terminal: bool,
    next: Instant,
    drawn: bool,
    calls: u32,
}

impl Progress {
    /// `total` has the same unit as `done`, if it is known.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        let terminal = io::stderr().is_terminal();
        let next = Instant::now() + if terminal { PATIENCE } else { BETWEEN_LINES };
        Self {
            what,
            total: total.filter(|&total| total > 0),
            terminal,
            next,
            drawn: false,
            calls: 0,
        }
    }

    /// `done` of the total, with the number of rows or areas so far.
    pub(crate) fn advance_to(&mut self, done: u64, items: u64) {
        self.calls = self.calls.wrapping_add(1);
        // Reading the clock takes longer than reading a row.
        if !self.calls.is_multiple_of(64) && self.total.is_none_or(|total| total > 10_000) {
            return;
        }
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let what = self.what;
        let percent = self.total.map(|total| u128::from(done.min(total)) * 100 / u128::from(total));
        if self.terminal {
            self.next = now + BETWEEN;
            self.drawn = true;
            let filled = percent.unwrap_or(0) * u128::from(WIDTH);
            let bar = (0..WIDTH).map(|i| if u128::from(i) * 100 < filled { '#' } else { '.' });
            match percent {
                Some(percent) => {
                    let bar: String = bar.collect();
                    draw(&format!("\r{what} [{bar}] {percent:>3}% {items}"));
                }
                None => draw(&format!("\r{what} {items}")),
            }
        } else {
            self.next = now + BETWEEN_LINES;
            let percent = percent.map(|percent| format!(", {percent}%")).unwrap_or_default();
            draw(&format!("{what}: {items}{percent}\n"));
        }
    }

    pub(crate) fn finish(self) {
        if self.drawn {
            draw("\r\x1b[K");
        }
    }
}

/// Announces a step of large files whose progress cannot be seen from outside.
pub(crate) fn announce(what: &str, items: usize) {
    if items >= 1_000_000 {
        draw(&format!("{what} {items}\n"));
    }
}

/// If the terminal is gone, the run continues.
fn draw(text: &str) {
    let mut terminal = io::stderr().lock();
    terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()).ok();
}
