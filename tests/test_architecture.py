"""The arrows of the house, read from the imports of `rrg/` without importing it.

types <- data <- models <- objective <- training <- evaluation; retrieval and explain stand on models; the app
stands on retrieval, explain and what evaluation wrote to disk, never on training.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "rrg"

# Which rooms a room may import from, beside itself and `rrg.types`.
BELOW = {
    "types": set(),
    "allocator": set(),
    "data": set(),
    "models": {"data"},
    "objective": {"data", "models"},
    "training": {"data", "models", "objective"},
    "retrieval": {"data", "models"},
    "explain": {"data", "models", "objective", "retrieval"},  # hard negatives are mined and synthesised there
    "evaluation": {"data", "models", "objective", "training", "retrieval", "explain"},
    "simulation": {"data"},
    "app": {"data", "models", "retrieval", "explain", "evaluation"},  # of evaluation what shows its files: SHOWING
}
SHARED = {"app": ("rrg.evaluation.figures",)}  # single modules: the plots are the same on page and screen
SHOWING = {"schema", "result_file", "figures", "page_words", "page_tables", "page_figures", "page_cases"}
ENTRANCES = {"cli", "commands", "__main__", "__init__"}  # these may use every room
HEAVY = {"torch", "transformers", "gradio", "timm", "torchvision", "torchxrayvision"}
LIGHT_MODULES = ["images", "film", "raster", "dicom", "reports", "findings", "iu_xray", "mimic_cxr"]


def module_files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, anywhere in it; `from a import b` counts as a.b."""
    return imports_of(ast.parse(path.read_text()), name_of(path).split(".")[:-1])


def imports_of(tree: ast.AST, package: list[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{prefix}.{alias.name}" for alias in node.names}
    return found


def rooms(names: set[str]) -> set[str]:
    return {parts[1] for name in names if (parts := name.split("."))[0] == "rrg" and len(parts) > 1}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def test_the_reader_of_imports_sees_every_form():
    code = "import rrg.data.images\nfrom ..models import protocol\ndef f():\n    from rrg import cli"
    found = imports_of(ast.parse(code), ["rrg", "app"])
    assert found == {"rrg.data.images", "rrg.models.protocol", "rrg.cli"}
    assert rooms(found) == {"data", "models", "cli"}


def test_there_is_something_to_check_and_every_room_has_its_arrows():
    found = {room_of(path) for path in module_files()}
    assert {"types", "data", "models"} <= found
    assert found <= set(BELOW) | ENTRANCES


@pytest.mark.parametrize("path", module_files(), ids=name_of)
def test_arrows_point_one_way(path):
    room = room_of(path)
    if room in ENTRANCES:
        return
    allowed = BELOW[room] | {room, "types"}
    names = {name for name in imports(path) if not name.startswith(SHARED.get(room, ()))}
    assert rooms(names) <= allowed, f"{name_of(path)} may import only from {sorted(allowed)}"


def test_only_the_view_imports_gradio():
    users = {name_of(p) for p in module_files() if any(n.split(".")[0] == "gradio" for n in imports(p))}
    assert users
    assert all(f"{name}.".startswith("rrg.app.view.") for name in users), users


def test_the_app_reads_what_evaluation_wrote_and_scores_nothing():
    """What it needs of evaluation comes without the libraries that scoring needs, which the app does not install."""
    used = {
        name.split(".")[2]
        for path in (ROOT / "app").rglob("*.py")
        for name in imports(path)
        if name.startswith("rrg.evaluation.")
    }
    assert used <= SHOWING
    modules = "; ".join(f"import rrg.evaluation.{name}" for name in sorted(SHOWING))
    heavy = "{'pycocoevalcap', 'torch', 'accelerate', 'jinja2'}"
    code = f"import sys; {modules}; print({heavy} & {{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("path", sorted((ROOT / "objective").glob("*.py")), ids=name_of)
def test_the_objective_sees_of_the_models_only_the_protocol(path):
    models = {name for name in imports(path) if name.startswith("rrg.models")}
    assert all(name.startswith("rrg.models.protocol") for name in models), models


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_reading_data_needs_no_heavy_library(module):
    path = ROOT / "data" / f"{module}.py"
    assert not {name.split(".")[0] for name in imports(path)} & HEAVY


def test_types_need_numpy_and_the_standard_library_only():
    assert {name.split(".")[0] for name in imports(ROOT / "types.py")} <= {
        "__future__", "collections", "dataclasses", "enum", "pathlib", "numpy",
    }  # fmt: skip


@pytest.mark.parametrize("path", module_files(), ids=name_of)
def test_every_module_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    if tree.body:
        assert ast.get_docstring(tree), f"{name_of(path)} has no docstring"
