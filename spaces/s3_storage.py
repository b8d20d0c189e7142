"""An S3 bucket as blob storage, read piece by piece and failing in sentences."""

import io
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any, BinaryIO, override

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from spaces.file_storage import StorageUnavailable

LINK_LIFETIME = timedelta(minutes=5)
BLOCK = 256 * 1024
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
_MISSING = {"404", "NoSuchKey"}


class BucketStorage(S3Storage):
    """Objects named by digest: to write one again is harmless.

    Whatever goes wrong is a StorageUnavailable that says why; an object that is not there is a
    FileNotFoundError. Decision: one connection for all threads, because making one takes 150 ms and what
    is done with it goes through its client, which threads may share.
    """

    @override
    def get_default_settings(self) -> dict[str, Any]:
        return {**super().get_default_settings(), "signed_links": False}

    @cached_property
    def connection(self) -> Any:
        """Raises StorageUnavailable for an address or credentials that cannot be meant."""
        if bool(self.access_key) != bool(self.secret_key):
            raise StorageUnavailable("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one is set, one not")
        session = self._create_session()
        try:
            return session.resource(
                "s3",
                region_name=self.region_name,
                endpoint_url=self.endpoint_url,
                config=_config(has_endpoint=bool(self.endpoint_url)),
            )
        except ValueError as error:
            raise StorageUnavailable(str(error)) from error

    @override
    def exists(self, name: str) -> bool:
        with self._failures_told():
            return bool(super().exists(name))

    @override
    def delete(self, name: str) -> None:
        with self._failures_told():
            super().delete(name)

    def require(self) -> None:
        """Raises StorageUnavailable unless the bucket is there and lets these credentials in."""
        with self._failures_told(missing="NoSuchBucket"):
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    def signed_link(self, name: str, headers: Mapping[str, str]) -> str | None:
        """A link to an object that anybody may read for five minutes; None unless the option asks for links.

        It answers with `Content-Type` and `Content-Disposition` of these headers, more S3 does not take.
        Nothing is asked of the bucket.
        """
        if not self.signed_links:
            return None
        wanted = {
            "ResponseContentType": headers["Content-Type"],
            "ResponseContentDisposition": headers["Content-Disposition"],
            "ResponseCacheControl": "private",
        }
        with self._failures_told():
            return str(self.url(name, parameters=wanted, expire=int(LINK_LIFETIME.total_seconds())))

    def read_from(self, name: str, start: int) -> BinaryIO:
        """The object's bytes from `start` on, as they arrive; raises FileNotFoundError."""
        wanted = {"Range": f"bytes={start}-"} if start else {}
        with self._failures_told():
            answer = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=name, **wanted)
        body: BinaryIO = answer["Body"]
        return body

    @contextmanager
    def failures_of_reading_told(self) -> Iterator[None]:
        """For whoever reads what `read_from` gave."""
        with self._failures_told():
            yield

    @override
    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if not self.exists(name):
            self.require()
            raise FileNotFoundError(name)
        return File(io.BufferedReader(_Object(self, name), BLOCK), name)

    @override
    def _save(self, name: str, content: Any) -> str:
        with self._failures_told():
            return str(super()._save(name, content))

    @contextmanager
    def _failures_told(self, missing: str | None = None) -> Iterator[None]:
        """Turn boto's errors into ours; `missing` is what a bare 404 means here."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            code = missing if missing and code in _MISSING else code
            if code in _MISSING:
                raise FileNotFoundError(str(error)) from error
            raise StorageUnavailable(self._sentence(code, error)) from error
        except NoCredentialsError as error:
            hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise StorageUnavailable(f"there are no credentials for it: {hint}") from error
        except (BotoCoreError, Boto3Error) as error:
            raise StorageUnavailable(f"the S3 bucket {self.bucket_name!r} fails: {error}") from error

    def _sentence(self, code: str, error: ClientError) -> str:
        if code == "NoSuchBucket":
            return f"there is no S3 bucket {self.bucket_name!r}"
        if code in _REFUSED:
            return f"the S3 bucket {self.bucket_name!r} refuses these credentials ({code})"
        return f"the S3 bucket {self.bucket_name!r} fails: {error}"


def _config(*, has_endpoint: bool) -> Config:
    return Config(
        # Without it links are signed in an older way, which newer regions and stores refuse.
        signature_version="s3v4",
        # What is not Amazon's seldom has a host name for each bucket, nor the newest checksums.
        s3={"addressing_style": "path" if has_endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=50,
    )


class _Object(io.RawIOBase):
    """An object that is asked for at its first read, and again after a seek."""

    def __init__(self, storage: BucketStorage, name: str) -> None:
        self._storage, self._name = storage, name
        self._body: BinaryIO | None = None
        self._at = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def readinto(self, into: Any, /) -> int:
        if self._body is None:
            self._body = self._storage.read_from(self._name, self._at)
        with self._storage.failures_of_reading_told():
            piece = self._body.read(len(into))
        into[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}
        if whence not in base:
            raise io.UnsupportedOperation("An object's end is not known before it is read.")
        at = base[whence] + offset
        if at != self._at:
            self._drop()
        self._at = at
        return at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def close(self) -> None:
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._body is not None:
            with closing(self._body):
                self._body = None
