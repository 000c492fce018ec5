//! Every cap on untrusted input, with its unit and where the value comes from.
//!
//! Going over one is an error that names the cap.

/// Bytes of one bundle as JSON. Ours; large SBOM attestations stay below it.
pub const BUNDLE_BYTES: usize = 16 << 20;

/// Bytes of a trusted root or signing config as JSON. Ours.
pub const TRUSTED_ROOT_BYTES: usize = 4 << 20;

/// Levels of JSON arrays and objects. From protobuf, whose parsers stop there by default.
pub const JSON_DEPTH: usize = 100;

/// Names of JSON members that are remembered at a time, to find one that is there twice: those of
/// the object that is read and of the objects around it. Ours.
pub const JSON_NAMES: usize = 1 << 17;

/// Log entries in one bundle. From sigstore-go.
pub const LOG_ENTRIES: usize = 32;

/// Timestamp tokens in one bundle. From sigstore-go.
pub const TIMESTAMPS: usize = 32;

/// Signature lines of one note. C2SP signed-note asks for at least 16.
pub const NOTE_SIGNATURES: usize = 64;

/// Bytes of one signed note. Ours: 64 signatures of the largest known kind would fit.
pub const NOTE_BYTES: usize = 256 << 10;

/// Hashes in one inclusion proof: tree sizes are below 2^63.
pub const PROOF_HASHES: usize = 63;

/// Bytes of one certificate. Ours.
pub const CERTIFICATE_BYTES: usize = 64 << 10;

/// Certificates in one chain. Ours.
pub const CHAIN_CERTIFICATES: usize = 8;

/// Orders of one chain's certificates that are looked at. Ours: a chain in order has as many as
/// certificates.
pub const PATHS: usize = 64;

/// Extensions in one certificate. Ours.
pub const CERTIFICATE_EXTENSIONS: usize = 64;

/// Signed certificate timestamps in one certificate. Ours.
pub const SCTS: usize = 16;

/// Bytes of one timestamp token. Ours.
pub const TIMESTAMP_BYTES: usize = 256 << 10;

/// Signatures of one DSSE envelope. From bundle.proto: exactly one.
pub const DSSE_SIGNATURES: usize = 1;

/// Subjects of one statement. From sigstore-go.
pub const SUBJECTS: usize = 1024;

/// Digests of one subject. From sigstore-go.
pub const SUBJECT_DIGESTS: usize = 32;

/// Authorities or logs of one kind in a trusted root. Ours.
pub const AUTHORITIES: usize = 128;

/// Signature checks in one verification, a budget counted down. Ours: what the other caps
/// allow an honest bundle, and far from what they allow together.
pub const SIGNATURE_CHECKS: u32 = 256;

/// Bundles in one `.sigstore.jsonl` file. Ours.
pub const JSONL_BUNDLES: usize = 1024;

/// Bytes of an artifact signed with pure Ed25519, which must be in memory as a whole. Ours.
pub const ED25519_MESSAGE_BYTES: usize = 64 << 20;

/// Proven leaves and checkpoints that a verifier remembers, of each. Ours.
pub const REMEMBERED: usize = 256;

/// Bytes of a service's answer. Ours.
pub const RESPONSE_BYTES: usize = 1 << 20;

/// Bytes of an identity token. From Fulcio, which refuses longer ones.
pub const TOKEN_BYTES: usize = 32 << 10;

/// Bytes of a statement that is signed. Ours; larger ones do not fit into a bundle.
pub const STATEMENT_BYTES: usize = 10 << 20;

/// Bytes of one TUF root. From python-tuf.
pub const TUF_ROOT_BYTES: usize = 512_000;

/// Bytes of a TUF timestamp. From python-tuf.
pub const TUF_TIMESTAMP_BYTES: usize = 16 << 10;

/// Bytes of a TUF snapshot whose length is not known. From python-tuf.
pub const TUF_SNAPSHOT_BYTES: usize = 2_000_000;

/// Bytes of TUF targets metadata whose length is not known. From python-tuf.
pub const TUF_TARGETS_BYTES: usize = 5_000_000;

/// Signatures of one piece of TUF metadata. Ours.
pub const TUF_SIGNATURES: usize = 256;

/// TUF roots from the one that is trusted to the newest, in one update. From python-tuf.
pub const TUF_ROTATIONS: u64 = 256;

/// Roles that the search for one TUF target leads through. From python-tuf.
pub const TUF_DELEGATIONS: usize = 32;

/// Bytes of one policy file. Ours.
pub const POLICY_FILE_BYTES: usize = 1 << 20;

/// Levels of lists and mappings in a policy file. Ours; the fields that there are need eight.
pub const POLICY_FILE_DEPTH: usize = 16;

/// Fields of one mapping in a policy file. Ours.
pub const POLICY_FILE_FIELDS: usize = 64;

/// Elements of one list in a policy file. Ours.
pub const POLICY_LIST: usize = 1024;

/// Signatures and attestations of one subject that a policy is asked about. Ours.
pub const POLICY_CANDIDATES: usize = 1024;

/// Components of one SBOM, and statements of one VEX document, that a policy looks at. Ours.
pub const PREDICATE_ITEMS: usize = 1 << 18;

/// Signers in one `signed_by` of a policy file. Ours.
pub const POLICY_SIGNERS: usize = 64;

/// Bytes of one image manifest or index. distribution-spec asks for 4 MiB.
pub const MANIFEST_BYTES: usize = 4 << 20;

/// Layers of one manifest. Ours: more than any builder makes, and signatures of a `.sig` tag.
pub const MANIFEST_LAYERS: usize = 1024;

/// Members of one index, a list of referrers included. Ours.
pub const INDEX_MEMBERS: usize = 1024;

/// Annotations of one descriptor or manifest. Ours.
pub const ANNOTATIONS: usize = 256;

/// Pages of one list of referrers. Ours.
pub const REFERRER_PAGES: usize = 32;

/// Manifests beside one image that are opened to see what they are. Ours.
pub const REFERRERS: usize = 256;

/// Redirects that are followed for one manifest or blob. Ours; registries use one.
pub const REDIRECTS: usize = 4;

/// Bytes of the payload of a signature made before bundles. Ours.
pub const SIMPLE_SIGNING_BYTES: usize = 64 << 10;

/// Bytes of a token of a registry. Ours.
pub const REGISTRY_TOKEN_BYTES: usize = 64 << 10;

/// Bytes of a file with credentials for registries, and of what a credential helper prints. Ours.
pub const CREDENTIAL_BYTES: usize = 1 << 20;
