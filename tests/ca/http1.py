"""HTTP/1.1 over one connection, as much of it as an ACME client speaks."""

from message import REASONS, Request

HEAD_MAX, BODY_MAX = 64 * 1024, 1024 * 1024


def read_request(connection):
    """The next request, or None when the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.receive()
        if not part or len(data) > HEAD_MAX:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    while len(body) < min(length, BODY_MAX):
        part = connection.receive()
        if not part:
            return None
        body += part
    return Request(method, path, headers, body, "1.1")


def head_of(response, length=None, version="1.1", more=()):
    """Status line and fields, with the body's true length unless another one is wished."""
    lines = [f"HTTP/{version} {response.status} {REASONS.get(response.status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in [*response.fields, *more]]
    if length != "none":
        lines.append(f"Content-Length: {len(response.body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def serve(connection, respond):
    while True:
        request = read_request(connection)
        if request is None:
            return
        response = respond(request, connection)
        if response.wire:
            if not response.wire(connection, response, request):
                return
            continue
        body = b"" if request.method == "HEAD" or response.status == 204 else response.body
        connection.send(head_of(response) + body)
        if (response.get("Connection") or "").lower() == "close":
            return
