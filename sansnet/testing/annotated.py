"""What a method of a machine takes, and what is said of it, also in a compiled build.

mypyc keeps no annotations and no docstrings, but the source lies beside what was made of it, and tells.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any, NamedTuple

__all__ = ["Parameter", "as_written", "parameters"]


class Parameter(NamedTuple):
    """The type that is written behind a parameter's name, and its default, or `inspect.Parameter.empty`."""

    hint: Any
    default: Any


@functools.cache
def parameters(function: Callable[..., Any]) -> Mapping[str, Parameter]:
    """The annotated parameters of a method, but for `self`, in their order."""
    source = as_written(function)
    hints = typing.get_type_hints(source)
    _self, *taken = inspect.signature(source).parameters.values()
    return {one.name: Parameter(hints[one.name], one.default) for one in taken if one.name in hints}


def as_written(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method. In place of a compiled one: a function that does nothing, signed and documented as in the source."""
    if not isinstance(method, MethodDescriptorType | WrapperDescriptorType):
        return method
    for owner in method.__objclass__.__mro__[:-1]:  # its own, or inherited; what is `object`'s stands nowhere
        found = _definition(owner, method.__name__)
        if found is not None:
            return _signed(found, sys.modules[owner.__module__])
    return method


def _definition(owner: type, name: str) -> ast.FunctionDef | None:
    """What the source says of a method, if the class has it itself."""
    for definition in _source_of(sys.modules[owner.__module__]).body:
        if isinstance(definition, ast.ClassDef) and definition.name == owner.__name__:
            for statement in definition.body:
                if isinstance(statement, ast.FunctionDef) and statement.name == name:
                    return statement
    return None


def _signed(found: ast.FunctionDef, module: ModuleType) -> Callable[..., Any]:
    told = ast.Expr(ast.Constant(ast.get_docstring(found, clean=False)))
    named = ast.FunctionDef(found.name, found.args, [told], [], found.returns, None)
    future = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
    tree = ast.fix_missing_locations(ast.Module([future, named], []))
    namespace: dict[str, Any] = {}
    exec(compile(tree, str(module.__file__), "exec"), vars(module), namespace)
    function: FunctionType = namespace[found.name]
    return function


@functools.cache
def _source_of(module: ModuleType) -> ast.Module:
    file = Path(str(module.__file__))
    return ast.parse(file.with_name(f"{module.__name__.rpartition('.')[2]}.py").read_text(encoding="utf-8"))
