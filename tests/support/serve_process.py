"""`edgeseg serve` in a process of its own, spoken to over its socket."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import cv2
import numpy as np

from support.paths import MODELS

MODEL = MODELS / "blobs_int8.tflite"


def write_video(path, *, frames, rate=10):
    """An .avi file (Motion JPEG) of bright discs that wander over a noisy ground."""
    rng = np.random.default_rng(0)
    places, steps = rng.uniform(10, 70, (9, 2)), rng.uniform(-1, 1, (9, 2))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (96, 80), isColor=False)
    for number in range(frames):
        image = rng.normal(110, 8, (80, 96))
        for place, step in list(zip(places, steps, strict=True))[: 2 + number * 7 // frames]:
            cv2.circle(image, tuple(int(each) for each in place + number * step), 6, 170, -1)
        writer.write(np.clip(image, 0, 255).astype(np.uint8))
    writer.release()
    return path


def serve_command(*arguments, model=MODEL):
    return [sys.executable, "-m", "edgeseg", "serve", *map(str, (model, *arguments))]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()


@dataclass
class Server:
    """A running server; `url` is what it printed."""

    process: subprocess.Popen
    url: str

    @property
    def port(self):
        return urlsplit(self.url).port

    def ask(self, path, *, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def message(self, after="", view="overlay"):
        return self.ask(f"/message?after={after}&view={view}").json()

    def wait(self, wanted):
        """The first message for which `wanted` holds."""
        message, end = self.message(), time.monotonic() + 20
        while not wanted(message):
            assert time.monotonic() < end, message
            message = self.message(message["version"])
        return message

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=20)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)


@contextlib.contextmanager
def serving(*arguments):
    """Start one on any free port, and end it."""
    process = subprocess.Popen(
        serve_command("--port", 0, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        found = re.search(r" at (http://\S+)$", line)
        assert found, (line, process.stderr.read())
        yield Server(process, found[1])
    finally:
        process.kill()
        process.communicate()
