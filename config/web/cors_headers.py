"""The headers that pages of allowed origins may send, and those that they may read."""

from corsheaders.defaults import default_headers

# What our documents name, beside what every page may send: whoever documents another one adds it here.
ALLOWED_HEADERS = (
    *default_headers,
    "x-api-key",
    "prefer",
    "idempotency-key",
    "last-event-id",
    "range",
    "if-range",
    "if-none-match",
)
# What our answers say in headers that a page could not read otherwise.
EXPOSED_HEADERS = (
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "Location",
    "Allow",
    "ETag",
    "Accept-Ranges",
    "Content-Range",
    "Content-Disposition",
    "X-Thread-Id",
    # By which clients of chats tell the formats of streams apart.
    "X-Vercel-AI-Data-Stream",
    "X-Vercel-AI-UI-Message-Stream",
)
