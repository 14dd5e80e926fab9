//! TLS and mutual TLS, with files that are renewed while the server runs.

use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::prelude::*;

/// For localhost, valid for a hundred years; made with openssl and used nowhere else.
macro_rules! pem {
    ($name:literal) => {
        include_bytes!(concat!("tls/", $name))
    };
}

/// One authority, a server and a client that it has signed.
struct Authority {
    ca: &'static [u8],
    server: [&'static [u8]; 2],
    client: [&'static [u8]; 2],
}

const OLD: Authority = Authority {
    ca: pem!("old-ca.pem"),
    server: [pem!("old-server.pem"), pem!("old-server.key")],
    client: [pem!("old-client.pem"), pem!("old-client.key")],
};
const NEW: Authority = Authority {
    ca: pem!("new-ca.pem"),
    server: [pem!("new-server.pem"), pem!("new-server.key")],
    client: [pem!("new-client.pem"), pem!("new-client.key")],
};

struct Secured {
    server: RpcServer,
    folder: tempfile::TempDir,
    stop: CancellationToken,
}

impl Drop for Secured {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Secured {
    async fn new(mutual: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        install(folder.path(), &OLD);
        let path = |name| folder.path().join(name);
        let mut config = RpcConfig::new("127.0.0.1:0".parse().unwrap());
        config.preface_timeout = Duration::from_millis(500);
        config.tls_refresh = Duration::from_millis(10);
        let client_ca = mutual.then(|| path("ca.pem"));
        let (certificate, key) = (path("server.pem"), path("server.key"));
        config.tls = Some(TlsFiles { certificate, key, client_ca });
        let stop = CancellationToken::new();
        let backend: Arc<dyn Backend> = Chain::new();
        let serving = watch::channel(true).1;
        let server =
            serve(config, backend, serving, RpcMetrics::default(), stop.clone()).await.unwrap();
        Self { server, folder, stop }
    }

    /// Whether a client that trusts one authority, and shows a certificate of another, is served.
    async fn serves(&self, trusted: &Authority, shown: Option<&Authority>) -> bool {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(trusted.ca));
        if let Some(Authority { client: [certificate, key], .. }) = shown {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        let url = format!("https://localhost:{}", self.server.address.port());
        let endpoint = Channel::from_shared(url).unwrap().tls_config(tls).unwrap();
        let Ok(channel) = endpoint.connect().await else { return false };
        SupplyServiceClient::new(channel).get_supply(GetSupplyRequest {}).await.is_ok()
    }

    async fn wait_until_serves(&self, trusted: &Authority, shown: Option<&Authority>) {
        let served = async {
            while !self.serves(trusted, shown).await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), served).await.unwrap();
    }
}

fn install(folder: &Path, authority: &Authority) {
    let [certificate, key] = authority.server;
    for (name, bytes) in
        [("ca.pem", authority.ca), ("server.pem", certificate), ("server.key", key)]
    {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

#[tokio::test]
async fn tls_serves_those_who_trust_its_certificate_and_nobody_in_plaintext() {
    let secured = Secured::new(false).await;
    assert!(secured.serves(&OLD, None).await);
    assert!(!secured.serves(&NEW, None).await);
    let silent = TcpStream::connect(secured.server.address).await.unwrap();
    let mut plain = TcpStream::connect(secured.server.address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert!(closed(silent).await && closed(plain).await);
}

#[tokio::test]
async fn mutual_tls_serves_only_clients_of_the_authority() {
    let secured = Secured::new(true).await;
    assert!(secured.serves(&OLD, Some(&OLD)).await);
    assert!(!secured.serves(&OLD, Some(&NEW)).await);
    assert!(!secured.serves(&OLD, None).await);
}

#[tokio::test]
async fn renewed_files_serve_without_a_restart_and_half_a_renewal_changes_nothing() {
    let secured = Secured::new(true).await;
    assert!(secured.serves(&OLD, Some(&OLD)).await);
    // A certificate without its key is not taken over.
    let [certificate, key] = NEW.server;
    std::fs::write(secured.folder.path().join("server.pem"), certificate).unwrap();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(secured.serves(&OLD, Some(&OLD)).await);
    }
    std::fs::write(secured.folder.path().join("server.key"), key).unwrap();
    secured.wait_until_serves(&NEW, Some(&OLD)).await;
    assert!(!secured.serves(&OLD, Some(&OLD)).await);
    // The clients' authority is another one now.
    install(secured.folder.path(), &NEW);
    secured.wait_until_serves(&NEW, Some(&NEW)).await;
    assert!(!secured.serves(&NEW, Some(&OLD)).await);
}
