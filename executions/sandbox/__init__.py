"""Run untrusted scripts isolated, watched and limited; see `launch`."""

from executions.sandbox.errors import ArtifactRejected, SandboxUnavailable
from executions.sandbox.filesystem import PYTHONPATH
from executions.sandbox.limits import LIMIT_CODES, Limits
from executions.sandbox.output import Heard
from executions.sandbox.probe import Probe, launch, probe
from executions.sandbox.process import ProcessOutcome, RunningProcess
from executions.sandbox.workspace import SandboxWorkspace

__all__ = [
    "LIMIT_CODES",
    "PYTHONPATH",
    "ArtifactRejected",
    "Heard",
    "Limits",
    "Probe",
    "ProcessOutcome",
    "RunningProcess",
    "SandboxUnavailable",
    "SandboxWorkspace",
    "launch",
    "probe",
]
