"""Bodies that are no JSON, or not the JSON that is due (W-08)."""

import json

from behaviour import After


def _body(f):
    def after(ex, response):
        if response.status < 400:
            response.body = f(response.body)
        return response
    return After(after)


def _insert(text):
    return lambda body: body.replace(b"{", b"{" + text, 1)


def _duplicate(body):
    key, value = next(iter(json.loads(body).items()))
    return body[:-1] + b", " + json.dumps(key).encode() + b": " + json.dumps(value).encode() + b"}"


SYNTAX = {
    "empty body": lambda body: b"",
    "truncated JSON": lambda body: body[:len(body) // 2],
    "array for object": lambda body: b"[" + body + b"]",
    "nested too deep": lambda body: _insert(b'"deep": ' + b"[" * 5000 + b"]" * 5000 + b", ")(body),
    "duplicate key": _duplicate,
    "NUL": _insert(b'"nul": "\\u0000", '),
    "raw NUL": lambda body: body + b"\0",
    "BOM": lambda body: b"\xef\xbb\xbf" + body,
    "invalid UTF-8": _insert(b'"bad": "\xff\xfe\xc0\x80", '),
    "number 1e999": _insert(b'"big": 1e999, '),
    "trailing garbage": lambda body: body + b" }",
    "a bare string": lambda body: b'"valid"',
}


def syntax(name):
    return _body(SYNTAX[name])


WRONG = {str: 17, list: "none", dict: ["x"], bool: "yes", int: "many"}
GONE = object()


def set_member(path, how):
    """Of the object at `path` ("challenges.0.token"): null, wrong type or missing."""
    keys = [int(k) if k.isdigit() else k for k in path.split(".")]

    def change(body):
        value = at = json.loads(body)
        try:
            for key in keys[:-1]:
                at = at[key]
            old = at[keys[-1]]
        except (KeyError, IndexError, TypeError):
            return body
        if how == "missing":
            del at[keys[-1]]
        else:
            at[keys[-1]] = None if how == "null" else WRONG[type(old)]
        return json.dumps(value).encode()
    return _body(change)
