"""Report text: cleaning, sentences, tokens and back. Knows no finding, no data set, no model and no
vocabulary.

Every function takes any string and returns in time linear in its length. What is not clinical content goes
(enumerations, de-identification tokens, line breaks); what is stays: case, decimals ("3.7 cm"), hyphens,
levels ("T1.").
"""

from __future__ import annotations

import re
import unicodedata

GAP_TOKEN = "[UNK]"

_DECIMAL = r"\d+(?:\.\d+)+"
_WORD = re.compile(r"\w+(?:[-/]\w+)*")
_HIDDEN = re.compile(r"X{3}|_{2}")
_LINE_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_LIST_LINE = re.compile(r"[\r\n][^\S\r\n]*\(?\d{1,2}[.)](?=\s)")
_ENUMERATION = re.compile(r"(^|[.:;?!] ?)(?:\(?\d{1,2}[.)](?: +|(?=[A-Za-z])|$))+")
_BRACKETS = re.compile(r"[()\s]{2,}")
_SPACE_BEFORE = re.compile(r"(?<!\s)\s+(?=[.,;:?!](?!\d))")
_STOPS = re.compile(r"[.,;:?!](?: *[.,;:](?!\d))+")
_LEADING = re.compile(r"^(?:[\s,;:?!]|\.(?!\d))+")
_PASSES = 20  # one or two are enough for text that a person wrote; bounds the work on text that nobody wrote

_SENTENCE_END = re.compile(r"(?<![.?!])[.?!]+[)\"']?(?=\s|$)|\n\s*\n|(?<=[a-z)])\.(?=[A-Z][a-z])")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:dr|mr|mrs|ms|vs|approx|e\.g|i\.e|cf|st|resp)$", re.IGNORECASE)
_ONLY_NUMBER = re.compile(r"\(?\d{1,2}")

_FOLDED = re.compile(rf"{_DECIMAL}|(?<!\w)\.\d+|[^\W_]+")
_PART = rf"(?:{_DECIMAL}|[^\W_]+)"
_TOKEN = re.compile(rf"\[unk\]|{_PART}(?:[-'’]{_PART})*|(?<!\w)\.\d+|[^\w\s]|_", re.IGNORECASE)

_CLOSING = re.compile(r"(?<!\s)\s+([.,;:?!%)\]](?![\w.]))")
_OPENING = re.compile(r"([(\[])\s+")
_SLASH = re.compile(r"(?<=\w)\s?/\s?(?=\w)")
_CAPITAL = re.compile(r"(^\W{0,3}|[.?!]\s+)([a-z])")
_ACRONYM = re.compile(
    r"\b(?:(?:t|l|c)\d{1,2}|ct|mri|picc|copd|cabg|svc|ivc|ij|ng|et|ett|aicd|icd|pa|ap|tb|chf|ards|vp|ivda|iv)\b"
)


def clean(text: str, gap: str = "") -> str:
    """One paragraph without layout: line breaks folded, "1. " dropped, each run of hidden words replaced by
    `gap`.

    A hidden word is one with `XXX` or `__` in it, hyphenated neighbours included ("x-XXXX", "XXXX-year-old",
    "___F"). With the empty `gap` the punctuation that a hidden word leaves behind goes as well.
    """
    text = _LINE_BREAK.sub(" ", text)
    text = "".join(
        " " if unicodedata.category(c) in {"Cc", "Co", "Cs"} and c not in "\r\n" else c for c in text
    )
    text = _LIST_LINE.sub(". ", "\n" + text)
    text = _hide(text, gap)
    for _ in range(_PASSES):
        before = text
        text = _tidy_stops(" ".join(_BRACKETS.sub(_drop_empty, text).split()))
        text = _ENUMERATION.sub(_keep_stop, text)
        if text == before:
            break
    return text.strip()


def _hide(text: str, gap: str) -> str:
    """Replace runs of hidden words, white space between them included, by one `gap`."""
    mark = "\ue000"  # private use: `clean` has taken such characters out of the input
    text = _WORD.sub(lambda found: mark if _HIDDEN.search(found[0]) else found[0], text)
    return re.sub(rf"{mark}(?:\s*{mark})*", lambda _: gap, text)


def _drop_empty(found: re.Match[str]) -> str:
    """In a run of brackets and white space, drop the pairs that hold nothing."""
    kept: list[str] = []
    for character in found[0]:
        inner = "".join(kept).rstrip() if character == ")" and len(kept) < 50 else ""
        if inner.endswith("("):
            while kept.pop() != "(":
                pass
            kept.append(" ")
        else:
            kept.append(character)
    return "".join(kept)


def _tidy_stops(text: str) -> str:
    """Of several stops in a row keep the strongest; none at the beginning, no space before one."""
    text = _SPACE_BEFORE.sub("", text)
    text = _STOPS.sub(lambda run: max(run[0].replace(" ", ""), key=",:;.?!".index), text)
    return _LEADING.sub("", text)


def _keep_stop(found: re.Match[str]) -> str:
    stop = found[1].strip()
    return f"{stop} " if stop else ""


def sentences(text: str) -> list[str]:
    """Split at sentence ends and blank lines; not at decimals, abbreviations or "1. ". White space is
    folded.
    """
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        piece = text[start : end.start()].strip()
        if end[0].startswith(".") and (_ONLY_NUMBER.fullmatch(piece) or _ABBREVIATION.search(piece[-10:])):
            continue
        found.append(text[start : end.end()])
        start = end.end()
    found.append(text[start:])
    folded = (" ".join(piece.split()) for piece in found)
    return [piece for piece in folded if any(character.isalnum() for character in piece)]


def normalise(text: str) -> str:
    """Lower-case words and numbers, single spaces: equal for texts that differ in case, punctuation or
    spacing only.
    """
    return " ".join(_FOLDED.findall(text.lower()))


def words(text: str) -> list[str]:
    """Lower-case tokens: words (hyphenated ones and decimals whole), single punctuation marks, and `[UNK]` as
    it is.
    """
    found = _TOKEN.findall(text.lower())
    return [GAP_TOKEN if token == GAP_TOKEN.lower() else token for token in found]


def tidy(words_text: str) -> str:
    """Readable text from spaced lower-case tokens: `"heart is 3.7 cm . no edema ."` -> `"Heart is 3.7 cm. No
    edema."`.
    """
    text = " ".join(words_text.split())
    text = _OPENING.sub(r"\1", _CLOSING.sub(r"\1", text))
    text = _SLASH.sub("/", text)
    text = _ACRONYM.sub(lambda found: found[0].upper(), text)
    return _CAPITAL.sub(lambda found: found[1] + found[2].upper(), text)
