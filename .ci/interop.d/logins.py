"""A person logs in at a real OpenID provider with a real browser: here, or with a code on another device.

What the browser shows at the end is looked at as well; SIGSIGN_INTEROP_PICTURES names a folder for pictures of it.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import time

from webdriver import Driver

WHO = "jane@example.com"
SECONDS = 60
AT_ONCE = 4
# Screens that people have; the smallest is WCAG 2.2, 1.4.10's.
SCREENS = [("wide", 1280, 800), ("narrow", 320, 640)]
SCHEMES = ["light", "dark"]


class Logins:
    """Our commands, with somebody in front of each."""

    def __init__(self, folder, services, program, processes):
        self.folder = folder / "logins"
        self.folder.mkdir()
        self.services, self.program = services, program
        self.issuer = services.urls["oidc-provider"]
        self.driver = Driver(self.folder, services.browser, processes)
        self.pictures = os.environ.get("SIGSIGN_INTEROP_PICTURES")
        self._write_opener()

    def _write_opener(self):
        """What a desktop opens pages with: leaves the address to the test."""
        self.desktop = self.folder / "desktop"
        self.desktop.mkdir()
        opener = self.desktop / "xdg-open"
        opener.write_text("#!/bin/sh\nprintf '%s' \"$1\" >\"$OPENED.new\"\nexec /bin/mv \"$OPENED.new\" \"$OPENED\"\n")
        opener.chmod(0o755)

    def start(self, arguments, flow, seconds=SECONDS):
        """A command that waits for somebody, and what it says to them."""
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment["PATH"] = str(self.desktop)
        environment["OPENED"] = str(self.folder / f"opened-{flow}-{arguments[0]}")
        flags = ["--oidc-flow", flow, "--oidc-issuer", self.issuer, "--oidc-timeout", str(seconds)]
        process = subprocess.Popen([self.program, *arguments, *flags], env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = process.stderr.readline() + process.stderr.readline()
        return process, re.findall(r"https?://[^\s,]+", said)[-1]

    def whoami(self, flow, seconds=SECONDS):
        config = ["--signing-config", self.services.signing_config(2), "--trusted-root", self.services.trusted_root]
        return self.start(["whoami", *config], flow, seconds)

    def address_opened(self):
        """What the command had opened by the desktop."""
        opened = self.folder / "opened-browser-sign"
        until = time.monotonic() + SECONDS
        while not opened.exists():
            if time.monotonic() > until:
                return "nothing"
            time.sleep(0.02)
        return opened.read_text()

    # What goes well.

    def in_browser(self):
        yield from self._signs("browser", lambda window, url: [
            *([] if self.address_opened() == url else ["another page is opened than is said"]),
            *self._log_in(window, url),
            *self._page(window, "Signed in", WHO)])

    def on_device(self):
        def visit(window, url):
            window.open(url)
            window.follow("button[autofocus]")
            self._say_who(window)
            text = window.ask("document.body.innerText")
            return [] if "Sign-in Success" in text else [f"wanted Sign-in Success, found {text[:200]}"]
        yield from self._signs("device", visit)

    def _signs(self, flow, visit):
        file = self.folder / f"by-{flow}"
        file.write_text("signed by whoever logs in\n")
        bundle = self.folder / f"{flow}.json"
        trust = ["--trusted-root", self.services.trusted_root]
        sign = ["sign", file, "--bundle", bundle, *trust, "--signing-config", self.services.signing_config(2)]
        process, url = self.start(sign, flow)
        with self.driver.window() as window:
            yield from visit(window, url)
            yield from ended(process, 0, "")
        who = ["--identity", WHO, "--issuer", self.issuer]
        verify = [self.program, "verify", file, "--bundle", bundle, *who, *trust]
        if subprocess.run(verify, capture_output=True, check=False).returncode != 0:
            yield "what was signed does not verify"

    # What does not.

    def denied(self):
        def deny(window, url):
            window.open(url)
            window.follow("a[href$='/abort']")
            return []
        yield from self._refused(deny, "The login was denied", "login.denied")

    def other_state(self):
        yield from self._changed("state", "its state is not ours", "login.state")

    def other_nonce(self):
        yield from self._changed("nonce", "its nonce is not ours", "login.nonce")

    def _changed(self, name, shown, code):
        def visit(window, url):
            return self._log_in(window, re.sub(rf"\b{name}=[^&]+", f"{name}=other", url))
        yield from self._refused(visit, shown, code)

    def _refused(self, visit, shown, code):
        process, url = self.whoami("browser")
        with self.driver.window() as window:
            yield from visit(window, url)
            yield from self._page(window, "Not signed in", shown)
            yield from ended(process, 5, code)

    def closed_window(self):
        process, url = self.whoami("browser", seconds=2)
        with self.driver.window() as window:
            window.open(url)
        yield from ended(process, 5, "login.timeout")

    def called_twice(self):
        """Whoever comes later with the same address is not let in; nobody listens any more."""
        process, url = self.whoami("browser")
        with self.driver.window() as window:
            yield from self._log_in(window, url)
            yield from ended(process, 0, "")
            back = window.place()
            try:
                window.open(back)
                yield "somebody still listens"
            except OSError as error:
                if "ERR_CONNECTION_REFUSED" not in str(error):
                    yield f"wanted a refused connection, found {error}"

    def denied_device(self):
        process, url = self.whoami("device")
        with self.driver.window() as window:
            window.open(url)
            window.follow("button[name='abort']")
            yield from ended(process, 5, "login.denied")

    def forgotten_device(self):
        process, _ = self.whoami("device", seconds=2)
        yield from ended(process, 5, "login.expired")

    # What a person does, and sees.

    def _log_in(self, window, url):
        window.open(url)
        self._say_who(window)
        return []

    def _say_who(self, window):
        """Answers the provider until it has no more questions."""
        for _ in range(3):
            if window.has("input[name='login']"):
                window.write("input[name='login']", WHO)
                window.write("input[name='password']", "any")
            if not window.has("form button[type='submit']"):
                return
            window.follow("form button[type='submit']")

    def _page(self, window, title, shown):
        """The page at the end: what it says, that it needs nobody else, and fits any screen."""
        place = window.place()
        if window.ask("document.title") != f"{title} - sigsign":
            yield f"wanted the page {title}, found {window.ask('document.title')} at {place}"
            return
        text = window.ask("document.body.innerText")
        if shown not in text:
            yield f"wanted {shown} in the page, found {text}"
        origin = re.match(r"http://[^/]+", place)[0]
        # The status is meant for programs.
        said = (it for it in window.complaints() if origin in it)
        yield from (it for it in said if "status of 400" not in it)
        if others := window.ask("performance.getEntriesByType('resource').map(it => it.name)"):
            yield f"the page fetches {others}"
        for name, width, height in SCREENS:
            for scheme in SCHEMES:
                window.look(width, height, scheme)
                if window.ask("document.documentElement.scrollWidth") > width:
                    yield f"the page is wider than {width} pixels"
                if self.pictures:
                    kind = re.sub(r"\W+", "-", shown.lower())
                    picture = pathlib.Path(self.pictures, f"{kind}-{name}-{scheme}.png")
                    picture.write_bytes(window.picture())


def ended(process, status, code):
    """The command is done, with this status and for this reason."""
    try:
        _, said = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        yield "the command still waits"
        return
    finally:
        process.kill()
        process.wait()
    if process.returncode != status or code not in said:
        yield f"wanted {status} {code}, found {process.returncode}: {said.strip()}"


def check(folder, services, program, processes):
    """What goes wrong, and a line about what does not."""
    logins = Logins(folder, services, program, processes)
    good = [logins.in_browser, logins.on_device]
    bad = [logins.denied, logins.other_state, logins.other_nonce, logins.closed_window, logins.called_twice,
           logins.denied_device, logins.forgotten_device]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [it for found in pool.map(wrong_with, good + bad) for it in found]
    names = ", ".join(map(name_of, good + bad))
    return problems, f"logins at oidc-provider with a real browser: {names}"


def wrong_with(login):
    try:
        return [f"login, {name_of(login)}: {problem}" for problem in login()]
    except OSError as error:
        return [f"login, {name_of(login)}: {error}"]


def name_of(login):
    return login.__name__.replace("_", " ")
