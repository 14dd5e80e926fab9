//! Logs on standard error: text on a terminal, one JSON object a line elsewhere.

use std::backtrace::Backtrace;
use std::io::{self, IsTerminal};
use std::panic;
use std::process;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

#[derive(Debug, Error)]
pub enum LoggingError {
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("logging was set up before: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process.
pub fn start(config: &LogConfig) -> Result<(), LoggingError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&config.filter)?)
        .with_writer(io::stderr);
    let terminal = io::stderr().is_terminal();
    if as_text(config.format, terminal) {
        builder.with_ansi(terminal && !no_color()).finish().try_init()?;
    } else {
        builder.json().flatten_event(true).finish().try_init()?;
    }
    Ok(())
}

const fn as_text(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    }
}

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// From here on a panic in any thread is logged and ends the process: a node with a part missing
/// must not go on, and what it promised is on disk at any instant.
pub fn abort_on_panic() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload_as_str().unwrap_or("a panic without a message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = Backtrace::force_capture();
        tracing::error!(%place, %backtrace, "panicked, aborting: {payload}");
        process::abort();
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_for_terminals_unless_asked_for() {
        for (format, terminal, text) in [
            (LogFormat::Auto, true, true),
            (LogFormat::Auto, false, false),
            (LogFormat::Text, false, true),
            (LogFormat::Json, true, false),
        ] {
            assert_eq!(as_text(format, terminal), text, "{format:?} {terminal}");
        }
    }
}
