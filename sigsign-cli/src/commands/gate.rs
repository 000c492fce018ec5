//! The gate of a cluster.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Serialize;
use sigsign_core::encoding::Escaped;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::log::log_to_stderr;
use super::sign::on_threads;
use crate::cli::{Format, Gate as Command, GateContainerd};
use crate::exit::Exit;
use crate::gate::{Gate, Sockets, containerd};
use crate::json;
use crate::plan::gate::{Containerd, Serve};
use crate::problem::Problem;
use crate::registry::Registries;
use crate::ui::{Level, Ui};

/// Where the gate answers, once it does.
#[derive(Serialize)]
struct Ready {
    schema: u8,
    ready: bool,
    reviews: String,
    metrics: String,
}

pub(super) fn run(command: Command, ui: &mut Ui) -> Result<Exit, Problem> {
    match command {
        Command::Serve(args) => {
            let plan = Serve::new(args, ui.network())?;
            log_to_stderr(ui);
            on_threads(serve(&plan, ui))
        }
        Command::Containerd(args) => Ok(answer_containerd(args, ui)),
    }
}

/// It reads the reason from standard output, whatever the reason is.
fn answer_containerd(args: GateContainerd, ui: &mut Ui) -> Exit {
    let judged = Containerd::new(args, ui.network()).and_then(|plan| {
        on_threads(async {
            let remote = Registries::open(&plan.reach)?.remote();
            containerd::judge(&plan, remote).await
        })
    });
    let (exit, reason) = judged.unwrap_or_else(|problem| {
        let sentences = problem.sentences.iter();
        let sentences: Vec<String> = sentences.map(|it| Escaped(it).to_string()).collect();
        let reason = format!("{} ({})", sentences.join(": "), problem.code);
        (problem.exit, reason)
    });
    ui.answer(format_args!("sigsign: {reason}"));
    exit
}

async fn serve(plan: &Serve, ui: &mut Ui) -> Result<Exit, Problem> {
    let remote = Registries::open(&plan.reach)?.remote();
    let gate = Gate::open(plan, remote)?;
    // Before anybody knows that it is ready: who tells it to end then is heard.
    let end = told_to_end()
        .map_err(|error| Problem::io("gate.signal", "no signals can be had", &error))?;
    let sockets = Sockets {
        reviews: listen(plan.listen).await?,
        metrics: listen(plan.metrics).await?,
    };
    let address = |socket: &TcpListener| {
        socket
            .local_addr()
            .map(|it| it.to_string())
            .unwrap_or_default()
    };
    let ready = Ready {
        schema: 1,
        ready: true,
        reviews: format!("https://{}", address(&sockets.reviews)),
        metrics: format!("http://{}/metrics", address(&sockets.metrics)),
    };
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&ready)),
        Format::Text => {
            ui.answer(format_args!(
                "gate: answers at {}/validate and /mutate",
                ready.reviews
            ));
            ui.answer(format_args!("  metrics: {}", ready.metrics));
        }
    }
    ui.flush();
    gate.serve(sockets, end).await?;
    Ok(Exit::Done)
}

/// Every address is the one of version 4 where there is no version 6.
async fn listen(address: SocketAddr) -> Result<TcpListener, Problem> {
    let bound = match TcpListener::bind(address).await {
        Err(_) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    bound.map_err(|error| {
        let what = format!("{address} cannot be listened at");
        Problem::io("gate.address", &what, &error).hint("name another with --listen or --metrics")
    })
}

/// As Kubernetes does it, and people at a terminal.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut end = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let (end, interrupt) = (std::pin::pin!(end.recv()), std::pin::pin!(interrupt.recv()));
        futures_util::future::select(end, interrupt).await;
    })
}
