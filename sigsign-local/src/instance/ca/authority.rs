//! The authority's own certificates.

use std::io;

use crate::certificate;
use crate::instance::{Context, Data, FolderError, Keys, PublicKey};
use crate::key::{Key, Scheme};

use super::HOST;

/// Ten years, as the public authority's.
const LIFETIME: i64 = 10 * 365 * 86_400;

/// The key that signs, and the certificates above what it signs.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) key: Key,
    /// The intermediate, then its root, DER.
    pub(super) chain: [Vec<u8>; 2],
}

impl Authority {
    pub(super) fn open(context: &Context) -> io::Result<Self> {
        let key = context.keys.key(Scheme::P384, HOST);
        let data = context.data.sub("ca")?;
        Ok(Self {
            chain: kept_chain(&data, context, &key)?,
            key,
        })
    }

    /// Name of the intermediate, DER.
    pub(super) fn name() -> Vec<u8> {
        certificate::name("sigsign-local", HOST)
    }
}

fn kept_chain(data: &Data, context: &Context, key: &Key) -> io::Result<[Vec<u8>; 2]> {
    let names = ["intermediate.der", "root.der"];
    let kept = (data.read(names[0], 1 << 16)?, data.read(names[1], 1 << 16)?);
    if let (Some(intermediate), Some(root)) = kept {
        return if is_for(&intermediate, key) {
            Ok([intermediate, root])
        } else {
            let file = "ca/intermediate.der";
            Err(FolderError::Damaged { file }.into())
        };
    }
    let chain = make_chain(context, key)?;
    // The one that is looked for first is written last.
    data.write(names[1], &chain[1])?;
    data.write(names[0], &chain[0])?;
    Ok(chain)
}

/// Whether a certificate is for this key: in a folder put together from two it is for another.
pub(in crate::instance) fn is_for(certificate: &[u8], key: &Key) -> bool {
    let found = PublicKey::from_certificate(certificate);
    found.is_some_and(|it| it.spki() == key.spki())
}

/// Spec: fulcio-spec 7.1, 7.2
fn make_chain(context: &Context, key: &Key) -> io::Result<[Vec<u8>; 2]> {
    let secret = context.data.sub("offline")?.secret("root")?;
    let root_key = Keys::new(secret).key(Scheme::P384, "ca root");
    let now = context.clock.now();
    let window = (now, now + LIFETIME);
    let root_name = certificate::name("sigsign-local", "ca-root.sigsign.localhost");
    let own = Authority::name();
    let root = certificate::authority(
        (&root_name, &root_name),
        root_key.spki(),
        window,
        &root_key,
        None,
        Some(1),
    );
    let intermediate = certificate::authority(
        (&root_name, &own),
        key.spki(),
        window,
        &root_key,
        Some(certificate::CODE_SIGNING),
        Some(0),
    );
    Ok([intermediate.sign(), root.sign()])
}
