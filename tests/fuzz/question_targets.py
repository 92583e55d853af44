"""Targets: rule files, messages and questions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from inputs import broken, files, texts, values
from made_languages import english_of, rule_file
from page_parts import message
from target import World, changed, only_our_tags, read, target

from allchat.answering.contextualize import bent, is_rest
from allchat.cli.answers import readable
from allchat.evaluation.directives import directives
from allchat.guard.guard import Guard
from allchat.guard.matcher import expand, parse
from allchat.parts import Fixed
from allchat.web.page.messages import page_words

# The guard


GUARD = {
    "lists.toml": """[lists]
person = ["(my|our) @kin", "he"]
kin = ["son", "daughter", "child*"]
negation = ["no", "never"]
informs = ["what is"]
question-start = ["what"]
spanish = ["que es"]
now = ["now"]
[reading]
starters = ["he", "what (is|are)"]
tellers = ["he (has|is)"]
links = ["know"]
fillers = ["and"]
real_words = ["breaths"]
[reading.short]
u = "you"
cant = "can not"
""",
    "rules": """kind = "urgent"
[every]
personal = true
deniable = true
none = ["@negation"]
[[rule]]
id = "ID-breathing"
reason = "breathing"
why = "Trouble breathing."
all = [["(can|could) not (breathe|)", "turn* _ blue"], ["he", "@person"]]
also = [["@person"]]
never = ["what is"]
within = 3
least_words = 2
most_words = 90
match = ["he cant breathe"]
not_match = ["what is it"]
""",
    "private.toml": """name_cues = ["my name is"]
kin = ["son"]
date_cues = ["born"]
number_cues = ["mrn"]
not_names = ["ALL"]
match = ["x"]
not_match = ["y"]
""",
    "words.txt": "the a breathing",
}
RULE_FILES = ("crisis", "urgent", "everyday", "advice", "steering", "support", "smalltalk", "scope")


@cache
def guard_copy(folder: Path) -> Path:
    folder = folder / "guard"
    (folder / "rules").mkdir(parents=True)
    for name in ("lists.toml", "private.toml", "words.txt"):
        rule_file(folder, name).write_text(GUARD[name], encoding="utf-8")
    for name in RULE_FILES:
        rule_file(folder, f"{name}.toml").write_text(GUARD["rules"].replace("ID", name), encoding="utf-8")
    return folder


_rule_files = st.one_of(
    st.tuples(st.just("urgent.toml"), files([GUARD["rules"]])),
    *(st.tuples(st.just(name), files([GUARD[name]])) for name in ("lists.toml", "private.toml", "words.txt")),
)


@target(_rule_files, weight=0.5)
def a_rule_file(sent: tuple[str, bytes], world: World) -> None:
    name, content = sent
    folder = guard_copy(world.folder)
    with changed(rule_file(folder, name), content):
        guard = Guard.load(english_of(folder))
        for text in ("my son cant breathe, he turned so blue", "my name is Max, mrn 12345", "what is u ?"):
            guard.screen(text)
            guard.redact(text)


_phrases = st.lists(
    st.sampled_from(["(", ")", "|", "a", "b*", "_", "..", "^", "$", "@x", "<number>", " ", "*", "@", "(a|b)" * 9]),
    max_size=40,
).map("".join)


@target(_phrases | texts)
def a_phrase(sent: str, world: World) -> None:
    parse(sent)
    expand(sent)


@cache
def guard() -> Guard:
    return Guard.load()


@cache
def vocabulary() -> list[str]:
    folder = Path(__file__).parents[2] / "src" / "allchat" / "languages"
    found = {word for path in sorted(folder.glob("*/rules/*.toml")) for word in read(path).replace('"', " ").split()}
    return sorted(word for word in found if word.isalnum())


_messages = st.one_of(
    texts,
    st.lists(st.sampled_from(vocabulary()), max_size=60).map(" ".join),
    st.lists(st.sampled_from([*vocabulary(), ",", ".", "?", "38", "c", "mg", "-", "'"]), max_size=300).map(" ".join),
)
_questions = st.one_of(
    _messages,
    broken(
        ["which medicines are forbidden at home", "what do visitors do at the door? And it?", "and what about aspirin?"]
    ),
)


@target(_messages, weight=0.4)
def a_message_at_the_guard(sent: str, world: World) -> None:
    verdict = guard().screen(sent)
    assert guard().screen(sent) == verdict
    guard().information_part(sent)
    guard().redact(sent)
    directives([Fixed("x", "en", sent.replace("{", "").replace("}", ""))])


# Questions


@target(st.tuples(_questions, st.lists(_questions, max_size=8)))
def a_question_and_its_history(sent: tuple[str, list[str]], world: World) -> None:
    question, history = sent
    bent(question, history=history)
    is_rest(question)


@target(
    st.tuples(
        _questions | values, st.lists(_questions, max_size=8), texts, st.none() | st.sampled_from(["en", "es"]) | values
    ),
    weight=0.4,
)
def a_question_to_the_chat(sent: tuple[Any, list[str], str, Any], world: World) -> None:
    question, history, name, language = sent
    answer = world.chat.ask(question, history=history, id=name, language=language)
    json.dumps(answer.to_dict(), ensure_ascii=False).encode()
    only_our_tags(message(answer, world.chat, turn=1, words=page_words()))
    readable(answer)
