"""Which storage the blobs are in, by the environment."""

from typing import Any

from config.environment import Environment


def blob_storage(env: Environment) -> dict[str, Any]:
    """The entry of Django's STORAGES: the bucket that is named, else a folder."""
    if not env.s3_bucket:
        return {"BACKEND": "spaces.file_storage.WholeFileStorage", "OPTIONS": {"location": env.blob_dir}}
    return {
        "BACKEND": "spaces.s3_storage.BucketStorage",
        "OPTIONS": {
            "bucket_name": env.s3_bucket,
            "endpoint_url": env.s3_endpoint_url,
            "region_name": env.s3_region,
            "signed_links": env.s3_signed_links,
        },
    }
