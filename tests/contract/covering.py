"""What the tests of the wire protocol cover, read from their source.

A test covers a parameter of an action when a call in it, or a row of its parametrisation, names both; it covers an
error code when it or a row names the code. Module-level constants and functions that a test uses, fixtures included,
count as part of it; the keys of constant tables that it only looks things up in do not count as codes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
FOLDERS = (TESTS / "contract", TESTS / "unit" / "gateway" / "alibaba")
"""In this order of preference: the official SDKs first."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test and what it names.

    Attributes:
        name: `file::function`, below tests/.
        words: all names and texts in it, in its parametrisation and in what it uses.
        codes: texts that may be error codes.
        cases: the words of each call and each row of parameters.
    """

    name: str
    words: frozenset[str]
    codes: frozenset[str]
    cases: tuple[frozenset[str], ...]

    def covers(self, action: str, parameter: str) -> bool:
        """Whether a case of it names both."""
        return any({action, parameter} <= case for case in self.cases)


def all_tests() -> list[Test]:
    """Every test of the wire protocol, in order of preference."""
    files = [path for folder in FOLDERS for path in sorted(folder.glob("test_*.py"))]
    return [test for path in files for test in _Module(path).tests()]


@dataclass(slots=True)
class _Module:
    path: Path
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.parse(self.path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    self.constants[ast.unparse(target)] = node.value

    def tests(self) -> Iterator[Test]:
        for name, function in self.functions.items():
            if name.startswith("test_"):
                yield self._test(name, function)

    def _test(self, name: str, function: ast.FunctionDef) -> Test:
        used = self._used(function, {name})
        rows = [group for each in used for decorator in each.decorator_list if (group := self._rows(decorator))]
        body = [statement for each in used for statement in each.body]
        calls = [self._words(node) for each in body for node in ast.walk(each) if isinstance(node, ast.Call)]
        said = frozenset().union(*map(self._words, body))
        return Test(
            name=f"{self.path.relative_to(TESTS)}::{name}",
            words=said.union(*(row for group in rows for row in group)),
            codes=frozenset(_texts(body)).union(*(row for group in rows for row in group)),
            cases=(*calls, *_products(rows, frozenset(_keywords(body)))),
        )

    def _used(self, function: ast.FunctionDef, seen: set[str]) -> list[ast.FunctionDef]:
        """The function, and those of its module that it calls or takes as fixtures."""
        mentioned = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        mentioned |= {argument.arg for argument in function.args.args}
        used = [function]
        for name in sorted((mentioned & self.functions.keys()) - seen):
            seen.add(name)
            used += self._used(self.functions[name], seen)
        return used

    def _rows(self, decorator: ast.expr) -> list[frozenset[str]]:
        """The words of each row of a parametrisation; nothing for other decorators."""
        if not isinstance(decorator, ast.Call) or "parametrize" not in ast.unparse(decorator.func):
            return []
        table = decorator.args[1]
        if isinstance(table, ast.Name):
            table = self.constants.get(table.id, table)
        elements = table.elts if isinstance(table, ast.List | ast.Tuple) else [table]
        return [self._words(element) for element in elements]

    def _words(self, node: ast.AST) -> frozenset[str]:
        """All names and texts below a node; a constant's name stands for its value."""
        words: set[str] = set()
        for each in ast.walk(node):
            match each:
                case ast.Constant(value=str(text)):
                    words.add(text)
                case ast.keyword(arg=str(name)):
                    words.add(name)
                case ast.Name(id=name) if name in self.constants:
                    words |= self._words(self.constants[name])
        return frozenset(words)


def _products(groups: list[list[frozenset[str]]], given: frozenset[str]) -> Iterator[frozenset[str]]:
    """The words of each row with those of the other parametrisations, and what every call in the body gives."""
    for position, group in enumerate(groups):
        others = [row for each in (*groups[:position], *groups[position + 1 :]) for row in each]
        for row in group:
            yield row.union(given, *others)


def _keywords(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.keyword) and each.arg is not None:
                yield each.arg


def _texts(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
