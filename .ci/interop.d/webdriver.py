"""A real browser, without a window, that does what a person does.

Spec: W3C WebDriver; the Chrome DevTools Protocol for what a person has set in the system
"""

import base64
import itertools
import json
import time
import urllib.error
import urllib.request

from processes import free_ports

# Nothing but what the test asks for: no sandbox for root, no calls home.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--no-proxy-server"]
SECONDS = 30
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Driver:
    """Starts browsers, each of which knows nothing of the others."""

    def __init__(self, folder, browser, processes):
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.browser, driver = browser
        self.numbers = itertools.count()
        processes.start("chromedriver", [driver, f"--port={port}"], cwd=folder)
        processes.wait_for_url("chromedriver", f"{self.url}/status")

    def window(self):
        data = self.folder / f"browser-{next(self.numbers)}"
        options = {"binary": self.browser, "args": [*FLAGS, f"--user-data-dir={data}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL"}}
        return Window(self.url, wanted)


class Window:
    """One window; it closes at the end of a `with`."""

    def __init__(self, url, wanted):
        session = call("POST", f"{url}/session", {"capabilities": {"alwaysMatch": wanted}})
        self.url = f"{url}/session/{session['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        call("DELETE", self.url)

    def open(self, url):
        call("POST", f"{self.url}/url", {"url": url})

    def place(self):
        return call("GET", f"{self.url}/url")

    def follow(self, selector):
        """Clicks what leads to another page, and waits until this one is gone."""
        element = self._element(selector)
        call("POST", f"{element}/click", {})
        until = time.monotonic() + SECONDS
        while _is_there(element):
            if time.monotonic() > until:
                raise OSError(f"{selector} leads nowhere from {self.place()}")
            time.sleep(0.02)

    def write(self, selector, text):
        call("POST", f"{self._element(selector)}/value", {"text": text})

    def has(self, selector):
        return bool(call("POST", f"{self.url}/elements", by(selector)))

    def ask(self, expression):
        """What an expression is, in the page."""
        script = {"script": f"return {expression}", "args": []}
        return call("POST", f"{self.url}/execute/sync", script)

    def look(self, width, height, scheme):
        """From now on the screen is that large, and the system light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._tell("Emulation.setDeviceMetricsOverride", size)
        scheme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._tell("Emulation.setEmulatedMedia", scheme)

    def picture(self):
        """What is seen, as PNG."""
        return base64.b64decode(call("GET", f"{self.url}/screenshot"))

    def complaints(self):
        """What the browser says of the pages, such as that a policy forbids a part of one."""
        return [it["message"] for it in call("POST", f"{self.url}/se/log", {"type": "browser"})]

    def _tell(self, command, parameters):
        call("POST", f"{self.url}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _element(self, selector):
        found = call("POST", f"{self.url}/element", by(selector))
        return f"{self.url}/element/{found[ELEMENT]}"


def _is_there(element):
    try:
        return bool(call("GET", f"{element}/name"))
    except OSError:
        return False


def by(selector):
    return {"using": "css selector", "value": selector}


def call(method, url, body=None):
    """The value that the driver answers with."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        said = json.loads(error.read())["value"]["message"]
        raise OSError(f"{method} {url}: {said.splitlines()[0]}") from error
