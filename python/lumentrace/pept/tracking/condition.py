"""Rows that meet conditions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.transformer import Filter

Values = Any
Evaluate = Callable[[IterableSamples], Values]

_COMPARE: dict[type, Callable[[Values, Values], Values]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_COMBINE: dict[type, Callable[[Values, Values], Values]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.BitAnd: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.BitXor: np.logical_xor,
}
_SINGLE: dict[type, Callable[[Values], Values]] = {
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Invert: np.logical_not,
    ast.Not: np.logical_not,
}
_CONSTANTS = {"pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan}
_FUNCTIONS = ("isclose", "isin", "isreal", "round", "where", "clip", "mean", "median", "std", "min", "max")


class Condition(Filter):
    """Keep the rows of every sample that meet all conditions.

    Parameters
    ----------
    *conditions : str or callable
        Strings such as ``"t < 1000"``, ``"error < 5, x > 0"`` (all must hold), ``"'x' + 'y' < 60"`` with quoted column
        names or numbers, or ``"np.isclose('x', 3)"``; or functions that take the array of rows and return a mask.

    Raises
    ------
    ValueError
        If a string is not a condition, or names a column that does not exist.

    Notes
    -----
    Strings are parsed, never executed: they may hold numbers, quoted columns, comparisons, arithmetic, ``& | ~`` and
    functions of numpy. Comparisons with NaN are False.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Condition
    >>> points = PointData([[0, 1, 1, 1], [1, 5, 1, 1], [2, 9, 1, 1]])
    >>> Condition("t > 0, x < 9").fit_sample(points)["x"]
    array([5.])
    """

    def __init__(self, *conditions: str | Callable[[NDArray[np.float64]], Any]) -> None:
        self.conditions: list[Any] = []
        for condition in conditions:
            if callable(condition):
                self.conditions.append(condition)
            elif isinstance(condition, str):
                self.conditions += _split(condition)
            else:
                raise TypeError(f"`conditions`: expected strings or functions, found {condition!r}")
        self._compiled()

    def _compiled(self) -> list[Evaluate]:
        return [_on_rows(c) if callable(c) else _parse(c) for c in self.conditions]

    def fit_sample(self, sample: IterableSamples) -> IterableSamples:
        """Keep the rows of one sample."""
        for evaluate in self._compiled():
            with np.errstate(all="ignore"):
                mask = np.asarray(evaluate(sample))
            if mask.dtype != bool or mask.shape not in ((), (len(sample.data),)):
                raise ValueError(f"Condition: expected one True or False per row, found {mask.dtype} {mask.shape}")
            sample = sample.copy(data=sample.data[np.broadcast_to(mask, len(sample.data))])
        return sample


def _on_rows(function: Callable[[NDArray[np.float64]], Any]) -> Evaluate:
    return lambda sample: function(sample.data)


def _split(text: str) -> list[str]:
    """Parts between commas that stand outside of brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, letter in enumerate(text):
        quoted ^= letter == "'"
        depth += (letter in "([") - (letter in ")]") if not quoted else 0
        if letter == "," and depth == 0 and not quoted:
            parts.append(text[start:i])
            start = i + 1
    parts = [part.strip() for part in [*parts, text[start:]]]
    if not all(parts):
        raise ValueError(f"Condition: expected a condition between the commas of {text!r}")
    return parts


def _parse(text: str) -> Evaluate:
    """The mask that `text` stands for."""
    source = text
    if "'" not in text:
        found = re.fullmatch(r"\s*([^<>!=]+?)\s*([<>]=?|!=|==)(.+)", text)
        if found is None:
            raise ValueError(f"Condition: expected <, >, !=, == or a quoted column name in {text!r}")
        source = f"{found[1]!r} {found[2]} {found[3]}"
    try:
        tree = ast.parse(source.strip(), mode="eval")
        return _evaluator(tree.body, text)
    except SyntaxError as error:
        raise ValueError(f"Condition: cannot read {text!r}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"Condition: cannot read the nested expression {text[:60]!r}...") from None


def _evaluator(node: ast.expr, text: str) -> Evaluate:
    if isinstance(node, ast.Constant):
        return _constant(node.value, text)
    if isinstance(node, ast.Attribute) and _is_numpy(node.value) and node.attr in _CONSTANTS:
        value = _CONSTANTS[node.attr]
        return lambda sample: value
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SINGLE:
        return _call(_SINGLE[type(node.op)], [_evaluator(node.operand, text)])
    if isinstance(node, ast.BinOp) and type(node.op) in _COMBINE:
        return _call(_COMBINE[type(node.op)], [_evaluator(node.left, text), _evaluator(node.right, text)])
    if isinstance(node, ast.BoolOp):
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return _fold(combine, [_evaluator(value, text) for value in node.values])
    if isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
        sides = [_evaluator(side, text) for side in (node.left, *node.comparators)]
        pairs = zip(node.ops, sides[:-1], sides[1:], strict=True)
        return _fold(np.logical_and, [_call(_COMPARE[type(op)], [left, right]) for op, left, right in pairs])
    if isinstance(node, ast.Call) and not node.keywords:
        return _call(_function(node.func, text), [_evaluator(arg, text) for arg in node.args])
    hint = "put names of columns in quotes" if isinstance(node, ast.Name) else "use a function for it"
    raise ValueError(f"Condition: {ast.unparse(node)!r} in {text!r} is not allowed; {hint}")


def _constant(value: Any, text: str) -> Evaluate:
    if isinstance(value, str):
        return lambda sample: _column(sample, value, text)
    if isinstance(value, (int, float)):
        return lambda sample: value
    raise ValueError(f"Condition: expected numbers and quoted columns, found {value!r} in {text!r}")


def _column(sample: IterableSamples, name: str, text: str) -> NDArray[np.float64]:
    if re.fullmatch(r"-?\d+", name):
        if not -sample.data.shape[1] <= int(name) < sample.data.shape[1]:
            raise ValueError(f"Condition: no column {name} of {sample.data.shape[1]} for {text!r}")
        return sample.data[:, int(name)]
    if name not in sample.columns:
        raise ValueError(f"Condition: no column {name!r} for {text!r}; the columns are {sample.columns}")
    column: NDArray[np.float64] = sample[name]
    return column


def _function(node: ast.expr, text: str) -> Callable[..., Values]:
    if isinstance(node, ast.Attribute) and _is_numpy(node.value):
        found = getattr(np, node.attr, None)
        if isinstance(found, np.ufunc) or (node.attr in _FUNCTIONS and callable(found)):
            function: Callable[..., Values] = found
            return function
    raise ValueError(f"Condition: {ast.unparse(node)!r} in {text!r} is not a function of numpy that is allowed")


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")


def _call(function: Callable[..., Values], arguments: list[Evaluate]) -> Evaluate:
    return lambda sample: function(*(argument(sample) for argument in arguments))


def _fold(combine: Callable[[Values, Values], Values], parts: list[Evaluate]) -> Evaluate:
    def evaluate(sample: IterableSamples) -> Values:
        value = parts[0](sample)
        for part in parts[1:]:
            value = combine(value, part(sample))
        return value

    return evaluate
