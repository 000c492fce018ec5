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
        Ok(token) => {
            let who = token.subjects().first().map_or("somebody", String::as_str);
            let text = format!("<p>You are <strong>{}</strong>.</p>", escaped(who));
            let rest = "sigsign goes on in the terminal. You can close this window.";
            page(StatusCode::OK, Mark::Done, "Signed in", &text, rest)
        }
        Err(error) => {
            let text = format!("<p>{}.</p>", escaped(&sentence(error)));
            let rest =
                "Nothing was signed. The terminal says what to do next; you can close this window.";
            page(
                StatusCode::BAD_REQUEST,
                Mark::Failed,
                "Not signed in",
                &text,
                rest,
            )
        }
    }
}

pub(super) fn too_late() -> Response {
    let rest = "You can close this window.";
    page(
        StatusCode::GONE,
        Mark::Failed,
        "This login is over",
        "",
        rest,
    )
}

pub(super) fn nothing_here() -> Response {
    let rest = "This address is only for the end of a login to sigsign.";
    page(
        StatusCode::NOT_FOUND,
        Mark::Failed,
        "Nothing here",
        "",
        rest,
    )
}

fn sentence(error: &LoginError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[derive(Clone, Copy)]
enum Mark {
    Done,
    Failed,
}

fn page(status: StatusCode, mark: Mark, title: &str, text: &str, rest: &str) -> Response {
    // A tick or a cross, in a circle.
    let (class, path) = match mark {
        Mark::Done => ("done", "M7 12.5l3.5 3.5L17 9"),
        Mark::Failed => ("failed", "M8 8l8 8M16 8l-8 8"),
    };
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - sigsign</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>{STYLE}</style></head>
<body><main class="{class}">
<svg viewBox="0 0 24 24" width="56" height="56" aria-hidden="true"><circle cx="12" cy="12" r="11"/><path d="{path}"/></svg>
<h1>{title}</h1>
{text}
<p class="rest">{rest}</p>
</main></body></html>
"#
    );
    respond(status, html)
}

const STYLE: &str = ":root{color-scheme:light dark;--mark:#2a7d46}.failed{--mark:#b3382c}\
    @media (prefers-color-scheme:dark){:root{--mark:#5cc98a}.failed{--mark:#f0857a}}\
    body{font:17px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;margin:0}\
    main{width:min(30rem,88vw);text-align:center;overflow-wrap:anywhere}\
    svg{fill:none;stroke:var(--mark);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}\
    h1{font-size:1.6rem;margin:.6rem 0 .2rem}p{margin:.4rem 0}.rest{opacity:.75}";

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
