//! Credentials for registries, where Docker and Podman keep them.

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sigsign_core::limits;
use sigsign_core::oci::{AuthFile, Credential, CredentialError, Credentials, Stored};
use sigsign_core::transport::Pending;
use zeroize::Zeroizing;

use crate::files;
use crate::problem::io_text;

/// The files, the first one first.
#[derive(Debug)]
pub(super) struct AuthFiles {
    /// Each with whether it has to be there.
    files: Vec<(PathBuf, bool)>,
}

impl AuthFiles {
    /// The one that is named, or those that Podman and Docker look into.
    ///
    /// Spec: containers-auth.json(5); docker-login(1)
    pub(super) fn new(named: Option<&Path>) -> Self {
        let variable = |name| std::env::var_os(name).filter(|it| !it.is_empty());
        let named = named.map(PathBuf::from);
        let named = named.or_else(|| variable("REGISTRY_AUTH_FILE").map(PathBuf::from));
        if let Some(named) = named {
            let files = vec![(named, true)];
            return Self { files };
        }
        let home = std::env::home_dir();
        let at_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let below = |variable: Option<std::ffi::OsString>, path| {
            variable.map(|folder| PathBuf::from(folder).join(path))
        };
        let found = [
            below(variable("XDG_RUNTIME_DIR"), "containers/auth.json"),
            below(variable("XDG_CONFIG_HOME"), "containers/auth.json")
                .or_else(|| at_home(".config/containers/auth.json")),
            below(variable("DOCKER_CONFIG"), "config.json")
                .or_else(|| at_home(".docker/config.json")),
        ];
        let files = found.into_iter().flatten().map(|path| (path, false));
        Self {
            files: files.collect(),
        }
    }

    /// The first file that knows of the registry.
    fn look_up(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, CredentialError> {
        for (path, required) in &self.files {
            let Some(file) = read(path, *required)? else {
                continue;
            };
            let found = match file.lookup(registry, repository)? {
                Stored::Here(credential) => Some(credential),
                Stored::Helper {
                    name,
                    server,
                    otherwise,
                } => ask(&name, &server, HELPER_PATIENCE)?.or(otherwise),
                _ => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Credentials for AuthFiles {
    fn find<'a>(
        &'a self,
        registry: &'a str,
        repository: &'a str,
    ) -> Pending<'a, Result<Option<Credential>, CredentialError>> {
        Box::pin(async move { self.look_up(registry, repository) })
    }
}

fn read(path: &Path, required: bool) -> Result<Option<AuthFile>, CredentialError> {
    let wrong = |problem: String| CredentialError::File {
        path: path.display().to_string(),
        problem,
    };
    let file = match files::open(path) {
        Ok((file, _)) => file,
        Err(error) if !required && error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(io_text(&error))),
    };
    let bytes = capped(file).map_err(|error| wrong(io_text(&error)))?;
    let file = AuthFile::from_json(&bytes);
    file.map(Some)
        .ok_or_else(|| wrong("not the JSON of credentials for registries".to_owned()))
}

/// At most one byte more than the cap, which is refused by whoever reads it.
fn capped(reader: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let cap = u64::try_from(limits::CREDENTIAL_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Zeroizing::new(Vec::new());
    reader.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Asks a credential helper; `None` if it knows of none.
///
/// Spec: docker-credential-helpers, `get`
fn ask(
    name: &str,
    server: &str,
    patience: Duration,
) -> Result<Option<Credential>, CredentialError> {
    let program = format!("docker-credential-{name}");
    let wrong = |problem: String| CredentialError::Helper {
        program: program.clone(),
        problem,
    };
    let proper = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(proper) {
        return Err(wrong("not the name of a program".to_owned()));
    }
    run(Path::new(&program), server, patience)
}

fn run(
    program: &Path,
    server: &str,
    patience: Duration,
) -> Result<Option<Credential>, CredentialError> {
    let wrong = |problem: String| CredentialError::Helper {
        program: program.display().to_string(),
        problem,
    };
    let child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|error| wrong(io_text(&error)))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that asks for nothing is told nothing.
        let _ = stdin.write_all(server.as_bytes());
    }
    let (arrived, arriving) = mpsc::channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let bytes = stdout.and_then(|it| capped(it).ok()).unwrap_or_default();
        // Nobody waits any longer: it took too long.
        let _ = arrived.send(bytes);
    });
    let output = arriving.recv_timeout(patience).ok();
    let success = output.is_some().then(|| wait(&mut child)).flatten();
    let (Some(output), Some(success)) = (output, success) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(wrong(format!(
            "no answer within {} s",
            patience.as_secs_f32()
        )));
    };
    if success {
        let credential = Credential::from_helper(&output);
        return credential
            .map(Some)
            .ok_or_else(|| wrong("not what a credential helper prints".to_owned()));
    }
    // The one error that has words of its own in the protocol.
    if String::from_utf8_lossy(&output).contains("credentials not found") {
        return Ok(None);
    }
    Err(wrong("it failed".to_owned()))
}

/// Whether a program that said all it had to say ends well; `None` if it does not end.
fn wait(child: &mut Child) -> Option<bool> {
    let until = Instant::now() + Duration::from_secs(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// How long a helper may take: it may ask its user.
const HELPER_PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn rejects_names_that_are_no_programs() {
        for name in ["", "../x", "a/b", "a b", "$(id)"] {
            let problem = "not the name of a program".to_owned();
            let program = format!("docker-credential-{name}");
            let error = ask(name, "a", HELPER_PATIENCE).unwrap_err();

            assert_eq!(CredentialError::Helper { program, problem }, error);
        }
    }

    #[cfg(unix)]
    #[test]
    fn rejects_a_program_that_does_not_end() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-slow");
        let mut file = File::create(&program).unwrap();
        file.write_all(b"#!/bin/sh\nexec sleep 60\n").unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        file.set_permissions(mode).unwrap();
        drop(file);

        // Another test that starts a program at this moment may hold the file open a little longer.
        let problem = loop {
            let error = run(&program, "a", Duration::from_millis(50)).unwrap_err();
            match error {
                CredentialError::Helper { problem, .. } if problem.contains("busy") => {}
                error => break error.to_string(),
            }
        };

        assert!(problem.ends_with("no answer within 0.05 s"), "{problem}");
    }

    #[test]
    fn rejects_a_file_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.json");
        let named = AuthFiles::new(Some(&path));

        assert_eq!(
            "credentials.file",
            named.look_up("a", "b").unwrap_err().code()
        );
        File::create(&path)
            .unwrap()
            .write_all(b"{\"auths\":[]}")
            .unwrap();
        assert_eq!(
            "credentials.file",
            named.look_up("a", "b").unwrap_err().code()
        );
    }
}
