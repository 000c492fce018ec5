"""The programs of a cluster, built from their published modules, as `install` keeps tools."""

import inspect
import pathlib
import re

from install import GO_ENVIRONMENT, HERE as INTEROP, made, run, said, unpack_registry

GO = pathlib.Path(__file__).resolve().parent / "go"
KUBERNETES = "k8s.io/kubernetes"
ETCD = "go.etcd.io/etcd/server/v3"


def everything():
    """Builds what is missing. Returns the folders by name."""
    return {
        "kubernetes": made("kubernetes", pins("kubernetes", build_kubernetes), build_kubernetes),
        "etcd": made("etcd", pins("etcd", build_etcd), build_etcd),
        "referrers": made("referrers", registry_pins(), build_registry),
        "registry": made("registry", ["docker-registry"], unpack_registry),
    }


def pins(name, build):
    files = [GO / name / "go.mod", GO / name / "go.sum"]
    version = said(["go", "version"], what="Go")
    return [version, inspect.getsource(build), *(file.read_text() for file in files)]


def build_kubernetes(folder):
    """Every `tool` of the module. Clients ask the server for its version, so it is told one."""
    version = module_version("kubernetes", KUBERNETES)
    major, minor = version.removeprefix("v").split(".")[:2]
    names = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    places = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    told = [f"-X {place}.{name}={value}" for place in places for name, value in names.items()]
    command = ["go", "build", "-ldflags", " ".join(["-s -w", *told]), "-o", f"{folder}/", "tool"]
    run(command, "Kubernetes", cwd=GO / "kubernetes", environment=GO_ENVIRONMENT)


def build_etcd(folder):
    command = ["go", "build", "-ldflags", "-s -w", "-o", folder / "etcd", ETCD]
    run(command, "etcd", cwd=GO / "etcd", environment=GO_ENVIRONMENT)


def registry_pins():
    files = [INTEROP / "go/go.mod", INTEROP / "go/go.sum", INTEROP / "go/referrers-registry/main.go"]
    return [said(["go", "version"], what="Go"), *(file.read_text() for file in files)]


def build_registry(folder):
    """The one that has the list of referrers, alone: .ci/interop builds it with everything else."""
    command = ["go", "build", "-o", f"{folder}/", "./referrers-registry"]
    run(command, "a registry", cwd=INTEROP / "go", environment=GO_ENVIRONMENT)


def module_version(name, module):
    [version] = re.findall(rf"(?m)^require {re.escape(module)} (\S+)$", (GO / name / "go.mod").read_text())
    return version


def versions():
    return f"Kubernetes {module_version('kubernetes', KUBERNETES)}, etcd {module_version('etcd', ETCD)}"
