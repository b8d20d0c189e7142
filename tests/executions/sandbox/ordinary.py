"""Run tests as an ordinary user although everything may live where only root can go."""

import shlex
import subprocess
import sys
from pathlib import Path

from executions.sandbox import options

PROJECT = Path(__file__).resolve().parents[3]
USER = "65534"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = f"lib/{PYTHON}/site-packages"


def run_tests(area: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as that user, in a mount namespace in which the empty folder `area` shows what it needs."""
    area.chmod(0o755)
    mounts = {
        "python": Path(sys.base_prefix),
        "packages": Path(sys.prefix) / PACKAGES,
        "project": PROJECT,
        f"skills/{PACKAGES}": options.skill_python() / PACKAGES,
    }
    for folder in (*mounts, "skills/bin", "tmp"):
        (area / folder).mkdir(parents=True)
    (area / "tmp").chmod(0o1777)
    (area / "skills" / "bin" / "python").symlink_to(area / "python" / "bin" / PYTHON)
    (area / "pytest.ini").write_text("[pytest]\n")
    (area / "ordinary_settings.py").write_text(f"SKILL_PYTHON = {str(area / 'skills')!r}\n")
    bind = [
        f"mount --bind {shlex.quote(str(host))} {shlex.quote(str(area / to))}" for to, host in mounts.items()
    ]
    script = " && ".join([*bind, f"cd {shlex.quote(str(area / 'project'))}", 'exec "$@"'])
    user = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"]
    pytest = [str(area / "python" / "bin" / PYTHON), "-m", "pytest", "-c", str(area / "pytest.ini")]
    plugins = ["-p", "no:django", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir=."]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *user, *pytest, *plugins, *arguments],
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": str(area / "tmp"),
            "LD_LIBRARY_PATH": str(area / "python" / "lib"),
            "PYTHONPATH": f"{area / 'project'}:{area / 'packages'}:{area}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "ordinary_settings",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
