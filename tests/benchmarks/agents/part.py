"""Part 9: hundreds of objectives at once, beside a bare client of the same provider."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace

from tests.benchmarks.agents.crowd import measure_crowd
from tests.benchmarks.agents.flood import measure_flood
from tests.benchmarks.agents.place import Place, Tenant
from tests.benchmarks.agents.probes import feel
from tests.benchmarks.agents.provider import Pace
from tests.benchmarks.agents.quiet import measure_silence, measure_waiting
from tests.benchmarks.agents.throughput import measure_killing, measure_throughput
from tests.benchmarks.child_process import START_SECONDS, ChildProcess, call_in_child
from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure
from tests.benchmarks.servers import Site, free_port, web, worker

MODEL = "bench"  # the deployment's default; the second tenant's is the demo's
SILENT = Pace(think=3600, rate=1, count=1)
LINGERING = Pace(think=600, rate=1, count=1)


def measure_agents(context: Context) -> list[Figure]:
    """First what one worker carries, on the same worker; then what begins with workers of its own."""
    effort = context.effort
    crowd = Pace(think=effort.think_seconds, rate=4, count=int(effort.speak_seconds * 4))
    flood = Pace(think=0, rate=0, count=effort.flood_words)
    paces = {"streamer": crowd, "silent": SILENT, "flooder": flood, "lingerer": LINGERING}
    with _place(context, {name: str(pace) for name, pace in paces.items()}) as place:
        with worker(place.context.dataset.site) as pid:
            feel(place, 3)  # every process and thread does its first things
            idle = feel(place, effort.feelings)
            figures = [
                *measure_crowd(place, pid, crowd, idle),
                *measure_silence(place, feel(place, effort.feelings)),
                *measure_flood(place, pid, flood),
                *measure_waiting(place, pid),
            ]
        return [*figures, measure_killing(place), *measure_throughput(place)]


@contextlib.contextmanager
def _place(context: Context, paces: dict[str, str]) -> Iterator[Place]:
    port = free_port()
    site = _asking(context.dataset.site, port)
    dataset = replace(context.dataset, site=site)
    with (
        ChildProcess("tests.benchmarks.agents.provider.serve", port=port) as provider,
        web(site) as real,
    ):
        provider.wait_until_ready()
        cast = call_in_child(
            "tests.benchmarks.agents.fixtures.make_cast",
            seconds=START_SECONDS,
            env=site.env,
            ids=dict(dataset.ids),
            tools_at=f"http://127.0.0.1:{real.port}",
            paces=paces,
        )
        yield Place(
            replace(context, dataset=dataset),
            real,
            port,
            ours=Tenant(dataset.ids["space_id"], dataset.ids["token"]),
            other=Tenant(cast["other"]["space_id"], cast["other"]["token"]),
            agents=cast["agents"],
        )


def _asking(site: Site, port: int) -> Site:
    """The site whose default model is at this part's provider."""
    model = {
        "provider": "openai-compatible",
        "name": MODEL,
        "base_url": f"http://127.0.0.1:{port}/v1",
        "api_key": "none",
        "silence_seconds": SILENT.think * 2,
        "request_seconds": SILENT.think * 2,
        "prices": {"input": "1", "output": "1"},
    }
    return replace(site, env={**site.env, "MODELS": json.dumps({MODEL: model}), "DEFAULT_MODEL": MODEL})
