"""A network of the run's own, in which there is only loopback, and from which nothing leads out."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys

INSIDE = "SIGSIGN_INTEROP_INSIDE"
PR_SET_PDEATHSIG = 1


def enter():
    """Begins the program anew inside, where the system lets us.

    Some services listen for metrics on every address, and on fixed ports: here nobody else is
    reached or in the way. Returns whether there is such a network; without one the run goes on in
    the machine's.
    """
    if os.environ.get(INSIDE):
        _loopback_up()
        return True
    unshare = shutil.which("unshare")
    if not unshare:
        return False
    for user in ([], ["--user", "--map-root-user"]):
        command = [unshare, *user, "--net"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "yes"
            sys.stdout.flush()
            os.execv(unshare, [*command, sys.executable, *sys.argv])
    return False


def _loopback_up():
    with socket.socket() as any_socket:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS


def end_with_parent():
    """In a child, before it becomes another program: it ends when we do, whatever ends us."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
