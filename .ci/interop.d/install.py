"""Installs the services and clients, pinned by the lock files here, in a folder outside the tree.

Each kind of tool has a folder named after the hash of what pins it, and is made once.
"""

import contextlib
import fcntl
import hashlib
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
GO_ENVIRONMENT = {
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
}
NPM_ENVIRONMENT = {"npm_config_update_notifier": "false"}
DONE = "done"
# How the public Fulcio is configured, as its module has it.
FULCIO_CONFIG = "fulcio.yaml"


class NotInstalled(Exception):
    """A part cannot be had; says which and what to do."""


def cache():
    """The folder that keeps the tools between runs."""
    named = os.environ.get("SIGSIGN_INTEROP_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(named) if named else pathlib.Path(base) / "sigsign-interop"


def everything():
    """Installs what is missing. Returns the folders by name, and the versions by tool."""
    folders = {
        "go": made("go", go_pins(), build_go),
        "python": made("python", python_pins(), make_environment),
        "js": made("js", js_pins(), make_modules),
        "registry": made("registry", ["docker-registry"], unpack_registry),
        "browser": browser(),
    }
    return folders, versions(folders)


def made(name, pins, make):
    """The folder of a tool; `make` fills it if nobody has yet."""
    key = hashlib.sha256("\0".join(pins).encode()).hexdigest()[:16]
    folder = cache() / f"{name}-{key}"
    with locked(folder):
        if not (folder / DONE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            begun = time.monotonic()
            make(folder)
            print(f"interop: {name} installed in {time.monotonic() - begun:.0f} s", flush=True)
            (folder / DONE).touch()
    return folder


@contextlib.contextmanager
def locked(folder):
    """Two runs at once make it once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go_pins():
    sources = sorted((HERE / "go").rglob("*.go"))
    files = [HERE / "go/go.mod", HERE / "go/go.sum", *sources]
    version = said(["go", "version"], what="Go")
    return [version, inspect.getsource(build_go), *(file.read_text() for file in files)]


def build_go(folder):
    """Every `tool` of the module, and our own mains."""
    mains = [f"./{path.parent.name}" for path in sorted((HERE / "go").glob("*/main.go"))]
    command = ["go", "build", "-o", f"{folder}/", "tool", *mains]
    run(command, "the Go programs", cwd=HERE / "go", environment=GO_ENVIRONMENT)
    where = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", GO_MODULES["fulcio"]]
    module = pathlib.Path(said(where, cwd=HERE / "go"))
    shutil.copyfile(module / "config/identity/config.yaml", folder / FULCIO_CONFIG)


def python_pins():
    return [sys.executable, sys.version, (HERE / "python/requirements.txt").read_text()]


def make_environment(folder):
    run([sys.executable, "-m", "venv", folder], "a Python environment")
    lock = HERE / "python/requirements.txt"
    # The lock has everything; older versions of pip would look for some of it once more, without hashes.
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    run([*pip, "--only-binary=:all:", "-r", lock], "sigstore for Python")


def js_pins():
    files = ["package.json", "package-lock.json", ".npmrc"]
    return [said(["node", "--version"], what="Node"), *((HERE / "js" / it).read_text() for it in files)]


def make_modules(folder):
    for name in ["package.json", "package-lock.json", ".npmrc"]:
        shutil.copy(HERE / "js" / name, folder)
    run(["npm", "ci", "--silent"], "sigstore for JavaScript", cwd=folder, environment=NPM_ENVIRONMENT)


def unpack_registry(folder):
    """Debian's package, unpacked and not installed: installing it would start it."""
    found = shutil.which("docker-registry")
    if found:
        (folder / "docker-registry").symlink_to(found)
        return
    if not shutil.which("apt-get"):
        raise NotInstalled("docker-registry is not on PATH, and there is no apt-get to get it with")
    download = ["apt-get", "download", "-qq", "docker-registry"]
    fetched = subprocess.run(download, cwd=folder, capture_output=True, check=False)
    if fetched.returncode != 0:
        run(["apt-get", "update", "-qq"], "the list of Debian's packages")
        run(download, "docker-registry", cwd=folder)
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", package, folder], "docker-registry")
        package.unlink()
    (folder / "docker-registry").symlink_to("usr/bin/docker-registry")


def browser():
    """The paths of a browser and of what drives it: the system's, which gets Debian's if it has none."""
    with locked(cache() / "browser"):
        if not (found := _browser()) and os.geteuid() == 0 and shutil.which("apt-get"):
            get = ["apt-get", "install", "-qq", "--no-install-recommends", "chromium", "chromium-driver"]
            if subprocess.run(get, capture_output=True, check=False).returncode != 0:
                run(["apt-get", "update", "-qq"], "the list of Debian's packages")
                run(get, "chromium", environment={"DEBIAN_FRONTEND": "noninteractive"})
            found = _browser()
    if not found:
        raise NotInstalled("no browser is on PATH: install chromium and chromium-driver, or Chrome and chromedriver")
    return found


def _browser():
    # The driver beside Chrome is of its version.
    names = [shutil.which(name) for name in ("google-chrome", "chromium")]
    driver, found = shutil.which("chromedriver"), next(filter(None, names), None)
    return (found, driver) if found and driver else None


def versions(folders):
    """What runs, by name: of Go from the module file, of the others from themselves."""
    modules = dict(line.split()[:2] for line in (HERE / "go/go.mod").read_text().splitlines()
                   if line.startswith("\t") and len(line.split()) >= 2)
    found = {name: modules[module].removeprefix("v") for name, module in GO_MODULES.items()}
    python = folders["python"] / "bin/python"
    found["sigstore-python"] = said([python, "-m", "sigstore", "--version"]).split()[-1]
    show = "const r = n => require(`./node_modules/${n}/package.json`).version;"
    node = ["node", "-p", f"{show} r('sigstore') + ' ' + r('oidc-provider')"]
    found["sigstore-js"], found["oidc-provider"] = said(node, cwd=folders["js"]).split()
    registry = said([folders["registry"] / "docker-registry", "--version"]).split()
    found["docker-registry"] = registry[-1]
    found["browser"] = re.search(r"\d[\d.]+", said([folders["browser"][0], "--version"]))[0]
    return found


GO_MODULES = {
    "cosign": "github.com/sigstore/cosign/v3",
    "fulcio": "github.com/sigstore/fulcio",
    "rekor-v1": "github.com/sigstore/rekor",
    "rekor-v2": "github.com/sigstore/rekor-tiles/v2",
    "timestamp-authority": "github.com/sigstore/timestamp-authority/v2",
    "trillian": "github.com/google/trillian",
    "go-containerregistry": "github.com/google/go-containerregistry",
}


def said(command, cwd=None, what=None):
    """What a program answers."""
    try:
        answer = subprocess.run(command, cwd=cwd, check=True, text=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(f"{what or command[0]} does not run: {error}") from error
    return answer.stdout.strip()


def run(command, what, cwd=None, environment=None):
    """Runs an installer; its last lines are shown if it fails."""
    variables = {**os.environ, **(environment or {})}
    try:
        subprocess.run(command, cwd=cwd, env=variables, check=True, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.CalledProcessError as error:
        tail = "\n".join(error.stdout.splitlines()[-15:])
        raise NotInstalled(f"{what} cannot be installed:\n{tail}") from error
    except OSError as error:
        raise NotInstalled(f"{what} cannot be installed: {error}") from error
