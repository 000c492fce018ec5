//! Base64, hexadecimal, PEM and times as text.

use base64::Engine as _;

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes that [`base64()`] wrote.
///
/// # Panics
///
/// If it is not base64.
pub fn from_base64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .expect("base64")
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// PEM with lines of 64 characters and a final line break.
pub fn pem(label: &str, der: &[u8]) -> String {
    let body = base64(der);
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .map(|at| &body[at..(at + 64).min(body.len())])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The DER in a PEM block.
pub fn from_pem(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    from_base64(&body)
}

/// Year, month, day, hour, minute and second of seconds since 1970.
pub fn civil(at: i64) -> [i64; 6] {
    let (days, rest) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    let (mut year, mut day) = (1970, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year| if leap(year) { 366 } else { 365 };
    while day < 0 {
        year -= 1;
        day += length(year);
    }
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let mut month = 1;
    for days in [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    [year, month, day + 1, rest / 3600, rest / 60 % 60, rest % 60]
}

/// `2026-01-15T12:00:00Z`
pub fn rfc3339(at: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20260115120000`, the start of a GeneralizedTime.
pub fn digits(at: i64) -> String {
    civil(at)
        .iter()
        .enumerate()
        .fold(String::new(), |text, (place, number)| {
            if place == 0 {
                format!("{number:04}")
            } else {
                format!("{text}{number:02}")
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_known_times() {
        assert_eq!("1970-01-01T00:00:00Z", rfc3339(0));
        assert_eq!("1969-12-31T23:59:59Z", rfc3339(-1));
        assert_eq!("2000-02-29T00:00:00Z", rfc3339(951_782_400));
        assert_eq!("20260115120000", digits(1_768_478_400));
    }

    #[test]
    fn accepts_pem_and_back() {
        let der: Vec<u8> = (0..=99).collect();

        assert_eq!(der, from_pem(&pem("X", &der)));
        assert_eq!(65, pem("X", &der).lines().nth(1).unwrap().len() + 1);
    }
}
