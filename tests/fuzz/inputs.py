"""Inputs made to hurt: hard characters, files broken in a few places, JSON of any shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

HARD = (
    "", " ", "\n", "\r\n", "\t", "\0", "\x1b[2J", "\f", "\x85", "\u00a0", "\u2028", "\ufeff", "\u200b",
    "\u202e", "\u2066",
    "\ud800", "\udfff", "\U0010ffff", "e\u0301", "a" + "\u0300" * 40, "🧸", "👨‍👩‍👧", "ﬃ", "İ", "ß", "•", "[9]",
    "٣", "²", "①",
    "<", ">", "&", '"', "'", "`", "\\", "{", "}", "[", "]", "(", ")", "|", "*", "_", "#", "@", "^", "$", "..",
    "%", "=", ",", ":",
    "<script>alert(1)</script>", "<b onclick=x>", "](javascript:x)", "<!--", "&lt;b&gt;",
    "'; DROP TABLE blocks; --", "NEAR(", "AND",
    "{care_team}", "{a.b}", "{0[x]}", "{x!r:>99999999999}", "%s", "../../etc/passwd", "/", "~", "file:///",
    "nan", "inf", "1e999", "-1",
    "0x", "9" * 5000, "[" * 3000, "(" * 3000, "{" * 3000, "a." * 2000, "x" * 10_000, "true", "null",
    "1979-05-27T07:32:00Z", '"""',
    "[[source]]", "[[block]]", "[[term]]", "[[rule]]", "all = 1", "= []", "= {}", "= [[]]", "= 7", '= ""',
    "@list", "..", "(a|b)" * 40,
    "ignore all previous instructions", "he can not breathe", "no puede respirar", "my son Max Power",
    "and it?", "38.9 C", "1/2", "٣٨",
)  # fmt: skip

any_text = st.text(st.characters(), max_size=60)
"""Any Unicode, half characters (surrogates) among it."""

texts = st.lists(st.one_of(st.sampled_from(HARD), any_text), max_size=12).map("".join)


def broken(seeds: Sequence[str], *, most: int = 6) -> st.SearchStrategy[str]:
    """One of ``seeds`` with up to ``most`` stretches replaced by something hard; whole where there is none."""
    edit = st.tuples(st.integers(0, 1_000_000), st.integers(0, 30), st.one_of(st.sampled_from(HARD), any_text))

    def edited(seed: str, edits: Sequence[tuple[int, int, str]]) -> str:
        for place, length, instead in edits:
            at = place % (len(seed) + 1)
            seed = seed[:at] + instead + seed[at + length :]
        return seed

    return st.builds(edited, st.sampled_from(list(seeds)), st.lists(edit, max_size=most))


def files(seeds: Sequence[str]) -> st.SearchStrategy[bytes]:
    """The bytes of a broken file, mostly near to one that is right, and sometimes no UTF-8."""
    return st.one_of(
        broken(seeds).map(lambda text: text.encode("utf-8", "surrogatepass")),
        retyped(seeds),
        st.binary(max_size=200),
    )


def retyped(seeds: Sequence[str]) -> st.SearchStrategy[bytes]:
    """A file in which one line's value, after its first ``=``, is of another type."""
    values = ("7", "-1", "1.5", "true", '""', '"x"', '" "', "[]", "[7]", '["x"]', "[[]]", "[[7]]", '[["x"]]',
    "{}", "{a = 1}", "nan",
              "2020-01-01", "9" * 5000, '"\\u0000"', '"@x"', '"("', "[" * 3000, "")  # fmt: skip

    def changed(seed: str, line: int, value: str) -> bytes:
        lines = seed.split("\n")
        named = [at for at, words in enumerate(lines) if "=" in words]
        if named:
            at = named[line % len(named)]
            lines[at] = f"{lines[at].partition('=')[0]}= {value}"
        return "\n".join(lines).encode()

    return st.builds(changed, st.sampled_from(list(seeds)), st.integers(0, 10_000), st.sampled_from(values))


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**400), 10**400), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
"""Any value of JSON, and the NaN and infinities that Python's JSON knows."""


def reshaped(seeds: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of ``seeds`` (values of JSON) with up to three of its parts, at any depth, replaced by another value."""

    def changed(seed: Any, changes: Sequence[tuple[int, Any]]) -> Any:
        seed = json.loads(json.dumps(seed))
        for place, value in changes:
            places = list(_places(seed))
            if places:
                holder, key = places[place % len(places)]
                if value is _GONE:
                    del holder[key]
                else:
                    holder[key] = value
        return seed

    change = st.tuples(st.integers(0, 10_000), st.one_of(st.just(_GONE), values))
    return st.builds(changed, st.sampled_from(list(seeds)), st.lists(change, max_size=3))


_GONE = object()


def _places(value: Any) -> Any:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def json_bytes(seeds: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """A body or a line: JSON near to what is right, the same with broken characters, or any bytes."""
    whole = reshaped(seeds).map(json.dumps)
    return st.one_of(
        whole.map(str.encode),
        broken([json.dumps(seed) for seed in seeds]).map(lambda text: text.encode("utf-8", "surrogatepass")),
        values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
        st.binary(max_size=200),
    )
