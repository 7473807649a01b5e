"""Fails when a file or function has outgrown its budget: past it, a reader gets lost and the file should be split."""

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES = 400
TEST_LINES = 500
SQL_LINES = 150
DEFINITIONS_LINES = 60
FUNCTION_LINES = 50


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, and new ones git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    return [Path(name) for name in listed if name and Path(name).exists()]


def budget(path: Path) -> int:
    """Lines a file may have."""
    if path.suffix == ".sql":
        return SQL_LINES
    if path.name == "definitions.py":
        return DEFINITIONS_LINES
    return TEST_LINES if path.parts[0] == "tests" else FILE_LINES


def long_functions(path: Path) -> list[str]:
    """Functions over the budget, docstrings included."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{path}:{node.lineno}: {node.name} has {length} lines, the budget is {FUNCTION_LINES}"
        for node in functions
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def main() -> int:
    """Print what is too long; 1 when anything is."""
    problems = []
    for path in tracked("*.py", "*.sql"):
        length = len(path.read_text().splitlines())
        if length > budget(path):
            problems.append(f"{path}: {length} lines, the budget is {budget(path)}")
        if path.suffix == ".py":
            problems += long_functions(path)
    print("\n".join(problems) if problems else "sizes are within their budgets")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
