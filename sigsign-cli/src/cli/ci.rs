use clap::Subcommand;

/// What jobs of CI platforms call
#[derive(Debug, Subcommand)]
pub(crate) enum Ci {
    /// Sign and attest in a job of GitHub Actions, or verify; what the action calls
    ///
    /// Takes what to do from variables, as the action sets them from its inputs: SIGSIGN_MODE,
    /// SIGSIGN_FILES and the others that the manual lists. Signs all files with one certificate,
    /// uploads nothing unless everything is signed, and leaves outputs and a summary for the job.
    #[command(name = "github")]
    GitHub,
}
