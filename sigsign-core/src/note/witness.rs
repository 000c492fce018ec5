use super::{Note, NoteError, check_name};
use crate::crypto::{Algorithm, KeyKind, PublicKey, sha256_parts};
use crate::encoding::{base64_decode, hex_decode};
use crate::time::Timestamp;

/// The key of a witness that cosigns checkpoints with Ed25519 and the time.
///
/// Spec: C2SP tlog-cosignature, Format
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    key: PublicKey,
}

impl WitnessKey {
    /// The key of the witness called `name`.
    ///
    /// # Errors
    ///
    /// - [`NoteError::KeyName`] if no witness can have that name.
    /// - [`NoteError::WitnessKey`] if the key is not an Ed25519 key.
    ///
    /// Spec: C2SP tlog-cosignature, Format
    pub fn new(name: impl Into<String>, key: PublicKey) -> Result<Self, NoteError> {
        let name = name.into();
        check_name(&name)?;
        let raw = match key.kind() {
            KeyKind::Ed25519 => key.spki().last_chunk::<32>(),
            _ => None,
        };
        let raw = raw.ok_or(NoteError::WitnessKey)?;
        let [a, b, c, d, ..] = sha256_parts(&[name.as_bytes(), b"\n", &[COSIGNATURE], raw]);
        Ok(Self {
            name,
            id: [a, b, c, d],
            key,
        })
    }

    /// Parses `name+id+base64`, the form in which witnesses publish their keys.
    ///
    /// # Errors
    ///
    /// - [`NoteError::WitnessKey`] if it has another form, or the id is not that of name and key.
    /// - [`NoteError::KeyName`] if no witness can have that name.
    /// - [`NoteError::UnsupportedWitness`] if the key is for another signature type than 0x04,
    ///   ML-DSA-44 (0x06) included.
    ///
    /// Spec: C2SP signed-note, Verifier keys; C2SP tlog-cosignature, Format
    pub fn parse_vkey(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(base64)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(NoteError::WitnessKey);
        };
        let encoded = base64_decode(base64).map_err(|_| NoteError::WitnessKey)?;
        let raw = match encoded.split_first() {
            Some((&COSIGNATURE, raw)) if raw.len() == 32 => raw,
            Some((&COSIGNATURE, _)) | None => return Err(NoteError::WitnessKey),
            Some((&signature_type, _)) => {
                return Err(NoteError::UnsupportedWitness { signature_type });
            }
        };
        let key = PublicKey::from_spki(&[ED25519_SPKI, raw].concat());
        let witness = Self::new(name, key.map_err(|_| NoteError::WitnessKey)?)?;
        if hex_decode(id).is_none_or(|id| id != witness.id) {
            return Err(NoteError::WitnessKey);
        }
        Ok(witness)
    }

    /// The name it cosigns under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both stand for one witness: a cosignature does not say under which name it was made.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name || self.key == other.key
    }

    /// The time of a cosignature by this key.
    ///
    /// Spec: C2SP tlog-cosignature, Ed25519 signed message
    fn verify(&self, text: &str, cosignature: &[u8]) -> Option<Timestamp> {
        let (seconds, signature) = cosignature.split_first_chunk()?;
        // "It MUST NOT exceed 2^63 - 1"
        let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
        let message = format!("cosignature/v1\ntime {seconds}\n{text}");
        self.key
            .verify(Algorithm::Ed25519, message.as_bytes(), signature)
            .ok()?;
        Some(Timestamp::from_unix_seconds(seconds))
    }
}

impl Note<'_> {
    /// Verifies the cosignature of a witness; `None` if the note has none (V53).
    ///
    /// Every cosignature under the name and id of the witness must verify; with more than one,
    /// the time is that of the first.
    ///
    /// # Errors
    ///
    /// [`NoteError::Cosignature`] if one of them does not verify.
    ///
    /// # Security
    ///
    /// A witness vouches for a log's checkpoint. That the note is one is for [`Self::open`].
    ///
    /// Spec: C2SP tlog-cosignature
    pub fn cosigned(&self, witness: &WitnessKey) -> Result<Option<Timestamp>, NoteError> {
        let mut first = None;
        for line in &self.signatures {
            if line.name != witness.name || line.key_id != witness.id {
                continue;
            }
            let time = witness.verify(self.text, &line.signature);
            let time = time.ok_or_else(|| NoteError::Cosignature {
                witness: witness.name.clone(),
            })?;
            first.get_or_insert(time);
        }
        Ok(first)
    }
}

/// Signature type of timestamped Ed25519 cosignatures.
const COSIGNATURE: u8 = 0x04;

/// RFC 8410 4: what stands before the 32 bytes of an Ed25519 key.
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::encoding::{base64_encode, hex_encode};

    const TEXT: &str = "log.example\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

    fn raw(seed: u8) -> [u8; 32] {
        SigningKey::from_bytes(&[seed; 32])
            .verifying_key()
            .to_bytes()
    }

    fn vkey(name: &str, signature_type: u8, raw: &[u8]) -> String {
        let [a, b, c, d, ..] = sha256_parts(&[name.as_bytes(), b"\n", &[signature_type], raw]);
        let blob = base64_encode(&[&[signature_type], raw].concat());
        format!("{name}+{}+{blob}", hex_encode(&[a, b, c, d]))
    }

    fn witness(seed: u8) -> WitnessKey {
        WitnessKey::parse_vkey(&vkey("w.example", 4, &raw(seed))).unwrap()
    }

    fn line(witness: &WitnessKey, seed: u8, time: u64, text: &str) -> String {
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        let signature = SigningKey::from_bytes(&[seed; 32])
            .sign(message.as_bytes())
            .to_bytes();
        let blob = [&witness.id[..], &time.to_be_bytes(), &signature].concat();
        format!("\u{2014} {} {}\n", witness.name(), base64_encode(&blob))
    }

    // V53
    #[test]
    fn accepts_a_cosignature() {
        let lines = [
            line(&witness(1), 1, 1_679_315_147, TEXT),
            line(&witness(1), 1, 5, TEXT),
        ];
        let note = format!("{TEXT}\n{}", lines.concat());
        let note = Note::parse(&note).unwrap();

        let time = Timestamp::from_unix_seconds(1_679_315_147);
        assert_eq!(Ok(Some(time)), note.cosigned(&witness(1)));
        assert_eq!(Ok(None), note.cosigned(&witness(2)));
    }

    // V53
    #[test]
    fn rejects_a_bad_cosignature() {
        let witness = witness(1);
        let good = line(&witness, 1, 9, TEXT);
        let short = format!(
            "\u{2014} w.example {}\n",
            base64_encode(&[&witness.id[..], &[0; 8]].concat())
        );
        let late = line(&witness, 1, 1 << 63, TEXT);
        let other_text = line(&witness, 1, 9, "log.example\n8\n");
        let plain = {
            let signature = SigningKey::from_bytes(&[1; 32])
                .sign(TEXT.as_bytes())
                .to_bytes();
            let blob = [&witness.id[..], &[0; 8], &signature].concat();
            format!("\u{2014} w.example {}\n", base64_encode(&blob))
        };
        let error = NoteError::Cosignature {
            witness: "w.example".into(),
        };
        for bad in [short, late, other_text, plain, line(&witness, 2, 9, TEXT)] {
            for lines in [format!("{good}{bad}"), format!("{bad}{good}")] {
                let note = format!("{TEXT}\n{lines}");
                let found = Note::parse(&note).unwrap().cosigned(&witness);
                assert_eq!(Err(error.clone()), found, "{bad}");
            }
        }
    }

    // V53
    #[test]
    fn rejects_vkeys_of_another_form() {
        let good = vkey("w.example", 4, &raw(1));
        for bad in [
            String::new(),
            "w.example".into(),
            good.replacen('+', "+0", 1),
            good.replacen("w.", "v.", 1),
            good.to_uppercase(),
            format!("{good}="),
            vkey("w.example", 4, &raw(1)[1..]),
            vkey("w.example", 4, &[0; 33]),
            vkey("w.example", 4, &[0; 32]),
            "w.example+00000000+".into(),
        ] {
            assert_eq!(
                Some(NoteError::WitnessKey),
                WitnessKey::parse_vkey(&bad).err(),
                "{bad}"
            );
        }
        let error = NoteError::KeyName {
            name: "w example".into(),
        };
        assert_eq!(
            Err(error),
            WitnessKey::parse_vkey(&vkey("w example", 4, &raw(1)))
        );
    }

    // V53
    #[test]
    fn rejects_vkeys_of_other_signature_types() {
        for (signature_type, raw) in [(1, &raw(1)[..]), (6, &[0; 1312])] {
            let error = NoteError::UnsupportedWitness { signature_type };
            let found = WitnessKey::parse_vkey(&vkey("w.example", signature_type, raw));
            assert_eq!(Err(error), found);
        }
    }
}
