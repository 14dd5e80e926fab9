//! Namespaces around the whole suite: what it mounts, connects and starts ends with it, however
//! it ends. In there `/run` is an empty file system in memory, and there is no network but the
//! suite's own.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::tool;
use crate::failure::Failure;

/// Set inside.
const MARK: &str = "BALLAST_TESTNET_SANDBOX";
const SCRATCH: &str = "/run/ballast-testnet";
const UNSHARE: [&str; 7] =
    ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const FURNISH: &str = "mount -t tmpfs -o mode=755 tmpfs /run && ip link set lo up";

/// Becomes this same program inside a sandbox. Comes back with `Ok` inside it, and with the reason
/// where there can be none.
pub fn enter() -> Result<(), String> {
    let told = |failure: Failure| failure.message;
    if std::env::var_os(MARK).is_some() {
        tool::run(&["sh", "-c", FURNISH]).map_err(told)?;
        return fs::create_dir_all(SCRATCH).map_err(Failure::at(Path::new(SCRATCH))).map_err(told);
    }
    let mut unshare = UNSHARE.to_vec();
    if !rustix::process::geteuid().is_root() {
        unshare.push("--map-root-user");
    }
    tool::run(&[unshare.as_slice(), &["sh", "-c", FURNISH]].concat()).map_err(told)?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let command: Vec<&OsStr> = unshare.iter().map(OsStr::new).collect();
    let [first, rest @ ..] = command.as_slice() else { return Err("no command".to_owned()) };
    let mut command = Command::new(first);
    command.args(rest).arg(program).args(arguments).env(MARK, name).env("TMPDIR", SCRATCH);
    Err(format!("unshare: {}", command.exec()))
}
