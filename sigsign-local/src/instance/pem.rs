//! PEM, as services are sent it.
//!
//! Spec: RFC 7468

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The label and the DER of the one block that `text` is; white space around it is passed over.
pub(crate) fn read(text: &[u8]) -> Option<(&str, Vec<u8>)> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    if end.strip_suffix("-----")? != label {
        return None;
    }
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    Some((label, der))
}

/// The DER of each certificate in `text`, which has nothing else, and one at least.
pub(crate) fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let end = "-----END CERTIFICATE-----";
    let mut rest = std::str::from_utf8(text).ok()?.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (block, after) = rest.split_at(rest.find(end)? + end.len());
        let (_, der) = read(block.as_bytes())?;
        found.push(der);
        rest = after.trim_start();
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::pem;

    #[test]
    fn accepts_one_block() {
        let text = pem("CERTIFICATE", &[7; 100]);

        assert_eq!(Some(("CERTIFICATE", vec![7; 100])), read(text.as_bytes()));
        assert_eq!(read(text.as_bytes()), read(text.trim().as_bytes()));
    }

    #[test]
    fn rejects_anything_else() {
        let one = pem("PUBLIC KEY", &[7; 100]);
        let other_end = one.replace("END PUBLIC", "END PRIVATE");
        for text in [
            "",
            "MA==",
            &one.repeat(2),
            &other_end,
            &one.replace("Bw", "B!"),
            &one.replace("-----END", ""),
            &format!("{one}x"),
        ] {
            assert_eq!(None, read(text.as_bytes()), "{text}");
        }
        assert_eq!(None, read(&[0xff]));
    }

    #[test]
    fn accepts_several_certificates() {
        let [one, other] = [[1; 50], [2; 50]].map(|it| pem("CERTIFICATE", &it));
        let both = vec![vec![1; 50], vec![2; 50]];

        let text = format!("{one}\n{other}\n");
        assert_eq!(Some(both), certificates(text.as_bytes()));
    }

    #[test]
    fn rejects_what_is_not_certificates_only() {
        let one = pem("CERTIFICATE", &[7; 100]);
        for text in [
            "",
            &pem("PUBLIC KEY", &[7; 100]),
            &format!("{one}x"),
            &format!("x{one}"),
            &format!("{}{one}", pem("PUBLIC KEY", &[7; 100])),
        ] {
            assert_eq!(None, certificates(text.as_bytes()), "{text}");
        }
    }
}
