"""Sizes of the code, the tail first: `make sizes`.

The longest files, bodies of more than 50 lines, functions of more than 10 parameters, circles of imports between files
(imports inside functions count), and how many files of `src` one commit touches.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).parents[1]
LONG_BODY, MANY_PARAMETERS = 50, 10

Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Function(NamedTuple):
    """A function or method, where it is, and how large."""

    name: str
    place: str
    lines: int
    parameters: int
    is_command: bool


def sources(root: Path) -> dict[str, Path]:
    """The modules below a folder, by their dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def longest_files(root: Path) -> list[tuple[int, str]]:
    """Lines and path of every file, the longest first."""
    paths = sources(root).values()
    return sorted((len(path.read_text("utf-8").splitlines()), str(path.relative_to(root))) for path in paths)[::-1]


def functions(root: Path) -> list[Function]:
    """Every function; its lines are those of the body without the docstring, its parameters without self and cls."""
    found = []
    for module, path in sources(root).items():
        for owner, node in _definitions(ast.parse(path.read_text("utf-8")), module):
            place = f"{path.relative_to(root)}:{node.lineno}"
            found.append(Function(f"{owner}.{node.name}", place, _body(node), _parameters(node), _is_command(node)))
    return found


def _definitions(node: ast.AST, owner: str) -> Iterator[tuple[str, Definition]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield owner, child
        inner = f"{owner}.{child.name}" if isinstance(child, ast.ClassDef | Definition) else owner
        yield from _definitions(child, inner)


def _body(node: Definition) -> int:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(node: Definition) -> int:
    own = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in own)


def _is_command(node: Definition) -> bool:
    """Whether click calls it: its parameters are the command's options."""
    return any(ast.unparse(each).endswith((".command()", ".group()")) or ".command(" in ast.unparse(each)
               for each in node.decorator_list)  # fmt: skip


def imports(root: Path) -> dict[str, set[str]]:
    """The modules of `root` that each module names in an import, wherever it stands."""
    modules = sources(root)
    found: dict[str, set[str]] = {}
    for module, path in modules.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{each.name}" for each in node.names}
                named |= inner if inner & set(modules) else {node.module}
        found[module] = (named & set(modules)) - {module}
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which reaches all others of its group."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for other in graph[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        reached[start] = seen
    found = {frozenset({a, *(b for b in reached[a] if a in reached[b])}) for a in graph if a in reached[a]}
    return sorted(map(sorted, found))


def files_per_commit(home: Path) -> list[int]:
    """How many Python files of `src` each commit touched, in the order of their number; empty without git."""
    command = ["git", "log", "--no-merges", "--format=tformat:@", "--name-only", "--", "src/*.py"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    counts = [len(block.split()) for block in done.stdout.split("@\n")]
    return sorted(filter(None, counts))


def main() -> None:
    """Print all of it."""
    root = HOME / "src"
    lengths = longest_files(root)
    print(f"{len(lengths)} files, {sum(lines for lines, _ in lengths):,} lines; the longest:")
    for lines, path in lengths[:10]:
        print(f"  {lines:>4}  {path}")
    found = functions(root)
    long = sorted((each for each in found if each.lines > LONG_BODY), key=lambda each: -each.lines)
    print(f"{len(found):,} functions, {len(long)} with more than {LONG_BODY} lines in the body:")
    for each in long:
        print(f"  {each.lines:>4}  {each.name}  {each.place}")
    wide = sorted((each for each in found if each.parameters > MANY_PARAMETERS), key=lambda each: -each.parameters)
    print(f"{len(wide)} with more than {MANY_PARAMETERS} parameters:")
    for each in wide:
        print(f"  {each.parameters:>4}  {each.name}  {each.place}{'  (a command)' if each.is_command else ''}")
    knots = circles(imports(root))
    print(f"{len(knots)} circles of imports:")
    for knot in knots:
        print("        " + ", ".join(knot))
    counts = files_per_commit(HOME)
    if counts:
        p90 = counts[int(0.9 * (len(counts) - 1))]
        print(
            f"files per commit: median {statistics.median(counts):g}, 90th percentile {p90}, of {len(counts)} commits"
        )


if __name__ == "__main__":
    main()
