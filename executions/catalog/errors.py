"""Why a skill bundle is not taken."""


class BundleRefused(ValueError):
    """The bundle is not a valid skill.

    `path` names the offender: a key of the front matter such as
    `metadata.inputs.properties.x`, or a file of the bundle. It is empty when the bundle as a
    whole is meant.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason
        self.path = path


class BundleTampered(ValueError):
    """The stored bundle is not the one that was imported."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.__doc__} {reason}")
        self.reason = reason
