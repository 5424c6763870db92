"""Debian packages of another processor, unpacked into a folder: without root, and nothing is installed.

apt checks signatures and digests of all that it loads. It works on a state of its own below the cache, with
the mirror that this machine's apt uses.
"""

import getpass
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

#: QEMU's program for each of Debian's names of processors.
EMULATORS = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}

#: bookworm's QEMU 7.2 computes wrong numbers silently. That of trixie needs no library: it runs anywhere.
_EMULATOR_SUITE = "trixie"


class UnavailableError(Exception):
    """What is needed cannot be had on this machine; the message says why."""


def unpack(cache, architecture, suite, packages):
    """A folder with these packages and all that they depend on, from the cache if they are there already.

    Their scripts are not run.
    """
    folder = cache / "-".join((suite, architecture, *sorted(packages)))
    if folder.is_dir():
        return folder
    apt = _Apt(cache, architecture, suite)
    apt.run("--yes", "--download-only", "install", *packages)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        made = Path(name) / "made"
        made.mkdir()
        for package in sorted(apt.archives.glob("*.deb")):
            _run("dpkg-deb", "--extract", package, made)
        _link(made)
        made.rename(folder)
    shutil.rmtree(apt.state)
    return folder


def _link(system):
    """The links that base-files and update-alternatives would have made."""
    for name in ("bin", "lib", "sbin"):
        if not (system / name).exists():
            (system / name).symlink_to(f"usr/{name}")
    for library in system.glob("usr/lib/*/*/*.so.3"):
        if library.parent.name in ("blas", "lapack"):
            (library.parents[1] / library.name).symlink_to(library.relative_to(library.parents[1]))


def emulator(cache, architecture):
    """The path of the program that runs those of another processor."""
    name = EMULATORS[architecture]
    path = cache / name
    if path.is_file():
        return path
    apt = _Apt(cache, _own_architecture(), _EMULATOR_SUITE)
    apt.run("--yes", "--download-only", "install", "qemu-user")
    (package,) = apt.archives.glob("qemu-user_*.deb")
    with tempfile.TemporaryDirectory(dir=cache) as unpacked:
        _run("dpkg-deb", "--extract", package, unpacked)
        for program in EMULATORS.values():
            (Path(unpacked) / "usr/bin" / program).rename(cache / program)
    shutil.rmtree(apt.state)
    return path


def _own_architecture():
    return _run("dpkg", "--print-architecture").strip()


class _Apt:
    """apt-get with a state of its own, in which nothing is installed."""

    def __init__(self, cache, architecture, suite):
        self.state = cache / f"apt-{suite}-{architecture}"
        self.archives = self.state / "archives"
        for folder in (self.state / "lists/partial", self.archives / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.state / "status").touch()
        sources = self.state / "sources.list"
        sources.write_text(f"deb [arch={architecture} signed-by={_KEYRING}] {_mirror()} {suite} main\n")
        settings = {
            "APT::Architecture": architecture,
            "APT::Architectures::": architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": getpass.getuser(),
            "Acquire::Languages": "none",
            "Debug::NoLocking": "true",
            "Dir::State": self.state,
            "Dir::State::status": self.state / "status",
            "Dir::Cache": self.state,
            "Dir::Cache::archives": self.archives,
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
        }
        self._options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        self.run("update")

    def run(self, *arguments):
        _run("apt-get", "--quiet=2", *self._options, *arguments)


def _mirror():
    if not _KEYRING.is_file():
        raise UnavailableError("this machine has no keys of Debian's archive")
    sites = _run(
        "apt-get", "indextargets", "--no-release-info", "--format", "$(SITE)", "Created-By: Packages"
    )
    debian = sorted({site for site in sites.split() if site.rstrip("/").endswith("/debian")})
    if not debian:
        raise UnavailableError(f"apt has no mirror of Debian on this {platform.system()}")
    return debian[0]


def _run(*command):
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, timeout=300
        )
    except FileNotFoundError:
        raise UnavailableError(f"there is no {command[0]} on this machine") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UnavailableError(f"{command[0]} failed: {last}")
    return done.stdout
