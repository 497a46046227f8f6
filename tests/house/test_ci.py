"""What `.ci/run` decides: which skipped tests are allowed, what a failed step does, what the README tells to type."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


def case(classname: str, name: str, why: str = "") -> str:
    inside = f'<skipped type="pytest.skip" message="{why}"/>' if why else ""
    return f'<testcase classname="{classname}" name="{name}">{inside}</testcase>'


REPORT = "\n".join(
    [
        "<testsuites><testsuite>",
        case("tests.video.test_gpu", "test_nvdec[h264]", "no GPU"),
        case("tests.video.test_gpu.TestMore", "test_b"),
        case("", "tests.whole.test_module", "no torch"),
        "</testsuite></testsuites>",
    ]
)


def skips(tmp_path: Path, allowed: str, report: str = REPORT) -> subprocess.CompletedProcess[str]:
    (tmp_path / "allowed.txt").write_text(allowed)
    (tmp_path / "fast.xml").write_text(report)
    command = [sys.executable, ROOT / ".ci" / "skips.py", "allowed.txt", "fast.xml"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)


def test_a_skip_outside_the_list_fails(tmp_path):
    """The test and its reason are named; one that is listed, with any parameter, is let pass."""
    result = skips(tmp_path, "tests/video/test_gpu.py::test_nvdec  # needs a GPU\n")
    assert result.returncode == 1
    assert result.stderr == "error: tests.whole.test_module was skipped (no torch) and is not in allowed.txt\n"


def test_listed_skips_pass(tmp_path):
    """A whole module may be listed by its path."""
    result = skips(tmp_path, "# why\ntests/video/test_gpu.py::test_nvdec\n\ntests/whole/test_module.py\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("3 tests, none skipped")


def test_a_report_without_tests_fails(tmp_path):
    """Nothing was run is not nothing was skipped."""
    result = skips(tmp_path, "", "<testsuites><testsuite/></testsuites>")
    assert result.returncode == 1
    assert "no test at all" in result.stderr


def test_the_committed_list_names_tests_that_exist():
    """A line for a test that was renamed or removed would let another skip pass unseen one day."""
    for line in (ROOT / "tests" / "allowed_skips.txt").read_text(encoding="utf-8").splitlines():
        name = line.partition("#")[0].strip()
        if name:
            path, _, test = name.partition("::")
            assert f"def {test.split('::')[-1]}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture
def ci(tmp_path):
    """`.ci/run` in a folder whose Makefile only writes down what it was asked; FAIL names a target that fails."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "allowed_skips.txt").touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    report = '<testsuite><testcase classname=\\"a\\" name=\\"b\\"/></testsuite>'
    (tmp_path / "Makefile").write_text(
        "%:\n"
        '\t@echo "$@ $(PYTEST_ARGS)" >> log\n'
        '\t@echo "$$SMALL_RUN" >> folders\n'
        f'\t@for a in $(PYTEST_ARGS); do case $$a in --junitxml=*) echo "{report}" > "$${{a#*=}}";; esac; done\n'
        '\t@test "$@" != "$(FAIL)"\n'
    )

    def run(readme: str, fail: str = "") -> tuple[subprocess.CompletedProcess[str], list[str]]:
        (tmp_path / "README.md").write_text(readme)
        # this test itself runs under make, and under `.ci/run` with arguments for pytest
        inherited = ("MAKE", "MFLAGS", "PYTEST_ARGS", "SMALL_RUN")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(inherited)}
        env = clean | {"FAIL": fail}
        result = subprocess.run([tmp_path / ".ci" / "run"], env=env, capture_output=True, text=True, timeout=60)
        log = tmp_path / "log"
        return result, [
            re.sub(r"=\S*/", "=", line).strip() for line in log.read_text().splitlines()
        ] if log.exists() else []

    return run


def test_ci_runs_what_the_readme_tells(ci):
    """Set up, the README's test command, then the checks beside the tests that it left out; each with its time."""
    result, steps = ci("Type\n\n```\nmake run\nmake test   # ten minutes\n```\n")
    assert result.returncode == 0, result.stdout + result.stderr
    slow = "-n 3 -m slow --junitxml=slow.xml"
    assert steps[:2] == ["setup", "test --junitxml=fast.xml"]
    assert sorted(steps[2:]) == [f"check {slow}", f"test-all {slow}"]
    assert re.search(r"\d s  make check, make test-all \(the slow layer\)\n", result.stdout)
    assert re.search(r"\d s  in all: passed\n$", result.stdout)


@pytest.mark.parametrize(
    ("target", "before"),
    [("setup", []), ("test", ["setup"]), ("check", ["setup", "test"]), ("test-all", ["setup", "test"])],
)
def test_ci_stops_at_the_first_failure(ci, target, before):
    """A failed step fails the run, and nothing runs after it."""
    result, steps = ci("```\nmake test\n```\n", fail=target)
    assert result.returncode != 0
    ran = [step.split()[0] for step in steps]
    assert ran[: len(before)] == before
    beside = {"check", "test-all"} if target in ("check", "test-all") else {target}
    assert target in ran[len(before) :]
    assert set(ran[len(before) :]) <= beside
    assert "no test is skipped unasked" not in result.stdout
    assert "in all: FAILED" in result.stdout


def test_both_layers_start_from_one_small_run(ci, tmp_path):
    """In a folder of this run of CI alone, which is gone at its end."""
    result, _ = ci("```\nmake test\n```\n")
    assert result.returncode == 0, result.stderr
    setup, test, check, rest = (tmp_path / "folders").read_text().splitlines()
    assert Path(test).is_absolute()
    assert test == check == rest
    assert not setup
    assert not Path(test).parent.exists()


def test_ci_refuses_a_readme_without_a_test_command(ci):
    """A README that stopped telling how to test is a fault, not a reason to test less."""
    result, steps = ci("Read the source.\n")
    assert result.returncode == 1
    assert "no line 'make test'" in result.stderr
    assert steps == []


# A step that started a server in a session of its own, which even ignores SIGTERM, and now hangs.
HANGS = """
%:
\t@setsid sh -c 'trap "" TERM; echo $$$$ > server; while :; do sleep 0.1; done' &
\t@while [ ! -s server ]; do sleep 0.1; done; echo $$$$ > hung; sleep 987
"""


@pytest.fixture
def hanging(tmp_path):
    """`.ci/run`, with a limit of two seconds if so wished, on a Makefile whose every target hangs."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "Makefile").write_text(HANGS)
    (tmp_path / "README.md").write_text("```\nmake test\n```\n")
    original = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "limit_s=2700 grace_s=5" in original
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    started = []

    def start(limit_s: int) -> subprocess.Popen[str]:
        script = tmp_path / ".ci" / "run"
        script.write_text(original.replace("limit_s=2700 grace_s=5", f"limit_s={limit_s} grace_s=1"))
        script.chmod(0o755)
        run = subprocess.Popen(
            [script],
            env=clean,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(run)
        return run

    yield start
    for run in started:
        run.kill()
        run.wait()
    for pid in filter(alive, pids(tmp_path)):
        psutil.Process(pid).kill()


def pids(folder: Path) -> list[int]:
    """Of the step and of what it started."""
    written = [(folder / name).read_text() for name in ("server", "hung") if (folder / name).exists()]
    return [int(text) for text in written if text]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_at_the_limit_nothing_of_a_step_is_left(hanging, tmp_path):
    """Not its process group alone: a server that left the group, and does not heed SIGTERM, goes as well."""
    said, _ = hanging(2).communicate(timeout=60)
    assert "error: 'setup' was stopped" in said
    assert "in all: FAILED" in said
    assert len(pids(tmp_path)) == 2
    assert not [pid for pid in pids(tmp_path) if alive(pid)]


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_reaches_the_step_and_what_it_started(hanging, tmp_path, how, code):
    """The run ends at once, and says so; nothing is left."""
    run = hanging(600)
    deadline = time.monotonic() + 60
    while len(pids(tmp_path)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(how)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == code
    assert "in all: FAILED" in said
    assert not [pid for pid in pids(tmp_path) if alive(pid)]


def test_the_readme_tells_how_to_test():
    """The line that `.ci/run` looks for stands in the README."""
    assert re.search(r"^(\$ )?make test\b(?!-)", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_a_mistake_in_params_is_one_sentence(tmp_path):
    """`make check` names the file and what is wrong with it, without a traceback."""
    (tmp_path / "params.yaml").write_text("tier: smoke\nseed: 1\n")
    command = [sys.executable, ROOT / ".ci" / "params.py", tmp_path / "params.yaml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'params.yaml'}")
    assert "Traceback" not in result.stderr
