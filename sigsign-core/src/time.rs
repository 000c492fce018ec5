//! Points in time and closed intervals.
//!
//! In: civil dates from certificates and tokens, RFC 3339 text from JSON, counts of seconds.
//! Out: values that compare exactly. Not here: any clock; the caller says what time it is.

use std::fmt;

/// A point in time, in UTC, exact to the nanosecond.
///
/// Whole seconds are what certificates and logs use; the fraction is kept because RFC 3161 tokens
/// may carry one, and half a second after the end of a validity period is outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The point `seconds` after 1970-01-01T00:00:00Z, negative before it.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }

    /// The point `seconds` and `nanos` after 1970; `None` if `nanos` is a second or more.
    pub const fn from_unix_parts(seconds: i64, nanos: u32) -> Option<Self> {
        if nanos < NANOS_PER_SECOND {
            Some(Self { seconds, nanos })
        } else {
            None
        }
    }

    /// The whole second that `millis` after 1970 lies in.
    ///
    /// Spec: RFC 6962 3.2 counts milliseconds; validity windows of logs count seconds (V32)
    pub fn from_unix_millis_floor(millis: u64) -> Self {
        // A u64 divided by 1000 fits an i64.
        Self::from_unix_seconds(i64::try_from(millis / 1000).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second, below 1,000,000,000.
    pub const fn nanos(self) -> u32 {
        self.nanos
    }

    /// The given day and time of the Gregorian calendar in UTC; `None` if there is no such time.
    ///
    /// `year` is 0 to 9999. Leap seconds have no number of their own in this count and are refused.
    pub fn from_civil(
        year: i64,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        let in_range = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_range {
            return None;
        }
        let days = days_from_civil(year, i64::from(month), i64::from(day))?;
        let in_day = i64::from(hour)
            .checked_mul(3600)?
            .checked_add(i64::from(minute).checked_mul(60)?)?
            .checked_add(i64::from(second))?;
        Some(Self::from_unix_seconds(
            days.checked_mul(SECONDS_PER_DAY)?.checked_add(in_day)?,
        ))
    }

    /// Parses the RFC 3339 form that proto3 JSON uses for `google.protobuf.Timestamp`.
    ///
    /// Upper-case `T` and `Z`, or a numeric offset; a fraction of one to nine digits.
    ///
    /// Spec: RFC 3339 5.6; proto3 JSON, Timestamp
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date_time, rest) = text.split_at_checked(19)?;
        let base = parse_date_time(date_time.as_bytes())?;
        let (nanos, zone) = match rest.strip_prefix('.') {
            Some(rest) => parse_fraction(rest)?,
            None => (0, rest),
        };
        let seconds = base.seconds.checked_sub(parse_offset(zone)?)?;
        Self::from_unix_parts(seconds, nanos)
    }
}

impl From<std::time::SystemTime> for Timestamp {
    /// The same point in time; far from 1970 it is the nearest that there is.
    fn from(time: std::time::SystemTime) -> Self {
        let seconds =
            |since: std::time::Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Self {
                seconds: seconds(since),
                nanos: since.subsec_nanos(),
            },
            Err(before) => Self::from_unix_seconds(seconds(before.duration()).saturating_neg()),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.seconds.div_euclid(SECONDS_PER_DAY);
        let in_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// A closed interval of time: both ends belong to it. Without an end it goes on for ever.
///
/// Spec: common.proto, TimeRange; RFC 5280 4.1.2.5
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    start: Timestamp,
    end: Option<Timestamp>,
}

impl Validity {
    /// The interval from `start` to `end`, both included.
    pub const fn new(start: Timestamp, end: Option<Timestamp>) -> Self {
        Self { start, end }
    }

    /// The first point of the interval.
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The last point of the interval, if it has one.
    pub const fn end(self) -> Option<Timestamp> {
        self.end
    }

    /// Whether `at` lies in the interval, ends included.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && self.end.is_none_or(|end| at <= end)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            Some(end) => write!(f, "{} to {end}", self.start),
            None => write!(f, "from {}", self.start),
        }
    }
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Reads `YYYY-MM-DDTHH:MM:SS`.
fn parse_date_time(text: &[u8]) -> Option<Timestamp> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = text
    else {
        return None;
    };
    let century = i64::from(two_digits(*y0, *y1)?);
    let year = century
        .checked_mul(100)?
        .checked_add(i64::from(two_digits(*y2, *y3)?))?;
    Timestamp::from_civil(
        year,
        two_digits(*m0, *m1)?,
        two_digits(*d0, *d1)?,
        two_digits(*h0, *h1)?,
        two_digits(*n0, *n1)?,
        two_digits(*s0, *s1)?,
    )
}

/// The value of two ASCII digits.
pub(crate) fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    tens.checked_sub(b'0')?
        .checked_mul(10)?
        .checked_add(ones.checked_sub(b'0')?)
}

/// Reads one to nine digits as a fraction of a second; returns nanoseconds and what follows.
pub(crate) fn parse_fraction(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&len) {
        return None;
    }
    let (digits, rest) = text.split_at_checked(len)?;
    let scale = 10u32.checked_pow(u32::try_from(9usize.checked_sub(len)?).ok()?)?;
    Some((digits.parse::<u32>().ok()?.checked_mul(scale)?, rest))
}

/// Reads `Z` or `+HH:MM`; returns seconds east of UTC.
fn parse_offset(text: &str) -> Option<i64> {
    match *text.as_bytes() {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (two_digits(h0, h1)?, two_digits(m0, m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours)
                .checked_mul(3600)?
                .checked_add(i64::from(minutes).checked_mul(60)?)?;
            if sign == b'-' {
                seconds.checked_neg()
            } else {
                Some(seconds)
            }
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to the given day, in a calendar whose year starts in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let shifted = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = month.checked_add(9)?.rem_euclid(12);
    let day_of_year = month_from_march
        .checked_mul(153)?
        .checked_add(2)?
        .div_euclid(5)
        .checked_add(day)?;
    let day_of_era = year_of_era
        .checked_mul(365)?
        .checked_add(year_of_era / 4)?
        .checked_sub(year_of_era / 100)?
        .checked_add(day_of_year)?;
    era.checked_mul(146_097)?
        .checked_add(day_of_era)?
        .checked_sub(719_469)
}

/// The calendar day that many days after 1970-01-01; saturates far outside any real date.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = day_of_era
        .saturating_sub(day_of_era / 1460)
        .saturating_add(day_of_era / 36_524)
        .saturating_sub(day_of_era / 146_096)
        / 365;
    let before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(before);
    let month_from_march = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let month_start = month_from_march.saturating_mul(153).saturating_add(2) / 5;
    let day = day_of_year.saturating_sub(month_start).saturating_add(1);
    let month = if month_from_march < 10 {
        month_from_march.saturating_add(3)
    } else {
        month_from_march.saturating_sub(9)
    };
    let year = era.saturating_mul(400).saturating_add(year_of_era);
    (
        if month <= 2 {
            year.saturating_add(1)
        } else {
            year
        },
        month,
        day,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_rfc3339_forms() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2026-11-23T10:04:00Z", 1_795_428_240, 0),
            ("2000-02-29T23:59:59Z", 951_868_799, 0),
            ("2022-10-31T23:59:59.999Z", 1_667_260_799, 999_000_000),
            ("1969-12-31T23:59:59Z", -1, 0),
            ("2020-01-01T01:00:00+01:00", 1_577_836_800, 0),
            ("2019-12-31T23:30:00-00:30", 1_577_836_800, 0),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ] {
            let at = Timestamp::parse_rfc3339(text).unwrap();

            assert_eq!((seconds, nanos), (at.unix_seconds(), at.nanos()), "{text}");
        }
    }

    #[test]
    fn rejects_what_is_not_rfc3339() {
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01t00:00:00Z",
            "2020-01-01T00:00:00z",
            "2020-01-01 00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2021-02-29T00:00:00Z",
            "2020-01-00T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:00:60Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00.1234567890Z",
            "2020-01-01T00:00:00+0100",
            "2020-01-01T00:00:00+24:00",
            "2020-01-01T00:00:00Z ",
            "+020-01-01T00:00:00Z",
            "2020-01-01T00:00:0\u{661}Z",
        ] {
            assert_eq!(None, Timestamp::parse_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn accepts_its_own_display() {
        for seconds in (-3_000_000_000..5_000_000_000).step_by(86_399 * 97) {
            let at = Timestamp::from_unix_seconds(seconds);

            assert_eq!(Some(at), Timestamp::parse_rfc3339(&at.to_string()));
        }
        let at = Timestamp::from_unix_parts(5, 250_000_000).unwrap();
        assert_eq!("1970-01-01T00:00:05.25Z", at.to_string());
    }

    #[test]
    fn accepts_both_ends_of_a_validity() {
        let at = Timestamp::from_unix_seconds;
        let validity = Validity::new(at(10), Some(at(20)));

        assert!(validity.contains(at(10)) && validity.contains(at(20)));
        assert!(!validity.contains(at(9)) && !validity.contains(at(21)));
        assert!(!validity.contains(Timestamp::from_unix_parts(20, 1).unwrap()));
        assert!(Validity::new(at(10), None).contains(at(i64::MAX)));
    }

    #[test]
    fn accepts_extremes_without_panic() {
        for seconds in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_unix_seconds(seconds).to_string().is_empty());
        }
        assert_eq!(1, Timestamp::from_unix_millis_floor(1999).unix_seconds());
        assert_eq!(None, Timestamp::from_unix_parts(0, 1_000_000_000));
    }
}
