//! Who the command is to registries, and to which of them.

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::json;

use crate::server::{Server, response};
use crate::{Folder, MANIFEST, manifest};

/// "user:secret"
const AUTH: &str = "dXNlcjpzZWNyZXQ=";

/// A registry that wants a password.
fn guarded() -> Server {
    let server = Server::with_fault(|asked| {
        let challenge = [("www-authenticate", "Basic realm=\"x\"")];
        let known = asked.authorization.as_deref() == Some("Basic dXNlcjpzZWNyZXQ=");
        (!known).then(|| (StatusCode::UNAUTHORIZED, challenge).into_response())
    });
    server.put("1", MANIFEST, &manifest("a"));
    server
}

fn auths(name: &str) -> String {
    json!({"auths": {name: {"auth": AUTH}}}).to_string()
}

#[test]
fn accepts_credentials_where_docker_and_podman_keep_them() {
    for (place, variable) in [
        (".docker/config.json", None),
        (".config/containers/auth.json", None),
        ("run/containers/auth.json", Some(("XDG_RUNTIME_DIR", "run"))),
        ("conf/config.json", Some(("DOCKER_CONFIG", "conf"))),
        ("my.json", Some(("REGISTRY_AUTH_FILE", "my.json"))),
    ] {
        let (server, folder) = (guarded(), Folder::new());
        folder.write(place, &auths(&server.host()));
        let name = server.name(":1");
        let sign = ["image", "sign", &name, "--local", "--data", "instance"];
        let mut command = folder.command(&sign);
        if let Some((name, value)) = variable {
            command.env(name, folder.0.join(value));
        }

        let output = command.output().unwrap();

        assert_eq!(
            Some(0),
            output.status.code(),
            "{place}: {}",
            crate::text(&output.stderr)
        );
    }
}

// A27
#[test]
fn rejects_credentials_of_other_hosts() {
    let server = guarded();
    let folder = Folder::with_instance();
    for name in ["127.0.0.1", "127.0.0.1:1", "127.0.0", "localhost"] {
        folder.write(".docker/config.json", &auths(name));

        folder.refused(&[&server.name(":1")], 4, "registry.unauthorized");
    }
    assert!(server.asked().iter().all(|it| it.authorization.is_none()));
}

#[test]
fn rejects_files_with_credentials_that_are_none() {
    let server = guarded();
    let folder = Folder::with_instance();
    let name = server.name(":1");

    folder.write("auth.json", "[]");
    folder.refused(&[&name, "--auth-file", "auth.json"], 3, "credentials.file");
    folder.refused(
        &[&name, "--auth-file", "missing.json"],
        3,
        "credentials.file",
    );
    let entry = json!({"auths": {server.host(): {"auth": "!"}}});
    folder.write("auth.json", &entry.to_string());
    folder.refused(&[&name, "--auth-file", "auth.json"], 3, "credentials.entry");
}

#[test]
fn accepts_a_token_for_what_it_is_for() {
    let server = Server::with_fault(|asked| {
        if asked.path.starts_with("/token") {
            let user = asked.authorization.as_deref() == Some("Basic dXNlcjpzZWNyZXQ=");
            let push = asked.path.contains("pull%2Cpush");
            let token = format!("{user}-{push}");
            return Some(response(
                200,
                "application/json",
                format!(r#"{{"token":"{token}"}}"#),
            ));
        }
        let wanted = if asked.method == "GET" || asked.method == "HEAD" {
            "Bearer true-"
        } else {
            "Bearer true-true"
        };
        let shown = asked.authorization.as_deref().unwrap_or_default();
        (!shown.starts_with(wanted)).then(|| {
            (
                StatusCode::UNAUTHORIZED,
                [("www-authenticate", challenge())],
            )
                .into_response()
        })
    });
    PORT.set(server.host()).unwrap();
    server.put("1", MANIFEST, &manifest("a"));
    let folder = Folder::new();
    folder.write(".docker/config.json", &auths(&server.host()));

    folder.make(&["sign", &server.name(":1")]);

    folder.verified(&[&server.name(":1")]);
}

static PORT: std::sync::OnceLock<String> = std::sync::OnceLock::new();

fn challenge() -> String {
    let host = PORT.get().unwrap();
    format!("Bearer realm=\"http://{host}/token\",service=\"s\",scope=\"repository:app:pull\"")
}

#[cfg(unix)]
mod helpers {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A credential helper, and a configuration that names it.
    fn with_helper(server: &Server, script: &str) -> Folder {
        let folder = Folder::with_instance();
        let path = folder.write(
            "bin/docker-credential-test",
            &format!("#!/bin/sh\n{script}\n"),
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let config = json!({"credHelpers": {server.host(): "test"}});
        folder.write(".docker/config.json", &config.to_string());
        folder
    }

    fn verify(folder: &Folder, server: &Server) -> String {
        let name = server.name(":1");
        let arguments = [
            "image",
            "verify",
            &name,
            "--danger-any-identity",
            "--local",
            "--data",
            "instance",
        ];
        let mut command = folder.command(&arguments);
        let path = format!("{}:/usr/bin:/bin", folder.0.join("bin").display());
        let output = command.env("PATH", path).output().unwrap();
        crate::text(&output.stderr)
    }

    #[test]
    fn accepts_what_a_helper_prints() {
        let server = guarded();
        let script = format!(
            r#"read -r host; [ "$1 $host" = "get {}" ] && echo '{{"Username":"user","Secret":"secret"}}'"#,
            server.host()
        );
        let folder = with_helper(&server, &script);

        let said = verify(&folder, &server);

        assert!(said.contains("code: image.nothing"), "{said}");
    }

    #[test]
    fn rejects_what_no_helper_prints() {
        for (script, code) in [
            ("echo no", "credentials.helper"),
            ("echo broken; exit 1", "credentials.helper"),
            ("head -c 3000000 /dev/zero", "credentials.helper"),
            (
                "echo 'credentials not found in native keychain'; exit 1",
                "registry.unauthorized",
            ),
        ] {
            let server = guarded();
            let folder = with_helper(&server, script);

            let said = verify(&folder, &server);

            assert!(
                said.contains(&format!("code: {code}\n")),
                "{script}: {said}"
            );
        }
    }
}
