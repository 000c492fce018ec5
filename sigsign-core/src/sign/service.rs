//! One exchange with a service of the signing config.

use super::wire::ErrorJson;
use super::{AnswerError, SignError};
use crate::json;
use crate::json::wire::Object;
use crate::transport::{self, Request, Response, Transport};
use crate::trust::{Service, ServiceKind};

/// A service, by its kind and place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) kind: ServiceKind,
    pub(super) url: String,
    pub(super) version: u32,
}

impl Place {
    pub(super) fn new(kind: ServiceKind, service: &Service) -> Self {
        Self {
            kind,
            url: service.url().trim_end_matches('/').to_owned(),
            version: service.major_api_version(),
        }
    }

    /// Sends a request; an answer with another status than 200 or 201 is a refusal.
    pub(super) async fn ask(
        &self,
        transport: &dyn Transport,
        request: &Request,
    ) -> Result<Response, SignError> {
        let answer = self.exchange(transport, request).await?;
        if matches!(answer.status(), 200 | 201) {
            Ok(answer)
        } else {
            Err(self.refused(&answer))
        }
    }

    /// Sends a request; any answer will do.
    pub(super) async fn exchange(
        &self,
        transport: &dyn Transport,
        request: &Request,
    ) -> Result<Response, SignError> {
        transport::send(transport, request)
            .await
            .map_err(|problem| SignError::Transport {
                service: self.kind,
                url: self.url.clone(),
                problem,
            })
    }

    pub(super) fn refused(&self, answer: &Response) -> SignError {
        SignError::Refused {
            service: self.kind,
            url: self.url.clone(),
            status: answer.status(),
            message: message(answer.body()),
        }
    }

    pub(super) fn wrong(&self, problem: AnswerError) -> SignError {
        SignError::Answer {
            service: self.kind,
            url: self.url.clone(),
            problem: Box::new(problem),
        }
    }
}

/// What a refusal says: the `message` of JSON, else the text itself, in either case not too much.
fn message(body: &[u8]) -> String {
    let of_json = json::check(body).ok().and_then(|json| {
        let Object(error): Object<ErrorJson<'_>> = json::wire::read(json).ok()?;
        error.message.map(|it| it.as_str().to_owned())
    });
    let text = of_json.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Characters of a refusal that are shown.
const MESSAGE_CHARS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_service_says() {
        for (body, want) in [
            (&br#"{"code":3,"message":"no"}"#[..], "no"),
            (b" plain\n", "plain"),
            (b"", ""),
            (b"\xff", "\u{fffd}"),
        ] {
            assert_eq!(want, message(body));
        }
        assert_eq!(MESSAGE_CHARS + 3, message(&[b'x'; 5000]).len());
    }
}
