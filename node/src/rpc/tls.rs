//! TLS whose certificates are read again when their files change: a renewed certificate needs no
//! restart, and a withdrawn authority lets nobody new in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use thiserror::Error;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// HTTP/2 for gRPC, HTTP/1.1 for browsers.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The PEM files of a TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate chain.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Set for mutual TLS: who signs the clients' certificates.
    pub client_ca: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Pem(PathBuf, pem::Error),
    #[error("{0}")]
    Config(#[from] rustls::Error),
    #[error("the clients' authority: {0}")]
    Authority(#[from] VerifierBuilderError),
}

/// What the files hold.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// The server's side of TLS, as of the files' last good contents.
pub(super) struct Tls {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files, and looks at them again every `every` for as long as the value given back
    /// lives.
    pub fn start(files: TlsFiles, every: Duration) -> Result<Arc<Self>, TlsError> {
        let contents = files.read()?;
        let current = RwLock::new(Arc::new(files.config(&contents)?));
        let tls = Arc::new(Self { files, current });
        tokio::spawn(follow(Arc::downgrade(&tls), contents, every));
        Ok(tls)
    }

    /// For one new connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read()))
    }

    /// Takes over what the files hold if that is not `known`. Half of a renewal does not load: the
    /// old certificate then serves on until the other half is there.
    fn refresh(&self, known: &mut Contents) -> Result<(), TlsError> {
        let contents = self.files.read()?;
        if contents == *known {
            return Ok(());
        }
        let config = self.files.config(&contents)?;
        *self.current.write() = Arc::new(config);
        *known = contents;
        tracing::info!("the TLS files have changed: new connections see the new ones");
        Ok(())
    }
}

async fn follow(tls: std::sync::Weak<Tls>, mut known: Contents, every: Duration) {
    loop {
        sleep(every).await;
        let Some(tls) = tls.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            if let Err(error) = tls.refresh(&mut known) {
                tracing::warn!(%error, "the TLS files do not load: serving with the old ones");
            }
            known
        });
        match looked.await {
            Ok(seen) => known = seen,
            Err(_) => return,
        }
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| TlsError::Read(path.into(), error));
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    fn config(&self, contents: &Contents) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = match (&self.client_ca, &contents.client_ca) {
            (Some(path), Some(pem)) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path, pem)? {
                    roots.add(certificate)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build()?)
            }
            _ => builder.with_no_client_auth(),
        };
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|error| TlsError::Pem(self.key.clone(), error))?;
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if found.is_empty() => Err(TlsError::Pem(path.into(), pem::Error::NoItemsFound)),
        Ok(found) => Ok(found),
        Err(error) => Err(TlsError::Pem(path.into(), error)),
    }
}
