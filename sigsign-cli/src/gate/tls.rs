//! TLS of the gate: a certificate and key from files, read again when they change.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;
use tracing::warn;

use crate::files::Document;
use crate::problem::Problem;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long a client may take to shake hands, and how many may do so at a time.
const HANDSHAKE: Duration = Duration::from_secs(5);
const HANDSHAKES: usize = 256;

/// The certificate in force.
#[derive(Debug)]
pub(super) struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Identity {
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, Problem> {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let current = RwLock::new(Arc::new(read(&certificate, &key)?));
        Ok(Self {
            certificate,
            key,
            current,
        })
    }

    /// Looks at the files until the gate closes. What cannot be used changes nothing.
    pub(super) async fn watch(&self) {
        let bytes = || {
            let certificate = Document::TlsAuthority.read(&self.certificate);
            Some((
                certificate.ok()?,
                Document::PrivateKey.read(&self.key).ok()?,
            ))
        };
        let mut seen = bytes();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = bytes();
            if now == seen {
                continue;
            }
            match read(&self.certificate, &self.key) {
                Ok(current) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                        Arc::new(current);
                    seen = now;
                }
                // One of the two may be newer than the other for a moment.
                Err(problem) => warn!(
                    code = problem.code,
                    why = problem.sentences.join(": "),
                    "the certificate cannot be used; the one before stays"
                ),
            }
        }
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, Problem> {
    let unusable = |what: &str, path: &Path, error: &dyn std::error::Error| {
        let what = format!("{what} {} cannot be used", path.display());
        Problem::document("gate.tls", &what, error)
    };
    let pem = Document::TlsAuthority.read(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| unusable("certificate", certificate, &error))?;
    let pem = Document::PrivateKey.read(key)?;
    let private = PrivateKeyDer::from_pem_slice(&pem);
    let private = private.map_err(|error| unusable("private key", key, &error))?;
    let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider());
    certified.map_err(|error| unusable("certificate", certificate, &error))
}

/// Connections over TLS. A client that shakes hands slowly keeps nobody else waiting.
pub(super) struct Listener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Listener {
    pub(super) fn new(tcp: TcpListener, identity: Arc<Identity>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(identity);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let address = tcp
            .local_addr()
            .unwrap_or_else(|_| ([127, 0, 0, 1], 0).into());
        let (sender, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(accept(tcp, TlsAcceptor::from(Arc::new(config)), sender));
        Ok(Self { ready, address })
    }
}

async fn accept(
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let Ok((stream, address)) = tcp.accept().await else {
            // No descriptors, for one: they come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if ready.is_closed() {
            return;
        }
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = shaken {
                let _ = ready.send((stream, address)).await;
            }
            drop(place);
        });
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // Nobody accepts any more: the gate is closing.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
