//! A bar on the terminal while something takes long.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A step that ends sooner than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(400);
const BETWEEN: Duration = Duration::from_millis(80);
const WIDTH: u64 = 30;

/// The progress of a step. Drawn on stderr, if that is a terminal.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    next: Option<Instant>,
    drawn: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str, total: u64, draw: bool) -> Self {
        let draw = draw && total > 0 && io::stderr().is_terminal();
        Self { what, total, next: draw.then(|| Instant::now() + PATIENCE), drawn: false }
    }

    pub(crate) fn advance_to(&mut self, done: u64) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now >= next) {
            self.next = Some(now + BETWEEN);
            self.drawn = true;
            let done = done.min(self.total);
            let percent = u128::from(done) * 100 / u128::from(self.total);
            let bar: String = (0..WIDTH)
                .map(|i| if u128::from(i) * 100 < percent * u128::from(WIDTH) { '#' } else { '.' })
                .collect();
            draw(&format!("\r{} [{bar}] {percent:>3}%", self.what));
        }
    }

    pub(crate) fn finish(self) {
        if self.drawn {
            draw("\r\x1b[K");
        }
    }
}

/// If the terminal is gone, the run continues.
fn draw(text: &str) {
    let mut terminal = io::stderr().lock();
    terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()).ok();
}
