//! A network in a folder of its own that ends with the value: for tests.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::audit::{self, Common};
use crate::chain::{Chain, Client};
use crate::failure::Failure;
use crate::layout::Spec;
use crate::manifest::{Entry, Manifest};
use crate::network::Network;
use crate::operator;

pub type Options = Spec;

const POLL: Duration = Duration::from_millis(20);

/// Validators by index, from 0. Starting and stopping blocks the thread, for seconds at most.
#[derive(Debug)]
pub struct Cluster {
    pub network: Network,
    pub chain: Chain,
    // As it was made: names, keys and ports do not change, and new nodes come through `join`.
    manifest: Manifest,
    dir: Option<TempDir>,
}

impl Cluster {
    /// Starts a network and waits until every validator is ready.
    pub fn up(options: &Options) -> Result<Self, Failure> {
        let cluster = Self::create(options)?;
        cluster.network.launch(&cluster.all())?;
        cluster.wait_ready(&cluster.all())?;
        Ok(cluster)
    }

    /// Makes a network and starts nothing.
    pub fn create(options: &Options) -> Result<Self, Failure> {
        let dir = TempDir::with_prefix("ballast-").map_err(Failure::internal)?;
        let network = Network::create(&dir.path().join("net"), options)?;
        let manifest = network.manifest()?;
        let chain = Chain::of(&manifest)?;
        Ok(Self { network, chain, manifest, dir: Some(dir) })
    }

    /// Starts another node, whose keys are not in the genesis; its number. It is let in by who is
    /// started after this, and by everyone once the chain makes it a validator.
    pub fn join(&mut self) -> Result<usize, Failure> {
        let n = self.add()?;
        self.start(&[n])?;
        Ok(n)
    }

    /// The same without starting it.
    pub fn add(&mut self) -> Result<usize, Failure> {
        let n = self.network.join()?;
        self.manifest = self.network.manifest()?;
        Ok(n)
    }

    pub fn all(&self) -> Vec<usize> {
        (0..self.manifest.validators.len()).collect()
    }

    pub fn entry(&self, n: usize) -> &Entry {
        &self.manifest.validators[n]
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub fn home(&self, n: usize) -> PathBuf {
        self.network.home(self.entry(n))
    }

    pub fn log(&self, n: usize) -> String {
        std::fs::read_to_string(self.network.log(self.entry(n))).unwrap_or_default()
    }

    /// SIGKILL.
    pub fn kill(&self, which: &[usize]) -> Result<(), Failure> {
        self.network.kill(which)
    }

    /// SIGTERM, then waits until they are gone.
    pub fn stop(&self, which: &[usize]) -> Result<(), Failure> {
        self.network.stop(which)
    }

    /// Starts validators again and waits until they answer, ready or not.
    pub fn start(&self, which: &[usize]) -> Result<(), Failure> {
        self.network.launch(which)?;
        self.network.wait_live(which)
    }

    pub fn wait_ready(&self, which: &[usize]) -> Result<(), Failure> {
        self.network.wait_ready(which, &AtomicBool::new(false))
    }

    pub fn pause(&self, n: usize) -> Result<(), Failure> {
        self.network.pause(n)
    }

    pub fn resume(&self, n: usize) -> Result<(), Failure> {
        self.network.resume(n)
    }

    /// Must be called inside an async runtime.
    pub fn client(&self, n: usize) -> Client {
        Client::new(&self.entry(n).grpc()).expect("a loopback address is an endpoint")
    }

    pub fn clients(&self) -> Vec<Client> {
        self.all().into_iter().map(|n| self.client(n)).collect()
    }

    /// A metric of validator `n`, without labels.
    pub fn metric(&self, n: usize, name: &str) -> Option<f64> {
        operator::metric(self.entry(n).operator_address(), name)
    }

    /// Waits until `which` have all committed `height`.
    pub async fn wait_height(
        &self,
        which: &[usize],
        height: u64,
        patience: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        for &n in which {
            let client = self.client(n);
            loop {
                let last = match client.info().await {
                    Ok(info) if info.height >= height => break,
                    Ok(info) => format!("is at height {}", info.height),
                    Err(status) => format!("answers {status}"),
                };
                if Instant::now() >= deadline {
                    let wanted = format!("not at height {height} within {patience:?}");
                    return Err(Failure::internal(format!("validator {n} {last}, {wanted}")));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// All validators hold the same chain, with each of `ids` on it once: [`audit::audit`].
    pub async fn audit(&self, ids: &[String]) -> Result<Common, Failure> {
        audit::audit(&self.clients(), ids).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Not gently: the folder goes too. A failed test keeps it for whoever looks.
        let _ = self.network.kill(&self.all());
        if std::thread::panicking()
            && let Some(dir) = self.dir.take()
        {
            eprintln!("kept: {}", dir.keep().display());
        }
    }
}
