"""The layers of the design, read from the imports of every file, and twins that break each rule."""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("derivations", "numerics", "vae_min", "elbocheck")
FORBIDDEN = {
    "derivations": {"numerics", "vae_min", "elbocheck", "torch"},
    "numerics": {"derivations", "vae_min", "elbocheck", "torch"},
    "vae_min": {"derivations", "elbocheck"},
    "elbocheck": set(),
}
KERNEL = "derivations.kernel"
KERNEL_LINES = 600

Tree = dict[str, tuple[Path, ast.Module]]


def read(root: Path) -> Tree:
    """Parse the packages' files by module name.

    Raises
    ------
    ValueError
        If a package has no files: rules about nothing hold of everything.
    """
    tree: Tree = {}
    for package in PACKAGES:
        files = sorted((root / package).rglob("*.py"))
        if not files:
            raise ValueError(f"no files in {package}")
        for path in files:
            parts = path.relative_to(root).with_suffix("").parts
            tree[".".join(parts).removesuffix(".__init__")] = (
                path,
                ast.parse(path.read_text(encoding="utf-8"), str(path)),
            )
    return tree


def imports(name: str, path: Path, module: ast.Module) -> Iterator[str]:
    """Name what a module imports anywhere in it, by statement or by `import_module` of a literal."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                base = [*package[: len(package) + 1 - level], *filter(None, [source])] if level else [source or ""]
                yield from (".".join([*base, alias.name]) for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(target)), *_],
            ):
                yield ".".join(package) + target if target.startswith(".") else target


def top(name: str) -> str:
    return name.partition(".")[0]


def layer_faults(name: str, imported: set[str]) -> Iterator[str]:
    """Name the imports that the design forbids to a module."""
    for target in sorted({top(target) for target in imported} & FORBIDDEN[top(name)]):
        yield f"{name} imports {target}"
    if top(name) == "vae_min" and "numerics" in map(top, imported):
        stem = name.partition(".")[2]
        if not stem.startswith(("evaluate", "audit")):
            yield f"{name} imports numerics, which only evaluate and audit may"
    if name == KERNEL:
        for target in sorted({top(target) for target in imported} - sys.stdlib_module_names):
            yield f"{name} imports {target}, which is not in the standard library"


def script_lines(module: ast.Module) -> set[ast.AST]:
    """Collect what stands under `if __name__ == "__main__":`."""
    blocks = [
        node for node in module.body if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
    ]
    return {node for block in blocks for statement in block.body for node in ast.walk(statement)}


def printing_faults(name: str, module: ast.Module) -> Iterator[str]:
    """Name the prints of a library module."""
    stem = name.rpartition(".")[2]
    if stem == "__main__" or (top(name) == "elbocheck" and stem.startswith("cli")):
        return
    allowed = script_lines(module) if top(name) == "derivations" else set()
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id="print")) if node not in allowed:
                yield f"{name} prints, line {node.lineno}"


def cycle_faults(graph: dict[str, set[str]]) -> Iterator[str]:
    """Name one cycle of imports, if there is any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"cycle: {' -> '.join(error.args[1])}"


def graph_of(tree: Tree, imported: dict[str, set[str]]) -> dict[str, set[str]]:
    """Join each module to those it imports, or imports a name from."""

    def owner(target: str) -> str:
        while target and target not in tree:
            target = target.rpartition(".")[0]
        return target

    return {name: set(map(owner, targets)) - {name, ""} for name, targets in imported.items()}


def faults(root: Path) -> list[str]:
    """Name every breach of the architecture in the packages under `root`."""
    tree = read(root)
    imported = {name: set(imports(name, *entry)) for name, entry in tree.items()}
    found = list(cycle_faults(graph_of(tree, imported)))
    for name, (path, module) in tree.items():
        found += layer_faults(name, imported[name])
        found += printing_faults(name, module)
        if path.stem in ("utils", "util") or path.parent.name in ("utils", "util"):
            found.append(f"{name} is called utils")
        if name == KERNEL and (lines := len(path.read_text(encoding="utf-8").splitlines())) > KERNEL_LINES:
            found.append(f"{name} has {lines} lines, more than {KERNEL_LINES}")
    return found


def grow(root: Path, files: dict[str, str]) -> Path:
    """Write a small tree that obeys every rule, with `files` over it."""
    sound = {f"{package}/__init__.py": "" for package in PACKAGES} | {
        "derivations/kernel.py": "import json\nfrom dataclasses import dataclass\n",
        "derivations/elbo.py": "import sympy\nfrom . import kernel\nif __name__ == '__main__':\n    print(kernel)\n",
        "numerics/normal.py": "import array_api_compat\n",
        "vae_min/train.py": "import torch\n",
        "vae_min/evaluate.py": "from numerics import normal\nfrom vae_min import train\n",
        "elbocheck/verify.py": "import derivations.elbo\nimport numerics.normal\nimport vae_min.train\n",
        "elbocheck/cli.py": "from elbocheck import verify\n\nprint(verify)\n",
        "elbocheck/__main__.py": "from elbocheck.cli import main\n\nprint(main)\n",
    }
    for name, text in (sound | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_packages_obey_the_design() -> None:
    assert faults(ROOT) == []


def test_the_sound_tree_obeys_the_design(tmp_path: Path) -> None:
    assert faults(grow(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("derivations/elbo.py", "import numerics.normal", "derivations.elbo imports numerics"),
        ("derivations/elbo.py", "def f():\n    from torch import nn", "derivations.elbo imports torch"),
        ("derivations/__init__.py", "import vae_min", "derivations imports vae_min"),
        ("numerics/normal.py", "from derivations import kernel", "numerics.normal imports derivations"),
        (
            "numerics/normal.py",
            "import importlib\nimportlib.import_module('torch')",
            "numerics.normal imports torch",
        ),
        ("numerics/normal.py", "__import__('torch.nn')", "numerics.normal imports torch"),
        ("numerics/deep/gamma.py", "import torch", "numerics.deep.gamma imports torch"),
        ("vae_min/evaluate.py", "import derivations.elbo", "vae_min.evaluate imports derivations"),
        ("vae_min/train.py", "from elbocheck import verify", "vae_min.train imports elbocheck"),
        (
            "vae_min/train.py",
            "import numerics.normal",
            "vae_min.train imports numerics, which only evaluate and audit may",
        ),
        (
            "vae_min/__init__.py",
            "from numerics import normal",
            "vae_min imports numerics, which only evaluate and audit may",
        ),
        (
            "derivations/kernel.py",
            "def f():\n    import sympy",
            "derivations.kernel imports sympy, which is not in the standard library",
        ),
        (
            "derivations/kernel.py",
            "from . import elbo",
            "derivations.kernel imports derivations, which is not in the standard library",
        ),
        ("derivations/kernel.py", "x = 1\n" * 601, "derivations.kernel has 601 lines, more than 600"),
        ("numerics/normal.py", "def f():\n    print(1)", "numerics.normal prints, line 2"),
        ("elbocheck/verify.py", "\nprint(1)", "elbocheck.verify prints, line 2"),
        ("vae_min/client.py", "print(1)", "vae_min.client prints, line 1"),
        (
            "derivations/elbo.py",
            "if __name__ == '__main__':\n    pass\nprint(1)",
            "derivations.elbo prints, line 3",
        ),
        (
            "derivations/elbo.py",
            "if __name__ == '__main__':\n    pass\nelse:\n    print(1)",
            "derivations.elbo prints, line 4",
        ),
        ("numerics/normal.py", "if __name__ == '__main__':\n    print(1)", "numerics.normal prints, line 2"),
        ("numerics/utils.py", "", "numerics.utils is called utils"),
        ("vae_min/utils/text.py", "", "vae_min.utils.text is called utils"),
    ],
)
def test_a_tree_that_breaks_a_rule_is_rejected_for_that_rule(tmp_path: Path, file: str, text: str, fault: str) -> None:
    assert fault in faults(grow(tmp_path, {file: text}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from numerics import gamma", "from numerics import normal"),
        ("from . import gamma", "from .normal import kl_divergence"),
        (
            "def f():\n    import numerics.gamma",
            "import importlib\nimportlib.import_module('.normal', __package__)",
        ),
    ],
)
def test_a_cycle_is_rejected_also_when_it_hides_in_a_function(tmp_path: Path, first: str, second: str) -> None:
    found = faults(grow(tmp_path, {"numerics/normal.py": first, "numerics/gamma.py": second}))
    assert len(found) == 1
    assert found[0].startswith("cycle: ")
    assert {"numerics.normal", "numerics.gamma"} <= set(found[0].removeprefix("cycle: ").split(" -> "))


def test_a_package_may_offer_names_of_its_modules_but_they_may_not_ask_it_for_them(tmp_path: Path) -> None:
    offer = {"numerics/__init__.py": "from numerics.normal import kl_divergence"}
    assert faults(grow(tmp_path, offer)) == []
    assert faults(grow(tmp_path, offer | {"numerics/normal.py": "from numerics import kl_divergence"})) != []


def test_a_package_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no files in derivations"):
        faults(tmp_path)
