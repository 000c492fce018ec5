//! What a user sees on each platform: `docs/platforms.md` is what this test saw.
//! `SNAPSHOTS=overwrite` writes it anew.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sigsign_local::instance::jwt::Claims;
use sigsign_local::instance::oidc::shape;

use crate::{Folder, Served, text};

#[test]
fn the_page_about_platforms_is_what_they_show() {
    let folder = Folder::new();
    let served = Served::new(&folder);

    let rows: Vec<Row> = thread::scope(|scope| {
        let running: Vec<_> = PLATFORMS
            .iter()
            .map(|it| scope.spawn(|| it.row(&folder, &served)))
            .collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/platforms.md");
    let want = snapbox::Data::read_from(&path, None).raw();
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(page(&rows), want);
}

#[derive(Clone, Copy, PartialEq)]
enum Case {
    Found,
    Missing,
    Expired,
    Audience,
    Slow,
}

impl Case {
    const ALL: [Self; 5] = [
        Self::Found,
        Self::Missing,
        Self::Expired,
        Self::Audience,
        Self::Slow,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Found => "token found",
            Self::Missing => "nothing to give a token",
            Self::Expired => "expired token",
            Self::Audience => "token for others",
            Self::Slow => "no answer",
        }
    }

    /// The claims of a token as this case has it; `None` if there is no token.
    fn claims(self, mut claims: Claims) -> Option<Claims> {
        match self {
            Self::Found => {}
            Self::Expired => drop(claims.insert("exp".to_owned(), 1_000_000_000.into())),
            Self::Audience => drop(claims.insert("aud".to_owned(), "other".into())),
            Self::Missing | Self::Slow => return None,
        }
        Some(claims)
    }
}

struct Platform {
    title: &'static str,
    /// How its tokens look.
    shape: fn() -> Claims,
    /// Its environment, with this token.
    prepare: fn(&mut Command, Job<'_>),
    /// There is somebody to wait for.
    asks: bool,
}

/// What a platform has for a job.
struct Job<'a> {
    case: Case,
    token: Option<String>,
    folder: &'a Folder,
    served: &'a Served,
}

static PLATFORMS: [Platform; 10] = [
    Platform {
        title: "Anywhere, by the variable SIGSTORE_ID_TOKEN",
        shape: || shape::email("jane@example.com"),
        prepare: |command, job| match job.token {
            Some(token) => drop(command.env("SIGSTORE_ID_TOKEN", token)),
            None => drop(command.args(["--oidc-provider", "environment"])),
        },
        asks: false,
    },
    Platform {
        title: "GitHub Actions",
        shape: || shape::github("o/r", "release.yml", "refs/heads/main"),
        prepare: |command, job| {
            command.env("CI", "true").env("GITHUB_ACTIONS", "true");
            if job.case != Case::Missing {
                let address = job.serve(|token| format!(r#"{{"value":"{token}"}}"#).into());
                let url = format!("http://{address}/token?api-version=2.0");
                command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url);
                command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job");
            }
        },
        asks: true,
    },
    Platform {
        title: "GitLab",
        shape: || shape::gitlab("g/p", "main"),
        prepare: |command, job| {
            command.env("GITLAB_CI", "true").env("CI", "true");
            command.args(["--oidc-provider", "gitlab"]);
            command.envs(job.token.map(|it| ("SIGSTORE_ID_TOKEN", it)));
        },
        asks: false,
    },
    Platform {
        title: "CircleCI",
        shape: || shape::circleci("7f5a", "3c1d"),
        prepare: |command, job| {
            let path = format!("circleci-{}", job.case as u8);
            std::fs::create_dir_all(job.folder.path(&path)).unwrap();
            let script = match (&job.token, job.case) {
                (Some(token), _) => format!("#!/bin/sh\necho '{token}'\n"),
                _ => "#!/bin/sh\nexec /bin/sleep 60\n".to_owned(),
            };
            if job.case != Case::Missing {
                install(job.folder, &format!("{path}/circleci"), &script);
            }
            command.env("CIRCLECI", "true").env("CI", "true");
            command.env("PATH", job.folder.path(&path));
        },
        asks: true,
    },
    Platform {
        title: "Buildkite",
        shape: || shape::buildkite("acme", "app"),
        prepare: |command, job| {
            command.env("BUILDKITE", "true").env("CI", "true");
            command.env("PATH", "");
            if job.case != Case::Missing {
                let address = job.serve(|token| format!(r#"{{"token":"{token}"}}"#).into());
                let endpoint = format!("http://{address}/v3");
                command.env("BUILDKITE_AGENT_ENDPOINT", endpoint);
                command.env("BUILDKITE_AGENT_ACCESS_TOKEN", "of-the-agent");
                command.env("BUILDKITE_JOB_ID", "0190");
            }
        },
        asks: true,
    },
    Platform {
        title: "Codefresh",
        shape: || shape::subject("account:a:pipeline:p"),
        prepare: |command, job| {
            command.env("CF_BUILD_ID", "1").env("CI", "true");
            command.envs(job.token.map(|it| ("ID_TOKEN", it)));
        },
        asks: false,
    },
    Platform {
        title: "Azure Pipelines",
        shape: || shape::subject("sc://acme/project/connection"),
        prepare: |command, job| {
            command.env("TF_BUILD", "True");
            if job.case != Case::Missing {
                let address = job.serve(|token| format!(r#"{{"oidcToken":"{token}"}}"#).into());
                let uri = format!("http://{address}/oidctoken");
                command.env("SYSTEM_OIDCREQUESTURI", uri);
                command.env("SYSTEM_ACCESSTOKEN", "of-the-job");
            }
        },
        asks: true,
    },
    Platform {
        title: "Kubernetes, and any other file",
        shape: || shape::kubernetes("builds", "signer"),
        prepare: |command, job| match job.token {
            Some(token) => {
                let name = format!("token-{}", job.case as u8);
                job.folder.write(&name, &token);
                command.args(["--identity-token", &name]);
            }
            None => drop(command.args(["--oidc-provider", "kubernetes"])),
        },
        asks: false,
    },
    Platform {
        title: "SPIFFE",
        shape: || shape::subject("spiffe://example.org/build"),
        prepare: |command, job| {
            let address = job.serve(framed);
            command.env("SPIFFE_ENDPOINT_SOCKET", format!("tcp://{address}"));
        },
        asks: true,
    },
    Platform {
        title: "Google Cloud",
        shape: || shape::email("builder@example.iam.gserviceaccount.com"),
        prepare: |command, job| {
            let address = job.serve(|token| token.to_owned().into_bytes());
            command.env("GCE_METADATA_HOST", address.to_string());
        },
        asks: true,
    },
];

/// What was seen on one platform.
struct Row {
    title: &'static str,
    cells: Vec<Option<Cell>>,
}

struct Cell {
    case: Case,
    short: String,
    seen: String,
}

impl Platform {
    fn row(&self, folder: &Folder, served: &Served) -> Row {
        let cell = |case| {
            let is_asked = case != Case::Slow || self.asks;
            is_asked.then(|| self.cell(case, folder, served))
        };
        let cells = thread::scope(|scope| {
            let running = Case::ALL.map(|case| scope.spawn(move || cell(case)));
            running.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let title = self.title;
        Row { title, cells }
    }

    fn cell(&self, case: Case, folder: &Folder, served: &Served) -> Cell {
        let claims = case.claims((self.shape)());
        let token = claims.map(|claims| served.instance.oidc().mint(claims));
        let mut command = folder.command(["whoami"]);
        (self.prepare)(
            &mut command,
            Job {
                case,
                token,
                folder,
                served,
            },
        );
        let output = command.output().unwrap();
        let status = output.status.code().unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        if case == Case::Found {
            assert_eq!((0, ""), (status, stderr), "{}", self.title);
            let subject = stdout.lines().next().unwrap();
            let short = format!("`{subject}`");
            let seen = String::new();
            return Cell { case, short, seen };
        }
        assert_eq!("", stdout, "{}", self.title);
        let code = stderr
            .lines()
            .find_map(|it| it.trim().strip_prefix("code: "));
        let short = format!("{status} `{}`", code.expect(stderr));
        let seen = without_time(stderr);
        Cell { case, short, seen }
    }
}

impl Job<'_> {
    /// A server that does to everybody as the case has it.
    fn serve(&self, body: fn(&str) -> Vec<u8>) -> SocketAddr {
        let (case, token) = (self.case, self.token.clone());
        let answer = move |headers: HeaderMap| async move {
            let is_grpc = headers
                .get("content-type")
                .is_some_and(|it| it == "application/grpc");
            match (&token, case) {
                (Some(token), _) => body(token).into_response(),
                (None, Case::Slow) => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Response::default()
                }
                // Google has no such account; SPIFFE answers without a message.
                (None, _) if is_grpc => Response::default(),
                (None, _) => StatusCode::NOT_FOUND.into_response(),
            }
        };
        let _inside = self.served.runtime.enter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let router = Router::new().fallback(answer);
        self.served
            .runtime
            .spawn(async move { axum::serve(listener, router).await });
        address
    }
}

pub(crate) fn install(folder: &Folder, name: &str, script: &str) {
    folder.write(name, script);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(name), mode).unwrap();
}

/// The time at which this ran is not the page's.
fn without_time(seen: &str) -> String {
    let Some((before, after)) = seen.split_once("and it is ") else {
        return seen.to_owned();
    };
    let after = after.split_once('\n').unwrap().1;
    format!("{before}and it is ...\n{after}")
}

/// A token in gRPC: a message of the Workload API in a frame.
fn framed(token: &str) -> Vec<u8> {
    let message = super::ambient::field(2, token.as_bytes());
    let message = super::ambient::field(1, &message);
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &message].concat()
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(HEAD);
    for row in rows {
        write!(page, "| {} |", row.title).unwrap();
        for cell in &row.cells {
            let short = cell.as_ref().map_or("nobody is asked", |it| &it.short);
            write!(page, " {short} |").unwrap();
        }
        page.push('\n');
    }
    for row in rows {
        write!(page, "\n## {}\n", row.title).unwrap();
        let refused = row.cells.iter().flatten().filter(|it| !it.seen.is_empty());
        for cell in refused {
            let (title, seen) = (cell.case.title(), cell.seen.trim_end());
            write!(page, "\n{title}:\n\n```text\n{seen}\n```\n").unwrap();
        }
    }
    page
}

const HEAD: &str = "\
# Platforms

What `sigsign whoami` shows where there is an identity token and where there is none; `sign` and `attest` show the same.
A test makes this page: each cell is what the command printed, in the environment that the platform documents.

Where a token is found, the cell has the subject that the certificate will have; otherwise the exit status and the code of
the error, with the text below. Nothing is written in any of these cases, no browser is opened, and nothing is waited for
longer than 10 seconds, 30 for a program.

| | token found | nothing to give a token | expired token | token for others | no answer |
|---|---|---|---|---|---|
";
