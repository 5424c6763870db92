"""A camera on the network as the source: a stream of JPEG pictures over HTTP, faster than what is taken."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from support.blob_images import blob_image
from support.serve_process import serving

FRAMES, RATE = 150, 50


class Camera(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        begin = time.monotonic()
        for number in range(FRAMES):
            time.sleep(max(0, begin + number / RATE - time.monotonic()))
            picture = blob_image(np.random.default_rng(number), 64)[0]
            data = cv2.imencode(".jpg", picture)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")
        self.wfile.write(b"--frame--\r\n")

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def camera():
    with ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/stream.mjpg"
        server.shutdown()


def test_frames_that_come_too_fast_are_left_out_and_its_end_is_told(camera):
    with serving("--source", camera, "--fps", "5") as server:
        server.wait(lambda message: message["frames"] >= 2)
        ended = server.wait(lambda message: message["status"] == "ended")
        assert 4 <= ended["frames"] <= FRAMES // 5
        assert int(re.search(r"camera_f(\d+)", ended["frame"]["label"])[1]) > FRAMES // 2
        assert "gave no more pictures after" in ended["problem"]
        assert "see whether it is still connected" in server.interrupt().stderr
