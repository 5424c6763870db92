"""Addresses of other machines, and the command that reaches them."""

import shlex
import subprocess

import pytest

from edgeseg.bench.remote.ssh import Host, labels, parse_hosts
from edgeseg.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("ssh://pi@raspberrypi.local", Host("raspberrypi.local", "pi")),
        ("ssh://pi@10.0.0.7:2222", Host("10.0.0.7", "pi", 2222)),
        ("ssh://Board", Host("Board")),
        ("ssh://board/", Host("board")),
        ("ssh://a.b-c@[fe80::1%eth0]:22", Host("fe80::1%eth0", "a.b-c", 22)),
    ],
)
def test_an_address_is_user_host_and_port(text, host):
    assert Host.parse(text) == host
    assert Host.parse(f"ssh://{host}") == host


@pytest.mark.parametrize(
    "text",
    [
        "board", "http://board", "ssh:board", "ssh://", "ssh://@board", "ssh://pi@", "ssh://board:",
        "ssh://board:port", "ssh://board:0", "ssh://board:65536", "ssh://board/folder", "ssh://board?x", "",
        "ssh://-oProxyCommand=touch x", "ssh://-oProxyCommand=x@board", "ssh://pi@-board", "ssh://bo ard",
        "ssh://board;id", "ssh://$(id)@board", "ssh://board\n", "ssh://[::1", "ssh://pi%40x@board",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigError, match="expected"):
        Host.parse(text)


def test_a_password_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="there is a password in it") as refused:
        Host.parse("ssh://pi:secret@board")
    assert "secret" not in str(refused.value)


def test_the_same_address_twice_is_refused():
    with pytest.raises(ConfigError, match="got ssh://pi@a 2 times"):
        parse_hosts(["ssh://pi@a", "ssh://b", "ssh://pi@a/"])


def test_hosts_are_called_by_name_or_where_two_share_it_by_their_address():
    hosts = [Host("a", "pi"), Host("b"), Host("b", port=2222), Host("fe80::1")]
    assert labels(hosts) == ["a", "b", "b-2222", "fe80-1"]


def test_the_script_arrives_as_it_is(tmp_path):
    script = "printf '%s|' 'it'\\''s' \"$HOME\" `echo x`\nexit 7\n"
    *_, host, sent = Host("board", "pi", 22).command(script, config=tmp_path / "c")
    assert host == "board"
    there = subprocess.run(["sh", "-c", sent], env={"HOME": "/h"}, capture_output=True, check=False)
    assert (there.stdout, there.returncode) == (b"it's|/h|x|", 7)


def test_no_question_is_asked_and_the_users_settings_are_used(tmp_path):
    command = Host("board", "pi", 2222).command("true", config=tmp_path / "c")
    line = shlex.join(command)
    assert "-o BatchMode=yes" in line
    assert f"-F {tmp_path / 'c'}" in line
    assert "-l pi -p 2222 -- board" in line
    assert "-F" not in Host("board").command("true")
