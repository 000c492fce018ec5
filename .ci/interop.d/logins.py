"""A person logs in at a real OpenID provider: in a browser, and with a code on another device."""

import html.parser
import http.cookiejar
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

WHO = "jane@example.com"


class Form(html.parser.HTMLParser):
    """The first form of a page, and what it sends along."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = found["action"]
        elif tag == "input" and found.get("name"):
            self.fields[found["name"]] = found.get("value") or ""


class Person:
    """Whoever follows links, keeps cookies, and says who they are."""

    def __init__(self):
        jar = http.cookiejar.CookieJar()
        direct = urllib.request.ProxyHandler({})
        self.browser = urllib.request.build_opener(direct, urllib.request.HTTPCookieProcessor(jar))
        self.place = None

    def open(self, url, form=None):
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.browser.open(url, data, timeout=20) as answer:
                self.place, page = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.place, page = error.url, error.read().decode()
        return page

    def log_in(self, url, until):
        """Fills in what there is to fill in; the last page."""
        page = self.open(url)
        for _ in range(6):
            if until in page:
                return page
            form = Form(page)
            if form.action is None:
                return page
            if "login" in form.fields:
                form.fields.update(login=WHO, password="any")
            page = self.open(urllib.parse.urljoin(self.place, form.action), form.fields)
        return page


def start(program, arguments):
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    # Nothing opens by itself: the person is Person.
    environment["PATH"] = ""
    return subprocess.Popen([program, *arguments], env=environment, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(folder, services, program):
    """What goes wrong, and a line about what does not."""
    file = folder / "for-logins"
    file.write_text("signed by whoever logs in\n")
    trust = ["--trusted-root", services.trusted_root]
    problems = []
    for flow, until in [("browser", "Signed in"), ("device", "Sign-in Success")]:
        bundle = folder / f"login-{flow}.json"
        sign = ["sign", file, "--bundle", bundle, *trust, "--signing-config", services.signing_config(2),
                "--oidc-flow", flow, "--oidc-issuer", services.urls["oidc-provider"], "--oidc-timeout", "60"]
        process = start(program, sign)
        try:
            invitation = process.stderr.readline() + process.stderr.readline()
            url = re.findall(r"https?://[^\s,]+", invitation)[-1]
            page = Person().log_in(url, until)
            said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        who = ["--identity", WHO, "--issuer", services.urls["oidc-provider"]]
        verify = [program, "verify", file, "--bundle", bundle, *who, *trust]
        if process.returncode != 0:
            problems.append(f"login, {flow}: {said[1].strip()}")
        elif until not in page:
            problems.append(f"login, {flow}: wanted the page {until}, found {page[:200]}")
        elif subprocess.run(verify, capture_output=True, check=False).returncode != 0:
            problems.append(f"login, {flow}: what was signed does not verify")
    return problems, "a person logged in at oidc-provider and signed: browser, device"
