"""An S3 server on loopback that keeps its objects in memory: moto's, spoken to over HTTP."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from unittest import mock

import fsspec


@contextlib.contextmanager
def running(log):
    """A bucket `studies` of a server of its own; the environment names the server, as a user's would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        with mock.patch.dict(os.environ, environment):
            _wait_for(port, log)
            fsspec.get_filesystem_class("s3").clear_instance_cache()  # those of another server
            fsspec.filesystem("s3").mkdir("studies")
            yield
    finally:
        server.kill()
        server.wait()


def _wait_for(port, log):
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
