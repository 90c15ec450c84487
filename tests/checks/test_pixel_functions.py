"""The rules of `hinterland_kernels.pixel`, read from the syntax tree; see the docstring of that package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PIXEL = Path(__file__).parents[2] / "kernels" / "hinterland_kernels" / "pixel"
FILES = sorted(path for path in PIXEL.glob("*.py") if path.name != "__init__.py")

MODULES = ("math", "typing", "__future__", "hinterland_kernels._jit", "hinterland_kernels.pixel.")
CALLS = frozenset({"abs", "min", "max", "range", "int", "float", "bool", "round"})
"""Builtins that neither allocate nor open nor print."""
FORBIDDEN = {
    ast.Raise: "raises",
    ast.Try: "catches",
    ast.Assert: "asserts",
    ast.With: "opens a context",
    ast.List: "allocates a list",
    ast.Dict: "allocates a dict",
    ast.Set: "allocates a set",
    ast.ListComp: "allocates a list",
    ast.DictComp: "allocates a dict",
    ast.SetComp: "allocates a set",
    ast.GeneratorExp: "makes a generator",
    ast.JoinedStr: "makes a string",
    ast.Lambda: "makes a function",
    ast.Global: "has a global",
    ast.Nonlocal: "has a nonlocal",
    ast.Yield: "makes a generator",
    ast.Await: "awaits",
    ast.Delete: "deletes",
}


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def _written(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple):
        for element in target.elts:
            yield from _written(element)
    else:
        yield target


def _faults_of_function(function: ast.FunctionDef, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    if [ast.unparse(decorator) for decorator in function.decorator_list] != ["pixel_function"]:
        yield function.lineno, f"{function.name} is not decorated with pixel_function alone"
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if function.args.vararg or function.args.kwarg or function.args.kwonlyargs or function.args.defaults:
        yield function.lineno, f"{function.name} takes more than plain arguments"
    if function.returns is None or any(argument.annotation is None for argument in arguments):
        yield function.lineno, f"{function.name} is not typed throughout"
    for node in (inner for statement in function.body for inner in ast.walk(statement)):
        line = getattr(node, "lineno", function.lineno)
        if type(node) in FORBIDDEN:
            yield line, f"{function.name} {FORBIDDEN[type(node)]}"
        elif isinstance(node, ast.FunctionDef):
            yield node.lineno, f"{function.name} defines a function inside"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called not in CALLS and called not in known and not called.startswith("math."):
                yield node.lineno, f"{function.name} calls {called}"
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (one for outer in targets for one in _written(outer)):
                if not isinstance(target, ast.Name):
                    yield node.lineno, f"{function.name} writes to {ast.unparse(target)}"


def faults(source: str) -> list[str]:
    """What breaks the rules in one file, a line each."""
    tree = ast.parse(source)
    found = [
        (line, f"imports {module}")
        for line, module in _imported(tree)
        if not any(module == one or (one.endswith(".") and module.startswith(one)) for one in MODULES)
    ]
    values = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found += [
        (value.lineno, f"{value.name} is not a NamedTuple")
        for value in values
        if [ast.unparse(base) for base in value.bases] != ["NamedTuple"]
    ]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    known = frozenset(imported | {one.name for one in (*functions, *values)})
    for function in functions:
        found += _faults_of_function(function, known)
    return [f"line {line}: {fault}" for line, fault in sorted(found)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_pixel_file_keeps_the_rules(path: Path) -> None:
    assert faults(path.read_text()) == []


def test_there_are_pixel_files_to_read() -> None:
    assert {"camera.py", "cahv.py", "cahvor.py", "cahvore.py", "lattice.py"} <= {path.name for path in FILES}


HEAD = "from hinterland_kernels._jit import pixel_function\n"
DECORATED = HEAD + "@pixel_function\ndef f(x: float) -> float:\n    "


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import numpy as np\n", "imports numpy"),
        ("from hinterland_kernels.lattice import maps\n", "imports hinterland_kernels.lattice"),
        ("from . import vector\n", "imports ."),
        ("def f(x: float) -> float:\n    return x\n", "f is not decorated with pixel_function alone"),
        (HEAD + "@pixel_function\ndef f(x):\n    return x\n", "f is not typed throughout"),
        (HEAD + "@pixel_function\ndef f(*x: float) -> float:\n    return x[0]\n", "f takes more than plain"),
        (DECORATED + "raise ValueError\n", "f raises"),
        (DECORATED + "return [x][0]\n", "f allocates a list"),
        (DECORATED + "return sum(y for y in (x, x))\n", "f makes a generator"),
        (DECORATED + "print(x)\n    return x\n", "f calls print"),
        (DECORATED + "return f'{x}'\n", "f makes a string"),
        (
            HEAD + "@pixel_function\ndef f(a: Any) -> float:\n    a[0] = 1.0\n    return a[0]\n",
            "f writes to a[0]",
        ),
        (
            HEAD + "@pixel_function\ndef f(a: Any) -> float:\n    (b, a.x) = 1, 2\n    return b\n",
            "f writes to a.x",
        ),
        (HEAD + "class Camera:\n    pass\n", "Camera is not a NamedTuple"),
    ],
)
def test_each_rule_is_seen_to_be_broken(source: str, fault: str) -> None:
    assert any(fault in found for found in faults(source)), faults(source)


def test_a_formula_within_the_rules_has_no_fault() -> None:
    assert faults(DECORATED + "y = max(x, 0.0)\n    return float(y) if y > 1.0 else f(y)\n") == []
