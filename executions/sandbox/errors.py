"""What can go wrong around a sandbox, before and after the script."""


class SandboxUnavailable(Exception):
    """This machine cannot isolate a script. The text says which setting to open."""


class ArtifactRejected(Exception):
    """A path of the workspace that Callboard does not read, write or keep.

    `path` is as the script or the caller named it, escaped where it is not printable.
    """

    def __init__(self, path: str | bytes, reason: str) -> None:
        self.path = printable(path)
        self.reason = reason
        super().__init__(f"{self.path}: {reason}")


def printable(path: str | bytes) -> str:
    """`path` for people: bytes that are no UTF-8 and control characters escaped, at most 200 characters."""
    text = path.decode(errors="backslashreplace") if isinstance(path, bytes) else path
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return shown if len(shown) <= 200 else f"{shown[:197]}..."
