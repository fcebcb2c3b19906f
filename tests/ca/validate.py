"""HTTP-01 as a CA does it: the name leads to this machine, the answer must be the key authorization."""

import http.client


class Invalid(Exception):
    """Problem type and words."""

    def __init__(self, kind, detail):
        super().__init__(detail)
        self.kind, self.detail = kind, detail


class Never(Exception):
    """It does not come to an end."""


def http01(name, token, expected, port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", f"/.well-known/acme-challenge/{token}", headers={"Host": name})
        got = connection.getresponse()
        body = got.read(1024)
    except (OSError, http.client.HTTPException) as error:
        raise Invalid("connection", f"{name}: {error}") from error
    finally:
        connection.close()
    if got.status != 200 or body.strip().decode("latin-1") != expected:
        raise Invalid("unauthorized", f"{name}: wrong answer (HTTP {got.status})")
