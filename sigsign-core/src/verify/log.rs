//! Row 1: the entries are in their logs.
//!
//! Spec: client-spec 4.4; rekor-v2 6; C2SP tlog-checkpoint (V36, V41, V43 to V51, V53, V54)

use std::sync::Arc;

use super::recompute::Sources;
use super::{Budget, LogError, Spent, Verifier};
use crate::bundle::{Bundle, BundleVersion};
use crate::crypto::{Algorithm, PublicKey, sha256};
use crate::encoding::hex_encode;
use crate::merkle::{RootHash, leaf_hash, root_from_inclusion};
use crate::note::{Checkpoint, Note, NoteKey, WitnessKey, key_hash};
use crate::policy::{Inclusion, Policy, Threshold, Witnesses};
use crate::time::Timestamp;
use crate::tlog::{Body, EntryBody, LogEntry, Proof, around_promised_body};
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

impl IncludedEntry {
    /// The origin of the tree; logs of version 1 have had several, each with its own leaf 0.
    fn origin(&self) -> Option<&str> {
        self.tree.as_ref().map(|tree| tree.origin.as_str())
    }
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

/// The key of a log, and the names and ids under which it may sign notes.
#[derive(Debug)]
pub(super) struct NoteKeys {
    key: PublicKey,
    algorithm: Algorithm,
    /// What the trusted root says, where it does.
    given: Option<NoteId>,
    /// What it means otherwise, for every name.
    log_id: Option<NoteId>,
    /// The names that follow from the base URL, and the hash of name and key, for logs of version 2.
    names: Vec<(String, [u8; 32])>,
}

type NoteId = [u8; 4];

impl NoteKeys {
    /// V50
    pub(super) fn of(log: &Log) -> Self {
        let key = log.key();
        let named = |name: &str| (name.to_owned(), key_hash(name, key));
        Self {
            key: key.clone(),
            algorithm: log.scheme().algorithm(),
            given: log.checkpoint_key_id,
            log_id: log.id().first_chunk().copied(),
            names: log.origins().map(named).collect(),
        }
    }

    /// Whether an entry of version 2 with this identifier may be of the log.
    ///
    /// Spec: rekor-tiles CLIENTS.md, TrustedRoot lookup: the hash of the log's name and key
    fn is_named(&self, id: &[u8]) -> bool {
        self.names.iter().any(|(_, hash)| hash == id)
    }

    /// The one key that is to open a note; `None` if its origin is not one that the log may have.
    ///
    /// Version 1 writes its name and the number of the tree, whatever the URL is: instances do not
    /// agree on a name.
    fn for_note(&self, is_v2: bool, note: &Note<'_>) -> Option<NoteKey> {
        let mut keys: Vec<NoteKey> = Vec::new();
        if is_v2 {
            for (name, hash) in &self.names {
                keys.extend(self.named(name, hash, None));
            }
        } else {
            let name = v1_name(note.claimed_origin())?;
            let of_key = first_four(&sha256(self.key.spki()));
            keys.extend(self.named(name, &key_hash(name, &self.key), Some(of_key)));
        }
        let signed = |key: &NoteKey| note.signatures_to_check(std::slice::from_ref(key)) > 0;
        let signing = keys.iter().position(signed).unwrap_or(0);
        keys.into_iter().nth(signing)
    }

    /// The key under a name, by each id that it may have there.
    ///
    /// Spec: trustroot.proto, checkpoint_key_id: "When not set, clients MUST use log_id"
    fn named(&self, name: &str, hash: &[u8; 32], more: Option<NoteId>) -> Vec<NoteKey> {
        let mut ids: Vec<NoteId> = Vec::with_capacity(3);
        match self.given {
            Some(given) => ids.push(given),
            None => {
                for id in [Some(first_four(hash)), self.log_id, more] {
                    ids.extend(id.filter(|id| !ids.contains(id)));
                }
            }
        }
        let key = |id| NoteKey::with_id(name, self.key.clone(), self.algorithm, id);
        ids.into_iter().map(key).collect()
    }
}

fn first_four(hash: &[u8; 32]) -> NoteId {
    let [a, b, c, d, ..] = *hash;
    [a, b, c, d]
}

impl Verifier {
    /// Proves every entry of the bundle, and that there are enough (V46, V47).
    pub(super) fn include_entries(
        &self,
        bundle: &Bundle,
        sources: &Sources<'_>,
        policy: &Policy,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Result<IncludedEntries, LogError> {
        let mut included: Vec<IncludedEntry> = Vec::with_capacity(bundle.entries().len());
        for entry in bundle.entries() {
            let entry = match entry.canonicalized_body() {
                Some(_) => self.include_entry(bundle.version(), entry, policy, budget)?,
                None => {
                    self.include_recomputed(bundle.version(), entry, sources, policy, budget)?
                }
            };
            // V47: what an entry is, is the log, the tree and the leaf that was proven (O1, A28)
            let same = |other: &IncludedEntry| {
                (other.log, other.index, other.origin()) == (entry.log, entry.index, entry.origin())
            };
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
        if let Some(witnesses) = &policy.witnesses {
            check_quorum(&mut included, witnesses, now)?;
        }
        Ok(IncludedEntries(included))
    }

    /// Proves an entry whose body the bundle leaves out (V41).
    ///
    /// Spec: client-spec 4.6; rekor-v2 6.1.4
    fn include_recomputed(
        &self,
        version: BundleVersion,
        entry: &LogEntry,
        sources: &Sources<'_>,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<IncludedEntry, LogError> {
        let mut problem = LogError::BodyMissing;
        for body in sources.bodies(entry.kind()) {
            let mut whole = entry.clone();
            whole.body = Some(EntryBody::new(body, entry.kind()));
            match self.include_entry(version, &whole, policy, budget) {
                Ok(included) => return Ok(included),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    pub(super) fn include_entry(
        &self,
        version: BundleVersion,
        entry: &LogEntry,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<IncludedEntry, LogError> {
        let mut logs = self.logs_of(entry).peekable();
        if logs.peek().is_none() {
            return Err(LogError::UnknownLog {
                log_id: entry.log_id().to_vec(),
            });
        }
        let entry_body = entry.body.as_ref().ok_or(LogError::BodyMissing)?;
        let body = entry_body.parsed().map_err(LogError::Body)?;
        // V41: the leaf of version 2 is what the log writes for these values, and nothing else
        if entry.kind().is_v2() && body.canonical().as_deref() != Some(entry_body.bytes()) {
            return Err(LogError::BodyNotCanonical);
        }
        // Ids are not unique: a log may use its key under several names.
        let mut problem = LogError::BodyMissing;
        for log_at in logs {
            match self.include_in(log_at, version, entry, entry_body, policy, budget) {
                Ok((index, tree)) => {
                    // V9: the time of an entry of version 2 is never used
                    let promised = entry.promise().is_some() && !entry.kind().is_v2();
                    let at = Timestamp::from_unix_seconds(entry.integrated_time());
                    return Ok(IncludedEntry {
                        log: log_at,
                        index,
                        body,
                        promised_at: promised.then_some(at),
                        has_promise: entry.promise().is_some(),
                        tree,
                    });
                }
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// Proves an entry with this body in one log: the place of its leaf, and the tree.
    fn include_in(
        &self,
        log_at: usize,
        version: BundleVersion,
        entry: &LogEntry,
        body: &EntryBody,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<(u64, Option<Tree>), LogError> {
        // V8: verified if present
        if let Some(promise) = entry.promise() {
            budget.spend(1)?;
            if let Some(log) = self.root.logs().get(log_at) {
                check_promise(log, entry, body, promise)?;
            }
        } else if version == BundleVersion::V0_1 {
            return Err(LogError::PromiseMissing);
        }
        let proof = entry
            .proof()
            .and_then(|proof| Some((proof, proof.checkpoint()?)));
        match proof {
            Some((proof, note)) => {
                // V43: the index in the shard; logs of version 2 have one shard
                let index = if entry.kind().is_v2() {
                    entry.log_index()
                } else {
                    proof.index()
                };
                let leaf = (body.bytes(), index);
                let tree = self.check_proof(log_at, entry, leaf, proof, note, policy, budget)?;
                Ok((index, Some(tree)))
            }
            // V7: a promise alone, only in bundles 0.1 and only if the caller says so
            None if version == BundleVersion::V0_1
                && entry.promise().is_some()
                && policy.inclusion == Inclusion::PromiseWillDo =>
            {
                Ok((entry.log_index(), None))
            }
            None => Err(LogError::ProofMissing { version }),
        }
    }

    /// The logs that an entry may be of, by its identifier.
    fn logs_of(&self, entry: &LogEntry) -> impl Iterator<Item = usize> {
        let (id, is_v2) = (entry.log_id(), entry.kind().is_v2());
        let logs = self.root.logs().iter().zip(&self.note_keys).enumerate();
        logs.filter_map(move |(place, (log, keys))| {
            (log.is_named(id) || is_v2 && keys.is_named(id)).then_some(place)
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
        check_claims(proof, index, &checkpoint.0)?;
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
            Some(witnesses) => cosigners(note, witnesses, budget)?,
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
        let keys = self.note_keys.get(log_at).ok_or(LogError::BodyMissing)?;
        let other_origin = |found: &str| {
            let log = self.root.logs().get(log_at).map_or("", Log::origin);
            let tree = if is_v2 {
                ""
            } else {
                " - and the number of a tree"
            };
            LogError::Origin {
                want: format!("{log}{tree}"),
                found: found.to_owned(),
            }
        };
        let key = keys
            .for_note(is_v2, &parsed)
            .ok_or_else(|| other_origin(parsed.claimed_origin()))?;
        let keys = std::slice::from_ref(&key);
        budget.spend(parsed.signatures_to_check(keys))?;
        let checkpoint = parsed.open(keys).map_err(LogError::Checkpoint)?;
        // V50, O2: the origin is the name of the key; version 1 adds the number of its tree
        let found = checkpoint.origin();
        let name = if is_v2 { Some(found) } else { v1_name(found) };
        if name == Some(key.name()) {
            Ok(checkpoint)
        } else {
            Err(other_origin(found))
        }
    }
}

/// V44: root and size are the checkpoint's; what the proof says of them must be the same. Of version
/// 2 so must the index (CL). What a proof leaves out is zero.
fn check_claims(proof: &Proof, index: u64, checkpoint: &Checkpoint) -> Result<(), LogError> {
    let (size, root) = (checkpoint.size(), checkpoint.root());
    let number = |field, want: u64, found: u64| match found {
        0 => Ok(()),
        _ if found == want => Ok(()),
        _ => Err(LogError::ProofFields {
            field,
            want: want.to_string(),
            found: found.to_string(),
        }),
    };
    number("logIndex", index, proof.index())?;
    number("treeSize", size, proof.size())?;
    match proof.root() {
        Some(found) if found != root.as_bytes() => Err(LogError::ProofFields {
            field: "rootHash",
            want: root.to_string(),
            found: hex_encode(found),
        }),
        _ => Ok(()),
    }
}

/// The name in `name - tree id`.
fn v1_name(origin: &str) -> Option<&str> {
    let (name, tree) = origin.rsplit_once(" - ")?;
    let is_number = !tree.is_empty() && tree.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(name)
}

/// V54: the promise is over these four values, by the log's key.
fn check_promise(
    log: &Log,
    entry: &LogEntry,
    body: &EntryBody,
    promise: &[u8],
) -> Result<(), LogError> {
    let (time, index) = (entry.integrated_time(), entry.log_index());
    let (before, after) = around_promised_body(time, entry.log_id(), index);
    let payload = [before, body.base64(), &after].map(str::as_bytes);
    log.key()
        .verify_parts(log.scheme().algorithm(), &payload, promise)
        .map_err(|_| LogError::Promise)
}

/// V53: the witnesses that have cosigned, each once, with the times that they say (O22).
fn cosigners(
    note: &str,
    witnesses: &Witnesses,
    budget: &mut Budget,
) -> Result<Vec<(String, Timestamp)>, LogError> {
    let note = Note::parse(note).map_err(LogError::Checkpoint)?;
    let mut counted: Vec<&WitnessKey> = Vec::new();
    let mut cosigned = Vec::new();
    for witness in &witnesses.keys {
        budget.spend(1)?;
        let at = note.cosigned(witness).map_err(LogError::Cosignature)?;
        if let Some(at) = at.filter(|_| !counted.iter().any(|it| it.is_same(witness))) {
            counted.push(witness);
            cosigned.push((witness.name().to_owned(), at));
        }
    }
    Ok(cosigned)
}

/// V53: enough witnesses have cosigned the checkpoint of each entry. What nobody can have seen yet
/// does not count, and neither does an entry without a checkpoint (V60).
fn check_quorum(
    entries: &mut [IncludedEntry],
    witnesses: &Witnesses,
    now: Timestamp,
) -> Result<(), LogError> {
    let need = witnesses.quorum.get();
    let cosigned = |entry: &mut IncludedEntry| match &mut entry.tree {
        Some(tree) => {
            tree.witnesses.retain(|(_, at)| *at <= now);
            tree.witnesses.len()
        }
        None => 0,
    };
    match entries.iter_mut().map(cosigned).min().unwrap_or(0) {
        got if got < usize::from(need) => Err(LogError::Witnesses { need, got }),
        _ => Ok(()),
    }
}

impl From<Spent> for LogError {
    fn from(Spent: Spent) -> Self {
        Self::Budget
    }
}
