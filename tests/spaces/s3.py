"""An S3 server of the test's own, and the blobs in a bucket of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from config.blob_storage import blob_storage
from config.environment import Environment

# moto tells neither who signed a request nor when: what it cannot refuse is read from the links themselves.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
REGION = "eu-central-1"
_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a started server, which ends with the `with`."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def client(endpoint: str) -> Any:
    """Its own client, beside ours."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing-secret",
    )


def make_bucket(endpoint: str, name: str) -> str:
    client(endpoint).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def variables(endpoint: str, bucket: str, **more: str) -> dict[str, str]:
    """What an operator sets."""
    return {**CREDENTIALS, "S3_BUCKET": bucket, "S3_ENDPOINT_URL": endpoint, "S3_REGION": REGION, **more}


def bucket_storage(endpoint: str, bucket: str, *, signed_links: bool = False) -> dict[str, Any]:
    """The blobs' storage as the settings make it."""
    return blob_storage(
        Environment(
            s3_bucket=bucket, s3_endpoint_url=endpoint, s3_region=REGION, s3_signed_links=signed_links
        )
    )
