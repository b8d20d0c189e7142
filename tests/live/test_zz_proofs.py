"""Proofs with real servers; each test FAILS where the code is wrong."""
import io, socket, time, os
import httpx2, pytest
from django.db import connection
from django.utils import timezone
from executions.models import Artifact
from executions.actions.starting import start_execution
from spaces.blobs import store_blob
from spaces.ids import new_id
from spaces.models import UploadedFile
from tests.factories import make_actor, make_skill
from tests.live.server import running_server, database_url

pytestmark = pytest.mark.django_db(transaction=True)


def make_artifact(actor, megabytes):
    make_skill(tenant=actor.tenant)
    run, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "x"}, now=timezone.now())
    blob = store_blob(io.BytesIO(os.urandom(1 << 20) * megabytes), now=timezone.now())
    return Artifact.objects.create(execution=run, relpath="a.bin", content_type="application/octet-stream",
                                   blob=blob, size_bytes=blob.size_bytes, created_at=timezone.now())


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_clients_that_do_not_read_a_download_cost_no_memory(kind):
    actor = make_actor()
    artifact = make_artifact(actor, 100)
    with running_server(kind, BLOB_DIR=str(os.environ.get("BLOB_DIR", ""))or".callboard/blobs") as server:
        path = f"/v1/spaces/{actor.space.id}/artifacts/{artifact.id}/download"
        httpx2.get(server.url + path, headers={**actor.headers, "Range": "bytes=0-10"})
        before = server.memory()
        clients = []
        for _ in range(4):
            c = socket.create_connection(("127.0.0.1", server.port))
            c.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {actor.token}\r\n\r\n".encode())
            clients.append(c)
        time.sleep(8)
        grown = (server.memory() - before) >> 20
        print(kind, "grew by MiB", grown)
        for c in clients:
            assert c.recv(15).startswith(b"HTTP/1.1 200")
            c.close()
        assert grown < 40


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_an_upload_that_breaks_off_leaves_no_file(kind):
    actor = make_actor()
    with running_server(kind) as server:
        head = (b"--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"report.csv\"\r\n"
                b"Content-Type: text/csv\r\n\r\n")
        c = socket.create_connection(("127.0.0.1", server.port))
        c.sendall(b"POST /v1/files/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + actor.token.encode() +
                  b"\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 5000000\r\n\r\n" + head + b"a,b\n1,2\n" * 1000)
        time.sleep(0.5)
        c.close()
        time.sleep(3)
        kept = [(f.name, f.blob.size_bytes) for f in UploadedFile.objects.filter(principal=actor.principal)]
        print(kind, kept)
        assert kept == []


def test_requests_survive_connections_that_the_database_has_closed():
    actor = make_actor()
    with running_server() as server:
        url = f"{server.url}/v1/spaces/{actor.space.id}/skills"
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda _: httpx2.get(url, headers=actor.headers).status_code, range(100)))
        with connection.cursor() as cursor:  # what a restart or failover of PostgreSQL does
            cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            print("closed", cursor.fetchone())
        time.sleep(2)
        statuses = [httpx2.get(url, headers=actor.headers).status_code for _ in range(30)]
        print(statuses)
        assert set(statuses) == {200}


def test_a_stream_behind_the_end_ends_when_its_run_ends():
    from tests.live.runs import Run
    from executions.actions.running import begin_attempt, finish_succeeded
    from executions.runlog import wakeups
    actor = make_actor(); make_skill(tenant=actor.tenant)
    run, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "x"}, now=timezone.now())
    lease = begin_attempt(run_id=run.id, owner=new_id(), now=timezone.now())
    with running_server() as server:
        c = socket.create_connection(("127.0.0.1", server.port))
        c.sendall(f"GET /v1/spaces/{actor.space.id}/skills/executions/{run.id}/events?after=99 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {actor.token}\r\n\r\n".encode())
        time.sleep(1)
        finish_succeeded(lease=lease, outputs={}, now=timezone.now())
        c.settimeout(1); got = b""; deadline = time.monotonic() + 6; closed = False
        while time.monotonic() < deadline:
            try:
                piece = c.recv(4096)
            except TimeoutError:
                continue
            got += piece
            if not piece or got.endswith(b"0\r\n\r\n"): closed = True; break
        assert closed


def test_a_run_is_healed_though_no_worker_is_left():
    """Design: sweep by workers and web processes alike."""
    from executions.models import SkillExecution, RunHead
    from executions.actions.running import begin_attempt
    actor = make_actor(); make_skill(tenant=actor.tenant)
    run, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "x"}, now=timezone.now())
    begin_attempt(run_id=run.id, owner=new_id(), now=timezone.now())  # a worker that is killed at this moment
    with running_server() as server:
        deadline = time.monotonic() + 17
        while time.monotonic() < deadline:
            if SkillExecution.objects.get(pk=run.pk).state != "running": break
            time.sleep(0.5)
        assert SkillExecution.objects.get(pk=run.pk).state == "failed"
