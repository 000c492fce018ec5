//! A transport that answers as it is told to, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::oci::{
    Credential, CredentialError, Credentials, PlainHosts, Reference, Remote, RemoteRepository,
};
use crate::transport::{Pending, Request, Response, Transport, TransportError};

/// What is answered to a method and URL, one after the other; the last one again and again.
#[derive(Default)]
pub(super) struct Script {
    answers: Mutex<HashMap<String, Vec<Result<Response, TransportError>>>>,
    /// Method, URL and authorization of each request.
    asked: Mutex<Vec<String>>,
}

impl Script {
    pub(super) fn on(self, ask: &str, answer: Response) -> Self {
        self.on_result(ask, Ok(answer))
    }

    pub(super) fn on_result(self, ask: &str, answer: Result<Response, TransportError>) -> Self {
        let mut answers = self.answers.lock().unwrap();
        answers.entry(ask.to_owned()).or_default().insert(0, answer);
        drop(answers);
        self
    }

    /// What was asked: method, URL, and in brackets what was shown.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        let ask = format!("{:?} {}", request.method(), request.url());
        let shown = request.headers().find(|(name, _)| *name == "authorization");
        let shown = shown.map_or_else(String::new, |(_, value)| format!(" [{value}]"));
        self.asked.lock().unwrap().push(format!("{ask}{shown}"));
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.get_mut(&ask) {
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
            None => Ok(Response::new(404, Vec::new())),
        };
        let capped = answer.and_then(|answer| {
            if answer.body().len() > request.cap() {
                return Err(TransportError::TooLarge { cap: request.cap() });
            }
            Ok(answer)
        });
        Box::pin(std::future::ready(capped))
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Credentials for one registry, as "user" and "secret".
pub(super) struct Only(pub(super) &'static str);

impl Credentials for Only {
    fn find<'a>(
        &'a self,
        registry: &'a str,
        _: &'a str,
    ) -> Pending<'a, Result<Option<Credential>, CredentialError>> {
        let found = (registry == self.0).then(|| {
            let text = |it: &str| Zeroizing::new(it.to_owned());
            Credential::Basic(text("user"), text("secret"))
        });
        Box::pin(std::future::ready(Ok(found)))
    }
}

/// The repository of a reference behind a script, with credentials for `example.org`.
pub(super) fn repository(script: &Arc<Script>, reference: &str) -> RemoteRepository {
    let transport: Arc<dyn Transport> = Arc::<Script>::clone(script);
    let remote = Remote::new(
        transport,
        Arc::new(Only("example.org")),
        PlainHosts::Loopback,
    );
    remote.repository(&Reference::parse(reference).unwrap())
}
