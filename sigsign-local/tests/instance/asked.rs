//! Instances in this process, and what they answer.

use std::future::Future;

use serde_json::Value;
use sigsign_local::instance::{Answer, Call, CallError, Clock, Instance, Options};
use sigsign_local::recipe::NOW;

use crate::temporary::Temporary;

/// The largest answer that these tests take.
pub(crate) const CAP: usize = 1 << 20;

/// An instance in a folder of its own, at [`NOW`], always with the same keys.
pub(crate) struct Asked {
    pub(crate) instance: Instance,
    pub(crate) place: Temporary,
}

impl Asked {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let place = Temporary::new();
        let mut options = options(&place);
        change(&mut options);
        let instance = Instance::open(options).unwrap();
        Self { instance, place }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, CallError> {
        self.call("GET", path, Vec::new())
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<Answer, CallError> {
        self.call("POST", path, body.to_vec())
    }

    /// The answer to JSON with these headers besides.
    pub(crate) fn send(&self, path: &str, json: &Value, headers: &[(&str, &str)]) -> Answer {
        let kind = ("content-type", "application/json");
        self.send_bytes(
            path,
            json.to_string().as_bytes(),
            &[headers, &[kind]].concat(),
        )
    }

    /// The answer to anything with these headers.
    pub(crate) fn send_bytes(&self, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        self.ask("POST", path, body.to_vec(), headers).unwrap()
    }

    fn call(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Answer, CallError> {
        self.ask(method, path, body, &[("content-type", "application/json")])
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, CallError> {
        let url = format!("{}{path}", self.instance.base_url());
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        run(self.instance.call(Call {
            method,
            url: &url,
            headers: headers.collect(),
            body,
            cap: CAP,
        }))
    }
}

pub(crate) fn options(place: &Temporary) -> Options {
    let mut options = Options::new(place.path());
    options.opening.seed = Some(b"test".to_vec());
    options.clock = Clock::at(NOW);
    options
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}
