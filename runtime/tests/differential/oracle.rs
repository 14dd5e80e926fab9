//! The reference model as a child process: `python3 tests/model/serve.py`, spoken to over pipes.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use ballast_primitives::turns::Report;
use ballast_primitives::{Evidence, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

/// One block as the model is asked to execute it.
#[derive(Clone, BorshSerialize)]
pub struct Block {
    pub height: u64,
    pub time: u64,
    /// Encoded transactions, in the order of the block.
    pub txs: Vec<Vec<u8>>,
    /// What it says about validators.
    pub parent_round: u32,
    pub returns: Vec<[u8; 32]>,
    pub evidence: Vec<Evidence>,
}

impl Block {
    pub fn report(&self) -> Report {
        let returns = self.returns.iter().map(|key| PublicKey(*key)).collect();
        Report { parent_round: self.parent_round, returns, evidence: self.evidence.clone() }
    }
}

#[derive(BorshSerialize)]
struct Request<'a> {
    genesis: Option<&'a [u8]>,
    blocks: &'a [Block],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshDeserialize)]
pub struct Dropped {
    pub index: u32,
    pub code: u8,
}

/// What a block gave.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
pub struct Results {
    pub receipts: Vec<Vec<u8>>,
    /// Ascending by index.
    pub dropped: Vec<Dropped>,
}

/// How often an operation had an outcome.
#[derive(BorshDeserialize)]
pub struct Seen {
    pub operation: String,
    pub outcome: String,
    pub count: u64,
}

#[derive(BorshDeserialize)]
pub struct Answer {
    pub results: Vec<Results>,
    /// The state after the blocks; see [`crate::view`].
    pub state: Vec<String>,
    /// The digests of its leaves, by slot (ST-20), and the root over them (ST-22).
    pub leaves: Vec<[u8; 32]>,
    pub root: [u8; 32],
    pub seen: Vec<Seen>,
}

/// `python3` with a script of the model.
fn python(script: &str) -> Command {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "model", script].iter().collect();
    let mut command = Command::new("python3");
    // No caches in the working tree.
    command.arg("-B").arg(path);
    command
}

/// Runs a script to its end.
pub fn run(script: &str) -> Output {
    python(script).output().expect(INSTALLED)
}

const INSTALLED: &str = "python3 is installed (.ci/packages does that)";

pub struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Oracle {
    /// Starts the model; it inherits standard error, so that its traceback is seen.
    pub fn start() -> Self {
        let mut command = python("serve.py");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect(INSTALLED);
        let input = child.stdin.take();
        let output = child.stdout.take().unwrap();
        Self { child, input, output }
    }

    /// Begins a world with `genesis`, or goes on with the one before, and executes `blocks`.
    pub fn ask(&mut self, genesis: Option<&[u8]>, blocks: &[Block]) -> Answer {
        self.send(&borsh::to_vec(&Request { genesis, blocks }).unwrap());
        self.answer()
    }

    fn send(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap().to_le_bytes();
        let input = self.input.as_mut().unwrap();
        let sent = input.write_all(&length).and_then(|()| input.write_all(message));
        sent.and_then(|()| input.flush()).expect("the model runs");
    }

    fn answer(&mut self) -> Answer {
        let mut length = [0; 4];
        self.output.read_exact(&mut length).expect("the model answers; its traceback is above");
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.output.read_exact(&mut bytes).expect("the model answers whole");
        borsh::from_slice(&bytes).expect("the model's answer decodes")
    }
}

impl Drop for Oracle {
    /// The model ends when its input does.
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
