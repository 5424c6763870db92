"""What the server answers, and whom: everything over its socket."""

import http.client
import re
import socket
import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from support.blob_images import blob_image
from support.serve_process import serving

ADDRESSES = [
    "/", "/page.css", "/page.js", "/charts.js", "/icon.svg", "/about", "/message", "/counts.csv",
    "/results/live/cells.csv",
]  # fmt: skip


def png_of(size, seed=3):
    return cv2.imencode(".png", blob_image(np.random.default_rng(seed), size)[0])[1].tobytes()


def upload(server, body, name="own.png", **more):
    return server.ask(f"/uploads?name={name}", method="POST", body=body, **more)


def test_nothing_is_fetched_from_elsewhere_and_scripts_are_the_pages_own(server):
    for path in ("/", "/page.css", "/page.js", "/charts.js"):
        answer = server.ask(path)
        assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", answer.body), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert b"style=" not in server.ask("/").body
    assert not re.search(rb"<script>|<script(?![^>]*src=)|\son\w+=", server.ask("/").body)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.7", "", "[::"]
)
def test_a_name_that_is_not_this_machines_is_refused(server, host):
    """DNS rebinding: the name of a foreign page, pointed at this machine."""
    for path in ADDRESSES:
        assert server.ask(path, headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:9", "LOCALHOST", "[::1]:1"])
def test_names_of_this_machine_are_taken(server, host):
    assert server.ask("/about", headers={"Host": host}).status == 200


def test_a_foreign_page_can_change_nothing(server):
    for path in ("/snapshots", "/uploads?name=a.png"):
        answer = server.ask(path, method="POST", body=png_of(64), headers={"Origin": "http://evil.example"})
        assert answer.status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page.js/../server.py", "/results/live/../../x",
        "/results/..%2f..%2f..%2fetc/passwd", "/results/live/..%2f..%2fetc%2fpasswd", "/server.py",
        "//etc/passwd", "/results/snapshot-99/mask.png",
    ],
)  # fmt: skip
def test_nothing_else_of_the_disk_can_be_asked_for(server, path):
    assert server.ask(path).status == 404


def test_downloads_are_called_by_names_without_surprises(server):
    made = upload(server, png_of(64), name="..%2F%22x%0d%0ay%20z.png").json()
    assert made["label"] == '"xy z.png'
    answer = server.ask(f"/results/{made['name']}/mask.png")
    assert answer.headers["content-disposition"] == 'attachment; filename="_xy_z_mask.png"'


def test_an_upload_is_segmented_as_predict_does(server, tmp_path):
    from edgeseg.model.artifact import load_artifact
    from edgeseg.prediction.predict import predict
    from edgeseg.prediction.predict_options import PredictOptions
    from edgeseg.prediction.sources import open_files
    from support.serve_process import MODEL

    path = tmp_path / "own.png"
    path.write_bytes(png_of(150))
    made = upload(server, path.read_bytes())
    assert made.status == 201
    predict(load_artifact(MODEL), open_files([path]), tmp_path / "out", PredictOptions())
    rows = (tmp_path / "out" / "cells.csv").read_text()
    assert made.json()["cells"] == rows.count("\n") - 1 > 0
    result = f"/results/{made.json()['name']}"
    assert server.ask(f"{result}/cells.csv").text() == rows
    labels = server.ask(f"{result}/labels.tif")
    assert labels.headers["content-type"] == "image/tiff"
    assert labels.body == (tmp_path / "out" / "labels" / "own.tif").read_bytes()
    assert made.json()["parts"] == ["overlay.png", "image.png", "mask.png", "labels.tif", "cells.csv"]
    mask = cv2.imdecode(np.frombuffer(server.ask(f"{result}/mask.png").body, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = cv2.imread(str(tmp_path / "out" / "masks" / "own.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, expected)
    image = np.frombuffer(server.ask(f"{result}/image.png").body, np.uint8)
    np.testing.assert_array_equal(
        cv2.imdecode(image, cv2.IMREAD_UNCHANGED), cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    )


@pytest.mark.parametrize("body", [b"plain text", b"", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"GIF89a" + bytes(50)])
def test_an_upload_is_judged_by_its_content_not_by_its_name(server, body):
    answer = upload(server, body, name="fine.png")
    assert answer.status == 415
    assert answer.text() == (
        "expected a PNG, TIFF, JPEG or BMP image, but fine.png is none, whatever its name says\n"
    )


def test_a_damaged_upload_is_a_sentence(server):
    answer = upload(server, png_of(64)[:-40])
    assert (answer.status, answer.text()[:29]) == (415, "cannot decode own.png: the PN")


def test_an_upload_of_too_many_pixels_is_not_decoded(server):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    answer = upload(server, bomb)
    assert answer.status == 413
    assert "at most 16,777,216 pixels, but own.png has 50000x50000" in answer.text()


def test_an_upload_of_too_many_bytes_is_refused_by_what_it_says(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/uploads")
    connection.putheader("Content-Length", str(2**40))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.read() == b"expected an image of at most 32 MiB; make it smaller, or cut it\n"
    connection.close()


def test_an_upload_of_too_many_bytes_is_refused_by_what_it_is(server):
    """In chunks, whose sum is told by nobody."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        raw.sendall(b"POST /uploads HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        block = b"100000\r\n" + bytes(2**20) + b"\r\n"
        sent = 0
        try:
            while sent < 64:
                raw.sendall(block)
                sent += 1
        except OSError:  # it has answered and closed
            pass
        assert sent < 64 or b"413" in raw.recv(100)
    assert server.ask("/about").status == 200


def test_wrong_methods_and_views_are_refused(server):
    assert server.ask("/snapshots").status == 405
    assert server.ask("/message", method="POST").status == 405
    assert server.ask("/message?view=x").status == 400


def test_views_are_pictures_of_their_own(server):
    pictures = {server.message(view=view)["frame"]["picture"] for view in ("overlay", "image", "mask")}
    assert len(pictures) == 3
    assert all(picture.startswith("data:image/jpeg;base64,/9j/") for picture in pictures)


def test_a_slow_client_gets_the_newest_frame_and_holds_up_nobody(video):
    with serving("--source", video, "--fps", "20") as server:
        first = server.wait(lambda message: message["frames"] >= 1)
        with socket.create_connection(("127.0.0.1", server.port)) as deaf:
            for _ in range(50):  # asks, and never reads an answer
                deaf.sendall(b"GET /message HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(1)
            late = server.message(first["version"])
            assert late["frames"] > first["frames"] + 5
            assert len(late["counts"]) >= late["frames"]
            assert server.wait(lambda message: message["status"] == "ended")["frames"] == 40


def test_others_need_the_token_at_every_address(video):
    with serving("--source", video, "--host", "0.0.0.0", "--fps", "50") as server:
        token = re.search(r"token=([\w-]{20,})$", server.url)[1]
        server_name = {"Host": f"192.168.1.7:{server.port}"}
        for path in ADDRESSES:
            wrong = [path, f"{path}?token=", f"{path}?token={token[:-1]}", f"{path}?token={token}x"]
            assert [server.ask(each, headers=server_name).status for each in wrong] == [401] * 4
            assert (
                server.ask(path, headers={**server_name, "Cookie": f"edgeseg_{server.port}=x"}).status == 401
            )
        for path in ("/snapshots", "/uploads"):
            assert server.ask(path, method="POST", body=b"", headers=server_name).status == 401
        opened = server.ask(f"/?token={token}", headers=server_name)
        assert (opened.status, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        for path in ADDRESSES[:-1]:
            known = {**server_name, "Cookie": cookie.partition(";")[0]}
            assert server.ask(path, headers=known).status == 200
            assert path == "/" or server.ask(f"{path}?token={token}", headers=server_name).status == 200
        rebound = {"Host": "evil.example", "Cookie": cookie.partition(";")[0]}
        assert server.ask("/message", headers=rebound).status == 403


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize(("host", "token"), [("::1", False), ("::", True)])
def test_ipv6_is_listened_to_and_all_of_it_means_ipv4_too(video, host, token):
    with serving("--source", video, "--host", host) as server:
        assert ("token" in server.url) == token
        for address in ["::1", "127.0.0.1"] if token else ["::1"]:
            connection = http.client.HTTPConnection(address, server.port, timeout=10)
            connection.request("GET", "/about")
            answer = connection.getresponse()
            assert answer.status == (401 if token else 200)
            answer.read()
            connection.close()


def test_this_machine_alone_needs_no_token(server):
    assert "token" not in server.url
    assert server.url.startswith("http://127.0.0.1:")
