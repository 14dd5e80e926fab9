//! Other programs: the system's tools, and two small C programs of the suite's own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::failure::Failure;

/// Runs a tool to its end; the failure is what it said on standard error.
pub fn run(command: &[&str]) -> Result<(), Failure> {
    run_with_input(command, "")
}

pub fn run_with_input(command: &[&str], input: &str) -> Result<(), Failure> {
    let shown = command.join(" ");
    let output = output(command, input).map_err(|error| {
        let tool = command.first().copied().unwrap_or_default();
        Failure::not_found(format!("{tool}: {error}"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::internal(format!("{shown}: {}", said.trim_end())))
}

fn output(command: &[&str], input: &str) -> std::io::Result<Output> {
    let [program, arguments @ ..] = command else {
        return Err(std::io::ErrorKind::NotFound.into());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A tool that has ended without reading says why on standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

/// Compiles a C program of ours into `folder`.
pub fn compile(
    folder: &Path,
    name: &str,
    source: &str,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    let (file, built) = (folder.join(format!("{name}.c")), folder.join(name));
    fs::write(&file, source).map_err(Failure::at(&file))?;
    let (from, to) = (text(&file)?, text(&built)?);
    run(&[&["cc", "-O2", "-Wall", "-o", to, from], options].concat())?;
    Ok(built)
}

pub fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", path.display())))
}
