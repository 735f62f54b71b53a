"""Run the code of ``docs/exercise.ipynb`` in one process, and with ``--write`` put the outputs into it.

    python docs/notebook.py [--write]

The outputs are what a cell prints, the value of its last expression as text, and a figure as a small PNG. The first
cell that fails ends the program with its traceback.
"""

import ast
import base64
import code
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

NOTEBOOK = Path(__file__).resolve().parent / "exercise.ipynb"


class Cells(code.InteractiveInterpreter):
    """Runs cells in one namespace; an exception is not shown but raised."""

    def run(self, source: str, name: str) -> list[Any]:
        """Run a cell; the value of its last statement, if that is an expression and not None."""
        tree, values = ast.parse(source, name), []
        last = [tree.body.pop()] if tree.body and isinstance(tree.body[-1], ast.Expr) else []
        self.runcode(compile(tree, name, "exec"))
        before, sys.displayhook = sys.displayhook, values.append
        try:
            self.runcode(compile(ast.Interactive(last), name, "single"))
        finally:
            sys.displayhook = before
        return [value for value in values if value is not None]

    def showtraceback(self) -> None:
        error = sys.exception()
        assert error is not None
        raise error


def execute(notebook: dict[str, Any]) -> int:
    """Run the code cells in order, putting the outputs into them; how many there were."""
    interpreter = Cells({"__name__": "__main__"})
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, 1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            values = interpreter.run("".join(cell["source"]), f"cell {number}")
        cell["execution_count"] = number
        cell["outputs"] = [*_stream(printed.getvalue()), *(_result(value, number) for value in values)]
    return len(cells)


def _stream(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}] if text else []


def _result(value: Any, number: int) -> dict[str, Any]:
    data: dict[str, Any] = {"text/plain": repr(value).splitlines(keepends=True)}
    if isinstance(value, Figure):
        content = io.BytesIO()
        value.savefig(content, format="png", dpi=60, metadata={"Software": None})
        data = {"image/png": base64.b64encode(content.getvalue()).decode(), "text/plain": ["<Figure>"]}
    return {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data}


if __name__ == "__main__":
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    count = execute(notebook)
    print(f"{count} cells ran")
    if "--write" in sys.argv[1:]:
        NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
