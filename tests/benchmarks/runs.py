"""Part 8: how soon a run's model is asked, and how soon what its code says is heard."""

import json
from dataclasses import replace

from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure
from tests.benchmarks.objectives.asks import MODEL, measure_asks
from tests.benchmarks.servers import free_port, web, worker
from tests.benchmarks.speaking import measure_speaking


def measure_runs(context: Context) -> list[Figure]:
    """The deployment's model is a provider of the benchmark's own, which thinks about nothing."""
    port = free_port()
    model = {
        "provider": "openai-compatible",
        "name": MODEL,
        "base_url": f"http://127.0.0.1:{port}/v1",
        "api_key": "none",
        "prices": {"input": "1", "output": "1"},
    }
    site = context.dataset.site
    env = {**site.env, "MODELS": json.dumps({MODEL: model}), "DEFAULT_MODEL": MODEL}
    asking = replace(context, dataset=replace(context.dataset, site=replace(site, env=env)))
    with web(asking.dataset.site) as real, worker(asking.dataset.site):
        return [*measure_asks(asking, real, port), *measure_speaking(asking, real)]
