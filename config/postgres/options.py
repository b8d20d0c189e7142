"""The server's settings, given at every start so that an upgrade reaches old data too."""

import shlex
from pathlib import Path

_EVERYWHERE = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",  # short queries on small machines: compiling costs more than it saves
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
# A test cluster is thrown away when it breaks: it waits for no disk.
_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}


def server_options(*, port: int, socket_folder: Path, disposable: bool) -> str:
    """One shell-quoted string for `pg_ctl -o`."""
    settings = {
        **_EVERYWHERE,
        **(_DISPOSABLE if disposable else {}),
        "port": str(port),
        "unix_socket_directories": f'"{socket_folder}"',
    }
    return shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
