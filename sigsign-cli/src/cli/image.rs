use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Credential, Demands, Root, Services, Signer};

/// Sign, attest, verify and copy container images in registries and OCI layout folders
///
/// An image is named in full: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@sha256:HEX, or
/// oci:FOLDER:TAG. Nothing is added to a name.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    Sign(Box<SignImage>),
    Attest(Box<AttestImage>),
    Verify(Box<VerifyImage>),
    Copy(CopyImage),
}

/// Sign images by their digests, and put the signatures beside them
///
/// What a tag leads to is asked for once, and signed by its digest. The signature is a referrer of
/// the image, as OCI 1.1 has it; where the registry keeps no list of them, below a tag for that.
#[derive(Args, Debug)]
pub(crate) struct SignImage {
    /// The images
    #[arg(value_name = "REF", required = true)]
    pub(crate) images: Vec<String>,
    /// Say more in the signature; may be given several times
    #[arg(short, long = "annotation", value_name = "NAME=VALUE")]
    pub(crate) annotations: Vec<String>,
    #[command(flatten)]
    pub(crate) which: WhichManifests,
    #[command(flatten)]
    pub(crate) signer: Credential,
    #[command(flatten)]
    pub(crate) services: Services,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Say something of images, sign that, and put it beside them
#[derive(Args, Debug)]
pub(crate) struct AttestImage {
    /// The images
    #[arg(value_name = "REF", required = true)]
    pub(crate) images: Vec<String>,
    /// What kind of predicate it is: slsa, spdx, cyclonedx, openvex, vuln, link, custom, or a URI
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "slsa")]
    pub(crate) predicate_type: Option<String>,
    /// What is said: a file with a JSON object, or - for standard input
    #[arg(long, value_name = "PATH", required_unless_present = "slsa")]
    pub(crate) predicate: Option<PathBuf>,
    /// Say how it was built, as the identity token of a job of GitHub Actions tells it
    #[arg(long, conflicts_with_all = ["predicate_type", "predicate", "key"])]
    pub(crate) slsa: bool,
    #[command(flatten)]
    pub(crate) which: WhichManifests,
    #[command(flatten)]
    pub(crate) signer: Credential,
    #[command(flatten)]
    pub(crate) services: Services,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Verify that images were signed, or attested, by whom you expect
///
/// Say who must have signed: `--identity` and `--issuer`, `--repository`, `--key`, or a file with
/// `--policy`. With `--type` a statement of that type is asked for, without it a signature. Signatures made before bundles
/// carry a log's promise and no proof: `--danger-no-inclusion-proof` accepts them.
#[derive(Args, Debug)]
pub(crate) struct VerifyImage {
    /// The images
    #[arg(value_name = "REF", required_unless_present = "from_manifests")]
    pub(crate) images: Vec<String>,
    /// Verify the images that these manifests of a cluster name, too: files, or - for standard input
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) from_manifests: Vec<PathBuf>,
    /// Ask for this in the signature, too; may be given several times
    #[arg(short, long = "annotation", value_name = "NAME=VALUE")]
    pub(crate) annotations: Vec<String>,
    /// Let this policy file decide, in place of who must have signed and what is asked for
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["Signer", "Demands", "Root", "WhichManifests", "annotations", "bind_repository"])]
    pub(crate) policy: Option<PathBuf>,
    /// The name by which rules of the policy know an image in a folder: REGISTRY/REPOSITORY
    #[arg(long = "as", value_name = "NAME", requires = "policy")]
    pub(crate) known_as: Option<String>,
    /// Take names with a digest only
    #[arg(long)]
    pub(crate) require_digest: bool,
    /// Write the names with digests here, once all are verified: a line each
    #[arg(long, value_name = "PATH")]
    pub(crate) pin_out: Option<PathBuf>,
    /// Signatures from before bundles must name the repository that the image is in
    #[arg(long)]
    pub(crate) bind_repository: bool,
    #[command(flatten)]
    pub(crate) which: WhichManifests,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) demands: Demands,
    #[command(flatten)]
    pub(crate) root: Root,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Copy an image with everything that was signed and said about it
///
/// Signatures, attestations and whatever else refers to the image, to its platforms or to these
/// comes along, and tags from before there were referrers. Blobs are hashed on the way.
#[derive(Args, Debug)]
pub(crate) struct CopyImage {
    /// The image
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// Where it goes: a name with a tag, or without to copy it by its digest alone
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Which manifests of an image for several platforms.
#[derive(Args, Debug, Default)]
pub(crate) struct WhichManifests {
    /// Of an image for several platforms: index for the image as a whole, all for that and every
    /// platform, or a platform such as linux/amd64 [default: index]
    #[arg(long = "platform", value_name = "WHICH")]
    pub(crate) platforms: Vec<String>,
    /// The same as --platform all
    #[arg(short, long, conflicts_with = "platforms")]
    pub(crate) recursive: bool,
}

/// How registries are reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How registries are reached")]
pub(crate) struct Reach {
    /// Without TLS, for images that the command line names; for registries of this machine that is
    /// how it is anyway
    #[arg(long, conflicts_with = "registry_ca")]
    pub(crate) plain_http: bool,
    /// A certificate authority, in PEM, that vouches for the TLS of registries too
    #[arg(long, value_name = "PATH")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// How long one answer of a registry may take, without the time that a long blob needs
    #[arg(long, value_name = "SECONDS", default_value_t = REGISTRY_TIMEOUT)]
    pub(crate) registry_timeout: NonZeroU16,
    /// The credentials for registries; those of Docker and Podman if not given
    #[arg(long, value_name = "PATH")]
    pub(crate) auth_file: Option<PathBuf>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            plain_http: false,
            registry_ca: None,
            registry_timeout: REGISTRY_TIMEOUT,
            auth_file: None,
        }
    }
}

/// In seconds.
const REGISTRY_TIMEOUT: NonZeroU16 = NonZeroU16::new(30).unwrap();
