"""Who may see the page: the one gate that every request goes through.

Three things keep others out. The name in the header `Host` must be one of this machine: a page elsewhere
can point a name of its own at 127.0.0.1 (DNS rebinding), and the browser would then hand it our answers.
What changes something must come from our own page. And where others can reach the port at all, a token
is needed, which is printed once.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Gate:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, *, token: str | None, port: int) -> None:
        """Wrap an application.

        Args:
            app: what is behind the gate.
            token: what who comes must know; None where this machine alone reaches the port.
            port: browsers keep one set of cookies for all ports of a machine.
        """
        self._app, self._token, self._cookie = app, token, f"edgeseg_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            return  # there are no web sockets here, and nothing to do when the server starts or ends

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in _HEADERS.items()),
                ]
            await send(message)

        answer = self._refusal(Request(scope))
        await (answer or self._app)(scope, receive, guarded)

    def _refusal(self, request: Request) -> Response | None:
        if not self._own_host(request.headers.get("host", "")):
            return PlainTextResponse(
                "refused: this page goes by the address of its machine, not by another name\n", 403
            )
        origin = request.headers.get("origin")
        if request.method != "GET" and origin and urlsplit(origin).netloc != request.headers["host"]:
            return PlainTextResponse("refused: only this page itself may ask for that\n", 403)
        return self._token_refusal(request)

    def _own_host(self, header: str) -> bool:
        try:
            name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
        except ValueError:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            own = socket.gethostname().lower()
            return name == "localhost" or (self._token is not None and name in (own, f"{own}.local"))
        return address.is_loopback or self._token is not None

    def _token_refusal(self, request: Request) -> Response | None:
        if self._token is None:
            return None
        if self._right(request.query_params.get("token", "")):
            if request.url.path != "/":
                return None
            # The address with the token in it would stay in the browser's history.
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="lax")
            return answer
        if self._right(request.cookies.get(self._cookie, "")):
            return None
        return PlainTextResponse(
            "refused: this page needs the token in the address that `edgeseg serve` printed\n", 401
        )

    def _right(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())
