"""The wheel, as somebody else would install it."""

import importlib.metadata
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.repository import ROOMS, ROOT, name_of, tracked_files

PROJECT = "school-portal-connector"

# Imports every module but the migrations, which only alembic can run.
_IMPORT_ALL = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if not module.name.startswith("schemas.migrations.") and not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
            print(module.name)
"""


def _run(*command: str | Path, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from a copy of what git tracks, so that nothing lying around slips in."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        if (name := name_of(path)).partition("/")[0] in {*ROOMS, "pyproject.toml", "README.md"}:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(path.read_bytes())
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source, cwd=source)
    (built,) = target.glob("*.whl")
    return built


def _runtime_names() -> set[str]:
    """The distributions that our runtime dependencies need here, all the way down, without the dev ones."""
    needed: set[str] = set()
    queue = [(PROJECT, "")]
    seen: set[tuple[str, str]] = set()
    while queue:
        name, extra = queue.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        needed.add(name)
        for line in importlib.metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                child = canonicalize_name(requirement.name)
                queue += [(child, inner) for inner in ("", *requirement.extras)]
    return needed - {PROJECT}


def _locked(names: set[str]) -> str:
    """The part of requirements.lock that pins these distributions, hashes included."""
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    chosen = {name: block for block in blocks if (name := block.partition("==")[0]) in names}
    assert set(chosen) == names
    return "".join(chosen.values())


@pytest.mark.slow
def test_the_wheel_holds_the_four_rooms_with_views_and_migrations(wheel: Path) -> None:
    """Every tracked file of the four rooms is in the wheel, SQL and migrations too, and nothing else is."""
    tracked = {name for path in tracked_files() if (name := name_of(path)).partition("/")[0] in ROOMS}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == tracked
    assert "schemas/migrations/env.py" in held
    assert any(
        name.startswith("schemas/migrations/versions/") for name in held - {"schemas/migrations/versions/__init__.py"}
    )
    assert any(name.startswith("schemas/views/") and name.endswith(".sql") for name in held)


@pytest.mark.slow
def test_the_wheel_runs_with_only_its_runtime_dependencies(wheel: Path, tmp_path: Path) -> None:
    """Beside nothing but its own locked dependencies every module imports and `connector` answers."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subset = tmp_path / "runtime.lock"
    subset.write_text(_locked(_runtime_names()), encoding="utf-8")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    # Needs the package index or pip's cache; when neither has them, pip's own reason is the failure.
    _run(*pip, "--require-hashes", "-r", subset, cwd=tmp_path)
    _run(*pip, "--no-deps", wheel, cwd=tmp_path)
    _run(python, "-m", "pip", "check", cwd=tmp_path)
    imported = _run(python, "-W", "error", "-c", _IMPORT_ALL, *ROOMS, cwd=tmp_path).split()
    assert "jobs.cli.main" in imported
    assert "Usage" in _run(tmp_path / "venv" / "bin" / "connector", "--help", cwd=tmp_path)
