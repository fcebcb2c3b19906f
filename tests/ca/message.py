"""Requests and responses, whatever the version of HTTP, and how an answer leaves when it is not sent as it should be."""

import json


class Request:
    """One request that came in whole."""

    def __init__(self, method, path, headers, body, version):
        self.method, self.path, self.headers, self.body, self.version = method, path, headers, body, version


class Response:
    """Status, header fields (in order, repeated if need be) and body. `wire`, if set, sends it in the server's place."""

    def __init__(self, status=200, body=b"", kind=None, **fields):
        self.status, self.body = status, body
        self.fields = [("Content-Type", kind)] if kind else []
        for name, value in fields.items():
            self.set(name.replace("_", "-"), value)
        self.wire = None

    def get(self, name):
        return next((v for n, v in self.fields if n.lower() == name.lower()), None)

    def drop(self, name):
        self.fields = [(n, v) for n, v in self.fields if n.lower() != name.lower()]
        return self

    def set(self, name, value):
        self.drop(name)
        return self.add(name, value)

    def add(self, name, value):
        self.fields.append((name, str(value)))
        return self

    def json(self):
        return json.loads(self.body)

    def set_json(self, value):
        self.body = json.dumps(value).encode()
        return self


def answer(value, status=200, kind="application/json"):
    return Response(status, json.dumps(value).encode(), kind)


def problem(kind, detail, status=400, **more):
    """A problem document of RFC 7807; `kind` is the last part of the URN, or a whole URI."""
    uri = kind if ":" in kind else f"urn:ietf:params:acme:error:{kind}"
    return answer({"type": uri, "detail": detail, "status": status, **more}, status, "application/problem+json")


REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found", 303: "See Other",
           304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 415: "Unsupported Media Type",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
