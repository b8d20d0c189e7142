"""The Python that scripts get, under the default limits."""

from executions.sandbox import Limits, SandboxWorkspace, launch
from tests.executions.sandbox.scripts import run_python


def test_it_is_at_a_fixed_path_and_read_only(workspace: SandboxWorkspace):
    ended = run_python(workspace, "import sys; print(sys.executable, sys.prefix, sys.dont_write_bytecode)")

    assert ended.lines == ["/opt/skills/bin/python /opt/skills True"]


def test_the_skills_packages_work_under_the_default_limits(workspace: SandboxWorkspace):
    code = """
        import io, bs4, docx, markdown_it, pandas, pypdf
        import matplotlib.pyplot as pyplot
        table = pandas.DataFrame({"a": [1, 2, 3]})
        table.plot()
        pyplot.savefig("outputs/chart.png")
        docx.Document().save("outputs/empty.docx")
        print(table["a"].sum())
    """

    ended = run_python(workspace, code, limits=Limits())

    assert ended.stdout == "6\n", ended.outcome
    with workspace.open_regular("outputs/chart.png") as chart:
        assert chart.read(4) == b"\x89PNG"


def test_nothing_of_the_projects_environment_is_importable(workspace: SandboxWorkspace):
    ended = run_python(
        workspace, "import importlib.util as u; print(u.find_spec('django'), u.find_spec('executions'))"
    )

    assert ended.stdout == "None None\n"


def test_libraries_leave_no_files_in_the_workspace(workspace: SandboxWorkspace):
    run_python(workspace, "import matplotlib.pyplot, pathlib; print(pathlib.Path.home())", limits=Limits())

    assert workspace.list() == []
    assert sorted(path.name for path in workspace.path.iterdir()) == ["inputs", "outputs"]


def test_processes_and_event_loops_work(workspace: SandboxWorkspace):
    code = """
        import asyncio, multiprocessing
        from concurrent.futures import ThreadPoolExecutor
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(abs, [-1, 2]))
            with ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-3])))
            print(asyncio.run(asyncio.sleep(0, "slept")))
    """

    assert run_python(workspace, code).lines == ["[1, 2]", "[3]", "slept"]


def test_charts_draw_the_letters_of_every_script(workspace: SandboxWorkspace):
    code = """
        import warnings
        warnings.simplefilter("error")
        import matplotlib.pyplot as pyplot
        figure, axes = pyplot.subplots()
        axes.set_title("売上高 销售额 銷售額 매출 · बिक्री क्षेत्र · ยอดขายที่ดิน · 🎉📈 · Übermäßig €")
        axes.bar(["東京", "दिल्ली", "กรุงเทพฯ", "🚀"], [1, 2, 3, 4], label="한국어")
        axes.legend()
        figure.savefig("outputs/chart.png")
    """

    ended = run_python(workspace, code, limits=Limits())

    assert (ended.outcome.exit_status, ended.outcome.stderr_tail) == (0, "")


def test_every_way_of_starting_processes_works(workspace: SandboxWorkspace):
    workspace.write(
        "run.py",
        b"""
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor

def square(number): return number * number
def answer(pipe, queue):
    queue.put(pipe.recv() + 1)
    pipe.send(multiprocessing.get_start_method())

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    with multiprocessing.Pool(2) as pool: print(pool.map(square, range(4)))
    with ProcessPoolExecutor(2) as pool: print(list(pool.map(square, range(4))))
    here, there = multiprocessing.Pipe()
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=answer, args=(there, queue))
    process.start()
    here.send(41)
    print(queue.get(), here.recv())
    with multiprocessing.Manager() as manager: print(list(manager.list([7])))
""",
    )
    for method in ("fork", "spawn", "forkserver"):
        with launch(
            ["python", "run.py", method], workspace=workspace, bundle=None, limits=Limits(wall_seconds=100)
        ) as running:
            outcome = running.wait()
            lines = []
            while (line := running.read_line(0)) is not None:
                lines.append(line.decode().strip())

        assert lines == ["[0, 1, 4, 9]", "[0, 1, 4, 9]", f"42 {method}", "[7]"], outcome
