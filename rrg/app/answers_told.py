"""An answer's keys in words, read off its type. Knows no endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict


def told(kind: Any) -> str:
    """Markdown: a line for each key of an answer of type `kind`, however deep: "`models[].gain`: ..."."""
    return "\n".join(f"- `{path}`: {words}" for path, words in keys(kind))


def keys(kind: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key with its words; `[]` stands for the entries of a list, `{}` for those of a table by name."""
    if is_typeddict(kind):
        for name, hint in get_type_hints(kind, include_extras=True).items():
            inner, words = _annotated(hint)
            yield f"{path}{name}", words
            yield from keys(inner, f"{path}{name}.")
    elif get_origin(kind) is list:
        yield from keys(get_args(kind)[0], f"{path.removesuffix('.')}[].")
    elif get_origin(kind) is dict:
        yield from keys(get_args(kind)[1], f"{path.removesuffix('.')}{{}}.")
    elif isinstance(kind, UnionType):
        for part in get_args(kind):
            yield from keys(part, path)


def _annotated(hint: Any) -> tuple[Any, str]:
    """The type behind `NotRequired` and `Annotated`, and its words."""
    if get_origin(hint) is NotRequired:
        hint = get_args(hint)[0]
    return (get_args(hint)[0], hint.__metadata__[0]) if get_origin(hint) is Annotated else (hint, "")
