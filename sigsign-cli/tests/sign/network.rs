//! How services are reached: over TLS that somebody private vouches for, and through a proxy.

use std::net::TcpListener;
use std::sync::Arc;

use sigsign_local::certificate::{self, CertificateSpec, San};
use sigsign_local::key::{Key, Scheme};
use sigsign_local::{der, text};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::{Folder, Served, text as shown};

/// The private key of the server, which is that of [`Scheme::Rsa3072`] in tests.
pub(crate) const KEY: &[u8] = include_bytes!("../../../testdata/keys/rsa3072.pem");

/// A certificate for `localhost`, and the authority above it, DER.
pub(crate) fn certificates() -> [Vec<u8>; 2] {
    let window = (1_767_225_600, 4_102_444_800);
    let (authority, server) = (Key::new(Scheme::P256, "tls"), Key::new(Scheme::Rsa3072, ""));
    let name = certificate::name("sigsign", "authority of tests");
    let root = certificate::authority(
        (&name, &name),
        authority.spki(),
        window,
        &authority,
        None,
        None,
    );
    let own = certificate::name("sigsign", "localhost");
    let mut leaf = CertificateSpec::new((&name, &own), server.spki(), window, &authority);
    let server_auth = certificate::usages(&["1.3.6.1.5.5.7.3.1"]);
    let names = certificate::sans(&[San::Dns("localhost".to_owned())]);
    leaf.add(certificate::KEY_USAGE, true, der::bit_flags(1));
    leaf.add(certificate::EXTENDED_KEY_USAGE, false, server_auth);
    leaf.add(certificate::SUBJECT_ALT_NAME, false, names);
    [leaf.sign(), root.sign()]
}

/// Takes TLS off, and hands on what is inside.
async fn unwrap(listener: TcpListener, acceptor: TlsAcceptor, to: u16) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust us hangs up.
            let Ok(mut inside) = acceptor.accept(stream).await else {
                return;
            };
            let service = tokio::net::TcpStream::connect(("127.0.0.1", to)).await;
            let _ = tokio::io::copy_bidirectional(&mut inside, &mut service.unwrap()).await;
        });
    }
}

#[test]
fn accepts_tls_of_an_authority_that_is_named_only() {
    let it = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let served = Served::named(&it, Some(url.clone()));
    let [leaf, root] = certificates();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    served
        .runtime
        .spawn(unwrap(listener, acceptor, served.port));
    it.write("app", "hello");
    it.write("token", &served.token());
    it.write("ca.pem", &text::pem("CERTIFICATE", &root));
    it.write(
        "other.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let sign = [
        "sign",
        "app",
        "--identity-token",
        "token",
        "--instance",
        &url,
    ];

    let untrusted = it.run(sign);
    let stderr = shown(&untrusted.stderr);
    assert_eq!(Some(4), untrusted.status.code(), "{stderr}");
    assert!(stderr.contains("code: transport.connection\n"), "{stderr}");
    let not_one = it.run(sign.into_iter().chain(["--tls-ca", "other.pem"]));
    let stderr = shown(&not_one.stderr);
    assert!(stderr.contains("code: transport.setup\n"), "{stderr}");
    assert_eq!(
        ["app", "ca.pem", "other.pem", "token"].as_slice(),
        it.names()
    );

    let trusted = it.run(sign.into_iter().chain(["--tls-ca", "ca.pem"]));
    assert_eq!(Some(0), trusted.status.code(), "{}", shown(&trusted.stderr));

    it.write("root.json", &first_root(&served));
    let repository = format!("{url}/tuf");
    let add = [
        "trust",
        "add",
        &repository,
        "--root",
        "root.json",
        "--name",
        "mine",
    ];
    let untrusted = it.run(add);
    let stderr = shown(&untrusted.stderr);
    assert_eq!(Some(4), untrusted.status.code(), "{stderr}");
    assert!(stderr.contains("code: tuf.fetch\n"), "{stderr}");
    let trusted = it.run(add.into_iter().chain(["--tls-ca", "ca.pem"]));
    assert_eq!(Some(0), trusted.status.code(), "{}", shown(&trusted.stderr));
}

/// The root that the repository of the instance begins with.
fn first_root(served: &Served) -> String {
    let root = served.instance.tuf().file("1.root.json").unwrap();
    String::from_utf8(root.unwrap()).unwrap()
}

// A proxy is asked for the whole URL, and our services do not mind.
#[test]
fn accepts_a_proxy_of_the_environment() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");
    it.write("token", &served.token());
    let arguments = ["sign", "app", "--identity-token", "token"];
    let arguments = arguments
        .into_iter()
        .chain(["--instance", "http://nowhere.localhost:1"]);

    it.write("root.json", &first_root(&served));
    let repository = "http://nowhere.localhost:1/tuf";
    let add = ["trust", "add", repository, "--root", "root.json"];

    for arguments in [arguments.collect(), add.to_vec()] {
        let output = it
            .command(arguments)
            .env("HTTP_PROXY", &served.url)
            .env("http_proxy", &served.url)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();

        assert_eq!(Some(0), output.status.code(), "{}", shown(&output.stderr));
    }
}

// A42
#[test]
fn rejects_plain_http_to_other_machines() {
    let it = Folder::new();
    it.write("app", "hello");
    it.write("token", "a.e30.a");
    let arguments = ["sign", "app", "--identity-token", "token"];

    let output = it.run(
        arguments
            .into_iter()
            .chain(["--instance", "http://ca.example.com"]),
    );

    let stderr = shown(&output.stderr);
    assert_eq!(Some(4), output.status.code(), "{stderr}");
    assert!(stderr.contains("code: transport.url\n"), "{stderr}");
}
