//! One call of the SPIFFE Workload API, `FetchJWTSVID`: a gRPC message each way, with one field of
//! interest in each, so that no client of gRPC is needed.
//!
//! Spec: SPIFFE Workload API, `workload.proto`; gRPC over HTTP/2, "Requests"; Protocol Buffers,
//! "Encoding"

use crate::transport::Request;

/// Asks whoever listens at `socket` for a token for `audience`.
pub(super) fn request(socket: &str, audience: &str) -> Request {
    // On a Unix socket the host is nobody's name.
    let host = socket.strip_prefix("tcp://").unwrap_or("localhost");
    let url = format!("http://{host}/SpiffeWorkloadAPI/FetchJWTSVID");
    let mut message = Vec::new();
    write_field(&mut message, AUDIENCE, audience.as_bytes());
    let mut body = vec![0];
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    body.extend(length.to_be_bytes());
    body.append(&mut message);
    Request::post(url, ("application/grpc", "application/grpc"), body)
        .header("te", "trailers")
        // Required, so that no browser can be made to ask.
        .header("workload.spiffe.io", "true")
}

/// The first token of an answer.
pub(super) fn token(body: &[u8]) -> Option<String> {
    let (&compressed, rest) = body.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let message = rest.get(..length).filter(|_| compressed == 0)?;
    let identity = field(message, IDENTITIES)?;
    let token = field(identity, TOKEN)?;
    String::from_utf8(token.to_vec()).ok()
}

fn write_field(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    message.push(number << 3 | BYTES);
    let mut length = value.len();
    while length >= 0x80 {
        message.push(low_bits(length) | 0x80);
        length >>= 7;
    }
    message.push(low_bits(length));
    message.extend(value);
}

fn low_bits(length: usize) -> u8 {
    u8::try_from(length & 0x7f).unwrap_or_default()
}

/// The first field of this number, where all before it are understood.
fn field(mut message: &[u8], number: u8) -> Option<&[u8]> {
    loop {
        let tag = varint(&mut message)?;
        match tag & 7 {
            0 => {
                varint(&mut message)?;
            }
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(length)?;
                if tag >> 3 == u64::from(number) {
                    return Some(value);
                }
                message = rest;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

const BYTES: u8 = 2;
/// Fields of `JWTSVIDRequest`, `JWTSVIDResponse` and `JWTSVID`.
const AUDIENCE: u8 = 1;
const IDENTITIES: u8 = 1;
const TOKEN: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        for (number, value) in fields {
            write_field(&mut message, *number, value);
        }
        message
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    #[test]
    fn accepts_the_first_identity_after_other_fields() {
        let long = "t".repeat(300);
        let identity = message(&[(1, b"spiffe://x.example/a"), (2, long.as_bytes())]);
        let other = message(&[(2, b"other")]);
        let mut answer = vec![0x78, 0x96, 0x01, 0x7d, 1, 2, 3, 4];
        answer.extend(message(&[(1, &identity), (1, &other)]));

        assert_eq!(Some(long), token(&framed(&answer)));
    }

    #[test]
    fn rejects_what_is_cut_off_or_compressed() {
        let whole = framed(&message(&[(1, &message(&[(2, b"token")]))]));
        assert_eq!(Some("token".to_owned()), token(&whole));

        for length in 0..whole.len() {
            assert_eq!(None, token(&whole[..length]), "{length}");
        }
        let mut compressed = whole;
        compressed[0] = 1;
        assert_eq!(None, token(&compressed));
        assert_eq!(None, token(&framed(&[0xff; 12])));
    }

    #[test]
    fn asks_as_the_specification_has_it() {
        let request = request("tcp://127.0.0.1:8081", "sigstore");

        let url = "http://127.0.0.1:8081/SpiffeWorkloadAPI/FetchJWTSVID";
        assert_eq!(url, request.url());
        assert_eq!(b"\0\0\0\0\x0a\x0a\x08sigstore", request.body());
        let headers: Vec<_> = request.headers().map(|it| it.0).collect();
        assert!(headers.contains(&"workload.spiffe.io"));
    }
}
