"""What people coded of a study (`Study.labels`), read as the 14 CheXpert classes. Knows no text and no
labeller.

The mapping is in `coded_labels.yaml`. It reads the headings of IU X-Ray; the labels that MIMIC-CXR comes with
were made by a program that reads the report, so they are no check on another one and count as not coded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rrg.types import RrgError, Status, Study

MAPPING_FILE = Path(__file__).with_name("coded_labels.yaml")

_NO_FINDING = "No Finding"
_SUPPORT_DEVICES = "Support Devices"
_STATUSES = frozenset(status.value for status in Status)


@dataclass(frozen=True)
class _Rule:
    """One heading, and the qualifiers that it must or must not have."""

    heading: str
    with_any: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def fits(self, heading: str, qualifiers: frozenset[str]) -> bool:
        asked = not self.with_any or bool(self.with_any & qualifiers)
        return heading == self.heading and asked and not self.without & qualifiers


@dataclass(frozen=True)
class CodedMapping:
    """The mapping file as read: label -> its rules and its words, and the entries that say that nobody coded."""

    classes: Mapping[str, tuple[_Rule, ...]]
    not_coded: frozenset[str]
    named_by: Mapping[str, re.Pattern[str]]

    def labels(self, entry: str) -> frozenset[str]:
        """The classes that one entry such as "Opacity/lung/base" speaks for."""
        heading, *rest = (part.strip() for part in entry.split("/"))
        qualifiers = frozenset(rest)
        return frozenset(
            label
            for label, rules in self.classes.items()
            if any(rule.fits(heading, qualifiers) for rule in rules)
        )


def coded_labels(study: Study) -> frozenset[str] | None:
    """The classes that people coded for a study, "No Finding" where they coded none but Support Devices.

    What a coder meant as possible is coded like what is there, so it counts as there. None where nobody coded
    the study: no labels, an entry that says so, or labels that a program made (MIMIC-CXR's "Edema/present").
    """
    mapping = load_mapping()
    if not study.labels or not mapping.not_coded.isdisjoint(study.labels) or _by_program(study.labels):
        return None
    found = frozenset[str]().union(*map(mapping.labels, study.labels))
    return found if found - {_SUPPORT_DEVICES} else found | {_NO_FINDING}


def names(text: str, label: str) -> bool:
    """Whether a word of the class stands anywhere in the text (`named_by`), in whatever sense.

    "No Finding" is named by every text. RrgError for what is no class.
    """
    if label == _NO_FINDING:
        return True
    words = load_mapping().named_by.get(label)
    if words is None:
        raise RrgError(f"{label!r} is not one of the 14 CheXpert classes")
    return words.search(text.lower()) is not None


def _by_program(entries: Iterable[str]) -> bool:
    return any(entry.rsplit("/", 1)[-1] in _STATUSES for entry in entries)


@lru_cache(maxsize=1)
def load_mapping() -> CodedMapping:
    """The project's mapping, read once."""
    return read_mapping(MAPPING_FILE.read_text(encoding="utf-8"))


def read_mapping(text: str) -> CodedMapping:
    """Read the text of a mapping file. RrgError where it is not one."""
    try:
        source = yaml.safe_load(text)
        classes = {label: tuple(map(_rule, rules)) for label, rules in source["classes"].items()}
        named_by = {label: _words(source["named_by"][label]) for label in classes}
        return CodedMapping(classes, frozenset(source["not_coded"]), named_by)
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise RrgError(
            f"The mapping of coded labels is broken ({error!r}). Mend coded_labels.yaml."
        ) from error


def _words(beginnings: Iterable[str]) -> re.Pattern[str]:
    """Any word that begins so; a space in one is a space, a hyphen or a line's end in the text."""
    parts = (re.escape(beginning).replace(r"\ ", r"[\s-]") for beginning in beginnings)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})")


def _rule(source: str | Mapping[str, Any]) -> _Rule:
    if isinstance(source, str):
        return _Rule(source)
    known = {"heading", "with", "without"}
    if not set(source) <= known:
        raise TypeError(f"{sorted(set(source) - known)} in the rule for {source.get('heading')!r}")
    return _Rule(source["heading"], frozenset(source.get("with", ())), frozenset(source.get("without", ())))
