"""Programs that run while the run lasts: started, waited for, ended by their ids."""

import pathlib
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from isolation import end_with_parent

START_SECONDS = 30
END_SECONDS = 10


class Failed(Exception):
    """Something that was started does not do what it should."""


class Processes:
    """Every program that was started, each with a log of its own."""

    def __init__(self, folder):
        self.logs = pathlib.Path(folder)
        self.logs.mkdir()
        self._running = {}
        self._lock = threading.Lock()

    def start(self, name, command, cwd=None, environment=None):
        """Starts a program; what it says goes to its log."""
        with open(self.log(name), "wb") as log:
            child = subprocess.Popen(
                list(map(str, command)), cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, preexec_fn=end_with_parent)
        with self._lock:
            self._running[name] = child
        return child

    def log(self, name):
        return self.logs / f"{name}.log"

    def wait(self, name, is_ready):
        """What `is_ready` says of a program that runs, once it is not false."""
        until = time.monotonic() + START_SECONDS
        while not (answer := is_ready()):
            if self._running[name].poll() is not None:
                raise Failed(f"{name} ended with status {self._running[name].returncode}")
            if time.monotonic() > until:
                raise Failed(f"{name} is not ready after {START_SECONDS} s")
            time.sleep(0.02)
        return answer

    def wait_for_url(self, name, url):
        self.wait(name, lambda: answers(url))

    def check(self):
        """Nobody has left."""
        for name, child in self._running.items():
            if child.poll() is not None:
                raise Failed(f"{name} ended with status {child.returncode}")

    def end(self):
        """Ends all, the last one first."""
        with self._lock:
            children = list(reversed(self._running.values()))
            self._running = {}
        for child in children:
            child.terminate()
        until = time.monotonic() + END_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def show_logs(self, lines=12):
        """The end of each log."""
        for log in sorted(self.logs.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-lines:]
            if tail:
                print(f"--- {log.stem}", *(line[:300] for line in tail), sep="\n    ")


def answers(url):
    """Whether there is a good answer from a URL."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def free_ports(count):
    """So many ports that nobody has now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
