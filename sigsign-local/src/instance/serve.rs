//! An instance on loopback.
//!
//! Nobody is asked for a password here, so nobody else may reach it: it listens on loopback only,
//! and answers only requests for a host of this machine, so that a web page that calls itself
//! something else does not get in.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::instance::{FolderError, Instance, Options, Refusal, about};

/// How long requests that are under way may take when the instance is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves an instance until the process is told to stop, by Ctrl-C or a signal to terminate.
///
/// The port, 0 for any that is free, becomes part of the instance's URL. `ready` is called once
/// requests are answered.
///
/// # Errors
///
/// A [`FolderError`] inside, or what the system says.
pub fn serve(options: Options, port: u16, ready: impl FnOnce(&Instance)) -> io::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build()?;
    let served = runtime.block_on(async {
        let stop = told_to_stop()?;
        serve_until(options, port, ready, stop).await
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

/// Serves an instance until `stop` is there.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_until(
    mut options: Options,
    port: u16,
    ready: impl FnOnce(&Instance),
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listeners = match bind(port).await {
        Ok(listeners) => listeners,
        // Perhaps it is this very instance that has the port.
        Err(error) => {
            return match about(&options.folder).map(|it| it.running) {
                Ok(Some(by)) => Err(FolderError::InUse { by: Some(by) }.into()),
                _ => Err(error),
            };
        }
    };
    let port = listeners[0].local_addr()?.port();
    options.base_url = format!("http://localhost:{port}");
    let instance = Instance::open(options)?;
    instance.running()?;
    let (stopping, stopped) = watch::channel(());
    let router = instance.router().layer(middleware::from_fn(only_this_host));
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        servers.spawn(run(listener, router.clone(), stopped.clone()));
    }
    drop(router);
    ready(&instance);
    tracing::info!(url = instance.base_url(), "ready");
    stop.await;
    tracing::info!("stopping");
    drop(stopping);
    let all = async { while servers.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("requests were cut off");
    }
    instance.stopped()
}

/// IPv4, and IPv6 with the same port where there is any: `localhost` may be either.
async fn bind(port: u16) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = first.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(second) => Ok(vec![first, second]),
        // Somebody else would get half of what is meant for us.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok(vec![first]),
    }
}

async fn run(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>) {
    let told = async move {
        // An error is that the sender is gone, which is what we wait for.
        while stopped.changed().await.is_ok() {}
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(told);
    if let Err(error) = server.await {
        tracing::error!(%error, "server");
    }
}

async fn only_this_host(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get("host")
        .and_then(|it| it.to_str().ok());
    if host.is_some_and(is_this_host) {
        return next.run(request).await;
    }
    let status = StatusCode::MISDIRECTED_REQUEST;
    Refusal::new(status, "this instance answers for localhost only").into_response()
}

fn is_this_host(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    ["localhost", "127.0.0.1", "[::1]"].contains(&name.as_str()) || name.ends_with(".localhost")
}

#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler there is nothing to wait for, and the process ends as any other.
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_of_this_machine() {
        for host in [
            "localhost",
            "localhost:7480",
            "LOCALHOST:1",
            "127.0.0.1:7480",
            "[::1]:7480",
            "[::1]",
            "rekor.sigsign.localhost:7480",
        ] {
            assert!(is_this_host(host), "{host}");
        }
    }

    #[test]
    fn rejects_names_of_others() {
        for host in [
            "",
            ":7480",
            "evil.example:7480",
            "localhost.evil.example",
            "notlocalhost",
            "localhost:7480@evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0:7480",
        ] {
            assert!(!is_this_host(host), "{host}");
        }
    }
}
