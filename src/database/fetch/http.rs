//! One request: the only file that knows the HTTP library.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use super::Error;

/// However slowly a file comes, one attempt at it ends after so long.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(3600);

/// Asks for files.
#[derive(Debug)]
pub(super) struct Client(Agent);

/// The beginning of an answer.
pub(super) struct Answer {
    /// Status 200 to 599; redirections have been followed.
    pub status: u16,
    /// Its meaning in words, after a blank, or nothing.
    pub reason: String,
    /// Bytes that are going to come, where the server says.
    pub length: Option<u64>,
    /// First byte of the range that is going to come (`Content-Range`), with status 206.
    pub start: Option<u64>,
    /// What comes.
    pub body: Box<dyn Read>,
}

/// Why there was no answer.
pub(super) enum Failure {
    /// Another attempt may succeed.
    Passing(String),
    /// No attempt will.
    Lasting(String),
}

/// The base address with a `/` at its end.
pub(super) fn checked_base(base: &str) -> Result<String, Error> {
    let refused = || Error::Address { found: base.into() };
    let uri: ureq::http::Uri = base.parse().map_err(|_| refused())?;
    let is_known = uri.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme));
    if !is_known || uri.host().is_none_or(str::is_empty) || base.contains(['?', '#']) {
        return Err(refused());
    }
    Ok(format!("{}/", base.trim_end_matches('/')))
}

impl Client {
    /// A client for addresses below `base`; a connection that is silent for `patience` has failed.
    pub(super) fn new(base: &str, patience: Duration) -> Self {
        let config = Agent::config_builder()
            .https_only(base.to_ascii_lowercase().starts_with("https:"))
            .http_status_as_error(false)
            .user_agent(concat!("heart-darts/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience))
            .timeout_recv_body(Some(LONGEST_ATTEMPT))
            .build();
        Self(config.into())
    }

    /// Asks for `url` from byte `start` on.
    pub(super) fn get(&self, url: &str, start: u64) -> Result<Answer, Failure> {
        let mut request = self.0.get(url);
        if start > 0 {
            request = request.header("Range", format!("bytes={start}-"));
        }
        let response = request.call().map_err(|error| {
            use ureq::Error as E;
            let text = error.to_string();
            match error {
                E::BadUri(_) | E::Http(_) | E::RequireHttpsOnly(_) | E::TooManyRedirects | E::RedirectFailed => {
                    Failure::Lasting(text)
                }
                E::InvalidProxyUrl | E::TlsRequired => Failure::Lasting(text),
                _ => Failure::Passing(text),
            }
        })?;
        let status: StatusCode = response.status();
        let range = response.headers().get("Content-Range").and_then(|value| value.to_str().ok());
        let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
        let reason = status.canonical_reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let body = response.into_body();
        let length = body.content_length();
        Ok(Answer { status: status.as_u16(), reason, length, start, body: Box::new(body.into_reader()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_addresses_are_checked_and_end_in_one_slash() {
        for base in ["https://physionet.org/files/mitdb/1.0.0", "https://physionet.org/files/mitdb/1.0.0//"] {
            assert_eq!(checked_base(base).unwrap(), "https://physionet.org/files/mitdb/1.0.0/");
        }
        assert_eq!(checked_base("http://127.0.0.1:80").unwrap(), "http://127.0.0.1:80/");
        for base in ["", "physionet.org", "ftp://host/x", "https://", "https://host/?a=b", "/files", "file:///x"] {
            assert!(matches!(checked_base(base), Err(Error::Address { .. })), "{base}");
        }
    }
}
