"""The container files: what they copy is there, what they leave out is not needed, what they run exists."""

import json
import platform
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

import edgeseg
from edgeseg.cli import app
from support.paths import ROOT

DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
EDGE = (ROOT / "docker" / "edge.Dockerfile").read_text()

# What the Compose specification allows, of that which a service like ours may say.
SERVICE_KEYS = {
    "image", "command", "read_only", "tmpfs", "network_mode", "cap_drop", "security_opt", "volumes", "user",
    "cpus", "mem_limit",
}  # fmt: skip
BIND_KEYS = {"type", "source", "target", "read_only", "bind"}


def instructions(text, name):
    """The arguments of each instruction of that name, continued lines joined."""
    joined = re.sub(r"\\\n", " ", text)
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


def left_out():
    """Paths below site-packages that the edge image deletes."""
    (removal,) = [line for line in instructions(EDGE, "RUN") if line.startswith("rm ai_edge_litert")]
    return [word for word in removal.split() if word.startswith("ai_edge_litert/")]


@pytest.fixture(scope="module")
def service():
    """`bench` of the compose file, which has no other."""
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    assert compose.keys() == {"name", "services"}
    assert compose["services"].keys() == {"bench"}
    return compose["services"]["bench"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_is_there_and_not_ignored(path):
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for copied in instructions(path.read_text(), "COPY"):
        sources = copied.split()[:-1]
        if not sources[0].startswith("--from="):
            assert all((ROOT / source).exists() for source in sources)
            assert set(sources) <= allowed


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_bases_are_that_which_the_build_check_stands_in_for(path):
    (base,) = re.findall(
        r"^base=docker\.io/library/(\S+)$", (ROOT / "docker/build_check.sh").read_text(), re.MULTILINE
    )
    assert {line.split()[0] for line in instructions(path.read_text(), "FROM")} <= {base, "scratch"}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_the_image_runs_edgeseg_as_a_fixed_user_other_than_root(path):
    text = path.read_text()
    assert instructions(text, "USER") == ["1000:1000"]
    assert json.loads(instructions(text, "ENTRYPOINT")[0]) == ["edgeseg"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_the_licence_label_is_the_projects(path):
    (labels,) = instructions(path.read_text(), "LABEL")
    assert 'org.opencontainers.image.licenses="MIT"' in labels
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other wheels have less to leave out")
def test_what_the_edge_image_leaves_out_is_in_the_pinned_packages():
    packages = [Path(entry) for entry in sys.path if Path(entry, "ai_edge_litert").is_dir()]
    assert packages
    assert len(left_out()) == 3
    for path in left_out():
        assert (packages[0] / path).exists(), f"{path} has moved: docker/edge.Dockerfile would not build"


def test_what_the_edge_image_leaves_out_is_never_loaded():
    script = (
        "import sys; from pathlib import Path; import cv2\n"
        "from edgeseg.model.runtimes.registry import make_interpreter\n"
        "make_interpreter(Path(sys.argv[1]).read_bytes(), name='probe').run()\n"
        "print(Path('/proc/self/maps').read_text())"
    )
    probe = Path(edgeseg.__file__).parent / "model/runtimes/probe.tflite"
    child = subprocess.run(
        [sys.executable, "-c", script, probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert "ai_edge_litert/libpywrap_litert_common.so" in child.stdout
    assert not [path for path in left_out() if path in child.stdout]


def test_the_service_says_what_compose_knows(service):
    assert service.keys() <= SERVICE_KEYS
    for volume in service["volumes"]:
        assert volume.keys() <= BIND_KEYS
        assert volume["type"] == "bind"
        assert volume["bind"] == {"create_host_path": False}
    assert all(isinstance(part, str) for part in service["command"])


def test_models_and_data_are_read_only_and_results_are_not(service):
    modes = {volume["source"]: volume.get("read_only", False) for volume in service["volumes"]}
    assert modes == {"./models": True, "./data": True, "./results": False}
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]


def test_limits_are_offered_as_comments(service):
    text = (ROOT / "docker" / "compose.yaml").read_text()
    assert {"cpus", "mem_limit"}.isdisjoint(service)
    enabled = yaml.safe_load(re.sub(r"^(    )# (?=(user|cpus|mem_limit):)", r"\1", text, flags=re.MULTILINE))
    assert (
        enabled["services"]["bench"].items() >= {"user": "1000:1000", "cpus": 2, "mem_limit": "512m"}.items()
    )


def test_the_service_runs_a_command_that_there_is_on_folders_that_are_mounted(service):
    name, *arguments = service["command"]
    command = get_command(app).commands[name]
    parsed = command.make_context(name, arguments).params
    mounted = {volume["target"] for volume in service["volumes"]}
    assert [str(path) for path in parsed["models"]] == ["/models"]
    assert str(parsed["data"]) == "/data"
    assert str(parsed["out"].parent) == "/results"
    assert mounted == {"/models", "/data", "/results"}


def test_a_container_of_the_build_check_is_read_only_and_has_no_rights():
    complete = runpy.run_path(str(ROOT / "docker" / "bundle.py"))["complete"]
    config = {"process": {"capabilities": {"bounding": ["CAP_KILL"]}}, "mounts": []}
    image = {
        "User": "1000:1000",
        "Entrypoint": ["edgeseg"],
        "Cmd": ["--help"],
        "Env": ["A=b"],
        "WorkingDir": "/data",
    }
    complete(config, image, "/image", ["/here:/models:ro", "/there:/data"], [])
    assert config["root"] == {"path": "/image", "readonly": True}
    assert config["process"]["args"] == ["edgeseg", "--help"]
    assert config["process"]["user"] == {"uid": 1000, "gid": 1000}
    assert config["process"]["capabilities"] == {}
    _, models, data = config["mounts"]
    assert "ro" in models["options"]
    assert "rw" in data["options"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--arch"], "--arch takes a value"),
        (["--imag"], "unknown option --imag"),
        (["--image", "none"], "--image edge or train"),
    ],
)
def test_the_build_check_refuses_what_it_does_not_know(arguments, said):
    result = subprocess.run(
        [ROOT / "docker" / "build_check.sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert result.returncode == 2
    assert said in result.stderr
