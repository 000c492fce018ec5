//! The pages of the issuer. Everything that comes from a request is escaped.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What a form carries along.
pub(super) type Hidden<'a> = [(&'a str, &'a str)];

/// A form that asks who somebody is, and whether a program may sign as them.
pub(super) fn ask(
    title: &str,
    text: &str,
    action: &str,
    fields: &str,
    hidden: &Hidden<'_>,
) -> Response {
    let hidden: String = hidden
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
        })
        .collect();
    let body = format!(
        r#"<p>{text}</p>
<form method="post" action="{action}">{hidden}{fields}
<label>Email address<input name="email" type="email" required autofocus autocomplete="email"></label>
<p class="row"><button name="answer" value="allow">Continue</button>
<button name="answer" value="deny" formnovalidate class="quiet">Cancel</button></p></form>"#
    );
    page(StatusCode::OK, title, &body)
}

/// A page that says what became of a request.
pub(super) fn say(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", escaped(text)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    let title = escaped(title);
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{STYLE}</style></head>
<body><main><h1>{title}</h1>
{body}
<p class="note">Local instance of sigsign: for this machine only. No password is asked for.</p></main></body></html>
"#
    );
    (status, headers, html).into_response()
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;\
    display:grid;place-items:center;min-height:100vh;margin:0}main{width:min(26rem,90vw)}\
    h1{font-size:1.4rem}label{display:block;margin:1rem 0}input{display:block;width:100%;\
    box-sizing:border-box;font:inherit;padding:.5rem;margin-top:.25rem}.row{display:flex;gap:.5rem}\
    button{font:inherit;padding:.5rem 1rem}.note{opacity:.7;font-size:.85rem}";

/// Text as HTML shows it, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
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
        assert_eq!("&lt;script&gt;&quot;&#39;&amp;", escaped("<script>\"'&"));
    }
}
