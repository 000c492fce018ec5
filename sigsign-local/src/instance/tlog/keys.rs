//! Who signs the checkpoints of a log, and how.

use super::tile::TreeHash;
use crate::key::{Key, sha256};
use crate::note::{CheckpointSpec, Witness, key_id, line};
use crate::text::base64;

/// The signer of a log's checkpoints.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct LogKeys {
    /// First line of a checkpoint.
    pub origin: String,
    /// Name on the signature line.
    pub name: String,
    /// Who signs.
    pub key: Key,
    /// What is signed.
    pub kind: NoteKind,
    /// Who signs after the log.
    pub witness: Option<Witness>,
}

/// What the signature on a checkpoint is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the specifications have no more")]
pub enum NoteKind {
    /// The text. Spec: C2SP signed-note
    Text,
    /// The tree head of RFC 6962, with the time before the signature. Spec: C2SP static-ct-api
    TreeHead,
}

impl LogKeys {
    /// The identifier of the log: of its key, or for Ed25519 of its key under its name.
    pub fn id(&self) -> [u8; 32] {
        key_id(&self.name, &self.key)
    }

    /// The checkpoint of a tree at a time in milliseconds.
    pub(crate) fn checkpoint(&self, size: u64, root: &TreeHash, now_ms: i64) -> String {
        let text = format!("{}\n{size}\n{}\n", self.origin, base64(root));
        let now_ms = now_ms.unsigned_abs();
        let cosign = |it: &Witness| it.cosign(&text, now_ms / 1000);
        let more = self.witness.as_ref().map(cosign).unwrap_or_default();
        match self.kind {
            NoteKind::Text => {
                let spec = CheckpointSpec {
                    text,
                    name: self.name.clone(),
                    id: self.id()[..4].to_vec(),
                    key: self.key.clone(),
                    more,
                };
                spec.sign()
            }
            NoteKind::TreeHead => {
                let line = self.tree_head_line(size, root, now_ms);
                format!("{text}\n{line}{more}")
            }
        }
    }

    /// Spec: C2SP static-ct-api, Checkpoints; RFC 6962 3.5
    fn tree_head_line(&self, size: u64, root: &TreeHash, now_ms: u64) -> String {
        let mut head = vec![0, 1];
        head.extend(now_ms.to_be_bytes());
        head.extend(size.to_be_bytes());
        head.extend(root);
        let id = sha256(&[self.name.as_bytes(), b"\n\x05", &self.id()].concat());
        let mut signature = now_ms.to_be_bytes().to_vec();
        signature.extend(crate::ct::digitally_signed(&self.key, &head));
        line(&self.name, &id[..4], &signature)
    }
}
