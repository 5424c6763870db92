"""`edgeseg study`: wrong usage gets one sentence, and nothing is left behind."""

import http.server
import socket
import threading

import pytest

from edgeseg.host.study import cluster
from support.command import edgeseg


def refused(result, sentence, out):
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not result.stdout
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("papre",), "no study 'papre'; did you mean 'paper'?"),
        (("small",), "the study 'small' names no data set; name one with --dataset"),
        (("small", "--dataset", "nowhere"), "expected a data set at nowhere"),
        (("smoke", "--engine", "rya"), "no engine 'rya'; did you mean 'ray'?"),
        (("smoke", "--address", "localhost:1"), "--address changes nothing without --engine ray"),
        (("smoke", "--store", "s3://b/x"), "--store changes nothing without --engine ray"),
        (
            ("smoke", "--engine", "ray", "--address", "h:1", "--store", "nosuch://b"),
            "expected a store to write to as --store, but nosuch://b: Protocol not known",
        ),
        (("smoke", "--workers", "0"), "expected --workers from 1 to 1024, but got 0"),
        (("smoke", "--engine", "ray"), "--engine ray needs --address HOST:PORT"),
        (
            ("smoke", "--engine", "ray", "--address", "h:1", "--workers", "2"),
            "--workers changes nothing with --engine ray",
        ),
    ],
)
def test_wrong_usage_is_a_sentence(arguments, sentence, tmp_path):
    out = tmp_path / "out"
    refused(edgeseg("study", "run", *arguments, "--out", out), sentence, out)


def test_an_unknown_loss_is_a_sentence(tmp_path):
    plan, out = tmp_path / "mine.toml", tmp_path / "out"
    plan.write_text('combinations = ["dice_bce+adam"]')
    result = edgeseg("study", "run", plan, "--out", out)
    refused(result, f"{plan}: no loss 'dice_bce'; did you mean 'dice-bce'?", out)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, plan_file):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.txt").write_text("words")
    result = edgeseg("study", "run", plan_file, "--out", out)
    assert result.returncode == 2
    assert f"{out} holds chapter1.txt and no study; choose another --out" in result.stderr
    assert [each.name for each in out.iterdir()] == ["chapter1.txt"]


def test_status_of_a_folder_without_a_study(tmp_path):
    result = edgeseg("study", "status", tmp_path)
    assert result.returncode == 2
    assert "expected a study at" in result.stderr


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("address", ["cluster", "ray://head:10001", "head:port", "head:99999"])
def test_an_address_that_is_none_is_a_sentence(address, tmp_path):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    result = edgeseg("study", "run", "smoke", "--out", out, "--engine", "ray", "--address", address)
    refused(result, f"expected --address as HOST:PORT of Ray's head node, but got '{address}'", out)


def test_a_cluster_that_does_not_answer_is_a_sentence(tmp_path):
    pytest.importorskip("ray")
    out, address = tmp_path / "out", f"127.0.0.1:{free_port()}"
    result = edgeseg("study", "run", "smoke", "--out", out, "--engine", "ray", "--address", address)
    refused(result, f"expected a Ray cluster at {address}, but nobody answers there", out)


def test_a_server_that_is_no_cluster_is_a_sentence(tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        out, address = tmp_path / "out", f"127.0.0.1:{server.server_port}"
        result = edgeseg("study", "run", "smoke", "--out", out, "--engine", "ray", "--address", address)
        server.shutdown()
    refused(result, f"expected a Ray cluster at {address}, but what answers there is none", out)
