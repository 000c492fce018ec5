//! Row 1: the entries are in their logs.
//!
//! Spec: client-spec 4.4; rekor-v2 6; C2SP tlog-checkpoint (V36, V41, V43 to V51, V53, V54)

use std::sync::Arc;

use super::{Budget, LogError, Spent, Verifier};
use crate::bundle::{Bundle, BundleVersion};
use crate::crypto::sha256;
use crate::merkle::{RootHash, leaf_hash, root_from_inclusion};
use crate::note::{Checkpoint, Note, NoteKey};
use crate::policy::{Inclusion, Policy, Threshold, Witnesses};
use crate::time::Timestamp;
use crate::tlog::{Body, LogEntry, Proof, promise_payload};
use crate::trust::Log;

/// Entries proven to be in logs of the trusted root. Made by this file only.
#[derive(Debug)]
pub(super) struct IncludedEntries(Vec<IncludedEntry>);

impl IncludedEntries {
    pub(super) fn iter(&self) -> impl Iterator<Item = &IncludedEntry> {
        self.0.iter()
    }
}

/// One entry, proven to be in a log.
#[derive(Debug)]
pub(super) struct IncludedEntry {
    /// The log's place in the trusted root.
    pub(super) log: usize,
    /// The place of the leaf that was proven, or promised.
    pub(super) index: u64,
    pub(super) body: Arc<Body>,
    /// When the log took it, where its promise says so (V9).
    pub(super) promised_at: Option<Timestamp>,
    pub(super) has_promise: bool,
    pub(super) tree: Option<Tree>,
}

/// The tree that an entry was proven in.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: RootHash,
    /// Witnesses of the policy that cosigned it, with the times they say.
    pub(super) witnesses: Vec<(String, Timestamp)>,
}

/// A checkpoint that its log signed.
#[derive(Debug)]
pub(super) struct ProvenCheckpoint(Checkpoint);

/// The names and ids under which a log signs notes.
///
/// V50: version 2 signs under its origin; instances of version 1 do not agree on a name.
pub(super) fn note_keys(log: &Log) -> [NoteKey; 2] {
    let (key, algorithm) = (log.key().clone(), log.scheme().algorithm());
    let spki_hash = sha256(key.spki());
    let [a, b, c, d, ..] = spki_hash;
    let v1 = NoteKey::any_name(
        key.clone(),
        algorithm,
        log.checkpoint_key_id.unwrap_or([a, b, c, d]),
    );
    let v2 = match log.checkpoint_key_id {
        Some(id) => NoteKey::with_id(log.origin(), key, algorithm, id),
        None => NoteKey::new(log.origin(), key, algorithm),
    };
    [v1, v2]
}

impl Verifier {
    /// Proves every entry of the bundle, and that there are enough (V46, V47).
    pub(super) fn include_entries(
        &self,
        bundle: &Bundle,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<IncludedEntries, LogError> {
        let mut included: Vec<IncludedEntry> = Vec::with_capacity(bundle.entries().len());
        for entry in bundle.entries() {
            let entry = self.include_entry(bundle.version(), entry, policy, budget)?;
            // V47: what an entry is, is the log and the leaf that was proven (O1, A28)
            let same = |other: &IncludedEntry| (other.log, other.index) == (entry.log, entry.index);
            if included.iter().any(same) {
                return Err(LogError::Duplicate { index: entry.index });
            }
            included.push(entry);
        }
        if let Threshold::AtLeast(need) = policy.log_entries {
            let operators = included
                .iter()
                .filter_map(|entry| self.root.logs().get(entry.log));
            let got = super::distinct(operators.map(Log::operator));
            if got < usize::from(need.get()) {
                return Err(LogError::TooFew {
                    need: need.get(),
                    got,
                });
            }
        }
        Ok(IncludedEntries(included))
    }

    pub(super) fn include_entry(
        &self,
        version: BundleVersion,
        entry: &LogEntry,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<IncludedEntry, LogError> {
        let (log_at, log) = self.log_of(entry)?;
        let entry_body = entry.body.as_ref().ok_or(LogError::BodyMissing)?;
        let body_bytes = entry_body.bytes.as_slice();
        let body = entry_body.parsed.clone().map_err(LogError::Body)?;
        // V41: the leaf of version 2 is what the log writes for these values, and nothing else
        if entry.kind().is_v2() && body.canonical_v2().as_deref() != Some(body_bytes) {
            return Err(LogError::BodyNotCanonical);
        }
        // V8: verified if present
        if let Some(promise) = entry.promise() {
            budget.spend(1)?;
            check_promise(log, entry, body_bytes, promise)?;
        } else if version == BundleVersion::V0_1 {
            return Err(LogError::PromiseMissing);
        }
        let proof = entry
            .proof()
            .and_then(|proof| Some((proof, proof.checkpoint()?)));
        let (index, tree) = match proof {
            Some((proof, note)) => {
                // V43: the index in the shard; logs of version 2 have one shard
                let index = if entry.kind().is_v2() {
                    entry.log_index()
                } else {
                    proof.index()
                };
                let leaf = (body_bytes, index);
                (
                    index,
                    Some(self.check_proof(log_at, entry, leaf, proof, note, policy, budget)?),
                )
            }
            // V7: a promise alone, only in bundles 0.1 and only if the caller says so
            None if version == BundleVersion::V0_1
                && entry.promise().is_some()
                && policy.inclusion == Inclusion::PromiseWillDo =>
            {
                (entry.log_index(), None)
            }
            None => return Err(LogError::ProofMissing { version }),
        };
        // V9: the time of an entry of version 2 is never used
        let promised = entry.promise().is_some() && !entry.kind().is_v2();
        let at = Timestamp::from_unix_seconds(entry.integrated_time());
        Ok(IncludedEntry {
            log: log_at,
            index,
            body,
            promised_at: promised.then_some(at),
            has_promise: entry.promise().is_some(),
            tree,
        })
    }

    /// The log that an entry names, by its identifier.
    fn log_of(&self, entry: &LogEntry) -> Result<(usize, &Log), LogError> {
        self.root
            .logs()
            .iter()
            .enumerate()
            .find(|(_, log)| log.id() == entry.log_id())
            .ok_or_else(|| LogError::UnknownLog {
                log_id: entry.log_id().to_vec(),
            })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one proof, each of its own type"
    )]
    fn check_proof(
        &self,
        log_at: usize,
        entry: &LogEntry,
        (leaf, index): (&[u8], u64),
        proof: &Proof,
        note: &str,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<Tree, LogError> {
        let checkpoint = self.open_checkpoint(log_at, entry.kind().is_v2(), note, budget)?;
        let (size, root) = (checkpoint.0.size(), checkpoint.0.root());
        // V44: root and size are the checkpoint's; what the proof says of them must be the same
        let claims_other_root = proof
            .root()
            .is_some_and(|claimed| claimed != root.as_bytes());
        let claims_other_size = proof.size() != 0 && proof.size() != size;
        // CL: of version 2 the index in the proof must be the entry's, or be absent
        let claims_other_index = proof.index() != 0 && proof.index() != index;
        if claims_other_root || claims_other_size || claims_other_index {
            return Err(LogError::ProofFields);
        }
        // V45
        let found = root_from_inclusion(leaf_hash(leaf), index, size, proof.hashes())
            .map_err(LogError::Proof)?;
        if found != root {
            return Err(LogError::RootMismatch {
                want: *root.as_bytes(),
                found: *found.as_bytes(),
            });
        }
        let witnesses = match &policy.witnesses {
            Some(witnesses) => check_witnesses(note, witnesses, budget)?,
            None => Vec::new(),
        };
        Ok(Tree {
            origin: checkpoint.0.origin().to_owned(),
            size,
            root,
            witnesses,
        })
    }

    /// Opens a checkpoint with the keys of one log, or remembers having done so.
    fn open_checkpoint(
        &self,
        log_at: usize,
        is_v2: bool,
        note: &str,
        budget: &mut Budget,
    ) -> Result<Arc<ProvenCheckpoint>, LogError> {
        let by = (log_at, is_v2);
        if let Some(proven) = self.checkpoints.get(by, note.as_bytes()) {
            return Ok(proven);
        }
        let checkpoint = self.read_checkpoint(log_at, is_v2, note, budget)?;
        let proven = Arc::new(ProvenCheckpoint(checkpoint));
        self.checkpoints
            .put(by, note.as_bytes(), Arc::clone(&proven));
        Ok(proven)
    }

    fn read_checkpoint(
        &self,
        log_at: usize,
        is_v2: bool,
        note: &str,
        budget: &mut Budget,
    ) -> Result<Checkpoint, LogError> {
        let parsed = Note::parse(note).map_err(LogError::Checkpoint)?;
        let [v1, v2] = self.note_keys.get(log_at).ok_or(LogError::BodyMissing)?;
        let keys = std::slice::from_ref(if is_v2 { v2 } else { v1 });
        budget.spend(parsed.signatures_to_check(keys))?;
        let checkpoint = parsed.open(keys).map_err(LogError::Checkpoint)?;
        let log = self.root.logs().get(log_at).map_or("", Log::origin);
        let found = checkpoint.origin();
        // V50, O2: the origin is the log's; version 1 adds the number of its tree
        let matches = if is_v2 {
            found == log
        } else {
            is_v1_origin(found, &parsed)
        };
        if !matches {
            return Err(LogError::Origin {
                want: log.to_owned(),
                found: found.to_owned(),
            });
        }
        Ok(checkpoint)
    }
}

/// `name - tree id`, with a name that signed.
fn is_v1_origin(origin: &str, note: &Note<'_>) -> bool {
    let Some((name, tree)) = origin.split_once(" - ") else {
        return false;
    };
    let is_number = !tree.is_empty() && tree.bytes().all(|byte| byte.is_ascii_digit());
    is_number && note.signer_names().any(|signer| signer == name)
}

/// V54: the promise is over these four values, by the log's key.
fn check_promise(log: &Log, entry: &LogEntry, body: &[u8], promise: &[u8]) -> Result<(), LogError> {
    let payload = promise_payload(
        body,
        entry.integrated_time(),
        entry.log_id(),
        entry.log_index(),
    );
    log.key()
        .verify(log.scheme().algorithm(), &payload, promise)
        .map_err(|_| LogError::Promise)
}

/// V53: so many of the witnesses have cosigned, each counted once (O22).
fn check_witnesses(
    note: &str,
    witnesses: &Witnesses,
    budget: &mut Budget,
) -> Result<Vec<(String, Timestamp)>, LogError> {
    let note = Note::parse(note).map_err(LogError::Checkpoint)?;
    let mut cosigned: Vec<(String, Timestamp)> = Vec::new();
    for witness in &witnesses.keys {
        budget.spend(1)?;
        let Some(at) = note.cosigned(witness).map_err(LogError::Cosignature)? else {
            continue;
        };
        if !cosigned.iter().any(|(name, _)| name == witness.name()) {
            cosigned.push((witness.name().to_owned(), at));
        }
    }
    let (need, got) = (witnesses.quorum.get(), cosigned.len());
    if got < usize::from(need) {
        Err(LogError::Witnesses { need, got })
    } else {
        Ok(cosigned)
    }
}

impl From<Spent> for LogError {
    fn from(Spent: Spent) -> Self {
        Self::Budget
    }
}
