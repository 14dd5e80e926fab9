//! `logs`: validators' logs, each line with its name when there are several.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::thread;
use std::time::Duration;

use ballast_testnet::{Failure, Network};

const POLL: Duration = Duration::from_millis(200);

struct Log {
    prefix: String,
    reader: BufReader<File>,
    /// A line whose end is not written yet.
    partial: String,
}

pub fn run(network: &Network, only: Option<usize>, follow: bool) -> Result<(), Failure> {
    let manifest = network.manifest()?;
    let which = only.map_or_else(|| network.all(), |n| Ok(vec![n]))?;
    let mut logs = Vec::new();
    for &n in &which {
        let entry = manifest.entry(n)?;
        let path = network.log(entry);
        let reader = BufReader::new(File::open(&path).map_err(Failure::at(&path))?);
        let name = format!("{} | ", entry.name);
        let prefix = if which.len() > 1 { name } else { String::new() };
        logs.push(Log { prefix, reader, partial: String::new() });
    }
    loop {
        for log in &mut logs {
            match log.copy() {
                Ok(()) => {}
                // Nobody reads any more.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Failure::internal(error)),
            }
        }
        if !follow {
            return Ok(());
        }
        thread::sleep(POLL);
    }
}

impl Log {
    fn copy(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        while self.reader.read_line(&mut self.partial)? > 0 {
            if self.partial.ends_with('\n') {
                write!(out, "{}{}", self.prefix, self.partial)?;
                self.partial.clear();
            }
        }
        out.flush()
    }
}
