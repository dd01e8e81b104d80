"""Who may look: checked for every request, before anything else is done with it."""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """Lets through what comes from this page, and with a token, from who knows it.

    Without a token only requests that name this machine itself as their host are answered: a page of the internet
    whose name was made to point here names another. With one, the address `/?token=...` leaves it in a cookie that no
    script and no other site gets. A WebSocket of another site's page is refused in either case.

    Args:
        app: that serves.
        token: empty for none.
        port: that is listened on; a cookie is shared by all ports of a machine, so its name has it.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token, self._cookie = app, token, f"textfuse-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse or hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._token and scope["type"] == "http" and scope["path"] == "/" and self._in_query(scope):
            response = RedirectResponse("/", 303, HEADERS)
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            await response(scope, receive, send)
        elif reason := self._refusal(scope, headers):
            await _refuse(reason, scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> str:
        """Why a request is not answered; empty when it is."""
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname if _sane(host) else None
        if not self._token and name not in ("localhost", "127.0.0.1", "::1"):
            return "this page is for its own machine alone: open it there as http://localhost, or serve it with a token"
        if self._token and not self._has_cookie(headers.get("cookie", "")):
            return "open the address with the token, which was printed when the page was started"
        # A browser names the page that opens a WebSocket; a program has none, and needs none.
        origin = headers.get("origin")
        if scope["type"] == "websocket" and origin is not None and urlsplit(origin).netloc != host:
            return "a page of another site may not look"
        return ""

    def _in_query(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10).get("token", [""])[0]
        return self._is_token(given)

    def _has_cookie(self, header: str) -> bool:
        try:
            found = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return False
        return found is not None and self._is_token(found.value)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


def _sane(host: str) -> bool:
    return bool(host) and not set(host) & set("/\\@?#") and host.count("[") == host.count("]")


async def _refuse(reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
    else:
        await PlainTextResponse(f"{reason}\n", 403, HEADERS)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return sending
