"""Whom we trust when we ask a model: the certificate authorities of this machine, read once a thread.

Decision: one TLS context a thread. One a request costs more processor time than the rest of the request. One
a process would be changed under a thread that connects: the HTTP library sets a context's protocols anew for
each connection, and OpenSSL does not guard that. A context holds no keys, cookies or sessions of any tenant.
"""

import ssl
import threading

import httpx2


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.context = httpx2.create_ssl_context()


def tls_context() -> ssl.SSLContext:
    """The calling thread's, which trusts SSL_CERT_FILE or SSL_CERT_DIR where they are set."""
    return _of_thread.context


_of_thread = _OfThread()
