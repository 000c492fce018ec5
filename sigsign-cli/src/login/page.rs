//! What the browser shows at the end of a login. Everything that comes from outside is escaped.

use axum::http::StatusCode;
use axum::response::Response;
use sigsign_core::encoding::Escaped;
use sigsign_core::oidc::IdentityToken;
use sigsign_core::oidc::login::LoginError;

use super::listener::respond;

/// What became of the login.
pub(super) fn of(done: &Result<IdentityToken, LoginError>) -> Response {
    match done {
        Ok(token) => Page {
            status: StatusCode::OK,
            mark: Mark::Done,
            title: "Signed in",
            text: who(token),
            rest: "sigsign goes on in the terminal.",
        },
        Err(error) => Page {
            status: StatusCode::BAD_REQUEST,
            mark: Mark::Failed,
            title: "Not signed in",
            text: why(error),
            rest: "Nothing was signed. The terminal says what to do next.",
        },
    }
    .respond()
}

pub(super) fn too_late() -> Response {
    Page {
        status: StatusCode::GONE,
        mark: Mark::Failed,
        title: "This login is over",
        text: String::new(),
        rest: "Somebody came back from it before.",
    }
    .respond()
}

pub(super) fn nothing_here() -> Response {
    Page {
        status: StatusCode::NOT_FOUND,
        mark: Mark::Failed,
        title: "Nothing here",
        text: String::new(),
        rest: "This address is only for the end of a login to sigsign.",
    }
    .respond()
}

fn who(token: &IdentityToken) -> String {
    let who = token.subjects().first().map_or("somebody", String::as_str);
    let (who, issuer) = (escaped(who), escaped(token.issuer()));
    format!(r#"<p class="who">{who}</p><p class="small">as {issuer} says</p>"#)
}

fn why(error: &LoginError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string());
    let sentence = escaped(&(first.unwrap_or_default() + chars.as_str()));
    let code = error.code();
    format!(r#"<p>{sentence}.</p><p class="small"><code>{code}</code></p>"#)
}

#[derive(Clone, Copy)]
enum Mark {
    Done,
    Failed,
}

struct Page {
    status: StatusCode,
    mark: Mark,
    title: &'static str,
    /// HTML.
    text: String,
    rest: &'static str,
}

impl Page {
    fn respond(self) -> Response {
        let Self {
            title, text, rest, ..
        } = self;
        // A tick or a cross, in a circle; the same for the tab.
        let (class, color, path) = match self.mark {
            Mark::Done => ("done", "%232a7d46", "M7 12.5l3.5 3.5L17 9"),
            Mark::Failed => ("failed", "%23b3382c", "M8 8l8 8M16 8l-8 8"),
        };
        let html = format!(
            r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - sigsign</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='white' stroke-width='2.5'><circle cx='12' cy='12' r='12' fill='{color}' stroke='none'/><path d='{path}'/></svg>">
<style>{STYLE}</style></head>
<body class="{class}"><main>
<svg viewBox="0 0 24 24" width="64" height="64" aria-hidden="true"><circle cx="12" cy="12" r="12"/><path d="{path}"/></svg>
<h1>{title}</h1>
{text}
<p class="rest">{rest} You can close this window.</p>
</main><footer>sigsign</footer></body></html>
"#
        );
        respond(self.status, html)
    }
}

const STYLE: &str = ":root{color-scheme:light dark;--page:#f3f5f7;--card:#fff;--text:#1b2128;--soft:#57616d;\
    --line:#dfe4e9;--done:#2a7d46;--failed:#b3382c}\
    @media (prefers-color-scheme:dark){:root{--page:#14181d;--card:#1d232a;--text:#e9edf1;--soft:#a3adb8;\
    --line:#303944;--done:#2f9150;--failed:#c9493c}}\
    *{box-sizing:border-box}\
    body{font:17px/1.5 system-ui,sans-serif;background:var(--page);color:var(--text);margin:0;min-height:100vh;\
    padding:1rem;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1rem}\
    .done{--mark:var(--done)}.failed{--mark:var(--failed)}\
    main{width:min(28rem,100%);padding:2.25rem 1.75rem 1.75rem;text-align:center;overflow-wrap:anywhere;\
    background:var(--card);border:1px solid var(--line);border-top:4px solid var(--mark);border-radius:12px;\
    box-shadow:0 8px 28px #00000014}\
    svg{display:block;margin:0 auto;fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;\
    stroke-linejoin:round}circle{fill:var(--mark);stroke:none}\
    h1{font-size:1.55rem;line-height:1.25;margin:1rem 0 .6rem}p{margin:.35rem 0;text-wrap:balance}\
    .who{font-size:1.1rem;font-weight:600}.small,footer{font-size:.875rem;color:var(--soft)}\
    .rest{margin-top:1.25rem;padding-top:1.1rem;border-top:1px solid var(--line);color:var(--soft)}\
    footer{letter-spacing:.04em}";

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    let mut html = String::new();
    for c in Escaped(text).to_string().chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_comes_from_outside_as_text() {
        assert_eq!(
            "&lt;b&gt;&amp;&quot;&#39;\\u{202e}",
            escaped("<b>&\"'\u{202e}")
        );
    }
}
